"""Faults that are planted into genuine pictures, mild (0) and strong (1), to see which the judge refuses.

Those of a face go into portraits; each takes a portrait, its landmarks and a stranger's portrait.
"""

from collections.abc import Callable

import cv2
import numpy as np

from studio_server.bench.reshaped import Sitter, larger_eyes, narrow_nose, slim_jaw
from studio_server.imaging.pixels import Field, Picture, lab_of

MILD, STRONG = 0, 1


def face_of(sitter: Sitter) -> Field:
    """The face as a soft oval (HxWx1, 0..1)."""
    mask = np.zeros(sitter.picture.shape[:2], np.float32)
    middle = sitter.landmarks[:4].mean(0) * 0.6 + sitter.landmarks[4] * 0.4
    axes = (round(sitter.width * 0.95), round(sitter.width * 1.35))
    cv2.ellipse(mask, (round(float(middle[0])), round(float(middle[1]))), axes, 0, 0, 360, 1, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sitter.width * 0.06)[..., None], np.float32)


def _mix(below: Picture, above: Picture | Field, share: Field) -> Picture:
    return np.asarray(np.rint(below * (1 - share) + above * share).clip(0, 255), np.uint8)


def _from_lab(lab: Field) -> Field:
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).clip(0, 1) * 255, np.float32)


def another_face(sitter: Sitter, stranger: Sitter, level: int) -> Picture:
    """A stranger's face in this head: 55 % of it, or all of it."""
    there = cv2.estimateAffinePartial2D(stranger.landmarks, sitter.landmarks)[0]
    height, width = sitter.picture.shape[:2]
    moved = np.asarray(cv2.warpAffine(stranger.picture, there, (width, height)), np.uint8)
    return _mix(sitter.picture, moved, face_of(sitter) * np.float32((0.55, 1.0)[level]))


def _lightness(sitter: Sitter, change: float) -> Picture:
    lab = lab_of(sitter.picture)
    lab[..., 0] = (lab[..., 0] + change).clip(0, 100)
    return _mix(sitter.picture, _from_lab(lab), face_of(sitter))


def lighter_skin(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    return _lightness(sitter, (7, 14)[level])


def darker_skin(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    return _lightness(sitter, (-7, -14)[level])


def other_eyes(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    """Irises towards blue (where they are blue: towards brown) by 12 or 24 of b*."""
    lab, share = lab_of(sitter.picture), np.zeros(sitter.picture.shape[:2], np.float32)
    for eye in sitter.eyes:
        at = (round(float(eye[0])), round(float(eye[1])))
        cv2.circle(share, at, round(sitter.width * 0.1), 1, -1)
    towards = -1 if lab[..., 2][share > 0].mean() > 0 else 1
    lab[..., 2] += towards * (12, 24)[level]
    return _mix(
        sitter.picture, _from_lab(lab), np.asarray(cv2.GaussianBlur(share, (0, 0), 1)[..., None], np.float32)
    )


def smooth_skin(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    """Half, or nearly all, of what is finer than 1/40 of the eyes' distance taken away."""
    soft = cv2.GaussianBlur(sitter.picture, (0, 0), sitter.width / 40)
    return _mix(sitter.picture, np.asarray(soft, np.uint8), face_of(sitter) * np.float32((0.5, 0.9)[level]))


def two_faces(sitter: Sitter, stranger: Sitter, level: int) -> Picture:
    """A stranger looks over a shoulder: 55 % or 75 % as large."""
    share = (0.55, 0.75)[level] * sitter.width / stranger.width
    width = sitter.width * (0.55, 0.75)[level]
    x, y = (round(float(value)) for value in stranger.landmarks[:4].mean(0))
    reach = round(stranger.width * 1.2)
    face = stranger.picture[max(0, y - reach) : y + round(1.6 * reach), max(0, x - reach) : x + reach]
    small = cv2.resize(face, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    picture = sitter.picture.copy()
    top = round(float(sitter.landmarks[0, 1]) - width)
    top, part = max(0, top), small[: picture.shape[0] - max(0, top), : picture.shape[1]]
    picture[top : top + part.shape[0], : part.shape[1]] = part
    return picture


def cut_head(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    """The frame ends a little below the crown, or in the forehead."""
    above = sitter.width * (1.3, 0.8)[level]
    return np.ascontiguousarray(sitter.picture[max(0, round(float(sitter.landmarks[0, 1]) - above)) :])


def colour_cast(sitter: Sitter, stranger: Sitter, level: int) -> Picture:  # noqa: ARG001 - one signature
    """Red up and blue down by 6 % or 14 %."""
    gain = (0.06, 0.14)[level]
    changed = sitter.picture * np.array([1 + gain, 1, 1 - gain], np.float32)
    return np.asarray(np.rint(changed.clip(0, 255)), np.uint8)


Fault = Callable[[Sitter, Sitter, int], Picture]
OF_A_FACE: dict[str, Fault] = {
    "another person's face": another_face,
    "lighter skin": lighter_skin,
    "darker skin": darker_skin,
    "changed eye colour": other_eyes,
    "smoothed skin": smooth_skin,
    "narrowed nose": narrow_nose,
    "larger eyes": larger_eyes,
    "slimmer jaw": slim_jaw,
    "two faces": two_faces,
    "cut head": cut_head,
    "colour cast": colour_cast,
}
