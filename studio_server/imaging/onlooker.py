"""A look at the face of a shot, for the coach. Only after the client has agreed to face processing."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.domain.coach import Seen
from studio_server.imaging.eyes import EYES, contrast
from studio_server.imaging.faces import Face, FaceModels, find_faces
from studio_server.imaging.focus import Slopes, sharpest, slopes_of, spread
from studio_server.imaging.landmarks import CHIN, Mesh, expression_of, find_mesh, opening
from studio_server.imaging.pixels import Picture
from studio_server.imaging.quality import CLIPPED_FROM
from studio_server.imaging.render import decode
from studio_server.imaging.upright import OVAL

OUTER = (33, 263)
"""Of the face mesh: the eyes' outer corners."""
NEARLY_AS_WIDE = 0.5
"""A face narrower than this share of the widest stands behind, or hangs on the wall."""
ASIDE, UP = 0.7, 0.5
"""Half of the sides of what is called an eye's surroundings, of its width."""


@dataclass(frozen=True)
class Models:
    """The model files that are needed."""

    faces: FaceModels
    mesh: Path


def look(picture: Picture, models: Models) -> Seen:
    """Measure the nearest face in HxWx3 uint8 sRGB, right side up: the proof as it is, never enlarged."""
    found = find_faces(picture, models.faces, embed=False)
    if not found:
        return Seen(0)
    widest = found[0].box[2] - found[0].box[0]
    near = sum(face.box[2] - face.box[0] >= NEARLY_AS_WIDE * widest for face in found)
    mesh = find_mesh(picture, found[0], models.mesh)
    points, slopes, expression = mesh.points, slopes_of(picture), expression_of(mesh)
    above, beside, below, height = _room(points, (picture.shape[0], picture.shape[1]))
    return Seen(
        faces=near,
        focus=min(spread(_eye(slopes, points, eye)) for eye in (0, 1)),
        best=sharpest(slopes),
        eye_left=contrast(picture, points, 0),
        eye_right=contrast(picture, points, 1),
        lids=opening(mesh),
        smile=expression.smile,
        yaw=expression.yaw,
        pitch=expression.pitch,
        roll=_roll(found[0]),
        above=above,
        beside=beside,
        below=below,
        height=height,
        clipped=_clipped(picture, mesh),
    )


class Watcher:
    """The coach's eyes over model files that are here."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def look(self, proof: bytes) -> Seen:
        """Measure a proof (JPEG). Raises Unreadable."""
        return look(decode(proof), self._models)


def _eye(slopes: Slopes, points: NDArray[np.float32], eye: int) -> Slopes:
    one, other = points[list(EYES[eye][0]), :2]
    (x, y), width = (one + other) / 2, float(np.linalg.norm(one - other))
    top, left = max(0, round(y - UP * width)), max(0, round(x - ASIDE * width))
    return slopes.cut(
        slice(top, max(0, round(y + UP * width))), slice(left, max(0, round(x + ASIDE * width)))
    )


def _room(points: NDArray[np.float32], shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """Above, beside, below and the head's height. Eyes lie halfway between crown and chin, whoever it is.

    Measured along the picture's edges; a tilted head is taken to be as high as it is long.
    """
    eyes, chin = points[list(OUTER), :2].mean(0), points[CHIN, :2]
    whole = 2 * float(np.linalg.norm(chin - eyes))
    crown = float(2 * eyes[1] - chin[1])
    oval = points[list(OVAL), 0]
    beside = min(float(oval.min()), shape[1] - float(oval.max()))
    return crown / whole, beside / whole, (shape[0] - float(chin[1])) / whole, whole / shape[0]


def _roll(face: Face) -> float:
    across = face.landmarks[0:2].mean(0) - face.landmarks[2:4].mean(0)
    return float(np.degrees(np.arctan2(across[1], across[0])))


def _clipped(picture: Picture, mesh: Mesh) -> float:
    """Of the face's oval."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(mesh.points[list(OVAL), :2]).astype(np.int32)], 1)
    inside = picture[mask > 0]
    return float((inside >= CLIPPED_FROM).any(axis=1).mean()) if len(inside) else 0.0
