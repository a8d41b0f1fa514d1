"""What stands in front of the demo's camera: the portrait that ships with scikit-image, framed shot by shot.

The portrait (NASA, public domain) is 512 pixels wide, so the frames are soft at 100 %; `--photos DIR` plays
the camera with pictures of one's own, at their own resolution.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage import data

from studio_server.demo.sensor import Floats, Picture, seen

PORTRAIT_SIDE = 512
ENLARGED = 3
HEADROOM = 40
"""Backdrop added above the portrait, in its own pixels: its hair nearly touches the edge."""
PLAIN_BACKDROP = slice(312, 392)
"""Columns of the portrait that show nothing but backdrop at the top."""
UPRIGHT = (3000, 4000)


@dataclass(frozen=True)
class Framing:
    """Where the camera points, in the portrait's pixels."""

    x: float = 224.0
    top: float = -10.0
    height: float = 440.0
    """What the frame's height covers."""
    degrees: float = 0.0
    """How far the camera is tilted."""
    blur: float = 0.0
    """Out of focus by this many of the portrait's pixels (one sigma)."""


@cache
def portrait(blur: float = 0.0) -> Floats:
    """Return the portrait as the sensor sees it, enlarged, with backdrop above the hair."""
    picture: Picture = np.asarray(data.astronaut())  # type: ignore[no-untyped-call] # it has no annotations
    above = _backdrop_above(picture)
    side = (PORTRAIT_SIDE * ENLARGED, (PORTRAIT_SIDE + HEADROOM) * ENLARGED)
    large = cv2.resize(np.vstack([above, picture]), side, interpolation=cv2.INTER_LANCZOS4)
    soft = cv2.GaussianBlur(large, (0, 0), 2.2)
    focused = cv2.addWeighted(large, 1.9, soft, -0.9, 0)  # what enlarging took from the edges
    if blur:
        focused = cv2.GaussianBlur(large, (0, 0), blur * ENLARGED)
    return seen(focused.astype(np.uint8))


def _backdrop_above(picture: Picture) -> Picture:
    """Return the portrait's topmost rows going on upwards, ever softer, with the backdrop's own texture."""
    plain = picture[:HEADROOM, PLAIN_BACKDROP].astype(np.float32)
    texture = plain - cv2.GaussianBlur(plain, (0, 0), 5)
    beside = -(-PORTRAIT_SIDE // texture.shape[1])
    mirrored = np.hstack([texture[:, :: (-1) ** index] for index in range(beside)])[:, :PORTRAIT_SIDE]
    row = picture[:5].mean(axis=0, keepdims=True).astype(np.float32)
    rows = [
        cv2.GaussianBlur(row, (0, 0), sigmaX=3 + 0.6 * step, sigmaY=1, borderType=cv2.BORDER_REPLICATE)
        for step in range(HEADROOM)
    ]
    found: Picture = np.clip(np.rint(np.vstack(rows) + mirrored), 0, 255).astype(np.uint8)
    return found[::-1]


def aim(framing: Framing, size: tuple[int, int] = UPRIGHT) -> NDArray[np.float64]:
    """Return the 2x3 affine matrix from an upright frame's pixels to the enlarged portrait's."""
    width, height = size
    scale = framing.height * ENLARGED / height
    turn = np.deg2rad(framing.degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centre = np.array([framing.x, framing.top + HEADROOM + framing.height / 2]) * ENLARGED
    shift = centre - matrix @ np.array([width / 2, height / 2])
    return np.hstack([matrix, shift[:, None]])


def stored(matrix: NDArray[np.float64], size: tuple[int, int], orientation: int) -> NDArray[np.float64]:
    """Turn `matrix` from the upright frame to the sensor that was held so; `size` is the upright frame's."""
    width, height = size
    turns = {
        1: [[1, 0, 0], [0, 1, 0]],
        3: [[-1, 0, width - 1], [0, -1, height - 1]],
        6: [[0, -1, width - 1], [1, 0, 0]],
        8: [[0, 1, 0], [-1, 0, height - 1]],
    }
    upright = np.vstack([np.array(turns[orientation], np.float64), [0, 0, 1]])
    found: NDArray[np.float64] = matrix @ upright
    return found


def photograph(path: Path) -> Picture:
    """Read a picture of one's own, right side up, with even sides."""
    with Image.open(path) as image:
        picture = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    height, width = picture.shape[:2]
    return picture[: height // 2 * 2, : width // 2 * 2]
