"""A shot: one release of the shutter, with its RAW, maybe a JPEG companion and a sidecar."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType

from studio_server.domain.session import SessionId
from studio_server.domain.stroke import Stroke

ShotId = NewType("ShotId", str)

RAW_SUFFIXES = frozenset([
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".kdc", ".mos", ".mrw",
    ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".srw", ".x3f",
])  # fmt: skip
PICTURE_SUFFIXES = frozenset([".jpg", ".jpeg", ".tif", ".tiff", ".png", ".heic", ".webp"])
SIDECAR_SUFFIXES = frozenset([".xmp"])


class Flag(IntEnum):
    """As in Lightroom."""

    REJECT = -1
    NONE = 0
    PICK = 1


class FileRole(StrEnum):
    RAW = "raw"
    PICTURE = "picture"
    SIDECAR = "sidecar"
    RENDITION = "rendition"
    """The RAW as a program of the photographer's developed it."""


class Place(StrEnum):
    """Where a file lies in the folders of the photographer's program."""

    NOWHERE = ""
    CAPTURE = "capture"
    SELECTS = "selects"
    TRASH = "trash"
    OUTPUT = "output"


MARKS = {Place.SELECTS: Flag.PICK, Place.TRASH: Flag.REJECT}
"""What the photographer says by moving a file there."""


class ShotState(StrEnum):
    RECEIVED = "received"
    DEVELOPED = "developed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Capture:
    """What the camera wrote about one release of the shutter."""

    make: str = ""
    model: str = ""
    lens: str = ""
    serial: str = ""
    captured_at: datetime | None = None
    """With sub-seconds, and with a zone where the camera states one; else it is the studio's time."""
    exposure_seconds: float | None = None
    f_number: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None
    orientation: int = 1
    """EXIF Orientation, 1-8."""
    width: int = 0
    height: int = 0
    """Pixels, right side up."""


@dataclass(frozen=True)
class Quality:
    sharpness: float
    """Variance of the Laplacian in the sharpest hundredth, at 1024 px; below 25 is out of focus."""
    exposure: float
    """Median luminance of the proof, 0-1, in sRGB encoding."""
    clipped: float
    """Share of pixels at 254 and above in any channel."""
    notes: tuple[str, ...] = ()
    """The coach's words, for the photographer."""
    gist: str = ""
    """64 bits of what the picture looks like, by which shots of one burst are known; no face is asked for."""


@dataclass(frozen=True)
class Expression:
    """What a photographer reads off a face; kept with the session's biometric data, and erased with it."""

    smile: float
    """Width of the mouth over the distance of the eyes' outer corners, and how far its corners are lifted:
    at rest about 0.5, laughing 0.8. It tells one person's pictures apart, not one person from another."""
    eyes: float
    """Height over width of the narrower eye; below about 0.12 it is closed."""
    yaw: float
    """Degrees; positive: turned to the right of the picture."""
    pitch: float
    """Degrees; positive: looking up."""


@dataclass(frozen=True)
class ShotFile:
    sha256: str
    role: FileRole
    name: str
    path: str
    """Where the file lies on the photographer's machine; never shown to a client."""
    size: int
    made_by: str = ""
    """Of a rendition: the program that made it, in words."""
    source: str = ""
    """Of a rendition: the name of the file that it was made from, where it says so."""
    came_at: datetime | None = None
    fault: str = ""
    """Of a rendition: why it is not used by itself, in a sentence."""
    place: Place = Place.NOWHERE


@dataclass(frozen=True)
class Shot:
    id: ShotId
    session_id: SessionId | None
    """None: unclaimed."""
    release: str
    """One key per release of the shutter: camera serial, capture second, file stem."""
    files: tuple[ShotFile, ...]
    received_at: datetime
    state: ShotState = ShotState.RECEIVED
    reason: str = ""
    """Why it is unreadable, in a sentence."""
    appeared_at: datetime | None = None
    """When its first file came into the watched folder; None: it lay there already, or came another way."""
    taken_at: datetime | None = None
    """When it was taken by the studio's clock: the capture time, less what the camera's clock is off."""
    placed: bool = False
    """Whether the photographer has put it where it is."""
    capture: Capture = Capture()
    quality: Quality | None = None
    proof: str = ""
    """sha256 of the proof (2048 px JPEG, sRGB, no private metadata)."""
    thumbnail: str = ""
    white: tuple[float, ...] = ()
    """Factors on linear red, green and blue in its proof and rendition; empty: as the camera set it."""
    flag: Flag = Flag.NONE
    flagged_by: str = ""
    """Who set it last: client, photographer, or the program that the file was moved in; empty: nobody."""
    rating: int = 0
    brush: tuple[Stroke, ...] = ()
    """The log of the strokes that mend how the person is cut out, on all renditions: see `strokes`."""
    spot: str = ""
    """One key per folder and file stem; it is the release, too, while no file says when it was taken."""
    rendition: str = ""
    """sha256 of the photographer's rendition in use; empty: the original, developed by us."""
    by_hand: bool = False
    """Whether somebody chose that on the page."""

    @property
    def original(self) -> ShotFile:
        """What the camera wrote: its RAW, else its picture; of that the newest version.

        Another file of the kind under another name (a DNG converted from the NEF) does not take its place.
        A rendition stands for it where nothing of the camera's has come.
        """
        order = (FileRole.RAW, FileRole.PICTURE, FileRole.RENDITION, FileRole.SIDECAR)
        first = min(self.files, key=lambda file: order.index(file.role))
        return self.versions(first)[-1]

    @property
    def renditions(self) -> tuple[ShotFile, ...]:
        """The photographer's own, in the order in which they came."""
        return tuple(file for file in self.files if file.role is FileRole.RENDITION)

    @property
    def foreground(self) -> ShotFile:
        """The file that proof, first looks, variations and masters are made from."""
        return next((file for file in self.renditions if file.sha256 == self.rendition), self.original)

    def versions(self, file: ShotFile) -> tuple[ShotFile, ...]:
        """What came under this file's name, in the order it came: whoever writes it anew makes a version."""
        name = file.name.casefold()
        return tuple(one for one in self.files if (one.role, one.name.casefold()) == (file.role, name))

    @property
    def mark(self) -> Flag:
        """The flag that the photographer's folders say, whether or not it is followed."""
        return MARKS.get(self.original.place, Flag.NONE)

    @property
    def strokes(self) -> tuple[Stroke, ...]:
        """The log of those that were drawn on the rendition in use; going back to one brings its own back."""
        return tuple(one for one in self.brush if one.rendition == self.rendition)

    @property
    def stem(self) -> str:
        return self.original.name.rpartition(".")[0] or self.original.name

    @property
    def pickable(self) -> bool:
        return self.state is ShotState.DEVELOPED

    @property
    def shown(self) -> bool:
        """Whether there is a proof to look at; one that has just come may still turn out to be cut off."""
        return bool(self.proof) and self.state is not ShotState.UNREADABLE
