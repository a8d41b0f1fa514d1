"""What must be person before a known backdrop, whatever the network says.

Once in a while the network takes a head for all there is. Before a backdrop that is known it can be
overruled: what is lighter, of another tint or far darker than the backdrop is no shadow on it.
"""

import cv2
import numpy as np

from studio_server.imaging.hair import find_head
from studio_server.imaging.pixels import Field, Mask, Picture, disc, dot, grow, inset, peak, soften, trough

SHADOW = 0.5
"""Share of the backdrop's light that a shadow on it leaves at least; a suit is darker."""
TINT = 14.0
"""Levels of 255 between the channels' changes: a shadow is a little bluer or warmer, skin much more so."""
OVERLOOKED = 0.05
"""Of the frame: what is smaller than this is strands and fringes, which are measured otherwise."""

DENSE = 40.0
"""Levels of 255 that hair differs from the backdrop where it is more than a veil."""
ROUGH = 0.01
"""Share of the neighbourhood that may lie between an outline and the smoothed one where hair is cropped."""
PALE = 0.05
"""Of the frame: less of what differs only a little may be a veil of hair between strands."""


def overlooked(picture: Picture, old: Field, noise: float, mask: Field) -> Mask:
    """Find what the coarse mask (HxW, 0..1) overlooked; nothing, where it is only strands and fringes.

    `picture` uint8 HxWx3 and `old`, the backdrop, in levels of 255, both at the working size.
    """
    side = max(mask.shape)
    found = _surely(picture, old, noise) | _pale_body(picture, old, noise, mask)
    body = np.asarray(cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, disc(side * 0.006)) > 0)
    whole = _without_holes(_hanging_together(body | (mask > 0.9), mask))
    core = cv2.morphologyEx(whole.astype(np.uint8), cv2.MORPH_OPEN, disc(side * 0.012)) > 0
    missed = found & core & (mask < 0.5)  # not what is only enclosed: among curls that is paper
    if missed.mean() < OVERLOOKED:
        return np.zeros(mask.shape, bool)
    return inset(np.asarray(core), 1)


def cropped(change: Field, mask: Field) -> Mask:
    """Find where hair is so short that nothing shows through it: what looks like the backdrop there is sheen.

    Closely cropped hair shines as light as the paper behind it, on dark skin above all. Where the outline is
    smooth there are no strands, and nothing between them. `change`: the picture less the backdrop.
    """
    side = max(mask.shape)
    dense = _closed(peak(np.abs(change)) > DENSE, 2)
    body = _without_holes(_hanging_together(dense, mask))
    smooth = _opened(_closed(body, side * 0.012), side * 0.012)
    rough = soften((body ^ smooth).astype(np.float32), side * 0.03)
    if _unruly(smooth, rough, mask):
        return np.zeros(mask.shape, bool)
    return inset(smooth & body, side * 0.006) & (rough < ROUGH) & (mask > 0.9)


def _unruly(smooth: Mask, rough: Field, mask: Field) -> bool:
    """Whether more than a fifth of the head's outline is rough: then there are curls, with paper in them."""
    head = find_head(mask > 0.5)
    if head is None:
        return True
    rows = slice(head.top, head.top + round(head.width))
    rim = (smooth & ~inset(smooth, 2))[rows]
    return not rim.any() or float((rough[rows][rim] >= ROUGH).mean()) > 0.2


def _closed(part: Mask, radius: float) -> Mask:
    return np.asarray(cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_CLOSE, disc(radius)) > 0)


def _opened(part: Mask, radius: float) -> Mask:
    return np.asarray(cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_OPEN, disc(radius)) > 0)


def _surely(picture: Picture, old: Field, noise: float) -> Mask:
    change = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32) - old
    floor = max(6.0, 4.0 * noise)
    lighter = trough(change) > floor
    tinted = peak(change) - trough(change) > TINT + 2 * noise
    dark = (peak(change) < -floor) & (
        peak((cv2.GaussianBlur(picture, (0, 0), 1.5) + 1) / (old + 1)) < _coded(SHADOW)
    )
    return lighter | tinted | dark


def _pale_body(picture: Picture, old: Field, noise: float, mask: Field) -> Mask:
    """Find clothes nearly as light as the paper: what differs at all, from the neck to the lower edge.

    A shadow differs as little, but fades; cloth ends within a few pixels.
    """
    nothing = np.zeros(mask.shape, bool)
    head = find_head(mask > 0.5)
    if head is None:
        return nothing
    change = cv2.GaussianBlur(picture, (0, 0), 2.5).astype(np.float32) - old
    differs = peak(np.abs(change)) > max(2.5, 1.5 * noise)
    differs[: round(head.top + 1.15 * head.width)] = False
    whole = _without_holes(_hanging_together(differs | (mask > 0.9), mask))
    body = cv2.morphologyEx(whole.astype(np.uint8), cv2.MORPH_OPEN, disc(max(mask.shape) * 0.03)) > 0
    missed = np.asarray(body) & (mask < 0.5)
    plain = body[-3:].any() and missed.mean() > PALE and _ends_abruptly(missed, change)
    return np.asarray(body) if plain else nothing


def _ends_abruptly(body: Mask, change: Field) -> bool:
    """Whether most of the step across the outline is made within a few pixels of it."""
    inside = cv2.distanceTransform(body.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~body).astype(np.uint8), cv2.DIST_L2, 3)
    rows, columns = np.nonzero((inside > 0) & (inside < 1.5))
    edge = (rows > 20) & (rows < len(body) - 20) & (columns > 20) & (columns < body.shape[1] - 20)
    rows, columns = rows[edge], columns[edge]
    if len(rows) < 50:
        return False
    away = np.stack(np.gradient(cv2.GaussianBlur(outside - inside, (0, 0), 3)), -1)[rows, columns]
    away /= np.linalg.norm(away, axis=1, keepdims=True).clip(1e-3)
    level = dot(change, np.full(3, 1 / 3))

    def at(pixels: float) -> Field:
        y, x = rows + pixels * away[:, 0], columns + pixels * away[:, 1]
        down, across = (each.round().astype(int) for each in (y, x))
        return np.asarray(level[down.clip(0, len(body) - 1), across.clip(0, body.shape[1] - 1)], np.float32)

    wide, narrow = np.abs(at(-16) - at(16)), np.abs(at(-4) - at(4))
    told = wide > 3
    return bool(told.sum() > 50 and np.median(narrow[told] / wide[told]) > 0.55)


def _coded(share: float) -> float:
    """A share of light as a share of sRGB levels (a power of 2.2 is near enough)."""
    return float(share ** (1 / 2.2))


def _hanging_together(body: Mask, mask: Field) -> Mask:
    """Only what hangs together with what the network saw."""
    _, labels = cv2.connectedComponents(grow(body, 2).astype(np.uint8), connectivity=8)
    told = np.unique(labels[(mask > 0.9) & body])
    return body & np.isin(labels, told[told > 0])


def _without_holes(body: Mask) -> Mask:
    """Fill what is enclosed, the frame's lower edge being closed by whoever stands there."""
    sealed = np.vstack([body, np.zeros((1, body.shape[1]), bool)])
    columns = np.nonzero(body[-3:].any(0))[0]
    if len(columns):
        sealed[-1, columns.min() : columns.max() + 1] = True
    free = (~sealed).astype(np.uint8)
    _, labels = cv2.connectedComponents(np.pad(free, ((1, 0), (1, 1)), constant_values=1), connectivity=4)
    return np.asarray(labels[1:-1, 1:-1] != labels[0, 0])
