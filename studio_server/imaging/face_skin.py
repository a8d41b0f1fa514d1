"""The skin of a face: its colour, the light's tint on it, and its texture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Mask, lab_of
from studio_server.imaging.upright import EYES, Upright, filled

HOLES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (336, 296, 334, 293, 300, 276, 283, 282, 295, 285),
)
"""Of the face mesh: eyes, mouth, brows."""
GAMMA = 2.2
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
BETWEEN = (30, 80)
"""Percentiles of luminance: below them beard and shadow, above them shine."""
BLOCK = EYES // 10


@dataclass(frozen=True)
class Skin:
    lab: NDArray[np.float64]
    """CIE Lab, the median."""
    tint: NDArray[np.float64]
    """Natural logarithms of red and of blue over green, in linear light: exposure does not change them."""
    texture: float
    """SD of L* finer than 1/100 of the eyes' distance: the median of blocks a tenth of it wide."""

    @property
    def ita(self) -> float:
        """Individual typology angle in degrees (Chardon et al., 1991)."""
        return float(np.degrees(np.arctan2(self.lab[0] - 50.0, self.lab[2])))


def skin_of(face: Upright) -> Skin:
    where = skin_mask(face)
    smooth = cv2.GaussianBlur(face.picture, (0, 0), 2)
    light = (smooth[where] / 255) ** GAMMA
    luminance = light @ LUMINANCE
    low, high = np.percentile(luminance, BETWEEN)
    middle = (luminance >= low) & (luminance <= high)
    red, green, blue = light[middle].mean(0) + 1e-6
    lab = lab_of(np.asarray(smooth, np.uint8))[where][middle]
    tint = np.log([red / green, blue / green])
    return Skin(np.median(lab, axis=0).astype(np.float64), tint, _texture(face, where))


def skin_mask(face: Upright) -> Mask:
    """The face without eyes, mouth and brows, well inside its outline."""
    size = EYES // 13
    holes = np.zeros(face.picture.shape[:2], bool)
    for hole in HOLES:
        holes |= filled(face.points[list(hole)])
    inner = cv2.erode(face.oval().astype(np.uint8), np.ones((2 * size + 1, 2 * size + 1), np.uint8))
    return np.asarray(
        (inner > 0) & ~(cv2.dilate(holes.astype(np.uint8), np.ones((size, size), np.uint8)) > 0)
    )


def _texture(face: Upright, where: Mask) -> float:
    lightness = np.ascontiguousarray(lab_of(face.picture)[..., 0])
    fine = lightness - cv2.GaussianBlur(lightness, (0, 0), EYES / 100)
    height, width = (length // BLOCK for length in fine.shape)
    spread = _blocks(fine, height, width).std(-1)
    whole = _blocks(where.astype(np.float32), height, width).all(-1)
    return float(np.median(spread[whole])) if whole.any() else 0.0


def _blocks(values: Field, height: int, width: int) -> Field:
    cut = values[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width, BLOCK)
    return cut.swapaxes(1, 2).reshape(height, width, -1)
