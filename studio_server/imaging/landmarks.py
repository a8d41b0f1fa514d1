"""468 landmarks of a face, and what a photographer reads off them: a smile, open eyes, where the head turns.

Like everything about faces it may run only after the client has agreed to face processing.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from studio_server.domain.shot import Expression
from studio_server.imaging.faces import Face
from studio_server.imaging.pixels import Picture

SIDE = 192
"""Pixels that the network sees."""
MARGIN = 1.5
"""Side of what it sees over the longer side of the face's box, as it was trained."""
RIGHT_EYE, LEFT_EYE = (
    ((33, 133), ((159, 145), (158, 153), (160, 144))),
    (
        (263, 362),
        ((386, 374), (385, 380), (387, 373)),
    ),
)
"""Of the person's own right and left: corners, and pairs of points on the upper and the lower lid."""
MOUTH_CORNERS, LIPS, CHEEKS, CHIN, BROW = (61, 291), (13, 14), (234, 454), 152, 10


@dataclass(frozen=True)
class Mesh:
    points: NDArray[np.float32]
    """(468, 3): x and y in pixels of the picture, z in the same unit, away from the camera."""


@lru_cache(maxsize=2)
def _network(path: Path) -> Any:  # noqa: ANN401 - the runtime has no types
    network = Interpreter(str(path), num_threads=1)
    network.allocate_tensors()
    return network


def find_mesh(picture: Picture, face: Face, model: Path) -> Mesh:
    """Find the landmarks of a face (MediaPipe Face Mesh: Kartynnik et al., 2019) in HxWx3 uint8 sRGB."""
    network = _network(model)
    there = _upright(face)
    seen = cv2.warpAffine(picture, there, (SIDE, SIDE), flags=cv2.INTER_AREA)
    network.set_tensor(network.get_input_details()[0]["index"], seen[None].astype(np.float32) / 255)
    network.invoke()
    answers = [network.get_tensor(told["index"]) for told in network.get_output_details()]
    small = next(answer for answer in answers if answer.size == 3 * 468).reshape(468, 3)
    back = cv2.invertAffineTransform(there)
    scale = float(np.hypot(*back[:, 0]))
    points = np.concatenate([small[:, :2] @ back[:, :2].T + back[:, 2], small[:, 2:] * scale], axis=1)
    return Mesh(np.asarray(points, np.float32))


def _upright(face: Face) -> NDArray[np.float64]:
    """The affine transform (2x3) from the picture to an upright square around the face."""
    left, top, right, bottom = face.box
    middle = ((left + right) / 2, (top + bottom) / 2)
    across = face.landmarks[0:2].mean(0) - face.landmarks[2:4].mean(0)
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    scale = SIDE / (MARGIN * max(right - left, bottom - top))
    turn = cv2.getRotationMatrix2D(middle, roll, scale)
    shift = SIDE / 2 - np.array(middle, np.float64)
    return np.column_stack([turn[:, :2], turn[:, 2] + shift])


def expression_of(mesh: Mesh) -> Expression:
    own = _in_the_heads_frame(mesh.points)
    outer = float(np.linalg.norm(own[33] - own[263]))
    mouth = float(np.linalg.norm(own[MOUTH_CORNERS[0]] - own[MOUTH_CORNERS[1]]))
    corners, lips = own[list(MOUTH_CORNERS)].mean(0), own[list(LIPS)].mean(0)
    yaw, pitch = _turned(mesh.points)
    return Expression(
        smile=mouth / outer + float(lips[1] - corners[1]) / mouth,
        eyes=min(_open(own, RIGHT_EYE), _open(own, LEFT_EYE)),
        yaw=yaw,
        pitch=pitch,
    )


def opening(mesh: Mesh) -> float:
    """Height over width of the wider eye."""
    own = _in_the_heads_frame(mesh.points)
    return max(_open(own, RIGHT_EYE), _open(own, LEFT_EYE))


def _axes(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """The head's own axes as rows: to the picture's right, down, away from the camera."""
    across = points[CHEEKS[1]] - points[CHEEKS[0]]
    across = across / np.linalg.norm(across)
    down = points[CHIN] - points[BROW]
    down = down - across * float(down @ across)
    down = down / np.linalg.norm(down)
    return np.stack([across, down, np.cross(across, down)]).astype(np.float64)


def _in_the_heads_frame(points: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray((points - points[1]) @ _axes(points).T, np.float64)


def _turned(points: NDArray[np.float32]) -> tuple[float, float]:
    away = _axes(points)[2]
    return float(np.degrees(np.arctan2(-away[0], away[2]))), float(
        np.degrees(np.arcsin(np.clip(away[1], -1, 1)))
    )


def _open(own: NDArray[np.float64], eye: tuple[tuple[int, int], tuple[tuple[int, int], ...]]) -> float:
    """Mean height over width (eye aspect ratio: Soukupova & Cech, 2016)."""
    corners, lids = eye
    height = np.mean([np.linalg.norm(own[upper] - own[lower]) for upper, lower in lids])
    return float(height / np.linalg.norm(own[corners[0]] - own[corners[1]]))
