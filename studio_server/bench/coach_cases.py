"""The labelled table of the coach: portraits as they are, and variations whose fault was made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from studio_server.bench.closed_eyes import close
from studio_server.imaging.faces import find_faces
from studio_server.imaging.landmarks import CHIN, find_mesh
from studio_server.imaging.onlooker import OUTER, Models
from studio_server.imaging.pictures import read_picture
from studio_server.imaging.pixels import Field, Picture, linear_of, shrink
from studio_server.imaging.render import PROOF_SIDE
from studio_server.imaging.upright import OVAL

SMALLEST_EYE = 40.0
"""Pixels: a proof is 2048 px, and the eyes of a portrait in it are wider. Smaller ones are told apart."""
LEVEL = 12.0
"""Degrees: the lids of a head that leans more are not drawn over, for they are drawn along columns."""


@dataclass(frozen=True)
class Portrait:
    person: str
    name: str
    picture: Picture
    points: Field
    """(468, 3): its face mesh."""
    faces: int
    held_out: bool

    @property
    def label(self) -> str:
        return f"{self.person}/{self.name}"

    @property
    def eye(self) -> float:
        """Pixels from corner to corner."""
        return float(np.linalg.norm(self.points[33, :2] - self.points[133, :2]))

    @property
    def leans(self) -> float:
        across = self.points[OUTER[1], :2] - self.points[OUTER[0], :2]
        return abs(float(np.degrees(np.arctan2(across[1], across[0]))))


@dataclass(frozen=True)
class Case:
    """One picture and what must be said of it, or must not."""

    portrait: Portrait
    kind: str
    picture: Picture
    says: tuple[str, ...] = ()
    """One of these words has to be in the notes."""
    never: tuple[str, ...] = ()
    """None of these may be."""


FOCUS, EYES = "out of focus", "closed"
EXPOSURE, FRAME = ("under", "clipped"), ("cut", "room", "small", "no face")
LEFT_ALONE = {
    "in focus": (FOCUS,),
    "eyes open": (EYES,),
    "well exposed": ("under", "of the face"),
    "well framed": ("cut", "small", "no face"),
}
"""What is asked of an untouched portrait, four rows each."""
CUT_ALREADY = "barack_obama/08_obama_partial_face.jpg"
"""Its face is cut by the frame as it is: so labelled by eye, as all others are labelled in order."""


def portraits(
    folder: Path, models: Models, only: Callable[[str], bool] = lambda _name: True
) -> Iterator[Portrait]:
    """Those in which a face is found, as the proof shows them; every other person is held out."""
    people = sorted(path for path in folder.iterdir() if path.is_dir())
    for number, person in enumerate(people):
        for path in sorted(person.iterdir()):
            if path.suffix.lower() in {".jpg", ".png"} and only(f"{person.name}/{path.name}"):
                picture = read(path)
                found = find_faces(picture, models.faces, embed=False)
                if found:
                    points = find_mesh(picture, found[0], models.mesh).points
                    yield Portrait(person.name, path.name, picture, points, len(found), number % 2 == 1)


def read(path: Path) -> Picture:
    """As the proof of this file: HxWx3 uint8 sRGB."""
    return shrink(read_picture(path), PROOF_SIDE)


def cases(one: Portrait) -> Iterator[Case]:
    """Every row of the table that is made from this portrait."""
    for kind, words in LEFT_ALONE.items():
        if kind != "well framed" or one.label != CUT_ALREADY:
            yield Case(one, kind, one.picture, never=words)
    yield from _blurred(one)
    yield from _exposed(one)
    if one.faces == 1 and one.label != CUT_ALREADY:  # else the nearest is another one when this is cut
        yield from _framed(one)
    if one.leans < LEVEL:
        yield Case(one, "eyes closed (drawn)", close(one.picture, one.points), says=(EYES,))
        yield Case(one, "one eye closed (drawn)", close(one.picture, one.points, (0,)), says=(EYES,))


def _blurred(one: Portrait) -> Iterator[Case]:
    near = _around_the_eyes(one)[..., None]
    for sigma in (2, 4):
        soft = cv2.GaussianBlur(one.picture, (0, 0), sigma)
        yield Case(one, f"all blurred by {sigma} px", np.asarray(soft, np.uint8), says=(FOCUS,))
        mixed = np.rint(soft * near + one.picture * (1 - near)).astype(np.uint8)
        yield Case(one, f"eyes blurred by {sigma} px", mixed, says=(f"eyes {FOCUS}",))
        if sigma == 4:
            yield Case(one, "says that the focus lies elsewhere", mixed, says=("elsewhere",))
            yield Case(
                one, "does not say so where all is soft", np.asarray(soft, np.uint8), never=("elsewhere",)
            )
    for kind, kernel in (("sideways", np.full((1, 11), 1 / 11)), ("up and down", np.full((11, 1), 1 / 11))):
        moved = cv2.filter2D(one.picture, -1, kernel)
        yield Case(one, f"moved {kind} by 11 px", np.asarray(moved, np.uint8), says=(FOCUS,))


def _around_the_eyes(one: Portrait) -> Field:
    """1 on and around the eyes, falling to 0 softly."""
    mask = np.zeros(one.picture.shape[:2], np.float32)
    x, y = one.points[list(OUTER), :2].mean(0)
    apart = float(np.linalg.norm(one.points[OUTER[0], :2] - one.points[OUTER[1], :2]))
    cv2.ellipse(mask, ((float(x), float(y)), (1.7 * apart, 1.1 * apart), 0.0), 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), apart / 10), np.float32)


def _exposed(one: Portrait) -> Iterator[Case]:
    for stops in (-3.0, -2.0):
        yield Case(one, f"{-stops:.0f} stops under", exposed(one.picture, stops), says=("under",))
    yield Case(one, "2 stops over", exposed(one.picture, 2.0), says=("clipped",))
    yield Case(one, "a third of a stop under", exposed(one.picture, -1 / 3), never=("under",))


def exposed(picture: Picture, stops: float) -> Picture:
    """As if the shutter had been open for 2**stops times as long: in linear light, clipped at white."""
    light = np.clip(linear_of(picture) * 2.0**stops, 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(coded * 255), np.uint8)


def _framed(one: Portrait) -> Iterator[Case]:
    eyes, chin = one.points[list(OUTER), :2].mean(0), one.points[CHIN, :2]
    half = float(np.linalg.norm(chin - eyes))
    left, right = (float(edge) for edge in (one.points[list(OVAL), 0].min(), one.points[list(OVAL), 0].max()))
    crown = float(2 * eyes[1] - chin[1])
    if crown < 0:
        return
    yield Case(one, "head cut at the top", one.picture[round(crown + 0.4 * half) :], says=("cut", "no face"))
    yield Case(
        one, "head cut at the chin", one.picture[: round(chin[1] - 0.3 * half)], says=("cut", "no face")
    )
    yield Case(
        one,
        "head cut at the side",
        one.picture[:, round(left + 0.2 * (right - left)) :],
        says=("cut", "no face"),
    )
    close_up = one.picture[max(0, round(crown - 0.5 * half)) :]
    yield Case(one, "a close crop, not cut", close_up, never=("cut", "small", "no face"))
    yield Case(one, "small in the frame", _far(one.picture, 2 * half), says=("small",))


def _far(picture: Picture, head: float) -> Picture:
    """The same on a larger ground, so that the head is 8 % of its height."""
    height, width = picture.shape[:2]
    more = int(head / 0.08) - height
    grown = cv2.copyMakeBorder(
        picture, more // 2, more - more // 2, width // 2, width // 2, cv2.BORDER_REPLICATE
    )
    return shrink(np.asarray(grown, np.uint8), PROOF_SIDE)
