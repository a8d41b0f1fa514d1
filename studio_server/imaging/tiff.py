"""Directories of TIFF and of the RAW formats that are TIFF inside (DNG, NEF, CR2, ARW, ORF, RW2, PEF ...).

Reads integers only: where things lie and how large they are. Layout after Adobe's TIFF 6.0.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from mmap import mmap

Data = bytes | mmap
Tags = Mapping[int, tuple[int, ...]]
Span = tuple[int, int]
"""First byte, and the byte after the last."""

MAGICS = (b"II*\0", b"MM\0*", b"IIU\0", b"IIRO", b"IIRS", b"MMOR")
COMPRESSION, PHOTOMETRIC = 259, 262
UNCOMPRESSED, RGB = 1, 2
STRIPS, TILES, JPEG = (273, 279), (324, 325), (513, 514)
SUB_DIRECTORIES = 330
COLOUR_FILTER, LINEAR_RAW, DNG_VERSION = 32803, 34892, 50706
PANASONIC, PANASONIC_SIZE, PANASONIC_PACKING = b"IIU\0", (2, 3), 45
PANASONIC_RAW_AT, PANASONIC_JPEG = 280, 46
MOST_DIRECTORIES, MOST_VALUES = 64, 1_000_000
LETTERS = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I"}


class Beyond(ValueError):
    """A directory, or what it points to, lies outside the file."""


@dataclass(frozen=True)
class Directory:
    tags: Tags

    def first(self, tag: int, default: int = 0) -> int:
        values = self.tags.get(tag, ())
        return values[0] if values else default

    def spans(self) -> list[Span]:
        """Where its pixels lie: strips, tiles, or one embedded JPEG."""
        pairs = (
            pair
            for offsets, counts in (STRIPS, TILES, JPEG)
            for pair in zip(self.tags.get(offsets, ()), self.tags.get(counts, ()), strict=False)
        )
        return [(offset, offset + count) for offset, count in pairs if offset and count]

    @property
    def sensor(self) -> bool:
        """Whether these are pixels as the sensor recorded them."""
        return self.first(PHOTOMETRIC) in (COLOUR_FILTER, LINEAR_RAW)

    @property
    def rendered(self) -> bool:
        """Whether these are colours ready to be shown, and not compressed: level 0 is a byte of zeros."""
        return self.first(PHOTOMETRIC) == RGB and self.first(COMPRESSION) == UNCOMPRESSED


def directories(data: Data) -> Iterator[Directory]:
    """Yield each directory once: the chain of the first, and those below.

    Raises Beyond where one of them is not in the file.
    """
    order = "<" if data[:2] == b"II" else ">"
    waiting, seen = [_number(data, 4, order + "I")], set[int]()
    while waiting and len(seen) < MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at == 0 or at in seen:
            continue
        seen.add(at)
        count = _number(data, at, order + "H")
        found = Directory(dict(_entries(data, order, at + 2, count)))
        waiting.append(_number(data, at + 2 + 12 * count, order + "I"))
        waiting.extend(found.tags.get(SUB_DIRECTORIES, ()))
        yield found


def _entries(data: Data, order: str, at: int, count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    for where in range(at, at + 12 * count, 12):
        tag, kind, number = _unpack(data, where, order + "HHI")
        letter = LETTERS.get(kind)
        if letter is None or number > MOST_VALUES or (kind == 7 and tag != PANASONIC_JPEG):
            continue
        size = struct.calcsize(letter) * number
        here = where + 8 if size <= 4 else _number(data, where + 8, order + "I")
        if tag == PANASONIC_JPEG:
            yield tag, (here, number)
        else:
            yield tag, _unpack(data, here, f"{order}{number}{letter}")


def _number(data: Data, at: int, form: str) -> int:
    return _unpack(data, at, form)[0]


def _unpack(data: Data, at: int, form: str) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, data, at)
    except struct.error as error:
        raise Beyond from error
