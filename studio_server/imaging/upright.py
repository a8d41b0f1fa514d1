"""A face stood upright at one size, so that pictures of different crops and sizes compare."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Mask, Picture

EYES = 160
"""Pixels between the middles of the eyes."""
SIDE = 800
"""Pixels of each side; the middle between the eyes lies in the middle of the copy."""
BETWEEN_THE_EYES = 168
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Of the face mesh: its outline."""


@dataclass(frozen=True)
class Upright:
    picture: Picture
    """SIDE x SIDE x 3."""
    points: NDArray[np.float32]
    """(468, 2): the face mesh in pixels of the copy."""

    def oval(self, share: float = 1.0) -> Mask:
        """The face's outline, filled, larger or smaller by a share."""
        middle = self.points[BETWEEN_THE_EYES]
        return filled(middle + (self.points[list(OVAL)] - middle) * share)


def filled(polygon: NDArray[np.float32]) -> Mask:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], 1)
    return mask > 0


def stand_upright(picture: Picture, landmarks: NDArray[np.float32], points: NDArray[np.float32]) -> Upright:
    """Turn and scale a face by its five landmarks; `points`: its mesh. Both in pixels of the picture."""
    right, left = landmarks[0:2].mean(0), landmarks[2:4].mean(0)
    across, middle = right - left, (right + left) / 2
    scale = EYES / float(np.linalg.norm(across))
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    turn = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), angle, scale)
    turn[:, 2] += SIDE / 2 - middle
    softened = cv2.GaussianBlur(picture, (0, 0), 0.35 / scale) if scale < 1 else picture
    copy = cv2.warpAffine(
        softened, turn, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    moved = points @ turn[:, :2].T + turn[:, 2]
    return Upright(np.asarray(copy, np.uint8), moved.astype(np.float32))
