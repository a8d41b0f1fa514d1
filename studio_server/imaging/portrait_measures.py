"""What can be measured of a face without knowing how its picture was made.

Nearly everything is taken off one upright copy, so that crops and sizes compare.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.coarse import coarse_mask
from studio_server.imaging.face_hair import hair_of
from studio_server.imaging.face_skin import Skin, skin_of
from studio_server.imaging.faces import FaceModels, find_faces
from studio_server.imaging.landmarks import CHIN, find_mesh
from studio_server.imaging.pixels import Field, Picture, lab_of, shrink
from studio_server.imaging.upright import EYES, SIDE, Upright, stand_upright

SEARCHED = 1000
OUTER, CHEEKS = (33, 263), (234, 454)
"""Of the face mesh: the eyes' outer corners, the widest points of the face."""


@dataclass(frozen=True)
class Sight:
    """The model files that are needed to look at a portrait."""

    faces: FaceModels
    mesh: Path
    u2net: Path | None
    """None: hair is not looked at, which takes most of the time."""


@dataclass(frozen=True)
class Traits:
    """Of the largest face."""

    faces: int
    embedding: NDArray[np.float32]
    """(128,)"""
    skin: Skin
    iris: NDArray[np.float64]
    """CIE Lab of the eyes' rings, the mean of both."""
    hair: NDArray[np.float64] | None
    """Median CIE Lab of the hair, and the L* of its lightest fifth (4,); None where there is too little."""
    room: float
    """Above the crown, as a share of the head's height; negative: it is cut. The least of four sides."""
    face: Upright


def traits_of(picture: Picture, sight: Sight) -> Traits | None:
    """Measure HxWx3 uint8 sRGB; None without a face. Only for clients who agreed to face processing."""
    small = shrink(picture, SEARCHED)
    faces = find_faces(small, sight.faces)
    if not faces:
        return None
    points = find_mesh(small, faces[0], sight.mesh).points[:, :2]
    scale = max(picture.shape[:2]) / max(small.shape[:2])
    upright = stand_upright(picture, faces[0].landmarks * scale, points * scale)
    skin = skin_of(upright)
    hair = hair_of(upright, coarse_mask(upright.picture, sight.u2net), skin) if sight.u2net else None
    room = _room(points, (small.shape[0], small.shape[1]))
    iris = _iris(lab_of(upright.picture))
    return Traits(len(faces), faces[0].embedding, skin, iris, hair, room, upright)


def _iris(upright: Field) -> NDArray[np.float64]:
    """CIE Lab of the ring around the pupil: the lower half, which the lid leaves free.

    The iris is 11.7 mm wide and the pupils are 63 mm apart in nearly everybody.
    """
    radius = 0.093 * EYES
    found = []
    for side in (-1, 1):
        x, y = round(SIDE / 2 + side * EYES / 2), SIDE // 2
        eye = upright[y - 24 : y + 24, x - 24 : x + 24]
        dark = cv2.GaussianBlur(np.asarray(eye[..., 0]), (0, 0), radius * 0.5)
        rows, columns = np.mgrid[0:48, 0:48]
        centre = dark + 0.6 * np.hypot(rows - 24, columns - 24)
        top, left = np.unravel_index(int(centre.argmin()), centre.shape)
        away = np.hypot(rows - top, columns - left)
        ring = (away > radius * 0.45) & (away < radius * 0.85) & (rows >= top)
        ring &= eye[..., 0] < 75  # no catchlight
        if ring.sum() > 20:
            found.append(np.median(eye[ring], axis=0))
    return np.asarray(np.mean(found, axis=0) if found else np.zeros(3), np.float64)


def _room(points: NDArray[np.float32], shape: tuple[int, int]) -> float:
    """Room around the head. Eyes lie halfway between crown and chin, whoever it is."""
    height, width = shape
    eyes = points[list(OUTER)].mean(0)
    half = float(np.linalg.norm(points[CHIN] - eyes))
    left, right = (float(x) for x in np.sort(points[list(CHEEKS), 0]))
    crown = float(eyes[1]) - half
    return min(crown, left, width - right, height - float(points[CHIN, 1])) / (2 * half)
