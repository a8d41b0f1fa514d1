"""The camera's framing: our development is cropped, and bent where it has to be, as the camera's preview is.

LibRaw develops some rows and columns more than cameras show, and knows nothing of the lens correction that
many of them apply. Both pictures are of one frame, so what is in one is looked for in the other, tile by tile
(phase correlation: Kuglin & Hines, 1975), and the shifts that are found are put into one model: a scale, a
shift, and a bend by the square and the fourth power of the distance from the middle (Brown, 1966).
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Picture
from studio_server.imaging.tone import Light

LEVELS = ((320, 40, False), (640, 80, False), (640, 80, True))
"""Pixels of the copies' longer side, pixels from tile to tile, and whether it is for bends alone.

What lies far aside is found first, and then what lies near. Shifts of a tenth of a pixel are found, which is
1/6,400 of the longer side.
"""
TILE = 96
LEAST_TILES, LEAST_FOR_BEND = 6, 16
"""With fewer tiles that have something in them, nothing is changed; nothing is bent."""
SURE = 0.08
"""Response of the correlation below which a tile shows nothing that could be found again."""
UNSEEN = 0.0004
"""Of the longer side: so little is left as it is."""
ROUNDED = 2
"""Pixels that a small preview's sides, which are whole numbers, may seem to lack."""
NO_BEND = (0.0, 0.0)
SCATTER = 0.9
"""Pixels of the copy: tiles that disagree by more with the model say that there is none."""
BENT, HALVED = 0.00025, 0.6
"""Of the longer side, and of what a crop leaves: what a bend must mend at the median tile to be believed."""

BAND = 512
"""Rows."""
Points = NDArray[np.float64]
Level = TypeVar("Level", np.uint16, np.float32)


@dataclass(frozen=True)
class Framing:
    """Where what the preview shows lies in ours, in shares of the preview's longer side from its middle."""

    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    bend: tuple[float, float] = NO_BEND

    def of(self, points: Points) -> Points:
        """(n, 2) -> (n, 2)."""
        square = (points**2).sum(axis=-1, keepdims=True)
        bent = self.bend[0] * square + self.bend[1] * square**2
        return np.asarray(points * (self.scale + bent) + np.array(self.shift), np.float64)


def reframed(light: Light, preview: Picture | None) -> Light:
    """Return `light` (HxWx3) as `preview` frames it; as it is where they agree, or have nothing in common."""
    found = None if preview is None else framing(light, preview)
    if preview is None or found is None:
        return light
    return _bent(light, preview, found) if found.bend != NO_BEND else _cropped(light, preview, found)


def framing(light: Light | Picture, preview: Picture) -> Framing | None:
    """Find the framing; None where it cannot be told."""
    model: Framing | None = Framing()
    for side, step, last in LEVELS:
        if model is None or (last and model.bend == NO_BEND):
            return model
        model = _found(_copies(light, preview, side), model, step)
    return model


def _found(copies: tuple[Field, Field], before: Framing, step: int) -> Framing | None:
    """Mend what was found before by what is left of it in these copies."""
    theirs, ours = copies
    side = max(theirs.shape)
    middles = _tiles(theirs.shape, step)
    points = (middles - np.array([theirs.shape[1] - 1, theirs.shape[0] - 1]) / 2) / side
    shifts, sure = _shifts(theirs, _resampled(ours, before, theirs.shape, side), middles)
    if sure.sum() < LEAST_TILES:
        return None
    return _fitted(points[sure], before.of(points[sure]) + shifts[sure] / side, side)


def _copies(light: Light | Picture, preview: Picture, side: int) -> tuple[Field, Field]:
    """Both as grey details, the preview's longer side `side` pixels; the middle of ours fills it."""
    share = side / max(preview.shape[:2])
    height, width = round(preview.shape[0] * share), round(preview.shape[1] * share)
    theirs = cv2.resize(preview, (width, height), interpolation=cv2.INTER_AREA)
    scale = max(width / light.shape[1], height / light.shape[0])
    size = (round(light.shape[1] * scale), round(light.shape[0] * scale))
    ours = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    return _details(theirs), _details(ours)


def _details(picture: NDArray[np.generic]) -> Field:
    full = 65_535 if picture.dtype == np.uint16 else 255
    grey = np.sqrt(cv2.cvtColor(picture.astype(np.float32) / full, cv2.COLOR_RGB2GRAY))
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.8) - cv2.GaussianBlur(grey, (0, 0), 8), np.float32)


def _tiles(shape: tuple[int, ...], step: int) -> Points:
    """The middles of all tiles that lie inside."""
    half = TILE // 2
    rows, columns = (np.arange(half, length - half + 1, step) for length in shape[:2])
    return np.array([(x, y) for y in rows for x in columns], np.float64).reshape(-1, 2)


def _shifts(theirs: Field, ours: Field, middles: Points) -> tuple[Points, NDArray[np.bool_]]:
    """How far each tile's content lies aside in ours, in pixels, and whether that is sure."""
    window = cv2.createHanningWindow((TILE, TILE), cv2.CV_32F)
    shifts, sure = np.zeros_like(middles), np.zeros(len(middles), bool)
    for number, (x, y) in enumerate(middles.astype(int) - TILE // 2):
        one, other = (each[y : y + TILE, x : x + TILE] for each in (theirs, ours))
        found, response = cv2.phaseCorrelate(np.ascontiguousarray(one), np.ascontiguousarray(other), window)
        shifts[number] = found
        sure[number] = response > SURE and max(map(abs, found)) < TILE / 3
    return shifts, sure


def _fitted(points: Points, seen: Points, side: int) -> Framing | None:
    """Fit the model to where the points were seen, tiles that disagree left out; None where most do."""
    plain, kept = _robust(points, seen, side, bends=0)
    if kept.sum() >= LEAST_FOR_BEND:
        bent, with_bend = _robust(points, seen, side, bends=2)
        before, after = (float(np.median(_misses(model, points, seen))) for model in (plain, bent))
        if before - after > BENT and after < HALVED * before:
            plain, kept = bent, with_bend
    if kept.sum() < max(LEAST_TILES, len(points) / 2):
        return None
    return plain if np.median(_misses(plain, points[kept], seen[kept])) * side < SCATTER else None


def _robust(points: Points, seen: Points, side: int, *, bends: int) -> tuple[Framing, NDArray[np.bool_]]:
    kept = np.ones(len(points), bool)
    model = Framing()
    for _ in range(4):
        model = _least_squares(points[kept], seen[kept], bends)
        misses = _misses(model, points, seen)
        kept = misses <= max(3 * float(np.median(misses)), 0.2 / side)
    return model, kept


def _least_squares(points: Points, seen: Points, bends: int) -> Framing:
    square = (points**2).sum(axis=1, keepdims=True)
    grown = [points, points * square, points * square**2][: 1 + bends]
    columns = [each.ravel() for each in grown]
    across = np.tile([1.0, 0.0], len(points))
    matrix = np.stack([*columns, across, 1 - across], axis=1)
    told = np.linalg.lstsq(matrix, seen.ravel(), rcond=None)[0]
    bend = (float(told[1]), float(told[2])) if bends else NO_BEND
    return Framing(float(told[0]), (float(told[-2]), float(told[-1])), bend)


def _misses(model: Framing, points: Points, seen: Points) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(model.of(points) - seen, axis=1), np.float64)


def _resampled(
    ours: NDArray[Level], model: Framing, shape: tuple[int, ...], side: float, zoom: float = 1.0
) -> NDArray[Level]:
    """Ours as the model frames it, in bands, for the maps of a large sensor would fill the memory.

    `side`: pixels of the result that are one unit of the model; `zoom`: a pixel of the result in ours.
    """
    height, width = shape[:2]
    framed = np.empty((height, width, *ours.shape[2:]), ours.dtype)
    unit, middle = side * zoom, ((ours.shape[1] - 1) / 2, (ours.shape[0] - 1) / 2)
    columns = ((np.arange(width, dtype=np.float32) - (width - 1) / 2) / side)[None, :]
    for at in range(0, height, BAND):
        rows = (np.arange(at, min(at + BAND, height), dtype=np.float32) - (height - 1) / 2) / side
        square = columns**2 + rows[:, None] ** 2
        grown = (model.scale + model.bend[0] * square + model.bend[1] * square**2) * unit
        x = (columns * grown + (model.shift[0] * unit + middle[0])).astype(np.float32)
        y = (rows[:, None] * grown + (model.shift[1] * unit + middle[1])).astype(np.float32)
        framed[at : at + BAND] = cv2.remap(ours, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return framed


def _full_size(light: Light, preview: Picture) -> tuple[int, int]:
    """Height and width of what the preview shows, in our pixels, before its scale and shift."""
    scale = max(preview.shape[1] / light.shape[1], preview.shape[0] / light.shape[0])
    return round(preview.shape[0] / scale), round(preview.shape[1] / scale)


def _cropped(light: Light, preview: Picture, found: Framing) -> Light:
    """Cut off what the preview does not show. No pixel is made anew."""
    height, width = _full_size(light, preview)
    side = max(height, width)
    same = max(abs(height - light.shape[0]), abs(width - light.shape[1])) <= ROUNDED
    if same and abs(found.scale - 1) / 2 + max(map(abs, found.shift)) < UNSEEN:
        return light
    middle = np.array(light.shape[1::-1]) / 2 + np.array(found.shift) * side
    half = np.array([width, height]) * found.scale / 2
    left, top = np.rint(middle - half).astype(int).clip(0)
    right, bottom = np.minimum(np.rint(middle + half).astype(int), light.shape[1::-1])
    return np.ascontiguousarray(light[top:bottom, left:right])


def _bent(light: Light, preview: Picture, found: Framing) -> Light:
    height, width = _full_size(light, preview)
    size = (round(height * found.scale), round(width * found.scale))
    framed = _resampled(light, found, size, max(size), 1 / found.scale)
    return np.asarray(framed, np.uint16)
