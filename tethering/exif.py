"""Whose camera, and when: the little that the agent reads from a file. Never raises on what is in it."""

import hashlib
import logging
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import exifread

from tethering.settle import SUFFIXES

logging.getLogger("exifread").setLevel(logging.CRITICAL)  # its complaints name no file

SERIAL_TAGS = (
    "EXIF BodySerialNumber",
    "MakerNote SerialNumber",
    "MakerNote InternalSerialNumber",
    "Image CameraSerialNumber",
    "Image Tag 0xC62F",
)
LENDERS = SUFFIXES - {".xmp"} | {".thm"}
"""Files whose header may speak for a companion that has none."""
NOTE_KEEPERS = ("canon", "nikon", "fujifilm", "olympus", "panasonic", "pentax")
"""Makers whose older bodies have the serial number only in their own notes; reading those takes 0.1 s."""
DATE = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
ZONE = re.compile(r"[+-]\d\d:\d\d|Z")


@dataclass(frozen=True)
class Header:
    serial: str = ""
    captured: str = ""
    """ISO 8601, with the camera's sub-seconds and zone where it wrote them."""

    @property
    def empty(self) -> bool:
        return not self.captured


def read(path: Path) -> Header:
    """Camera serial and capture time; empty where the file does not say."""
    tags = _tags(path)
    captured = _captured(tags)
    serial = _serial(tags)
    if not serial and _text(tags, "Image Make").lower().startswith(NOTE_KEEPERS):
        serial = _serial(_tags(path, notes=True))
    return Header(serial, captured)


def _serial(tags: Mapping[str, object]) -> str:
    return next((found for found in (_text(tags, name) for name in SERIAL_TAGS) if found), "")


def _tags(path: Path, *, notes: bool = False) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            tags: Mapping[str, object] = exifread.process_file(file, details=notes)
            return tags
    except Exception:  # noqa: BLE001 - on malformed files exifread raises nearly anything; a shot without EXIF is still a shot
        return {}


def _text(tags: Mapping[str, object], name: str) -> str:
    return str(tags.get(name, "")).replace("\0", "").strip()


def _captured(tags: Mapping[str, object]) -> str:
    for kind in ("Original", "Digitized"):
        found = DATE.match(_text(tags, f"EXIF DateTime{kind}"))
        if found and found[1] != "0000":
            sub = _text(tags, f"EXIF SubSecTime{kind}")
            zone = _text(tags, f"EXIF OffsetTime{kind}")
            moment = "{}-{}-{}T{}:{}:{}".format(*found.groups())
            said = moment + (f".{sub}" if sub.isdecimal() else "") + (zone if ZONE.fullmatch(zone) else "")
            if _exists(said):
                return said
    return ""


def _exists(moment: str) -> bool:
    """Say whether this is a time: the server refuses what is none, and the frame would be lost with it."""
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        return False
    return True


def release(path: Path, header: Header) -> str:
    """One key for all files of one release of the shutter, in whatever order they come.

    sha256("serial|captured to the second|stem casefolded")[:32]; without a capture time it is the spot.
    """
    return _key(header.serial, header.captured[:19], stem(path)) if header.captured else spot(path)


def spot(path: Path) -> str:
    """One key for all files of one stem in one folder: what a file has that says nothing of its release."""
    return _key("", str(path.parent), stem(path))


def stem(path: Path) -> str:
    """Without its suffix, whatever the case and Unicode form; of NAME.NEF.xmp (darktable's) it is NAME."""
    name = Path(path.stem)
    whole = name.stem if path.suffix.lower() == ".xmp" and name.suffix.lower() in LENDERS else path.stem
    return unicodedata.normalize("NFC", whole).casefold()


def _key(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]


def of_release(path: Path) -> Header:
    """Read the file's own header, else its companion's: a sidecar has none, nor (for exifread) a CRW."""
    own = read(path)
    if not own.empty:
        return own
    others = (read(other) for other in _companions(path))
    return next((other for other in others if not other.empty), own)


def _companions(path: Path) -> list[Path]:
    wanted = stem(path)
    try:
        names = [Path(name) for name in os.listdir(path.parent)]  # noqa: PTH208 - names are enough, and cheaper
    except OSError:
        return []
    same = [name for name in names if name.name != path.name and stem(name) == wanted]
    return sorted(path.parent / name for name in same if name.suffix.lower() in LENDERS)
