"""Closed eyes where no picture has any: the upper lid is pulled down over the eye, its lashes with it.

This is drawn, not photographed: the lid's skin is the stretched skin above it. It shows whether the coach
misses the iris; how real blinks look to it is not known from this.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Picture

UPPER = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (263, 466, 388, 387, 386, 385, 384, 398, 362))
LOWER = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (263, 249, 390, 373, 374, 380, 381, 382, 362))
"""Of the face mesh: the edges of the lids, of the eye on the left of the picture and of the other."""
LASHES, ABOVE, BELOW = 0.05, 0.22, 0.25
"""Of the eye's width: how thick lashes are; how far above and below the opening skin is stretched."""


def close(picture: Picture, points: NDArray[np.float32], eyes: Sequence[int] = (0, 1)) -> Picture:
    """Close eyes of HxWx3 uint8 sRGB by its face mesh; 0: the one on the picture's left. Heads upright."""
    height, width = picture.shape[:2]
    rows, columns = np.indices((height, width), np.float32)
    for eye in eyes:
        _pull(rows, points[list(UPPER[eye]), :2], points[list(LOWER[eye]), :2])
    return np.asarray(cv2.remap(picture, columns, rows, cv2.INTER_CUBIC), np.uint8)


def _pull(rows: Field, upper: NDArray[np.float32], lower: NDArray[np.float32]) -> None:
    """Say for each column of an eye from which row each of its rows is taken."""
    upper, lower = (edge[edge[:, 0].argsort()] for edge in (upper, lower))
    left, right = int(np.ceil(upper[0, 0])), int(upper[-1, 0])
    wide = float(np.ptp(upper[:, 0]))
    for x in range(max(0, left), min(rows.shape[1], right + 1)):
        bulge = wide * np.sin(np.pi * (x - left) / max(1, right - left))
        top, bottom = (float(np.interp(x, edge[:, 0], edge[:, 1])) for edge in (upper, lower))
        edge, goal = top + LASHES * bulge, bottom + (LASHES + 0.03) * bulge
        first, last = top - ABOVE * wide, goal + BELOW * wide
        if goal <= edge:
            continue
        y = np.arange(max(0, int(np.ceil(first))), min(rows.shape[0], int(last) + 1))
        lid = first + (y - first) * (edge - first) / (goal - first)
        skin = np.interp(y, (goal, last), (max(goal, bottom + 0.08 * wide), last))
        rows[y, x] = np.where(y <= goal, lid, skin)
