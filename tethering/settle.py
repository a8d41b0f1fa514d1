"""Has a file finished arriving? Its structure is asked before the clock.

A camera closes a RAW whose container says where its last byte lies, so such a file is taken at once.
What has no such mark is taken after a quiet time. A file whose structure says that something is missing
(cut off, or pre-allocated and not yet filled) is waited for longer, and then delivered all the same: the
server lists it as unreadable, which is better than a frame that nobody hears of.
"""

from dataclasses import dataclass
from pathlib import Path

from tethering.containers import Whole, look

RAW_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dng", "erf", "fff", "gpr", "iiq", "kdc", "mos"),
        *("mrw", "nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "srw", "x3f"),
    )
)
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".tif", ".tiff", ".png", ".heic", ".webp"})
SUFFIXES = RAW_SUFFIXES | PICTURE_SUFFIXES | {".xmp"}
TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", "~")
NOT_OURS = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
FOREIGN_FOLDERS = frozenset(
    {"@eadir", "captureone", "#recycle", "$recycle.bin", "__macosx", "system volume information"}
)
PREVIEWS = ".lrdata"
"""Lightroom keeps previews, and smart previews that are DNG files, in folders that end so."""


@dataclass(frozen=True)
class Patience:
    """How long a file must have been quiet, in seconds, before it is taken."""

    whole: float = 0.03
    """Its structure is complete: two looks that agree are enough."""
    unknown: float = 1.0
    """It has no structural end."""
    cut: float = 3.0
    """Its structure says that something is missing."""
    empty: float = 30.0
    """Nothing in it yet: some copiers make the name long before the first byte."""

    def needed(self, whole: Whole, size: int) -> float:
        if size == 0:
            return self.empty
        return {Whole.YES: self.whole, Whole.UNKNOWN: self.unknown, Whole.NO: self.cut}[whole]


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a file from another without reading it."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Look at the file; OSError where it is away."""
        found = path.stat(follow_symlinks=False)
        return cls(found.st_size, found.st_mtime_ns, found.st_ino)


@dataclass(frozen=True)
class Arrival:
    """A file that is arriving: how it looked, and since when it has looked like that."""

    stamp: Stamp
    since: float
    whole: Whole

    def ready(self, now: float, patience: Patience) -> bool:
        return now - self.since >= patience.needed(self.whole, self.stamp.size)


def watch_on(path: Path, stamp: Stamp, before: Arrival | None, now: float) -> Arrival:
    """Look again: quiet time counts from the last change. Raises OSError."""
    if before and before.stamp == stamp:
        return before
    return Arrival(stamp, now, look(path, stamp.size))


def wanted(relative: Path) -> bool:
    """Say whether this is a picture's or sidecar's name, and nobody's temporary or private file."""
    return relative.suffix.lower() in SUFFIXES and not passing(relative)


def passing(relative: Path) -> bool:
    """Recognise a temporary, hidden or foreign name: never offered, never mentioned."""
    name = relative.name.lower()
    if name.endswith(TEMPORARY) or name.startswith("~") or name in NOT_OURS:
        return True
    return any(private(part) for part in relative.parts)


def private(folder: str) -> bool:
    """Recognise the name of a hidden folder, or of one that another program keeps for itself."""
    name = folder.lower()
    return name.startswith(".") or name.endswith(PREVIEWS) or name in FOREIGN_FOLDERS
