"""Canon's CRW of 2000-2004 (CIFF: heaps within heaps), which exifread does not know.

Layout and record numbers after Canon's "CIFF Specification on Image Data File", version 1.0.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from studio_server.imaging.tiff import Data

HEAPS = (0x2800, 0x3000)
DEEPEST = 8
MAKE_AND_MODEL, CAPTURE_TIME, SERIAL = 0x080A, 0x180E, 0x180B


@dataclass(frozen=True)
class Field:
    """As exifread gives it."""

    values: Any


def read_fields(data: Data) -> dict[str, Field]:
    """Return make, model, capture time and serial under exifread's names; struct.error where it is cut."""
    found: dict[str, Field] = {}
    serial: tuple[int, ...] = ()
    (start,) = struct.unpack_from("<I", data, 2)
    for tag, record in _records(data, start, len(data), DEEPEST):
        if tag == MAKE_AND_MODEL:
            make, model, *_ = [*record.decode("ascii", "replace").split("\0"), ""]
            found |= {"Image Make": Field(make), "Image Model": Field(model)}
        elif tag == CAPTURE_TIME and len(record) >= 4:
            moment = datetime.fromtimestamp(struct.unpack_from("<I", record)[0], UTC)
            found["EXIF DateTimeOriginal"] = Field(f"{moment:%Y:%m:%d %H:%M:%S}")
        elif tag == SERIAL and len(record) >= 4:
            serial = struct.unpack_from("<I", record)
    model = found["Image Model"].values if "Image Model" in found else ""
    if serial and "EOS" in model:  # in a PowerShot the record holds something else
        found["EXIF BodySerialNumber"] = Field(_serial(model, *serial))
    return found


def _serial(model: str, number: int) -> str:
    return f"{number >> 16:x}-{number & 0xFFFF:05d}" if "EOS D30" in model else f"{number:010d}"


def _records(data: Data, start: int, end: int, depth: int) -> Iterator[tuple[int, bytes]]:
    """Yield tag and bytes of each record of the heap, and of the heaps in it."""
    table = start + struct.unpack_from("<I", data, end - 4)[0]
    (count,) = struct.unpack_from("<H", data, table)
    for at in range(table + 2, table + 2 + 10 * count, 10):
        kind, size, offset = struct.unpack_from("<HII", data, at)
        tag = kind & 0x3FFF
        if kind & 0x4000:  # eight bytes in the entry itself
            yield tag, bytes(data[at + 2 : at + 10])
        elif tag & 0x3800 in HEAPS and depth:
            yield from _records(data, start + offset, start + offset + size, depth - 1)
        elif size < 4096:
            yield tag, bytes(data[start + offset : start + offset + size])
