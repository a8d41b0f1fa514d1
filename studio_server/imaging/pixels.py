"""The kinds of picture, and the two things that are done to all of them."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""HxWx3 sRGB, or HxW grey."""
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

Level = TypeVar("Level", np.uint8, np.float32)


def shrink(picture: NDArray[Level], side: int) -> NDArray[Level]:
    """Make the longer side at most `side` pixels; a smaller picture comes back as it is."""
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = (max(1, round(length * scale)) for length in picture.shape[:2])
    small: NDArray[Level] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment] # OpenCV keeps the type
    return small


def disc(radius: float) -> Picture:
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def grow(mask: Mask, radius: float) -> Mask:
    """Dilate by a disc. A large disc goes by distance, whose cost does not grow with the radius."""
    if radius <= 4:
        return np.asarray(cv2.dilate(mask.astype(np.uint8), disc(radius)) > 0)
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(away <= radius) if mask.any() else mask


def inset(mask: Mask, radius: float) -> Mask:
    """Erode by a disc; the frame's edge is no edge of the mask."""
    if radius <= 4:
        return np.asarray(cv2.erode(mask.astype(np.uint8), disc(radius)) > 0)
    return ~grow(~mask, radius)


def soften(values: Field, sigma: float) -> Field:
    """Blur by a Gaussian; a wide one at a reduced size, which looks the same and costs little."""
    shrinkage = int(sigma / 3)
    if shrinkage <= 1:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
    height, width = values.shape[:2]
    size = (max(1, width // shrinkage), max(1, height // shrinkage))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / shrinkage)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def dot(one: NDArray[np.floating], other: NDArray[np.floating]) -> Field:
    """Sum over the three channels; NumPy's own sum over so short an axis takes ten times as long."""
    products = one * other
    return np.asarray(products[..., 0] + products[..., 1] + products[..., 2], np.float32)


def peak(values: NDArray[np.floating]) -> Field:
    """Largest of the three channels."""
    return np.asarray(np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2]), np.float32)


def trough(values: NDArray[np.floating]) -> Field:
    """Smallest of the three channels."""
    return -peak(-values)


def lab_of(picture: Picture | Field) -> Field:
    """CIE Lab (D65, L 0..100) of an sRGB picture in levels of 255."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Of linear sRGB (D65); its middle row is luminance."""


def linear_of(levels: NDArray[np.generic]) -> Field:
    """Linear light, 0..1, of sRGB levels of 255 (IEC 61966-2-1)."""
    coded = levels.astype(np.float32) / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return np.asarray(light, np.float32)
