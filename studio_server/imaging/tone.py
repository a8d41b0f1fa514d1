"""The camera's tone: our development is given the brightness and contrast of the camera's own preview.

LibRaw develops in plain linear light, which is a stop darker and flatter than what cameras show, and what the
client has seen on the tablet. Both pictures are of one frame, so their luminances have the same order: the
curve that takes the quantiles of ours to those of the preview is the camera's tone curve.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from studio_server.imaging.pixels import Picture

Light = NDArray[np.uint16]
"""HxWx3 sRGB in 16 bits."""

SIDE = 192
STEPS = 65_536
SHARES = np.array([1, 5, 12, 25, 40, 55, 70, 82, 90, 95, 98, 99.5])
ALIKE = 0.85
"""Correlation below which a preview is of another frame, or has been graded beyond a tone curve."""
NEGLIGIBLE = 0.02
STEEPEST = 4.0


def eight_bit(light: Light) -> Picture:
    return np.asarray(light >> 8, np.uint8)


def alike(light: Light, preview: Picture) -> bool:
    """Whether both show one frame, so that the one can be given the look of the other."""
    ours, theirs = _luminance(light) / STEPS, _luminance(preview) / 256
    flat = ours.std() < 0.02 or theirs.std() < 0.02
    return not flat and float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) >= ALIKE


def toned(light: Light, preview: Picture) -> Picture:
    """Return `light` in 8 bits with the tone of `preview`, which is alike."""
    curve = _curve(_luminance(light) / STEPS, _luminance(preview) / 256)
    if curve is None:
        return eight_bit(light)
    table = np.rint(curve(np.linspace(0, 1, STEPS)) * 255).clip(0, 255).astype(np.uint8)
    return np.asarray(table[light])


def _curve(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> PchipInterpolator | None:
    """Return a rising curve from our sRGB values to the camera's, 0-1; None where it would change nothing."""
    before, after = np.percentile(ours, SHARES), np.percentile(theirs, SHARES)
    if np.abs(before - after).max() < NEGLIGIBLE:
        return None
    knots = [(0.0, 0.0)]
    for x, y in zip(before, after, strict=True):
        x_last, y_last = knots[-1]
        if x - x_last > 0.01 and x < 0.99:
            knots.append((x, float(np.clip(y, y_last, min(1.0, y_last + STEEPEST * (x - x_last))))))
    return PchipInterpolator(*zip(*knots, (1.0, 1.0), strict=True))


def _luminance(picture: Light | Picture) -> NDArray[np.float64]:
    """Return the luminance of a copy so small that frames of slightly different crops lie on each other."""
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), 0.7), np.float64)
