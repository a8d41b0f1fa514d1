"""Faces of which a part was made narrower or larger, mild (0) and strong (1), as beautifying filters do."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Picture


@dataclass(frozen=True)
class Sitter:
    picture: Picture
    landmarks: NDArray[np.float32]
    """(5, 2): as dlib's, in pixels of the picture."""

    @property
    def eyes(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self.landmarks[2:4].mean(0), self.landmarks[0:2].mean(0)

    @property
    def width(self) -> float:
        """Distance of the eyes' middles, px."""
        return float(np.linalg.norm(self.eyes[1] - self.eyes[0]))


def narrow_nose(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    """The nose pinched by 12 % or 24 %."""
    x, y = _pixels(sitter.picture)
    nose = sitter.landmarks[4]
    away = np.hypot(x - nose[0], (y - nose[1]) * 0.8) / (sitter.width * 0.55)
    pinch = np.float32((0.12, 0.24)[level]) * np.clip(1 - away**2, 0, 1)
    return _moved(sitter.picture, nose[0] + (x - nose[0]) * (1 + pinch / (1 - pinch)), y)


def larger_eyes(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    """Both eyes 10 % or 20 % larger, in both directions."""
    x, y = _pixels(sitter.picture)
    u, v = x.copy(), y.copy()
    for eye in sitter.eyes:
        away = np.hypot(x - eye[0], y - eye[1]) / (sitter.width * 0.45)
        grown = np.float32((0.10, 0.20)[level]) * np.clip(1 - away**2, 0, 1)
        u -= (x - eye[0]) * grown / (1 + grown)
        v -= (y - eye[1]) * grown / (1 + grown)
    return _moved(sitter.picture, u, v)


def slim_jaw(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    """The lower face 7 % or 14 % narrower, most of all half an eyes' distance below the nose."""
    x, y = _pixels(sitter.picture)
    nose = sitter.landmarks[4]
    down = (y - nose[1] - sitter.width * 0.5) / (sitter.width * 0.6)
    across = (x - nose[0]) / (sitter.width * 1.8)
    pinch = np.float32((0.07, 0.14)[level]) * np.clip(1 - down**2, 0, 1) * np.clip(1 - across**2, 0, 1)
    return _moved(sitter.picture, nose[0] + (x - nose[0]) * (1 + pinch / (1 - pinch)), y)


def _pixels(picture: Picture) -> tuple[Field, Field]:
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    return x, y


def _moved(picture: Picture, x: Field, y: Field) -> Picture:
    return np.asarray(
        cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC), np.uint8
    )
