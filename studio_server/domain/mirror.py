"""The second place of the originals: what a verified copy is, and what keeps one from being made."""

import re
from dataclasses import dataclass
from datetime import datetime

from studio_server.domain.errors import StudioError
from studio_server.domain.shot import Shot, ShotFile

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
"""What some file system, or a list of checksums, does not take in a name."""
_LONGEST = 180


class MirrorTrouble(StudioError):
    """The second place does not take copies now. Nothing is lost: what is owed is tried again."""

    exit_code = 3
    status = 503


class Unmarked(MirrorTrouble):
    """It is there, but has no mark of ours: another disk, or the place where one is not mounted now."""


class Damaged(StudioError):
    """An original in the studio's own store is not what was taken in: such bytes are copied nowhere."""


@dataclass(frozen=True)
class Copy:
    """One original, read back from the second place and found equal."""

    sha256: str
    mirror: str
    """The id in the mark of the place, so that another disk at the same address is another mirror."""
    path: str
    """Within the mirror, with slashes."""
    at: datetime


def place_of(shot: Shot, file: ShotFile) -> str:
    """Where a person would look: day, camera, name. Two of one name are told apart by the mirror."""
    at = shot.capture.captured_at or shot.received_at.astimezone()
    camera = _fit(shot.capture.serial) or "camera"
    return f"{at:%Y-%m-%d}/{camera}/{_fit(file.name) or file.sha256[:12]}"


def _fit(name: str) -> str:
    """`name` as every file system takes it; empty where nothing is left of it."""
    kept = _UNFIT.sub("_", name).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    while len(kept.encode(errors="replace")) > _LONGEST and stem:
        stem = stem[:-1]
        kept = f"{stem}{dot}{suffix}"
    return kept.encode(errors="replace").decode()
