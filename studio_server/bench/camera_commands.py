"""`studio bench ingest`: what a camera's files cost."""

import tempfile
from pathlib import Path

import click
from rich.console import Console

from studio_server.bench.rows import write
from studio_server.bench.tables import row_table

console = Console(highlight=False)


@click.command()
@click.option(
    "--raws",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Real RAW files; default: those of the demo's camera.",
)
@click.option("--quick", is_flag=True, help="A few shots: for a look, not for a figure.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
def ingest(raws: Path | None, out: Path | None, *, quick: bool) -> None:
    """From a RAW's last byte to its proof before the client, beside exiftool with libvips, and darktable."""
    from studio_server.bench import ingest as ingesting  # noqa: PLC0415 - a browser, OpenCV: a second

    effort = ingesting.QUICK if quick else ingesting.Effort()
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        folder = Path(name)
        found = ingesting.raws_in(raws, folder / "made")
        rows = ingesting.measure(found, folder, effort, lambda line: console.print(line, style="dim"))
    console.print(row_table(rows))
    if out:
        write(rows, out)
