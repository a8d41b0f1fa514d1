"""studio verify: whether pictures are as they were signed."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from studio_server.bootstrap import known_signer
from studio_server.settings import Settings
from studio_server.web import wire
from studio_server.workflow.verifying import verify as ask

console = Console(highlight=False)


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write what was found as JSON.")
def verify(files: tuple[Path, ...], out: Path | None) -> None:
    """Say of each picture whether its content credentials hold; ends with 1 if any does not."""
    ours, found = known_signer(Settings()), {}
    for path in files:
        with path.open("rb") as picture:
            found[path] = finding = ask(ours, picture, path.name)
        console.print(f"[bold]{path.name}[/]: {finding.sentence}", style="" if finding.intact else "red")
    if out:
        rows = [{"file": str(path), **wire.finding(one)} for path, one in found.items()]
        out.write_text(json.dumps(rows, indent=2), encoding="utf-8")
    if not all(one.intact for one in found.values()):
        sys.exit(1)
