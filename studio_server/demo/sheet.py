"""One sheet: the photograph first, then the variations that the judge accepted."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from studio_server.demo.stage import Stage

CELL = (300, 400)
GAP = 12
LABEL = 26
COLUMNS = 5
PAPER = (32, 32, 34)
INK = (225, 225, 225)


def draw_sheet(stage: Stage, found: dict[str, Any], path: Path) -> None:
    cells = [("Photograph", _photograph(stage))]
    accepted = [made for made in found["variations"] if made["accepted"]]
    cells += [(f"Composite: {made['context_title']}", Path(made["file"])) for made in accepted]
    rows = -(-len(cells) // COLUMNS)
    width = COLUMNS * (CELL[0] + GAP) + GAP
    sheet = Image.new("RGB", (width, rows * (CELL[1] + LABEL + GAP) + GAP), PAPER)
    for number, (label, file) in enumerate(cells):
        place = (
            GAP + number % COLUMNS * (CELL[0] + GAP),
            GAP + number // COLUMNS * (CELL[1] + LABEL + GAP),
        )
        _draw(sheet, place, label, file)
    sheet.save(path, quality=86)


def _photograph(stage: Stage) -> Path:
    """A JPEG that the camera itself wrote beside a RAW, or else the proof of the first pick."""
    companions = [one for one in stage.hot_folder.glob("*.JPG") if "-studio-" not in one.name]
    return min(companions, default=stage.out / "photograph.jpg")


def _draw(sheet: Image.Image, place: tuple[int, int], label: str, file: Path) -> None:
    with Image.open(file) as picture:
        sheet.paste(ImageOps.fit(ImageOps.exif_transpose(picture).convert("RGB"), CELL), place)
    font = ImageFont.load_default(15)
    ImageDraw.Draw(sheet).text((place[0], place[1] + CELL[1] + 4), label, INK, font)
