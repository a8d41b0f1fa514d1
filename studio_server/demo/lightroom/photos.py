"""What a catalog holds: photos, keywords, collections; and what is read from a picture that is added."""

from dataclasses import dataclass, field
from pathlib import PurePath

from PIL import ExifTags, Image, UnidentifiedImageError

RAW_FORMATS = frozenset(
    {
        "3fr", "arw", "cr2", "cr3", "crw", "erf", "fff", "gpr", "iiq", "kdc", "mos", "mrw",
        "nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "srw", "x3f",
    }
)  # fmt: skip
FORMATS = {"dng": "DNG", "jpg": "JPG", "jpeg": "JPG", "tif": "TIFF", "tiff": "TIFF", "png": "PNG"}
LONGEST_SEARCHABLE = 511


class Refusal(Exception):
    """What Lightroom would raise as a Lua error."""


@dataclass
class Photo:
    id: int
    path: str
    captured_at: str = ""
    """ISO 8601 by the camera's clock, with sub-seconds where known."""
    serial: str = ""
    rating: int | None = None
    label: str = "none"
    caption: str = ""
    pick: int = 0
    keywords: set[int] = field(default_factory=set)
    properties: dict[str, object] = field(default_factory=dict)
    copy_of: int | None = None
    """The master's id, for a virtual copy."""

    @property
    def format(self) -> str:
        suffix = PurePath(self.path).suffix.lower().removeprefix(".")
        return "RAW" if suffix in RAW_FORMATS else FORMATS.get(suffix, "JPG")


@dataclass(frozen=True)
class Keyword:
    id: int
    name: str
    parent: int | None


@dataclass
class Shelf:
    """A collection or a collection set."""

    id: int
    kind: str
    name: str
    parent: int | None
    photos: list[int] = field(default_factory=list)


def read_picture(path: str) -> tuple[str, str]:
    """(capture time, camera serial) of a JPEG or TIFF that can be read whole. Raises Refusal."""
    try:
        with Image.open(path) as picture:
            if picture.format not in {"JPEG", "TIFF"}:
                raise Refusal(f"addPhoto: {path} is of an unsupported format")
            picture.load()
            exif = picture.getexif().get_ifd(ExifTags.IFD.Exif)
    except (OSError, UnidentifiedImageError) as error:
        raise Refusal(f"addPhoto: {path} cannot be read: {error}") from error
    return _captured_at(exif), _text(exif.get(ExifTags.Base.BodySerialNumber))


def _captured_at(exif: dict[int, object]) -> str:
    day, _, time = _text(exif.get(ExifTags.Base.DateTimeOriginal)).partition(" ")
    if not time:
        return ""
    part = _text(exif.get(ExifTags.Base.SubsecTimeOriginal))
    return f"{day.replace(':', '-')}T{time}" + (f".{part}" if part else "")


def _text(value: object) -> str:
    return str(value).strip("\0 ") if value is not None else ""
