"""Renditions of the photographer's: which picture is one, and of which shot."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from studio_server.domain.shot import (
    PICTURE_SUFFIXES,
    RAW_SUFFIXES,
    SIDECAR_SUFFIXES,
    Capture,
    FileRole,
    Shot,
    ShotFile,
)

PHOTOGRAPHS = RAW_SUFFIXES | PICTURE_SUFFIXES
UNNAMED = "another program"
OURS = "-studio-"
"""In the name of every master of ours: developed anew it is still a composite."""
PARTS = " _-.(["
"""What parts a shot's name from what a program adds to it."""
COUNTED = re.compile(r"( ?\(\d{1,3}\)|[ _-]v?\d{1,3})$")
CALLED = re.compile(
    r"[ _-](edit(ed)?|bearbeitet|dxo\w*|photolab\w*|pureraw\w*|c1|lr|ps|on1|luminar\w*|affinity|topaz\w*"
    r"|enhanced(-\w+)?|denoise\w*|bw|export(ed)?|retouch\w*|final|s?rgb|adobergb|prophoto|p3|web|print|full)$"
)
NEVER_BY_CAMERA = frozenset([".tif", ".tiff", ".png", ".webp"])
"""A few old cameras wrote TIFF; their note in it says so."""


@dataclass(frozen=True)
class Origin:
    """What a picture says of how it came about."""

    capture: Capture = field(default_factory=Capture)
    program: str = ""
    """The program that made it; empty where it names none, or the camera's own."""
    source: str = ""
    """The name of the file that it was made from."""
    of_camera: bool = False
    """Whether the camera's own note is in it."""
    composed: bool = False
    """Whether it says that it is no plain photograph: a composite, or generated."""


def stem_of(name: str) -> str:
    """Return a name as names are compared: without folder and suffix, in one case and one Unicode form.

    A sidecar may be named NAME.xmp or NAME.NEF.xmp.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    inner = PurePosixPath(path.stem)
    twice = path.suffix.lower() in SIDECAR_SUFFIXES and inner.suffix.lower() in PHOTOGRAPHS
    return unicodedata.normalize("NFC", inner.stem if twice else path.stem).casefold()


def stems(name: str) -> tuple[str, ...]:
    """Return the stem, then the stems that it may have been made of: `dsc_0001-edit-2`, `dsc_0001`."""
    found = [stem_of(name)]
    while shorter := CALLED.sub("", COUNTED.sub("", found[-1])):
        if shorter == found[-1]:
            break
        found.append(shorter)
    return tuple(found)


def is_rendition(name: str, origin: Origin, parent: Shot | None) -> bool:
    """Say whether a program of the photographer's made this picture, by what is in it and how it is named.

    A camera's companion is told by its note and firmware, and by saying nothing else: without evidence a
    picture of a shot's own name stays its companion.
    """
    if composed(name, origin):
        return False
    if origin.program:
        return True
    if origin.of_camera:
        return False
    source = PurePosixPath(origin.source.casefold())
    if source.suffix in RAW_SUFFIXES:
        return True
    if parent is None:
        return False
    suffix = PurePosixPath(name.casefold()).suffix
    return suffix in NEVER_BY_CAMERA or stem_of(name) not in _stems_of(parent)


def composed(name: str, origin: Origin) -> bool:
    """Say whether it is a composite (a master of ours that was edited, say): never the ground of another."""
    return origin.composed or OURS in stem_of(name)


def parent_of(name: str, origin: Origin, shots: Iterable[Shot]) -> Shot | None:
    """Return the one shot that this picture was made from; where two fit equally well, none."""
    fitting = [shot for shot in shots if fits(name, origin, shot)]
    named = [shot for shot in fitting if _named(name, origin, shot)] or fitting
    of_raw = [shot for shot in named if shot.original.role is FileRole.RAW] or named
    return of_raw[0] if len(of_raw) == 1 else None


def fits(name: str, origin: Origin, shot: Shot) -> bool:
    """Say whether the picture may be of this shot: same camera, same moment, and a name or sub-seconds agree.

    Where one of the two says nothing of its time, its name must be the shot's with what programs add to it.
    """
    told, known = origin.capture, shot.capture
    if not _same(told.model, known.model) or not _same(_digits(told.serial), _digits(known.serial)):
        return False
    if told.captured_at is None or known.captured_at is None:
        return bool({*stems(name), stem_of(origin.source)} & _stems_of(shot))
    one, other = (at.replace(tzinfo=None) for at in (told.captured_at, known.captured_at))
    if one.microsecond and other.microsecond:
        return one == other
    return one.replace(microsecond=0) == other.replace(microsecond=0) and _named(name, origin, shot)


def origin_of(shot: Shot, file: ShotFile) -> Origin:
    """What is remembered of a rendition that came before its RAW."""
    return Origin(shot.capture, file.made_by, file.source)


def usable(files: Sequence[ShotFile]) -> str:
    """sha256 of the newest rendition without a fault; empty: none."""
    return next((file.sha256 for file in reversed(files) if not file.fault), "")


def _named(name: str, origin: Origin, shot: Shot) -> bool:
    own, source = stem_of(name), stem_of(origin.source)
    return any(stem in {own, source} or _holds(own, stem) for stem in _stems_of(shot))


def _holds(name: str, stem: str) -> bool:
    """The shot's name with something before or after it, parted from it."""
    after, before = name[len(stem) :], name[: -len(stem)]
    return (name.startswith(stem) and after[:1] in PARTS) or (name.endswith(stem) and before[-1:] in PARTS)


def _stems_of(shot: Shot) -> set[str]:
    """By the name that a file came under and by the one that it has now, if it was renamed."""
    return {stem_of(name) for file in shot.files for name in (file.name, file.path or file.name)}


def _same(one: str, other: str) -> bool:
    """What one of the two does not say is no difference."""
    return not one or not other or one.casefold() == other.casefold()


def _digits(serial: str) -> str:
    return serial.strip().lstrip("0")
