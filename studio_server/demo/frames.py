"""What the demo's camera is going to shoot: a session of the portrait, or of pictures of one's own."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from studio_server.demo.portraits import Framing
from studio_server.demo.sensor import NEUTRAL, Light

RAW_SUFFIXES = frozenset(
    (".dng", ".nef", ".cr2", ".cr3", ".crw", ".arw", ".raf", ".rw2", ".orf", ".pef", ".gpr")
)
PICTURE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff"))
FEWEST = 3
"""Shots that a session needs."""


class Expected(StrEnum):
    """What a person would say of the file."""

    GOOD = "good"
    BLURRED = "blurred"
    UNDEREXPOSED = "underexposed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Frame:
    """One release of the shutter, before it happens."""

    framing: Framing = field(default_factory=Framing)
    light: Light = field(default_factory=Light)
    orientation: int = 6
    iso: int = 100
    seconds: tuple[int, int] = (1, 160)
    preview: bool = True
    companion: Literal["", "before", "after"] = ""
    temporary: str = ""
    """The suffix under which it is written before it gets its name."""
    expected: Expected = Expected.GOOD
    source: Path | None = None
    """A picture of one's own instead of the portrait."""
    take: int = 1
    """Which shot this is of one and the same picture."""


def plan(photos: Path | None = None) -> list[Frame]:
    """Return the shots of a session: of the portrait, or of the pictures in a folder (those alone)."""
    return _of_portrait() if photos is None else _of_photos(photos)


def _of_portrait() -> list[Frame]:
    warm, cool = (0.56, 1.0, 0.56), (0.46, 1.0, 0.72)
    return [
        Frame(Framing(224, -10, 450), Light(-0.2, 0.3), 6),
        Frame(Framing(222, -6, 410, 0.8), Light(-0.3, 0.5), 6, companion="before"),
        Frame(Framing(226, -14, 392, -1.2), Light(-0.25, 0.4), 6, temporary=".tmp"),
        Frame(Framing(228, -12, 376, 0.6), Light(-0.3, 0.7), 8, companion="after"),
        Frame(Framing(214, -8, 425, -0.6), Light(-0.15, -0.4), 6, preview=False),
        Frame(Framing(224, -10, 400, 0.4, blur=3.0), Light(-0.2, 0.3), 6, expected=Expected.BLURRED),
        Frame(Framing(226, -16, 384, 1.6), Light(-0.35, -0.6, warm), 8, iso=200, temporary=".part"),
        Frame(Framing(220, -4, 470, 0.0), Light(-0.2, 0.4, warm), 1),
        Frame(Framing(224, -10, 400, -0.8), Light(-4.2, 0.3), 6, expected=Expected.UNDEREXPOSED),
        Frame(Framing(230, -12, 380, -1.8), Light(-0.2, -0.5), 6, companion="after", temporary=".tmp"),
        Frame(Framing(218, -10, 415, 1.0), Light(-0.4, 0.8, cool, 1.6), 8, iso=400, preview=False),
        Frame(Framing(224, -12, 400, 0.2), Light(-0.2, 0.4), 6, expected=Expected.UNREADABLE),
        Frame(Framing(227, -14, 378, -0.4), Light(-0.25, 0.4), 6, companion="before"),
        Frame(Framing(232, -8, 430, 1.4), Light(-0.3, -0.5, cool), 3, temporary=".filepart"),
        Frame(Framing(222, -12, 388, -1.5), Light(-0.45, 0.6, NEUTRAL, 2.0), 6, iso=800),
        Frame(Framing(225, -10, 398, 0.5), Light(-0.15, -0.3), 8),
    ]


def _of_photos(folder: Path) -> list[Frame]:
    """Copy each RAW as it is; make a RAW, and for some a companion, of any other picture."""
    found = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in RAW_SUFFIXES | PICTURE_SUFFIXES
    )
    negatives = {path.stem.lower() for path in found if path.suffix.lower() in RAW_SUFFIXES}
    found = [
        path for path in found if path.suffix.lower() in RAW_SUFFIXES or path.stem.lower() not in negatives
    ]
    if not found:
        raise FileNotFoundError(f"There is no picture in {folder}: name a folder with JPEG or RAW files.")
    kinds: tuple[Literal["", "before", "after"], ...] = ("", "before", "", "after")
    temporaries = ("", "", ".tmp")
    return [
        Frame(
            source=path,
            take=take,
            light=Light(stops=0.15 * (1 - take), noise=0.3),
            orientation=(6, 8)[index % 2],
            companion=kinds[index % len(kinds)],
            temporary=temporaries[index % len(temporaries)],
        )
        for index, (take, path) in enumerate(_takes(found))
    ]


def _takes(found: list[Path]) -> list[tuple[int, Path]]:
    """Where there are too few pictures for a session, each is shot again, a little darker each time."""
    again = [path for path in found if path.suffix.lower() not in RAW_SUFFIXES]
    takes = [(1, path) for path in found]
    while len(takes) < FEWEST and again:
        takes += [(takes[-1][0] + 1, path) for path in again]
    return takes
