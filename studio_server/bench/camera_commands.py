"""`studio bench ingest` and `look`: what becomes of a camera's files, and how soon."""

import tempfile
from pathlib import Path

import click
from rich.console import Console

from studio_server.bench.rows import write
from studio_server.bench.tables import row_table
from studio_server.settings import Settings

console = Console(highlight=False)


FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.option("--raws", type=FOLDER, help="Real RAW files; default: those of the demo's camera.")
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


@click.command()
@click.option("--raws", type=FOLDER, help="A folder of RAW files, besides those of the demo's camera.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
def look(raws: Path | None, out: Path | None) -> None:
    """How far our rendering is from the preview that the client saw first: colours, and where the face is."""
    from studio_server.bench import ingest as ingesting  # noqa: PLC0415 - OpenCV, dlib: seconds
    from studio_server.bench import look as looking  # noqa: PLC0415 - the same
    from studio_server.bench.look_files import portraits  # noqa: PLC0415 - the same
    from studio_server.bootstrap import shelf  # noqa: PLC0415 - heavy
    from studio_server.imaging.faces import installed_models  # noqa: PLC0415 - dlib

    eyes = looking.Eyes(installed_models(), shelf(Settings()).path("face_landmark.tflite"))
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        found = [*portraits(Path(name)), *(ingesting.raws_in(raws, Path(name)) if raws else ())]
        seen = []
        for one in looking.measure(found, eyes):
            seen.append(one)
            console.print(looking.line(one), style="dim")
    rows = looking.as_rows(seen)
    console.print(row_table(rows))
    if out:
        write(rows, out)
