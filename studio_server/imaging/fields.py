"""EXIF as the file states it, from any container; whatever is malformed is left out."""

import io
import logging
import struct
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import exifread
from exifread.core import exceptions

from studio_server.imaging import ciff
from studio_server.imaging.containers import contents
from studio_server.imaging.tiff import Data

logging.getLogger("exifread").setLevel(logging.CRITICAL)  # it reports each tag that we leave out

Fields = Mapping[str, Any]
"""exifread's tags by its names, such as "EXIF FNumber"; each has `values`."""

MALFORMED = (
    UnicodeDecodeError,  # text in no known encoding
    NotImplementedError,  # a HEIC box of a later version
    EOFError,  # a HEIC that ends early
    AssertionError,  # boxes that contradict each other
    struct.error,  # a value that is shorter than its type
    ValueError,  # sizes that contradict each other
    TypeError,  # a value of another type than the tag's
    KeyError,  # a maker's note without what it promises
    IndexError,  # a list that is shorter than it says
    AttributeError,  # a tag where a directory was expected
    OverflowError,  # an offset beyond what seek takes
    ZeroDivisionError,  # a rational over zero
    RecursionError,  # directories that contain each other
    MemoryError,  # a count that asks for too much
    OSError,  # the file is gone, or an offset is negative
    exceptions.InvalidExif,
    exceptions.ExifNotFound,
)
"""What exifread raises on malformed files."""

HEADERS = 1_000_000
"""CR3 keeps its headers in the first megabyte."""
OF_EXIF = ("EXIF", "Image")
OF_MAKER = ("MakerNote",)


def read_fields(path: Path, *, notes: bool = True) -> Fields:
    """Return the tags of a RAW or picture; {} where there are none to read.

    The maker's `notes` take up to a second to read.
    """
    try:
        with contents(path) as data:
            if data[6:14] == b"HEAPCCDR":
                return ciff.read_fields(data)
            if data[4:12] == b"ftypcrx ":
                return _canon_boxes(data)
        return _any_container(path, notes=notes)
    except MALFORMED:
        return {}


def _any_container(path: Path, *, notes: bool) -> Fields:
    with path.open("rb") as file:
        plain: dict[str, Any] = exifread.process_file(file, details=False, extract_thumbnail=False)
        if not notes:
            return plain
        file.seek(0)
        try:
            return plain | exifread.process_file(file, extract_thumbnail=False)
        except MALFORMED:  # the maker's note alone is malformed
            return plain


def _canon_boxes(data: Data) -> Fields:
    """CR3 keeps IFD0 and the EXIF directory as TIFF blocks of their own, in boxes CMT1 and CMT2."""
    found: dict[str, Any] = {}
    for kind, prefix in ((b"CMT1", "Image"), (b"CMT2", "EXIF")):
        at = data[:HEADERS].find(kind)
        if at < 4:
            continue
        (length,) = struct.unpack_from(">I", data, at - 4)
        block = exifread.process_file(io.BytesIO(data[at + 4 : at - 4 + length]), details=False)
        found |= {name.replace("Image", prefix, 1): value for name, value in block.items()}
    return found


def value(fields: Fields, name: str, directories: tuple[str, ...] = OF_EXIF) -> object:
    """Return a tag's text, number or list of numbers, from the first directory that has it, else None."""
    found = next((fields[key] for each in directories if (key := f"{each} {name}") in fields), None)
    return getattr(found, "values", None)


def text(fields: Fields, name: str, directories: tuple[str, ...] = OF_EXIF) -> str:
    found = value(fields, name, directories)
    return clean(found) if isinstance(found, str) else ""


def number(fields: Fields, name: str) -> float | None:
    found = value(fields, name)
    first = found[0] if isinstance(found, list | tuple) and found else found
    return float(first) if isinstance(first, int | float | Fraction) and 0 < first < 1e9 else None


def integer(fields: Fields, name: str) -> int:
    return round(number(fields, name) or 0)


def clean(found: str) -> str:
    """Return text up to its first NUL, without control characters and padding."""
    return "".join(letter for letter in found.partition("\0")[0] if letter.isprintable()).strip()
