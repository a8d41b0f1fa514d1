"""How far edges are spread, in pixels: a measure of focus that does not ask how strong the edges are.

An edge that was blurred by sigma s, blurred once more by s0, keeps s / sqrt(s² + s0²) of its slope. So the
ratio of both slopes tells s, whether it is a lash or a lamp. After Zhuo & Sim (2011), Defocus map estimation
from a single image.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from studio_server.imaging.pixels import Field, Picture

AGAIN = 1.0
"""Sigma in pixels by which the picture is blurred once more."""
CALMED = 0.5
"""Sigma of the smoothing before anything: noise has slopes of its own."""
STRONGEST = 0.1
"""The share of pixels whose slopes count: edges, not skin."""
BLOCK = 48
LEAST_SLOPE = 0.15
"""Of the steepest block's slope: where the strongest slopes are weaker, there is nothing to focus on."""
WIDEST = 30.0
"""Pixels: what is spread more is called this."""


@dataclass(frozen=True)
class Slopes:
    """Squared slopes of the luminance along x and along y (2xHxW), as they are and after one more blur."""

    before: Field
    after: Field

    def cut(self, rows: slice, columns: slice) -> "Slopes":
        return Slopes(self.before[:, rows, columns], self.after[:, rows, columns])


def slopes_of(picture: Picture) -> Slopes:
    """Take them of HxWx3 uint8 sRGB."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    calm = np.asarray(cv2.GaussianBlur(grey, (0, 0), CALMED), np.float32)
    again = np.asarray(cv2.GaussianBlur(calm, (0, 0), AGAIN), np.float32)
    return Slopes(_squared(calm), _squared(again))


def spread(slopes: Slopes) -> float:
    """Sigma in pixels by which the edges in here are spread: the worse of along x and along y.

    The worse, for a hand shakes along one way only. The filters here spread an edge by about 1 pixel
    themselves: 1 is sharp to the pixel. `WIDEST`: there is no edge.
    """
    before, after = (side.reshape(2, -1) for side in (slopes.before, slopes.after))
    return float(np.minimum(WIDEST, _spreads(before, after).max())) if after.size else WIDEST


def sharpest(slopes: Slopes) -> float:
    """The spread in the best-focused twentieth of the picture's blocks that have edges; sigma in pixels."""
    before, after = _blocks(slopes.before), _blocks(slopes.after)
    found = _spreads(before, after).max(axis=0)
    steep = np.sqrt(_steepest(after).max(axis=0))
    edged = steep > LEAST_SLOPE * steep.max()
    return float(min(WIDEST, np.percentile(found[edged], 5))) if edged.any() else WIDEST


def _spreads(before: Field, after: Field) -> Field:
    """Of the last axis, over its strongest slopes."""
    strong = after >= _steepest(after)[..., None]
    ratio = (before * strong).sum(-1) / np.maximum((after * strong).sum(-1), 1e-6)
    return np.asarray(AGAIN / np.sqrt(np.maximum(ratio - 1, 1e-3)), np.float32)


def _steepest(after: Field) -> Field:
    """From where on a slope is among the strongest, of the last axis."""
    place = int((1 - STRONGEST) * (after.shape[-1] - 1))
    return np.asarray(np.partition(after, place, axis=-1)[..., place])


def _squared(grey: Field) -> Field:
    slopes = (np.asarray(cv2.Sobel(grey, cv2.CV_32F, *way), np.float32) for way in ((1, 0), (0, 1)))
    return np.stack([slope**2 for slope in slopes])


def _blocks(values: Field) -> Field:
    """2xHxW to 2xNxP: N blocks of P pixels."""
    _, height, width = values.shape
    down, across = min(BLOCK, height), min(BLOCK, width)
    rows, columns = height // down, width // across
    cut = values[:, : rows * down, : columns * across].reshape(2, rows, down, columns, across)
    return np.asarray(cut.swapaxes(2, 3).reshape(2, rows * columns, down * across))
