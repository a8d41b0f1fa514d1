"""Pictures of the shelf: a contact sheet as a portrait lens sees it, and the thumbnails of the contexts."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.plates.lens import Lens, defocus, developed
from studio_server.engines.plates.shelf import load, plates_of, records

_CELL, _COLUMNS, _TITLE = 380, 5, 26


def contact_sheet(file: Path) -> None:
    """Every plate at 85 mm, f/2.8, with its title (JPEG)."""
    cells = [_titled(_seen(record.id, _CELL), record.title) for record in records()]
    blank = np.full_like(cells[0], 24)
    cells += [blank] * (-len(cells) % _COLUMNS)
    rows = [np.hstack(cells[start : start + _COLUMNS]) for start in range(0, len(cells), _COLUMNS)]
    Image.fromarray(np.vstack(rows)).save(file, "JPEG", quality=88)


def thumbnails(folder: Path) -> None:
    """One picture per context, 320 x 240, from the first of its plates."""
    folder.mkdir(parents=True, exist_ok=True)
    for context in CONTEXTS:
        square = _seen(plates_of(context.id)[0].id, 320)
        Image.fromarray(square[30:270]).save(folder / f"{context.id}.jpg", "JPEG", quality=86)


def _seen(plate_id: str, side: int) -> NDArray[np.uint8]:
    plate = load(plate_id)
    picture = developed(defocus(plate.light, plate.depth, Lens()))
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _titled(picture: NDArray[np.uint8], title: str) -> NDArray[np.uint8]:
    strip = np.full((_TITLE, picture.shape[1], 3), 24, np.uint8)
    cv2.putText(strip, title, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (225, 225, 225), 1, cv2.LINE_AA)
    return np.pad(np.vstack([picture, strip]), ((0, 6), (0, 6), (0, 0)), constant_values=24)
