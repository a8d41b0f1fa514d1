"""`studio bench look`: what the client would see if our rendering took the place of the camera's preview."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_server.bench.rows import Baseline, Wire, compared, unmeasured
from studio_server.domain.errors import Unreadable
from studio_server.imaging import raw
from studio_server.imaging.faces import Face, FaceModels, find_faces
from studio_server.imaging.landmarks import find_mesh
from studio_server.imaging.pixels import Mask, Picture
from studio_server.imaging.upright import OVAL

PLAIN = "LibRaw with the camera's white balance, nothing of its preview"
COLOURS = "look: dE00 to the camera's preview on the face, else in the middle"
LANDMARKS = "look: landmarks' shift between preview and rendering"
SIDE = 1000
CHEEKS = (234, 454)
LEAST = 1e-4


@dataclass(frozen=True)
class Seen:
    """One file."""

    name: str
    where: str
    """face or middle."""
    ours: float
    """dE00, the median over the region's pixels."""
    plain: float
    shift: float | None = None
    """95th percentile of the landmarks' shifts, in shares of the face's width; None without a face."""
    plain_shift: float | None = None


@dataclass(frozen=True)
class Eyes:
    """The model files with which faces are found."""

    faces: FaceModels
    mesh: Path


def measure(paths: Iterable[Path], eyes: Eyes) -> Iterator[Seen]:
    """Yield what there is to see of each file that carries a preview and can be developed."""
    for path in paths:
        try:
            preview = raw.camera_preview(path)
            if preview is not None:
                yield _seen(path.name, preview, (raw.develop(path), raw.undressed(path)), eyes)
        except Unreadable:
            continue


def _seen(name: str, preview: Picture, renderings: tuple[Picture, Picture], eyes: Eyes) -> Seen:
    size = _size(preview)
    shown, ours, plain = (_fit(each, size) for each in (preview, *renderings))
    faces = find_faces(shown, eyes.faces, embed=False)
    if not faces:
        ours_apart, plain_apart = (_apart(shown, each, _middle(size)) for each in (ours, plain))
        return Seen(name, "middle", ours_apart, plain_apart)
    there = [_landmarks(each, faces[0], eyes) for each in (shown, ours, plain)]
    face = _filled(there[0][list(OVAL)], size)
    width = float(np.linalg.norm(there[0][CHEEKS[0]] - there[0][CHEEKS[1]]))
    shifts = [_shift(there[0], each) / width for each in there[1:]]
    return Seen(name, "face", _apart(shown, ours, face), _apart(shown, plain, face), *shifts)


def _size(preview: Picture) -> tuple[int, int]:
    """Width and height at which all are compared: the preview's, or what is enough."""
    scale = min(1.0, SIDE / max(preview.shape[:2]))
    return round(preview.shape[1] * scale), round(preview.shape[0] * scale)


def _fit(picture: Picture, size: tuple[int, int]) -> Picture:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _middle(size: tuple[int, int]) -> Mask:
    mask = np.zeros(size[::-1], bool)
    mask[size[1] // 4 : -(size[1] // 4), size[0] // 4 : -(size[0] // 4)] = True
    return mask


def _filled(outline: NDArray[np.float32], size: tuple[int, int]) -> Mask:
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1)
    return mask > 0


def _apart(one: Picture, other: Picture, where: Mask) -> float:
    """Median of dE00 pixel by pixel; a little softened, for grain is not what a swap is seen by."""
    one_lab, other_lab = (rgb2lab(cv2.GaussianBlur(each, (0, 0), 1.0)) for each in (one, other))
    apart = deltaE_ciede2000(one_lab[where], other_lab[where])  # type: ignore[no-untyped-call] # it has none
    return float(np.median(apart))


def _landmarks(picture: Picture, face: Face, eyes: Eyes) -> NDArray[np.float32]:
    """Looked for around the place where the preview has the face, so that only what moved is measured."""
    return np.asarray(find_mesh(picture, face, eyes.mesh).points[:, :2], np.float32)


def _shift(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.percentile(np.linalg.norm(one - other, axis=1), 95))


def line(one: Seen) -> str:
    moved = "" if one.shift is None else f"; landmarks {100 * one.shift:.2f} % of the face's width"
    return f"{one.name}: dE00 {one.ours:.2f} in the {one.where}, plain {one.plain:.2f}{moved}"


def as_rows(seen: Sequence[Seen]) -> list[Wire]:
    if not seen:
        why = "None of the files carries a preview and can be developed."
        return [
            unmeasured(COLOURS, "dE00", PLAIN, why),
            unmeasured(LANDMARKS, "of the face's width", PLAIN, why),
        ]
    ours, plain = [max(LEAST, one.ours) for one in seen], [max(LEAST, one.plain) for one in seen]
    rows = [compared(COLOURS, "dE00", ours, Baseline(PLAIN, plain))]
    faces = [
        (one.shift, one.plain_shift) for one in seen if one.shift is not None and one.plain_shift is not None
    ]
    if not faces:
        return [
            *rows,
            unmeasured(LANDMARKS, "of the face's width", PLAIN, "There was no face in any of the files."),
        ]
    own, other = ([max(LEAST, pair[index]) for pair in faces] for index in (0, 1))
    return [*rows, compared(LANDMARKS, "of the face's width", own, Baseline(PLAIN, other))]
