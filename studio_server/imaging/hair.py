"""Hair before a backdrop that is known: alpha is how far a pixel lies on the way from backdrop to hair.

The formula holds for hair only. On skin and cloth it paints rims, so first of all it is decided where the
outline is hair: by the colours of the crown, of the middle of the head, and of the clothes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Mask, Picture, disc, dot, grow, inset, peak, soften

DEAD = 0.03
"""Alpha below this is the backdrop's own unevenness."""


@dataclass(frozen=True)
class HairZone:
    """At the working size."""

    weight: Field
    """HxW, 0..1: how much of the outline here is hair."""
    colour: Field
    """HxWx3, levels of 255: the hair's colour nearby."""


@dataclass(frozen=True)
class Head:
    """Where the head is in a silhouette; no face is looked for."""

    top: int
    middle: int
    """Column."""
    width: float


def find_head(person: Mask) -> Head | None:
    """Estimate the head from the silhouette alone: it hangs from the topmost row."""
    widths = person.sum(1)
    rows = np.nonzero(widths > max(2, 0.01 * person.shape[1]))[0]
    if len(rows) < 20:
        return None
    top = int(rows[0])
    width = float(widths[min(top + round(0.06 * len(person)), len(person) - 1)])
    for _ in range(8):
        below = widths[top : top + max(8, round(width * 1.1))]
        width = float(np.percentile(below, 75))
    columns = np.nonzero(person[top : top + max(8, round(width))].any(0))[0]
    return Head(top, int(columns.mean()), width)


def hair_zone(picture: Picture, old: Field, solid: Mask, seen: Mask) -> HairZone | None:
    """Find where the outline of a person is hair, and the colour of that hair.

    `picture` uint8 HxWx3 at the working size; `old`: the backdrop; `solid`: certainly person; `seen`: differs
    from the backdrop. Pixels that may be a mixture of hair and backdrop have no vote.
    None where the crown has the colour of the skin: a bald or closely shaved head.
    """
    head = find_head(solid)
    if head is None:
        return None
    tint = _tint(picture)
    side = max(solid.shape)
    rim = solid & ~inset(solid, side * 0.03)
    hair, skin = _crown(tint, rim, head), _face(tint, solid, head)
    if hair is None or skin is None or _is_bald(hair, skin):
        return None
    cloth = _lowest(tint, rim)
    likeness = np.stack([_apart(tint, colour) for colour in (hair, skin, cloth) if colour is not None], -1)
    is_hair = rim & (likeness.argmin(-1) == 0)
    colour = _spread(picture, is_hair, side * 0.02)
    other = rim & ~is_hair & (_off_line(picture, old, colour) > 14)
    weight = _near(is_hair, is_hair | other, side * 0.012)
    weight = np.clip(weight * 2 - 0.5, 0, 1)
    thick = cv2.morphologyEx(solid.astype(np.uint8), cv2.MORPH_OPEN, disc(side * 0.008)) > 0
    strands = seen & ~grow(np.asarray(thick), side * 0.006)
    weight = np.maximum(weight, cv2.GaussianBlur(grow(strands, 2).astype(np.float32), (0, 0), 2))
    depth = cv2.distanceTransform(seen.astype(np.uint8), cv2.DIST_L2, 3) / side
    reach = np.clip((0.07 - depth) / 0.02, 0, 1)
    return HairZone(np.asarray(weight.clip(0, 1) * reach, np.float32), colour)


def _tint(picture: Picture) -> Field:
    """Chromaticity (linear light, in hundredths) and a little lightness.

    Shading scales linear light, so a skin's chromaticity is the same in light and in shadow, and hair's is
    another; lightness alone would take the shadow under a chin for hair.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), 1.2).astype(np.float32) / 255
    linear = soft**2.2 + 2e-3
    total = dot(linear, np.ones(3, np.float32))
    lightness = 40 * np.cbrt(total / 3)
    return np.dstack([lightness, 100 * linear[..., 0] / total, 100 * linear[..., 2] / total])


def _is_bald(crown: NDArray[np.float32], skin: NDArray[np.float32]) -> bool:
    """Whether the crown is as light as the face, or lighter, and of nearly its tint."""
    return float(np.linalg.norm(crown[1:] - skin[1:])) + max(0.0, float(skin[0] - crown[0])) < 8


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(dot(one - other, one - other))


def _crown(tint: Field, rim: Mask, head: Head) -> NDArray[np.float32] | None:
    bottom = head.top + round(head.width * 0.35)
    found = tint[head.top : bottom][rim[head.top : bottom]]
    return np.median(found, axis=0) if len(found) > 30 else None


def _face(tint: Field, solid: Mask, head: Head) -> NDArray[np.float32] | None:
    """Colour of the warm pixels in the middle of the head."""
    top, half = head.top + round(head.width * 0.45), round(head.width * 0.28)
    window = (
        slice(top, top + round(head.width * 0.7)),
        slice(max(0, head.middle - half), head.middle + half),
    )
    found = tint[window][solid[window]]
    return np.median(found, axis=0) if len(found) > 30 else None


def _lowest(tint: Field, rim: Mask) -> NDArray[np.float32] | None:
    rows = np.nonzero(rim.any(1))[0]
    start = rows[0] + round((rows[-1] - rows[0]) * 0.9)
    found = tint[start:][rim[start:]]
    return np.median(found, axis=0) if len(found) > 30 else None


def _off_line(picture: Picture, old: Field, colour: Field) -> Field:
    """How far (levels of 255) a pixel lies from every mixture of the backdrop and the hair."""
    way, seen = colour - old, picture - old
    share = (dot(seen, way) / np.maximum(dot(way, way), 1.0)).clip(0, 1)
    off = seen - share[..., None] * way
    return np.sqrt(dot(off, off))


def _near(part: Mask, whole: Mask, sigma: float) -> Field:
    """Share of `part` in the neighbourhood's `whole`; where that is far, in a wider neighbourhood."""
    share, total = np.zeros(part.shape, np.float32), np.full(part.shape, 1e-6, np.float32)
    for reach, trust in ((sigma, 1.0), (4 * sigma, 0.02)):
        share += trust * soften(part.astype(np.float32), reach)
        total += trust * soften(whole.astype(np.float32), reach)
    return np.asarray(share / total, np.float32)


def _spread(picture: Picture, where: Mask, sigma: float) -> Field:
    """Carry the colour of `where` outwards; far away, its median."""
    weight = where.astype(np.float32)
    middle = np.median(picture[where], axis=0).astype(np.float32)
    total = soften(weight, sigma)[..., None]
    colour = soften(picture * weight[..., None], sigma)
    return np.asarray((colour + 0.01 * middle) / (total + 0.01), np.float32)


def project(picture: Field, old: Field, colour: Field, noise: float) -> Field:
    """Alpha of hair: (I - B)·(F - B) / |F - B|², its lowest few hundredths taken for noise.

    `picture`, `old` (B) and `colour` (F) are (..., 3) in levels of 255.
    """
    way = colour - old
    length = np.maximum(dot(way, way), 100.0)
    alpha = dot(picture - old, way) / length
    dead = np.maximum(DEAD, 3.0 * noise / np.sqrt(length))
    return np.asarray(((alpha - dead) / (0.95 - dead)).clip(0, 1), np.float32)


def gaps_in(picture: Picture, old: Field, zone: HairZone, alpha: Field) -> Mask:
    """Where the backdrop shows through hair: pixels like it, and what is half like it around them.

    What lies off the line from the backdrop to the hair (skin, lips) is no gap.
    """
    hair = (zone.weight > 0.6) & (_off_line(picture, old, zone.colour) < 18)
    hair &= too_warm(picture, old, zone, alpha) < 0.5
    reach = np.minimum(22, 0.35 * peak(np.abs(zone.colour - old)))
    alike = (peak(np.abs(picture - old)) < reach) & hair
    opened = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    gaps = np.asarray(opened > 0)
    for _ in range(12):
        gaps = grow(gaps, 1) & (alpha < 0.6) & hair
    return gaps


def faint(zone: HairZone, old: Field) -> Field:
    """Where (0..1) hair and backdrop are too alike for hair to be told by its colour: dark before dark."""
    return np.asarray(np.clip((40 - peak(np.abs(zone.colour - old))) / 20, 0, 1), np.float32)


def as_strands(zone: HairZone, picture: Field, old: Field, loose: Mask) -> HairZone:
    """Give faint hair the colour of its own loose strands, which the light catches more than the mass.

    Their plainest twentieth stands for a strand that fills a pixel.
    """
    share = faint(zone, old)[..., None]
    change = picture - old
    if not share.any() or loose.sum() < 200:
        return zone
    size = peak(np.abs(change))
    full = loose & (size >= np.percentile(size[loose], 95))
    colour = old + np.median(change[full], axis=0)
    return HairZone(zone.weight, np.asarray(share * colour + (1 - share) * zone.colour, np.float32))


def too_warm(picture: Picture, old: Field, zone: HairZone, alpha: Field) -> Field:
    """How plainly (0..1) a pixel is warmer than that mixture of hair and backdrop can be: it is skin."""
    warmth = [levels[..., 0].astype(np.float32) - levels[..., 2] for levels in (picture, old, zone.colour)]
    excess = warmth[0] - (alpha * warmth[2] + (1 - alpha) * warmth[1])
    return np.asarray(np.clip((soften(np.asarray(excess, np.float32), 1.5) - 12) / 15, 0, 1), np.float32)


def fill(alpha: Field, side: int) -> Field:
    """Make solid what has no gap near: sheen is lighter than the hair's colour, but nothing shows through."""
    gaps = cv2.medianBlur((alpha < 0.45).astype(np.uint8), 3)
    distance = cv2.distanceTransform((gaps == 0).astype(np.uint8), cv2.DIST_L2, 3) / side
    return np.asarray(np.clip((distance - 0.003) / 0.003, 0, 1) * (alpha > 0.5), np.float32)
