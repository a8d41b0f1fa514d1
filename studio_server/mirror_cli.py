"""studio mirror: bring the second place of the originals up to date, and read every copy through."""

import sys
from collections.abc import Callable
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from studio_server.bootstrap import build, mirror_of, prepare
from studio_server.domain.errors import StudioError
from studio_server.settings import Settings
from studio_server.workflow import mirroring
from studio_server.workflow.services import Services

T = TypeVar("T")

console = Console(highlight=False, soft_wrap=True)


@click.command()
@click.option("--begin", is_flag=True, help="Begin a new second place where there is none yet.")
@click.option("--verify/--no-verify", default=True, help="Read every copy through (default), or only copy.")
def mirror(*, begin: bool, verify: bool) -> None:
    """Copy what the second place lacks (STUDIO_MIRROR), and verify what it has.

    The studio may be running. Ends with 1 if a copy was gone or damaged, or an original could not be copied.
    """
    studio = build(Settings())
    prepare(studio)
    if begin:
        mirroring.begin(studio.services)
    bad = _verified(studio.services) if verify else ()
    failed = _brought(studio.services)
    sys.exit(1 if bad or failed else 0)


def state_of_the_mirror(settings: Settings) -> tuple[str, bool]:
    """What `studio doctor` says of it, and whether that is good."""
    place = mirror_of(settings)
    if place is None:
        return "none (STUDIO_MIRROR names one)", True
    try:
        place.probe()
    except StudioError as trouble:
        return f"MISSING: {trouble}", False
    beside = ", but on the same disk as the originals: it does not outlive that disk"
    return f"{place.words} can be written{beside if place.on_the_disk_of(settings.data_dir) else ''}", True


def _verified(services: Services) -> tuple[str, ...]:
    found = _with_bar(services, mirroring.verify)
    console.print(f"Copies read through and whole: {found.whole}.")
    for path in found.bad:
        console.print(f"[bold red]{path}[/] is gone or damaged. What lies there stays; it is copied anew.")
    return found.bad


def _brought(services: Services) -> tuple[str, ...]:
    brought = _with_bar(services, mirroring.bring_up_to_date)
    console.print(f"Shots copied now: {brought.shots}. All others were there already.")
    for sentence in brought.failed:
        console.print(f"[bold red]{sentence}[/]")
    return brought.failed


def _with_bar(services: Services, verb: Callable[[Services, "_Bar"], T]) -> T:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as shown:
        return verb(services, _Bar(shown))


class _Bar:
    def __init__(self, shown: Progress) -> None:
        self._shown, self._task = shown, shown.add_task("Looking")

    def report(self, done: float, total: float, text: str) -> None:
        self._shown.update(self._task, completed=done, total=total, description=text)

    def cancelled(self) -> bool:
        return False  # Ctrl-C ends it: what was copied is kept, the rest is owed
