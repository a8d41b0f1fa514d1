"""How far out of focus the surroundings of a finished picture are, measured on the picture.

The sharp plate is known. It is blurred by discs of several sizes; the size that comes nearest to what is
seen is the disc that is there. The reading is made per band of depth, for blur must grow with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.engines.plates.framing import Place
from studio_server.engines.plates.lens import Lens, developed, disc_blur, luminance
from studio_server.engines.plates.shelf import Light
from studio_server.imaging.pixels import Mask, Picture

_BANDS = 3
_SIZES = tuple(1.25**step for step in range(-4, 5))
"""Tried discs over the due one: 0.41 to 2.4."""
_DISC, _SMALLEST, _LARGEST = 9.0, 300, 640
"""Px that the due disc should have where it is measured, and the sides of the picture that this may take."""
_CLEAR = 0.05
"""Of the frame that a band must show clear of the others: a smaller one was read 0.65 of what it is."""
_TEXTURE = 0.8
"""Levels of 255 that blurred detail must have to be seen at all."""
_PLAIN, _APART = 1.35, 3
"""Times the best size's error that sizes so many steps apart must have: else they cannot be told from it."""


@dataclass(frozen=True)
class Disc:
    """One band of depth; discs as fractions of the frame's longer side."""

    metres: float
    due: float
    """What the thin lens makes of this depth."""
    seen: float


def discs_of(place: Place, ground: Picture, lens: Lens) -> list[Disc]:
    """Measure the discs of HxWx3 surroundings; bands without detail are left out."""
    middle = float(np.median(lens.disc(place.depth)))
    side = int(np.clip(_DISC / max(middle, 1e-4), _SMALLEST, min(_LARGEST, max(place.depth.shape))))
    scale = side / max(place.depth.shape)
    size = (round(place.depth.shape[1] * scale), round(place.depth.shape[0] * scale))
    sharp, depth, seen = (
        np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.float32)
        for each in (luminance(place.sharp), place.depth, _grey(ground))
    )
    found = (_disc(sharp, depth, seen, (lens, band)) for band in _bands(depth))
    return [disc for disc in found if disc is not None]


def _grey(picture: Picture) -> Light:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _bands(depth: Light) -> Sequence[Mask]:
    """Cut the scene into bands of like nearness; a flat wall is one."""
    near = 1 / depth
    low, high = float(near.min()), float(near.max())
    if high - low < 0.05 * high:
        return [np.ones(depth.shape, bool)]
    edges = np.linspace(low, high, _BANDS + 1)
    edges[-1] += 1
    bands = [(near >= edges[step]) & (near < edges[step + 1]) for step in range(_BANDS)]
    return [band for band in bands if band.mean() > 0.03]


def _disc(sharp: Light, depth: Light, seen: Light, asked: tuple[Lens, Mask]) -> Disc | None:
    lens, band = asked
    px = float(np.median(lens.disc(depth[band]))) * max(depth.shape)
    # the others' discs are the larger ones where they are farther
    where = _clear_of_others(band, float(lens.disc(depth).max()) * max(depth.shape) / 2)
    if px < 2 or where.mean() < _CLEAR:
        return None
    # by detail: a band's depth is that of the things in it, not of the bare floor between them
    detail = np.abs(_detail(np.log2(sharp + 0.02), px, where))[where]
    metres = 1 / float(np.average(1 / depth[where], weights=detail + 1e-6))
    due = float(lens.disc(metres))
    errors = _errors(sharp, seen, where, [size * due * max(depth.shape) for size in _SIZES])
    if errors is None:
        return None
    size = size_told_by(errors)
    return None if size is None else Disc(metres, due, due * size)


def _clear_of_others(band: Mask, reach: float) -> Mask:
    """Leave out what lies within `reach` px of another band, or of what lies beyond the frame."""
    framed = np.pad(band.astype(np.uint8), 1)
    away = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(away > reach)


def _errors(sharp: Light, seen: Light, where: Mask, sizes: Sequence[float]) -> NDArray[np.float64] | None:
    """Return mean squared differences of detail, per size; None where the due size leaves no detail."""
    coarse = max(2.0, 2 * sizes[len(sizes) // 2])
    told = _detail(seen, coarse, where)[where]
    errors = []
    for number, size in enumerate(sizes):
        grey = developed(np.repeat(disc_blur(sharp, size)[..., None], 3, axis=2))[..., 0]
        tried = _detail(grey.astype(np.float32), coarse, where)[where]
        if number == len(sizes) // 2 and tried.std() < _TEXTURE:
            return None
        errors.append(float(np.mean((told - tried) ** 2)))
    return np.array(errors)


def _detail(grey: Light, coarse: float, where: Mask) -> Light:
    """What is finer than `coarse`: the base's repainting and the grade change what is not.

    Only what lies within `where` is averaged: the outline of a plain chair is not the chair's detail.
    """
    share = np.asarray(where, np.float32)
    total = cv2.GaussianBlur(share, (0, 0), coarse).clip(1e-4)
    return np.asarray(grey - cv2.GaussianBlur(grey * share, (0, 0), coarse) / total, np.float32)


def size_told_by(errors: NDArray[np.float64]) -> float | None:
    """Times the due disc, from the error of each of _SIZES; None where others look just the same."""
    best = int(np.argmin(errors))
    # where the best is the first or last size itself, the picture is as far off as can be told
    apart = {max(0, best - _APART), min(len(errors) - 1, best + _APART)} - {best}
    if any(errors[other] <= _PLAIN * errors[best] for other in apart):
        return None
    return float(1.25 ** (best - 4 + _between(errors, best)))


def _between(errors: NDArray[np.float64], best: int) -> float:
    """Where between the steps the least error lies: the vertex of a parabola."""
    if best in (0, len(errors) - 1):
        return 0.0
    before, here, after = errors[best - 1 : best + 2]
    return float(np.clip((before - after) / (2 * (before - 2 * here + after) + 1e-12), -0.5, 0.5))
