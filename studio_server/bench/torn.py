"""Faults of a composite, planted into a good cut, mild (0) and strong (1): what gives it away at 100 %.

Sizes are of pictures of 1350 pixels, the London portraits', and grow with the picture.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.cut import Cut
from studio_server.imaging.pixels import Field, Mask, Picture, disc, grow

SIDE = 1350
CLOTHES = 0.8
"""Of the person's height, from the top: below it the outline is that of clothes."""
FEWEST = 600
"""Pixels of loose strands, at SIDE: without them none can be lost."""


def halo(shot: Picture, cut: Cut, level: int) -> Cut:
    """The cut is 2 or 4 pixels too wide all around: a rim of the old backdrop goes along."""
    wide = cv2.dilate(cut.alpha, disc((2, 4)[level] * _unit(cut)))
    return _with_the_shots_pixels(shot, cut, np.asarray(wide, np.float32))


def backdrop_kept(shot: Picture, cut: Cut, level: int) -> Cut:
    """Patches of the old backdrop along the outline: 3 of 16 pixels across, or 6 of 28."""
    count, radius = ((3, 8), (6, 14))[level]
    places = _outline(cut, slice(0, len(cut.alpha)), np.random.default_rng(level), count)
    patches = _discs(cut, places, np.full(len(places), radius))
    return _with_the_shots_pixels(shot, cut, np.maximum(cut.alpha, patches))


def torn_shoulder(shot: Picture, cut: Cut, level: int) -> Cut:
    """The outline of the clothes is bitten: 2 to 4 pixels deep, or 4 to 10, a bite every 20 pixels."""
    luck, clothes = np.random.default_rng(level), _clothes(cut)
    places = _outline(cut, clothes, luck, len(_edge(cut, clothes)) // round(20 * _unit(cut)))
    bites = _discs(cut, places, luck.uniform(*((2, 4), (4, 10))[level], len(places)))
    return _with_the_shots_pixels(shot, cut, cut.alpha * (1 - bites))


def lost_strands(shot: Picture, cut: Cut, level: int) -> Cut:  # noqa: ARG001 - one signature
    """Hair that stands off from the mass of it is gone: in half of all directions, or in all."""
    strands = strands_of(cut)
    if not level:
        strands &= _half_of_all_directions(cut)
    return replace(cut, alpha=np.where(strands, np.float32(0), cut.alpha))


def strands_of(cut: Cut) -> Mask:
    """Hair outside the mass of it: what an opening by a disc of 1 % of the picture takes away."""
    hair = cut.hair if cut.hair is not None else np.ones((2, 2), np.float32)
    there = cv2.resize(hair, cut.alpha.shape[::-1]) > 0.3
    solid = (cut.alpha > 0.5).astype(np.uint8)
    mass = cv2.morphologyEx(solid, cv2.MORPH_OPEN, disc(max(cut.alpha.shape) * 0.01)) > 0
    return np.asarray(there & ~grow(mass, 3 * _unit(cut)) & (cut.alpha > 0.1))


def has_strands(cut: Cut) -> bool:
    return float(strands_of(cut).sum()) > FEWEST * _unit(cut) ** 2


def _unit(cut: Cut) -> float:
    return float(max(cut.alpha.shape) / SIDE)


def _discs(cut: Cut, places: NDArray[np.intp], radii: NDArray[Any]) -> Field:
    drawn = np.zeros(cut.alpha.shape, np.float32)
    for (y, x), radius in zip(places, radii, strict=True):
        cv2.circle(drawn, (int(x), int(y)), round(float(radius) * _unit(cut)), 1, -1)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.7), np.float32)


def _with_the_shots_pixels(shot: Picture, cut: Cut, alpha: Field) -> Cut:
    """Where more is kept than before, the old backdrop is kept with it; a cut's own pixels stay."""
    taken = (alpha > cut.alpha + 1 / 255) | (cut.alpha >= 1)
    return replace(cut, alpha=alpha, foreground=np.where(taken[..., None], shot, cut.foreground))


def _clothes(cut: Cut) -> slice:
    rows = np.nonzero((cut.alpha > 0.5).any(1))[0]
    top, bottom = int(rows[0]), int(rows[-1])
    return slice(top + round((bottom - top) * CLOTHES), bottom + 1)


def _edge(cut: Cut, part: slice) -> NDArray[np.intp]:
    """Rows and columns of the outline inside the frame."""
    person = (cut.alpha > 0.5).astype(np.uint8)
    line = (person > 0) & (cv2.erode(person, np.ones((3, 3), np.uint8)) == 0)
    margin = round(20 * _unit(cut))
    line[: part.start], line[part.stop :] = False, False
    line[-margin:], line[:, :margin], line[:, -margin:] = False, False, False
    return np.argwhere(line)


def _outline(cut: Cut, part: slice, luck: np.random.Generator, count: int) -> NDArray[np.intp]:
    edge = _edge(cut, part)
    return edge[luck.choice(len(edge), min(count, len(edge)), replace=False)]


def _half_of_all_directions(cut: Cut) -> Mask:
    """Every other of 24 sectors around the middle of the person's upper half."""
    rows, columns = np.nonzero(cut.alpha > 0.5)
    y, x = np.mgrid[0 : cut.alpha.shape[0], 0 : cut.alpha.shape[1]]
    angle = np.arctan2(y - np.percentile(rows, 25), x - np.median(columns))
    return np.asarray(np.floor((angle + np.pi) / (2 * np.pi) * 24).astype(int) % 2 == 0)


Planter = Callable[[Picture, Cut, int], Cut]
OF_A_COMPOSITE: dict[str, Planter] = {
    "halo": halo,
    "left-over backdrop": backdrop_kept,
    "torn shoulder": torn_shoulder,
    "lost strands": lost_strands,
}
