"""What can be measured of a face without knowing how its picture was made.

Everything is taken off one upright copy whose eyes lie `EYES` pixels apart, so that crops and sizes compare.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.faces import FaceModels, find_faces, skin_tone
from studio_server.imaging.landmarks import CHIN, find_mesh
from studio_server.imaging.pixels import Field, Picture, lab_of, shrink

EYES = 160
"""Pixels between the middles of the eyes in the upright copy."""
SIDE = 480
SEARCHED = 1000
WINGS, OUTER, CHEEKS = (129, 358), (33, 263), (234, 454)
"""Of the face mesh: the nose's wings, the eyes' outer corners, the widest points of the face."""


@dataclass(frozen=True)
class Traits:
    faces: int
    embedding: NDArray[np.float32]
    """(128,); like all below it holds good for the largest face; empty where there is none."""
    lab: NDArray[np.float64]
    """CIE Lab of the cheeks."""
    ita: float
    iris: NDArray[np.float64]
    """CIE Lab of the eyes' rings, the mean of both."""
    texture: float
    """SD of L* finer than 1/100 of the eyes' distance, on cheeks and forehead (the median patch)."""
    nose: float
    """Width over the distance of the eyes' outer corners."""
    room: float
    """Above the crown, as a share of the head's height; negative: it is cut. The least of four sides."""


def traits_of(picture: Picture, models: FaceModels, mesh: Path) -> Traits:
    """Measure the largest face of HxWx3 uint8 sRGB. Only for clients who agreed to face processing."""
    small = shrink(picture, SEARCHED)
    faces = find_faces(small, models)
    nothing = np.zeros(3)
    if not faces:
        return Traits(0, np.zeros(0, np.float32), nothing, 0.0, nothing, 0.0, 0.0, 0.0)
    face = faces[0]
    ita, lab = skin_tone(small, face)
    points = find_mesh(small, face, mesh).points[:, :2]
    upright = _upright(picture, face.landmarks * max(picture.shape[:2]) / max(small.shape[:2]))
    nose = _apart(points, WINGS) / _apart(points, OUTER)
    room = _room(points, (small.shape[0], small.shape[1]))
    return Traits(len(faces), face.embedding, lab, ita, _iris(upright), _texture(upright), nose, room)


def _apart(points: NDArray[np.float32], pair: tuple[int, int]) -> float:
    return float(np.linalg.norm(points[pair[0]] - points[pair[1]]))


def _upright(picture: Picture, landmarks: NDArray[np.float32]) -> Field:
    """CIE Lab of the face, SIDE x SIDE: eyes level, at 0.4 of its height."""
    right, left = landmarks[0:2].mean(0), landmarks[2:4].mean(0)
    across = right - left
    scale = EYES / float(np.linalg.norm(across))
    middle = (float((right + left)[0]) / 2, float((right + left)[1]) / 2)
    turn = cv2.getRotationMatrix2D(middle, float(np.degrees(np.arctan2(across[1], across[0]))), scale)
    turn[:, 2] += np.array([SIDE / 2 - middle[0], SIDE * 0.4 - middle[1]])
    softened = cv2.GaussianBlur(picture, (0, 0), 0.35 / scale) if scale < 1 else picture
    return lab_of(np.asarray(cv2.warpAffine(softened, turn, (SIDE, SIDE), flags=cv2.INTER_CUBIC), np.uint8))


def _iris(upright: Field) -> NDArray[np.float64]:
    """CIE Lab of the ring around the pupil: the lower half, which the lid leaves free.

    The iris is 11.7 mm wide and the pupils are 63 mm apart in nearly everybody.
    """
    radius = 0.093 * EYES
    found = []
    for side in (-1, 1):
        x, y = round(SIDE / 2 + side * EYES / 2), round(SIDE * 0.4)
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


def _texture(upright: Field) -> float:
    lightness = np.ascontiguousarray(upright[..., 0])
    fine = lightness - cv2.GaussianBlur(lightness, (0, 0), EYES / 100)
    x, y, half = SIDE // 2, round(SIDE * 0.4), EYES // 8
    places = [(x - EYES // 2, y + EYES // 2), (x + EYES // 2, y + EYES // 2), (x, y - EYES // 2)]
    patches = [fine[v - half : v + half, u - half : u + half] for u, v in places]
    return float(np.median([patch.std() for patch in patches]))


def _room(points: NDArray[np.float32], shape: tuple[int, int]) -> float:
    """Room around the head. Eyes lie halfway between crown and chin, whoever it is."""
    height, width = shape
    eyes = points[list(OUTER)].mean(0)
    half = float(np.linalg.norm(points[CHIN] - eyes))
    left, right = (float(x) for x in np.sort(points[list(CHEEKS), 0]))
    crown = float(eyes[1]) - half
    return min(crown, left, width - right, height - float(points[CHIN, 1])) / (2 * half)
