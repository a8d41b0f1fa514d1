"""What was made: the photograph and the accepted variations on one sheet, and six crops at 100 %."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from studio_server.demo.stage import Stage

CELL = (300, 400)
GAP = 12
LABEL = 26
COLUMNS = 5
PAPER = (32, 32, 34)
CROP = 640
SPOTS = {
    "Crown": (0.53, 0.13),
    "Hair, left": (0.31, 0.25),
    "Hair, right": (0.7, 0.25),
    "Ear and jaw": (0.72, 0.36),
    "Shoulder, left": (0.14, 0.62),
    "Shoulder, right": (0.84, 0.66),
}
"""Middles of crops, in shares of the picture, where the demo's sitter has her outline."""
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


def draw_crops(found: dict[str, Any], path: Path) -> None:
    """Hair and shoulders of six accepted variations in six contexts, at 100 %."""
    accepted = {made["context_title"]: made for made in found["variations"] if made["accepted"]}
    chosen = list(accepted.values())[:: max(1, len(accepted) // len(SPOTS))]
    sheet = Image.new("RGB", (3 * (CROP + GAP) + GAP, 2 * (CROP + LABEL + GAP) + GAP), PAPER)
    for number, (made, (label, spot)) in enumerate(zip(chosen, SPOTS.items(), strict=False)):
        place = (GAP + number % 3 * (CROP + GAP), GAP + number // 3 * (CROP + LABEL + GAP))
        with Image.open(made["file"]) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        left, top = (round(share * side - CROP / 2) for share, side in zip(spot, picture.size, strict=True))
        sheet.paste(picture.crop((left, top, left + CROP, top + CROP)), place)
        _write(sheet, place, CROP, f"{label}: {made['context_title']}")
    sheet.save(path, quality=86)


def _photograph(stage: Stage) -> Path:
    """A JPEG that the camera itself wrote beside a RAW, or else the proof of the first pick."""
    companions = [one for one in stage.hot_folder.glob("*.JPG") if "-studio-" not in one.name]
    return min(companions, default=stage.out / "photograph.jpg")


def _draw(sheet: Image.Image, place: tuple[int, int], label: str, file: Path) -> None:
    with Image.open(file) as picture:
        sheet.paste(ImageOps.fit(ImageOps.exif_transpose(picture).convert("RGB"), CELL), place)
    _write(sheet, place, CELL[1], label)


def _write(sheet: Image.Image, place: tuple[int, int], below: int, words: str) -> None:
    font = ImageFont.load_default(15)
    ImageDraw.Draw(sheet).text((place[0], place[1] + below + 4), words, INK, font)
