"""studio models list | add | pull | verify: what the engines run on, where it is from, and its licence."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from studio_server.bootstrap import added_bases, shelf
from studio_server.domain.errors import BadInput, EngineUnavailable
from studio_server.engines import catalogue
from studio_server.engines.added import Added, AddedBases
from studio_server.engines.families.facts import Family
from studio_server.engines.shelf import Shelf
from studio_server.settings import Settings

if TYPE_CHECKING:  # they import the hub's library: a second that `list` need not pay
    from studio_server.engines.adding import Wish
    from studio_server.engines.hub import Offer

Report = Callable[[float, float, str], None]

console = Console(highlight=False, soft_wrap=True)


@click.group()
def models() -> None:
    """Model files and bases: where they are from, their licences, and whether they are whole."""


@models.command("list")
def list_models() -> None:
    """Say what is here, and what could be added."""
    settings = Settings()
    kept, there = shelf(settings), added_bases(settings).all()
    missing = kept.missing()
    for entry in kept.entries():
        state = "missing" if entry.name in missing else "here"
        console.print(
            f"{state:8} {entry.name:45} {entry.size / 1e6:7.1f} MB  {entry.licence}  {entry.source}"
        )
    console.print("\nBases (the setting base_dir takes a name):")
    console.print(f"{'here':8} {'starter':16} Apache-2.0  comes with the product")
    for base in there:
        state = "here" if base.complete else "in part"
        console.print(f"{state:8} {base.name:16} {base.licence or 'no licence named'}  {base.source}")
    for known in catalogue.KNOWN:
        if known.name not in {base.name for base in there}:
            sizes = f"{known.download_gb:g} GB to fetch, about {known.memory_gb:g} GB on a GPU"
            console.print(f"{'to add':8} {known.name:16} {known.licence}  {sizes}. {known.words}.")


@models.command()
@click.argument("name")
@click.argument("source", required=False)
@click.option("--licence", default="", help="The licence of a local folder whose card names none.")
@click.option("--accept-noncommercial", "said", default="", help=f'Say "{catalogue.WORDS}".')
@click.option("--fit-with", default="", help="The added base that this one is fitted by, if it is distilled.")
@click.option("--yes", is_flag=True, help="Do not ask before downloading.")
def add(  # noqa: PLR0913 - one per option
    *, name: str, source: str | None, licence: str, said: str, fit_with: str, yes: bool
) -> None:
    """Add a base from a folder, or from the hub (OWNER/REPOSITORY; names of the list need none)."""
    from studio_server.engines.adding import Wish, add_folder  # noqa: PLC0415 - a second of imports

    bases, known = added_bases(Settings()), catalogue.known(name)
    bases.file(name)  # a name that cannot be is said before anything is fetched
    wish = Wish(name, licence, said, fit_with or (known.fit_with if known else ""))
    source = source or (known.repo if known else "")
    if not source:
        names = ", ".join(each.name for each in catalogue.KNOWN)
        msg = f"Say where {name} is: a folder, or OWNER/REPOSITORY. Known by their names are {names}."
        raise BadInput(msg)
    if _is_repository(source):
        _add_from_hub(bases, wish, source, yes=yes)
    else:
        with _bar() as report:
            add_folder(bases, wish, Path(source).expanduser().resolve(), report)
    console.print(f"{name} is added. To work with it, start with STUDIO_BASE_DIR={name}.")
    if wish.fit_with and not bases.file(wish.fit_with).exists():
        console.print(f"It is fitted by {wish.fit_with}: `studio models add {wish.fit_with}` too.")


@models.command()
@click.argument("name", required=False)
def pull(name: str | None) -> None:
    """Fetch what is missing of the shelf, and of bases whose download stopped; checked by sha256."""
    settings = Settings()
    kept, bases = shelf(settings), added_bases(settings)
    wanted = [bases.get(name)] if name else bases.all()
    for entry in () if name else kept.missing():
        with _bar() as report:
            kept.pull(entry, report)
    for base in wanted:
        if not base.complete:
            _fetch(bases, base)
    console.print(f"{name} is here in full." if name else "The shelf is complete.")


@models.command()
@click.argument("name", required=False)
def verify(name: str | None) -> None:
    """Hash every file anew, and name those that are not what they were."""
    settings = Settings()
    kept, bases = shelf(settings), added_bases(settings)
    faults = 0 if name else sum(_verified(kept, entry.name) for entry in kept.entries())
    for base in [bases.get(name)] if name else bases.all():
        with _bar() as report:
            found = bases.damaged(base.name, report) if base.complete else ("It was not fetched in full.",)
        faults += _say(base.name, found)
    if faults:
        msg = "Not everything is what it was. Remove what is named above, and add or pull it again."
        raise EngineUnavailable(msg)


def _verified(kept: Shelf, name: str) -> int:
    if name in kept.missing():
        console.print(f"{'missing':8} {name}")
        return 0
    return _say(name, () if kept.is_whole(name) else ("It is not what it was.",))


def _say(name: str, faults: Sequence[str]) -> int:
    console.print(f"{'DAMAGED' if faults else 'whole':8} {name}")
    for fault in faults:
        console.print(f"         {fault}")
    return len(faults)


def _is_repository(source: str) -> bool:
    """OWNER/REPOSITORY, and no folder of that name is here."""
    return source.count("/") == 1 and not source.startswith((".", "/", "~")) and not Path(source).exists()


def _add_from_hub(bases: AddedBases, wish: "Wish", repo: str, *, yes: bool) -> None:
    from studio_server.engines.adding import agree, look  # noqa: PLC0415 - a second of imports
    from studio_server.engines.hub import Hub  # noqa: PLC0415 - the same

    offer, family = look(Hub(), wish, repo)
    _show(offer, family)
    if not yes:
        click.confirm("Fetch it?", abort=True)
    _fetch(bases, agree(bases, wish, offer, family))


def _show(offer: "Offer", family: Family) -> None:
    console.print(f"{offer.repo} at {offer.revision}")
    console.print(f"  licence   {offer.licence}")
    console.print(f"  family    {family.name}; to paint, about {family.memory_gb:g} GB on a GPU")
    console.print(f"  to fetch  {offer.size / 1e9:.2f} GB in {len(offer.files)} files")
    for file in offer.files:
        if file.sha256:
            console.print(f"  {file.sha256}  {file.size / 1e6:8.1f} MB  {file.path}")


def _fetch(bases: AddedBases, base: Added) -> None:
    from studio_server.engines.adding import fetch  # noqa: PLC0415 - a second of imports
    from studio_server.engines.hub import Hub  # noqa: PLC0415 - the same

    with _bar() as report:
        fetch(bases, base, Hub(), report)


@contextmanager
def _bar() -> Iterator[Report]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield partial(_advance, bars, bars.add_task("", total=None))


def _advance(bars: Progress, task: TaskID, done: float, total: float, text: str) -> None:
    bars.update(task, completed=done, total=total, description=text)
