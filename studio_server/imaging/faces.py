"""Faces: where they are, whose they are, and the tone of their skin.

Nothing here may run before the client has agreed to face processing; the callers ask.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

from studio_server.domain.errors import EngineUnavailable
from studio_server.imaging.pixels import Picture, shrink

SCORE_LIMIT = 0.5
"""dlib's HOG detector calls folds and leaves a face below this."""
SEARCH_SIDE = 1000
"""Longest side in pixels of the copy on which faces are looked for."""


@dataclass(frozen=True)
class FaceModels:
    """Paths of dlib's five-point shape predictor and of its 128-number identity network."""

    landmarks: Path
    embedding: Path


@dataclass(frozen=True)
class Face:
    box: tuple[int, int, int, int]
    """Left, top, right, bottom in pixels of the picture."""
    score: float
    landmarks: NDArray[np.float32]
    """(5, 2): outer and inner corner of the eye on the right of the picture, the same on the left, nose."""
    embedding: NDArray[np.float32]
    """(128,); empty where it was not asked for."""


def installed_models() -> FaceModels:
    """Find the model files that the package face-recognition-models carries.

    The package itself cannot be imported (it needs pkg_resources), so its files are found by its spec.
    Raises EngineUnavailable where it is not installed.
    """
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        msg = "The face models are not installed. Run `make setup`, or install face-recognition-models."
        raise EngineUnavailable(msg)
    folder = Path(spec.submodule_search_locations[0]) / "models"
    return FaceModels(
        folder / "shape_predictor_5_face_landmarks.dat",
        folder / "dlib_face_recognition_resnet_model_v1.dat",
    )


@lru_cache(maxsize=1)
def _detector() -> Any:  # noqa: ANN401 - dlib has no types
    return dlib.get_frontal_face_detector()


@lru_cache(maxsize=2)
def _predictor(path: Path) -> Any:  # noqa: ANN401 - dlib has no types
    return dlib.shape_predictor(str(path))


@lru_cache(maxsize=2)
def _encoder(path: Path) -> Any:  # noqa: ANN401 - dlib has no types
    return dlib.face_recognition_model_v1(str(path))


def find_faces(picture: Picture, models: FaceModels, *, embed: bool = True) -> list[Face]:
    """Find the faces in a picture (HxWx3 uint8 sRGB, right side up), the largest first."""
    small = np.ascontiguousarray(shrink(picture, SEARCH_SIDE))
    scale = max(small.shape[:2]) / max(picture.shape[:2])
    upsample = 1 if max(small.shape[:2]) <= SEARCH_SIDE * 0.7 else 0
    boxes, scores, _ = _detector().run(small, upsample, SCORE_LIMIT)
    found = []
    for box, score in zip(boxes, scores, strict=True):
        shape = _predictor(models.landmarks)(small, box)
        points = np.array([(part.x, part.y) for part in shape.parts()], np.float32) / np.float32(scale)
        vector = _encoder(models.embedding).compute_face_descriptor(small, shape) if embed else ()
        edges = (box.left(), box.top(), box.right(), box.bottom())
        left, top, right, bottom = (round(edge / scale) for edge in edges)
        found.append(Face((left, top, right, bottom), float(score), points, np.asarray(vector, np.float32)))
    return sorted(found, key=_width, reverse=True)


def _width(face: Face) -> int:
    return face.box[2] - face.box[0]


def skin_tone(picture: Picture, face: Face) -> tuple[float, NDArray[np.float64]]:
    """Individual typology angle in degrees, and the median CIE Lab of both cheeks.

    ITA = atan2(L* - 50, b*) (Chardon et al., 1991). A cheek lies below an eye's middle, at the height of
    the nose; its side is a sixth of the distance between the eyes.
    """
    right, left = face.landmarks[0:2].mean(0), face.landmarks[2:4].mean(0)
    down = (face.landmarks[4] - (right + left) / 2) * 0.95
    half = max(1, round(float(np.linalg.norm(right - left)) / 12))
    outward = (left - right) * 0.05
    patches = [_patch(picture, left + down + outward, half), _patch(picture, right + down - outward, half)]
    lab = np.median(rgb2lab(np.concatenate(patches)[None] / 255.0)[0], axis=0)
    return float(np.degrees(np.arctan2(lab[0] - 50.0, lab[2]))), lab


def _patch(picture: Picture, centre: NDArray[np.float32], half: int) -> Picture:
    height, width = picture.shape[:2]
    x = int(np.clip(round(float(centre[0])), half, width - half - 1))
    y = int(np.clip(round(float(centre[1])), half, height - half - 1))
    return picture[y - half : y + half + 1, x - half : x + half + 1].reshape(-1, 3)
