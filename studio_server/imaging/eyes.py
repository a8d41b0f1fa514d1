"""Whether an eye is open, told by its pixels: an iris stands out from its white, a lid is one colour.

The face mesh alone does not tell: it has open eyes in mind, and keeps four fifths of an opening that closes.
Like everything about faces it may run only after the client has agreed to face processing.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.landmarks import LEFT_EYE, RIGHT_EYE
from studio_server.imaging.pixels import Field, Picture

EYES = (RIGHT_EYE, LEFT_EYE)
"""In this order, which is that of the picture from left to right: the person's right eye is on its left."""
SIDE = 96
WIDTH = 40
"""Pixels of the copy on which an eye is looked at, and of the eye's width there."""
ACROSS = 15
"""Pixels to both sides of the eye's middle: iris and white, not the corners."""
BLACK = 4.0
"""Levels that are added before a ratio is taken: deep shade is noise."""


def contrast(picture: Picture, points: NDArray[np.float32], eye: int) -> float:
    """How far light and dark are apart across the opening of an eye: natural logarithm of their ratio.

    `points`: the face mesh in pixels of the picture (HxWx3 uint8 sRGB). The tenth and ninetieth percentile of
    each row between the lids; the median over the rows. An open eye has about 1.2, a closed one about 0.5.
    """
    corners, lids = EYES[eye]
    grey, turn = _upright(picture, points[list(corners), :2])
    upper, lower = (points[[pair[which] for pair in lids], :2].mean(0) for which in (0, 1))
    top, bottom = (float(turn[1] @ (*edge, 1)) for edge in (upper, lower))
    opening = bottom - top
    rows = np.arange(top + opening / 4, bottom - opening / 4 + 0.01).round().astype(int).clip(0, SIDE - 1)
    across = grey[rows, SIDE // 2 - ACROSS : SIDE // 2 + ACROSS + 1] + BLACK
    dark, light = np.percentile(across, (10, 90), axis=1)
    return float(np.median(np.log(light / dark))) if len(rows) else 0.0


def _upright(picture: Picture, corners: NDArray[np.float32]) -> tuple[Field, NDArray[np.float64]]:
    """A grey copy with the eye level, WIDTH wide and in its middle; and the transform (2x3) to it."""
    left, right = corners[corners[:, 0].argsort()]
    middle, along = (left + right) / 2, right - left
    scale = WIDTH / max(1.0, float(np.linalg.norm(along)))
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    turn = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), angle, scale)
    turn[:, 2] += SIDE / 2 - middle
    around = _around(picture, middle, SIDE / scale)
    calm = cv2.GaussianBlur(around[0], (0, 0), max(0.3, 0.35 / scale)) if scale < 1 else around[0]
    shifted = np.column_stack([turn[:, :2], turn[:, 2] + turn[:, :2] @ around[1]])
    seen = cv2.warpAffine(calm, shifted, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.GaussianBlur(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    return np.asarray(grey, np.float32), np.asarray(turn, np.float64)


def _around(
    picture: Picture, middle: NDArray[np.float32], reach: float
) -> tuple[Picture, NDArray[np.float64]]:
    """A part of the picture, so that the rest need not be smoothed; and where its corner lies (x, y)."""
    height, width = picture.shape[:2]
    left, top = (
        int(np.clip(at - reach, 0, most - 1)) for at, most in zip(middle, (width, height), strict=True)
    )
    right, bottom = (
        int(np.clip(at + reach, 1, most)) for at, most in zip(middle, (width, height), strict=True)
    )
    part = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    return np.ascontiguousarray(part), np.array([left, top], np.float64)
