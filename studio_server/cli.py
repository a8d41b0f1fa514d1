"""studio up | demo | import | verify | serve | work | models | doctor | recover."""

import secrets
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import Popen, run

import click
import qrcode
from rich.console import Console

from studio_server import __version__
from studio_server.bench.commands import bench
from studio_server.bootstrap import Engines, Studio, base_place, build, prepare, shelf
from studio_server.domain.errors import Conflict, NotAllowed, StudioError
from studio_server.jobs import server
from studio_server.jobs.dispatch import VERBS, QueueName
from studio_server.mirror_cli import mirror, state_of_the_mirror
from studio_server.models_cli import models
from studio_server.settings import Settings
from studio_server.supervisor import Child, Tree, own
from studio_server.verify_cli import verify
from studio_server.workflow import doors, uploading

PLUGIN = Path(__file__).parent.parent / "plugins" / "lightroom" / "studio.lrplugin"
ENGINE = {"TRANSFORMERS_VERBOSITY": "error", "OMP_WAIT_POLICY": "PASSIVE"}
"""No word about image processors that nobody uses; threads that wait leave the cores to the proofs."""
AGENT_KEY = "agent.key"
"""In the data folder: the key of the agent that `studio up` starts."""
THREADS = 48
"""Every open tablet and page holds one for its event stream."""

console = Console(highlight=False)


class Group(click.Group):
    """Ends in one clear sentence, never in a traceback, for what the studio knows can go wrong."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except StudioError as error:
            console.print(f"[bold red]{error}[/]")
            ctx.exit(error.exit_code)


@click.group(cls=Group)
@click.version_option(__version__)
def main() -> None:
    """Studio Server: hybrid portrait sessions, from the shutter to the catalog."""


@main.command()
def up() -> None:
    """Start everything: Redis, workers, pages and the agent on the camera's folder."""
    settings = Settings()
    tree = Tree(console.print)
    try:
        studio, password = _start(tree, settings)
        _greet(studio.settings, password)
        status = tree.watch()
    finally:
        console.print("Ending …")
        tree.stop()
    sys.exit(status)


@main.command()
@click.option(
    "--headless",
    is_flag=True,
    help="Play photographer, client and Lightroom too, then end: with 0 only if every floor was reached.",
)
@click.option(
    "--report", type=click.Path(path_type=Path), help="Write what happened, and was missed, as JSON."
)
@click.option(
    "--photos",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Shoot these; fewer floors.",
)
@click.option("--data", type=click.Path(path_type=Path), help="The data folder; default: a fresh one.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Draw the accepted variations on one sheet.")
def demo(
    *, headless: bool, report: Path | None, photos: Path | None, data: Path | None, sheet: Path | None
) -> None:
    """Play one whole session: a camera, a client, and the Lightroom plug-in."""
    from studio_server.demo.headless import Leaves, play_to_the_end  # noqa: PLC0415 - needs the extra `demo`
    from studio_server.demo.player import Stage, shoot_only  # noqa: PLC0415 - the same

    folder = data or Path(tempfile.mkdtemp(prefix="studio-demo-"))
    password = secrets.token_urlsafe(9)
    settings = Settings(data_dir=folder.resolve(), port=_free_port(), owner_password=password)
    tree = Tree(console.print)
    leaves = Leaves(report, sheet, say=click.echo)
    try:
        with leaves.what_breaks():
            studio, _ = _start(tree, settings)
        stage = Stage(
            base_url=settings.local_url,
            password=password,
            hot_folder=settings.hot,
            plugin_dir=PLUGIN,
            photos=photos,
            out=settings.data_dir / "demo",
            say=click.echo,
        )
        if headless or not sys.stdout.isatty():
            status = play_to_the_end(stage, tree.watch, leaves)
        else:
            _greet(studio.settings, password)
            threading.Thread(target=shoot_only, args=(stage,), daemon=True).start()
            status = tree.watch()
    finally:
        tree.stop()
    sys.exit(status)


@main.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def import_folder(folder: Path) -> None:
    """Take in the pictures of a card or a folder: they find their sessions by camera and time.

    Nothing is taken twice, and the files stay where they are. `studio up` must be running.
    """
    settings = Settings()
    kept = settings.data_dir / AGENT_KEY
    if not kept.exists():
        msg = f"No studio has run on {settings.data_dir} yet. Start `studio up` first, and leave it running."
        raise Conflict(msg)
    environment = settings.environment(STUDIO_TETHER_KEY=kept.read_text())
    journal = ["--journal", str(settings.data_dir / "imports.sqlite"), "--once"]
    sys.exit(run([*_agent(settings, folder), *journal], env=environment, check=False).returncode)  # noqa: S603 - our own words


@main.command(hidden=True)
def serve() -> None:
    """The pages and the machines' doors."""
    from waitress import serve as waitress_serve  # noqa: PLC0415 - only this command serves

    from studio_server.web.app import WebSettings, create_app  # noqa: PLC0415 - only this command serves

    settings = Settings()
    studio = build(settings)
    web = WebSettings(
        secret_key=_kept_secret(settings.data_dir / "cookie.key").encode(),
        data_dir=settings.data_dir,
        public_url=settings.tablet_url,
        studio_name=settings.studio_name,
    )
    app = create_app(studio.services, web)
    # one connection stays open: SQLite's last one to close writes its whole log back, and others wait for it
    with studio.database.connect():
        waitress_serve(
            app,
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            max_request_body_size=uploading.MOST_BYTES,
            channel_timeout=120,
            ident=None,
            _quiet=True,
        )


@main.command()
@click.argument("queue", type=click.Choice([*VERBS]))
def work(queue: QueueName) -> None:
    """Run one worker; `studio up` starts one of each."""
    from studio_server import worker  # noqa: PLC0415 - it builds its services when it is imported by RQ

    worker.main(queue)


@main.command()
def recover() -> None:
    """Fill the queues anew from the database. Stop the workers first."""
    studio = build(Settings())
    owed = sum(studio.recover(name) for name in VERBS) + studio.drain()
    console.print(f"{owed} jobs are queued again.")


main.add_command(bench)
main.add_command(models)
main.add_command(mirror)
main.add_command(verify)


@main.command()
def warm() -> None:
    """Load the engines and compile what they compile at first use, so that no client waits for it."""
    console.print("Preparing the engines, once …")
    Engines(Settings()).warm()


@main.command()
def doctor() -> None:
    """Say what is here and what is missing."""
    settings = Settings()
    missing = shelf(settings).missing()
    console.print(f"Studio Server {__version__}, data in {settings.data_dir}")
    console.print(f"Redis: {settings.redis_url or server.executable()}")
    console.print(f"Base: {settings.base_dir} {_found(settings)}")
    console.print(f"Shelf: {'complete' if not missing else 'missing ' + ', '.join(missing)}")
    words, good = state_of_the_mirror(settings)
    console.print(f"Second place: {words}")
    sys.exit(3 if missing or not good else 0)


def _found(settings: Settings) -> str:
    try:
        return "found" if base_place(settings).exists() else "MISSING"
    except StudioError as error:
        return f"MISSING: {error}"


def _start(tree: Tree, settings: Settings) -> tuple[Studio, str]:
    """The whole tree, in the order in which one leans on the other. Returns the password if it is new."""
    settings = _with_redis(tree, settings)
    studio = build(settings)
    prepare(studio)
    password = _first_password(studio)
    environment = settings.environment()
    tree.start(Child("CPU worker", own("work", "cpu"), environment))
    tree.start(Child("Engine worker", own("work", "engine"), settings.environment(**ENGINE)))
    if settings.mirror:
        tree.start(Child("Second copy", own("work", "mirror"), environment))
    tree.start(Child("Pages", own("serve"), environment, ready=_answers(settings)))
    key = settings.environment(STUDIO_TETHER_KEY=_agent_key(studio))
    journal = ["--journal", str(settings.data_dir / "tethering.sqlite")]
    tree.start(Child("Tethering agent", [*_agent(settings, settings.hot), *journal], key))
    return studio, password


def _agent(settings: Settings, folder: Path) -> list[str]:
    return [sys.executable, "-m", "tethering.cli", "--server", settings.local_url, "--folder", str(folder)]


def _with_redis(tree: Tree, settings: Settings) -> Settings:
    if settings.redis_url:
        server.wait_for(settings.redis_url)
        return settings
    place = server.private_socket()
    url = f"unix://{place}"
    ready: Callable[[Popen[bytes]], None] = partial(server.wait_for, url)
    tree.start(Child("Redis", server.command(place), settings.environment(), ready=ready))
    return settings.model_copy(update={"redis_url": url})


def _answers(settings: Settings) -> Callable[[Popen[bytes]], None]:
    def wait(_process: Popen[bytes]) -> None:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", settings.port), 1).close()
            except OSError:
                threading.Event().wait(0.1)
            else:
                return

    return wait


def _first_password(studio: Studio) -> str:
    with studio.services.read() as work:
        if work.owner() is not None:
            return ""
    password = studio.settings.owner_password or secrets.token_urlsafe(9)
    doors.set_owner_password(studio.services, password)
    return password


def _agent_key(studio: Studio) -> str:
    """Kept from start to start; a new one where the old was revoked or the database is another."""
    path = studio.settings.data_dir / AGENT_KEY
    try:
        doors.key_of(studio.services, path.read_text() if path.exists() else "")
    except NotAllowed:
        path.unlink(missing_ok=True)
    return _kept_secret(path, lambda: doors.make_key(studio.services, "Tethering agent"))


def _kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_hex(32)) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()


def _greet(settings: Settings, password: str) -> None:
    console.print(f"\n[bold]Studio Server[/] is up: [link]{settings.tablet_url}[/link]")
    if password:
        console.print(f"Photographer's password: [bold]{password}[/]")
    console.print(f"The camera's folder: {settings.hot}")
    code = qrcode.QRCode(border=1)
    code.add_data(settings.tablet_url)
    code.print_ascii(invert=True)
    console.print("Ctrl-C ends it.\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
