"""The outline mended by hand: around each stroke the alpha is solved again, and nowhere else.

The middle of a stroke is known from then on; its rim, and a ring around it, are unknowns of the closed form,
which finds the true edge there; what lies farther off holds its old alpha. Strokes need not be exact, then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import cv2
import numpy as np
import pymatting
from numpy.typing import NDArray

from studio_server.domain.stroke import Stroke, StrokeKind
from studio_server.imaging.closed_form import enlarge, solve
from studio_server.imaging.cut import Cut
from studio_server.imaging.pixels import Field, Mask, Picture, grow, shrink, soften

WORKING_SIDE = 1600
"""Longer side in pixels at which the alpha is solved."""
CORE = 0.6
"""Of a stroke's radius: so far from its middle line it is believed."""
RING = 0.6
"""Of the radius: so far beyond its edge the alpha is solved again."""
LEAST_RING = 6.0
MARGIN = 4
"""Pixels around the ring that tell the closed form what lies outside."""
LARGEST = 40_000
"""Pixels of a window that are solved at once, in a tenth of a second.

A longer stroke goes piece by piece; a wide one, whose pieces are no smaller, is solved at less than its size.
"""


@dataclass(frozen=True)
class Window:
    """A rectangle of a picture."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, part: Mask, margin: int) -> Self | None:
        """What holds all of `part`; None if nothing is in it."""
        rows, columns = np.nonzero(part.any(1))[0], np.nonzero(part.any(0))[0]
        if not len(rows):
            return None
        height, width = part.shape
        top, left = max(0, int(rows[0]) - margin), max(0, int(columns[0]) - margin)
        return cls(
            top, left, min(height, int(rows[-1]) + 1 + margin), min(width, int(columns[-1]) + 1 + margin)
        )

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


def mend(picture: Picture, cut: Cut, strokes: Sequence[Stroke]) -> Cut:
    """Mend the cut of a picture (uint8 HxWx3) by strokes, in their order.

    Solved at WORKING_SIDE at most, one stroke after the other; what changed is then carried to full size.
    """
    small, before = shrink(picture, WORKING_SIDE), shrink(cut.alpha, WORKING_SIDE)
    alpha = before
    for stroke in strokes:
        alpha = _after(small, alpha, stroke)
    changed = np.asarray(np.abs(alpha - before) > 0.5 / 255)
    window = Window.around(changed, 4 * MARGIN)
    return cut if window is None else _carried(picture, cut, alpha, (changed, window))


def _after(small: Picture, alpha: Field, stroke: Stroke) -> Field:
    """The alpha after one stroke: keep never takes away, remove never adds."""
    height, width = alpha.shape
    radius = stroke.width * max(height, width) / 2
    reach = radius + max(RING * radius, LEAST_RING)
    points = np.array(stroke.points) * (width, height) - 0.5
    for piece in _pieces(points, max(2 * reach, LARGEST**0.5 - 2 * reach)):
        alpha = _after_piece(small, alpha, (_distance(alpha.shape, piece), radius, reach), stroke.kind)
    return alpha


def _after_piece(small: Picture, alpha: Field, brush: tuple[Field, float, float], kind: StrokeKind) -> Field:
    """`brush`: pixels from the middle line, the radius, and how far it reaches."""
    away, radius, reach = brush
    ring = np.asarray(away <= reach)
    window = Window.around(ring, MARGIN)
    if window is None:
        return alpha
    here = window.slices
    keep = kind is StrokeKind.KEEP
    old, settled = alpha[here], np.float32(1 if keep else 0)
    trimap = np.where(old == 0.5, np.float32(0.502), old)  # 0.5 itself means unknown
    trimap[ring[here] & (old != settled)] = 0.5
    trimap[away[here] <= max(CORE * radius, 1.0)] = settled
    solved = _solved(np.ascontiguousarray(small[here]), trimap)
    mended = alpha.copy()
    mended[here] = np.maximum(old, solved) if keep else np.minimum(old, solved)
    return mended


def _pieces(points: NDArray[np.float64], longest: float) -> list[NDArray[np.float64]]:
    """The line in pieces whose boxes are at most so long, each from where the last one ended."""
    parts = [points[:1]]
    for start, end in pairwise(points):
        count = max(1, int(np.ceil(np.abs(end - start).max() / (longest / 2))))
        parts.append(start + (end - start) * (np.arange(1, count + 1) / count)[:, None])
    dense = np.concatenate(parts)
    pieces, first = [], 0
    for last in range(1, len(dense)):
        if np.ptp(dense[first : last + 1], axis=0).max() > longest:
            pieces.append(dense[first:last])
            first = last - 1
    return [*pieces, dense[first:]]


def _solved(small: Picture, trimap: Field) -> Field:
    """The closed form, of LARGEST pixels at most; a larger window at less than its size."""
    scale = (LARGEST / trimap.size) ** 0.5
    if scale >= 1:
        return _solved_at_once(small, trimap)
    size = (max(1, round(trimap.shape[1] * scale)), max(1, round(trimap.shape[0] * scale)))
    fewer = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
    mixed = np.asarray(cv2.resize(trimap, size, interpolation=cv2.INTER_AREA), np.float32)
    unknown = cv2.resize((trimap == 0.5).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    mixed[mixed == 0.5] = 0.502
    alpha = _solved_at_once(fewer, np.where(unknown, np.float32(0.5), mixed))
    return np.where(trimap == 0.5, enlarge(alpha, fewer, small), trimap)


def _solved_at_once(small: Picture, trimap: Field) -> Field:
    """Where the closed form finds no answer (nothing but flat colour), what is known flows in."""
    try:
        return solve(small, trimap)
    except ValueError:
        known = (trimap != 0.5).astype(np.float32)
        near = soften(trimap * known, 6) / np.maximum(soften(known, 6), 1e-3)
        return np.where(known > 0, trimap, near.clip(0, 1)).astype(np.float32)


def _distance(shape: tuple[int, ...], points: NDArray[np.float64]) -> Field:
    """Pixels from each pixel to the line through these points (x, y)."""
    line = np.full(shape, 255, np.uint8)
    whole = np.rint([*points, points[-1]]).astype(np.int32)  # of one point alone OpenCV draws no line
    cv2.polylines(line, [whole.reshape(-1, 1, 2)], isClosed=False, color=0)
    away = np.asarray(cv2.distanceTransform(line, cv2.DIST_L2, 5), np.float32)
    if line.all():  # drawn beside the picture
        away[:] = np.inf
    return away


def _carried(picture: Picture, cut: Cut, alpha: Field, where: tuple[Mask, Window]) -> Cut:
    """Carry what changed to the full size, with clean colours in its soft edge."""
    changed, window = where
    full = _scaled(window, alpha.shape, cut.alpha.shape)
    here, there = full.slices, window.slices
    part = np.ascontiguousarray(picture[here])
    small = np.asarray(
        cv2.resize(part, alpha[there].shape[::-1], interpolation=cv2.INTER_AREA), np.uint8
    ).reshape(*alpha[there].shape, 3)
    share = cv2.GaussianBlur(grow(changed, 2)[there].astype(np.float32), (0, 0), 1.0)
    share = cv2.resize(share, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    mixed = share * enlarge(np.ascontiguousarray(alpha[there]), small, part) + (1 - share) * cut.alpha[here]
    mended, foreground = cut.alpha.copy(), cut.foreground.copy()
    mended[here] = np.rint(mixed.clip(0, 1) * 255) / 255
    clean = pymatting.estimate_foreground_ml(part / 255.0, mended[here].astype(np.float64))
    colour = np.rint(clean * 255).clip(0, 255).astype(np.uint8)
    soft = ((mended[here] > 0) & (mended[here] < 1))[..., None]
    touched = (share > 0)[..., None]
    foreground[here] = np.where(touched, np.where(soft, colour, part), foreground[here])
    return replace(cut, alpha=mended, foreground=foreground, mask=_believed(cut.mask, alpha, changed))


def _scaled(window: Window, small: tuple[int, ...], large: tuple[int, ...]) -> Window:
    down, across = large[0] / small[0], large[1] / small[1]
    return Window(
        round(window.top * down),
        round(window.left * across),
        min(large[0], round(window.bottom * down)),
        min(large[1], round(window.right * across)),
    )


def _believed(mask: Field, alpha: Field, changed: Mask) -> Field:
    """Where a stroke changed the alpha, the photographer's word replaces the network's."""
    size = mask.shape[::-1]
    share = cv2.resize(changed.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    return np.asarray(share * small + (1 - share) * mask, np.float32)
