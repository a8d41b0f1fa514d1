"""What a base learns of a person: crops that hold the face, weights that count it, captions that do not.

Only for clients who have agreed to a model of their face: everything here looks for faces. There are no
flips: no face is its own mirror image.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

from studio_server.domain.variation import context
from studio_server.engines.acquaintance import Acquaintance, acquaint
from studio_server.engines.cutting import FindPerson
from studio_server.engines.picks import Crop, caption_of, dilated, read_small, window_of
from studio_server.engines.shelf import Shelf
from studio_server.imaging import portrait_measures
from studio_server.imaging.faces import FaceModels, find_faces
from studio_server.imaging.portrait_measures import Traits

INSIDE, OUTSIDE, FACE = 1.0, 0.1, 2.5
"""Weight of the loss on the person, around them, and on their face."""
_TRIES = 64
_READ = 1280
"""Long side, px, at which a pick is read."""
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


class Sight(Protocol):
    """How faces are seen; a test brings its own."""

    def traits(self, picture: NDArray[np.uint8]) -> Traits | None:
        """Measure the largest face; None where there is none."""
        ...

    def face(self, picture: NDArray[np.uint8]) -> Box | None:
        """Return where the largest face is."""
        ...


@dataclass(frozen=True)
class ShelfSight:
    """By the models of the shelf. Raises EngineUnavailable where one of them is missing."""

    shelf: Shelf

    @cached_property
    def _models(self) -> FaceModels:
        landmarks = self.shelf.path("shape_predictor_5_face_landmarks.dat")
        return FaceModels(landmarks, self.shelf.path("dlib_face_recognition_resnet_model_v1.dat"))

    def traits(self, picture: NDArray[np.uint8]) -> Traits | None:
        mesh, u2net = self.shelf.path("face_landmark.tflite"), self.shelf.path("u2net.onnx")
        sight = portrait_measures.Sight(self._models, mesh, u2net)
        return portrait_measures.traits_of(picture, sight)

    def face(self, picture: NDArray[np.uint8]) -> Box | None:
        faces = find_faces(picture, self._models, embed=False)
        return faces[0].box if faces else None


def prompt_of(place: str) -> str:
    """Ask for the person in a place, in the words in which they were learnt."""
    return f"portrait photograph of a person, {context(place).prompt}"


def person_crops(
    path: Path, find_person: FindPerson, sight: Sight, size: tuple[int, int], seeds: Iterable[int]
) -> list[Crop]:
    """Cut a pick into views that hold the face, where there is one. Raises Unreadable."""
    picture = read_small(path, max(_READ, max(size) * 5 // 4))
    mask, face = find_person(picture), sight.face(picture)
    return [_crop(picture, mask, face, size, seed) for seed in seeds]


def _crop(
    picture: NDArray[np.uint8],
    mask: NDArray[np.float32],
    face: Box | None,
    size: tuple[int, int],
    seed: int,
) -> Crop:
    window = _window_with(face, mask.shape, size, seed)
    small = cv2.resize(picture[window], size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    person = dilated(cv2.resize(mask[window], size, interpolation=cv2.INTER_AREA) > 0.5)
    weight = np.where(person, INSIDE, OUTSIDE).astype(np.float32)
    chin = size[1] // 2
    if face is not None:
        left, top, right, bottom = _inside(face, window, size)
        weight[top:bottom, left:right] = FACE
        chin = bottom
    words = f"portrait photograph of a person{_clothes(small, person, chin)}, {caption_of(small, person)}"
    return Crop(small, person, words, weight)


def _window_with(
    face: Box | None, shape: Sequence[int], size: tuple[int, int], seed: int
) -> tuple[slice, slice]:
    """Draw until the face is in it; in the end the largest window around its middle."""
    drawn = (window_of(tuple(shape), size, _TRIES * seed + number) for number in range(_TRIES))
    if face is None:
        return next(drawn)
    for rows, columns in drawn:
        if _holds(rows, columns, face):
            return rows, columns
    scale = min(shape[1] / size[0], shape[0] / size[1])
    across, down = int(size[0] * scale), int(size[1] * scale)
    left = int(np.clip((face[0] + face[2] - across) // 2, 0, shape[1] - across))
    top = int(np.clip((face[1] + face[3] - down) // 2, 0, shape[0] - down))
    return slice(top, top + down), slice(left, left + across)


def _holds(rows: slice, columns: slice, face: Box) -> bool:
    left, top, right, bottom = face
    return bool(columns.start <= left and right <= columns.stop and rows.start <= top and bottom <= rows.stop)


def _inside(face: Box, window: tuple[slice, slice], size: tuple[int, int]) -> Box:
    """Lay the face's box into the scaled window, a fifth larger: a detector's box ends at brow and chin."""
    rows, columns = window
    scale = size[0] / (columns.stop - columns.start)
    more = 0.1 * (face[2] - face[0])
    left, right = ((edge - columns.start) * scale for edge in (face[0] - more, face[2] + more))
    top, bottom = ((edge - rows.start) * scale for edge in (face[1] - more, face[3] + more))
    x = np.clip([round(left), round(right)], 0, size[0])
    y = np.clip([round(top), round(bottom)], 0, size[1])
    return int(x[0]), int(y[0]), int(x[1]), int(y[1])


def _clothes(picture: NDArray[np.uint8], person: NDArray[np.bool_], chin: int) -> str:
    """Name the clothes by how light they are: they vary, and would else be learnt as a part of the face."""
    below = person.copy()
    below[: chin + picture.shape[0] // 16] = False
    if not below.any():
        return ""
    lightness, red, yellow = np.median(rgb2lab(picture[below][None] / 255.0)[0], axis=0)
    if float(np.hypot(red, yellow)) > 25:
        return " in coloured clothes"
    return (
        " in dark clothes"
        if lightness < 35
        else " in light clothes"
        if lightness > 70
        else " in grey clothes"
    )


def meet(picks: Sequence[Path], sight: Sight) -> Acquaintance:
    """Measure the faces of the session's picks, as the judge holds pictures against them."""
    return acquaint([sight.traits(read_small(path, _READ)) for path in picks])
