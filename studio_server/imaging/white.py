"""White balance from a grey card: find the card in a photograph, and make what it shows neutral elsewhere."""

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.domain.errors import Unreadable
from studio_server.imaging.answers import White
from studio_server.imaging.pixels import Mask, Picture, lab_of, linear_of, shrink

SIDE = 256
"""Pixels of the copy on which the card is looked for."""
FLAT = 1.6
"""Change of Lab from a pixel of the copy to the next: more is texture, shade or an edge."""
CHROMA, LIGHTNESS = 32.0, (18.0, 96.0)
"""A card under the warmest light that a camera left uncorrected; neither black cloth nor a burnt-out lamp."""
LEAST, MOST_SPREAD = 0.012, 2.5
"""Of the frame; and how far, in Lab a and b, a card's colour may scatter (median distance from its own)."""
SUSPECT, RECTANGULAR = 10.0, 0.75
"""Chroma from which an area might be skin, and the share of its smallest rectangle that a card then fills."""
CENTRAL, ENOUGH = 0.25, 0.04
"""Of the frame's longer side: the distance from the middle at which an area counts for a third. And of the
frame: an area of this size counts in full, or a grey backdrop would win over a card that is held before it.
"""
MOST = 2.5
"""A card needs no larger correction; what does is none."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
REFUSED = (
    "No grey card was found in this photograph. Let it fill a tenth of the frame near the middle, "
    "evenly lit and not burnt out, and mark that photograph."
)


def white_of(picture: Picture) -> White:
    """Return the factors on linear red, green and blue that make the card in `picture` (HxWx3 sRGB) neutral.

    Its luminance stays. The card is the most central and largest even area of little colour. Raises
    Unreadable.
    """
    small = cv2.GaussianBlur(shrink(picture, SIDE), (0, 0), 1.0)
    area = _card(np.asarray(small, np.uint8))
    light = np.median(linear_of(small)[area], axis=0) if area.any() else np.zeros(3)
    if light.min() <= 0:
        raise Unreadable(REFUSED)
    factors = float(light @ LUMINANCE) / light
    if factors.max() > MOST or factors.min() < 1 / MOST:
        raise Unreadable(REFUSED)
    return tuple(round(float(factor), 4) for factor in factors)


def balanced(picture: Picture, white: White) -> Picture:
    """Return `picture` (HxWx3 uint8 sRGB) with the factors put on its linear light; without any as it is."""
    if not white:
        return picture
    levels = linear_of(np.arange(256, dtype=np.uint8))
    light = np.clip(levels[:, None] * np.array(white), 0, 1)
    coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    table = np.rint(coded * 255).astype(np.uint8)
    return np.dstack([cv2.LUT(np.ascontiguousarray(picture[..., one]), table[:, one]) for one in range(3)])


def _card(picture: Picture) -> Mask:
    lab = lab_of(picture)
    calm = _steps(lab) < FLAT
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    neutral = (chroma < CHROMA) & (lab[..., 0] > LIGHTNESS[0]) & (lab[..., 0] < LIGHTNESS[1])
    open_ = cv2.morphologyEx((calm & neutral).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, areas = cv2.connectedComponents(open_, connectivity=4)
    candidates = [np.asarray(areas == number) for number in range(1, count)]
    fit = [each for each in candidates if each.mean() >= LEAST and _is_card(each, lab[each])]
    return max(fit, key=_weight, default=np.zeros(picture.shape[:2], bool))


def _steps(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    across, down = cv2.Sobel(lab, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(lab, cv2.CV_32F, 0, 1) / 8
    return np.asarray(np.sqrt((across**2 + down**2).sum(axis=2)), np.float32)


def _is_card(area: Mask, lab: NDArray[np.float32]) -> bool:
    """Even in colour; and where it has some, as skin has, of a card's shape."""
    colour = np.median(lab[:, 1:], axis=0)
    if float(np.median(np.linalg.norm(lab[:, 1:] - colour, axis=1))) > MOST_SPREAD:
        return False
    rows, columns = np.nonzero(area)
    _, (width, height), _ = cv2.minAreaRect(np.column_stack([columns, rows]).astype(np.float32))
    return bool(np.hypot(*colour) <= SUSPECT or area.sum() >= RECTANGULAR * (width + 1) * (height + 1))


def _weight(area: Mask) -> float:
    """Its size, up to what is enough, by how near the middle it lies."""
    rows, columns = np.nonzero(area)
    middle = np.array(area.shape) / 2
    away = np.hypot(rows.mean() - middle[0], columns.mean() - middle[1]) / max(area.shape)
    return float(min(area.mean(), ENOUGH) * np.exp(-((away / CENTRAL) ** 2)))
