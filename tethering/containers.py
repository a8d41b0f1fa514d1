"""What a file's own structure says about its completeness; reads a few kilobytes, never the whole file."""

import struct
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO

TAIL = 4096
"""A tail of this many zeros is what a pre-allocating copy leaves; sensor data has a black level and noise."""
END_OF_IMAGE = b"\xff\xd9"
PADDING = 64 * 1024
"""What a camera may append to a JPEG after its end marker."""
DIRECTORIES = 64
"""More image directories than this are not a camera's."""


class Whole(Enum):
    YES = "whole"
    NO = "something is missing"
    UNKNOWN = "its structure does not say"


def look(path: Path, size: int) -> Whole:
    """Is everything there that the container promises? Raises OSError, nothing else."""
    if size == 0:
        return Whole.NO
    with path.open("rb") as file:
        head = file.read(16)
        if not head.strip(b"\0"):
            return Whole.NO
        for fits, judge in JUDGES:
            if fits(head):
                return _judged(judge, file, size)
        return _sidecar(file, size) if path.suffix.lower() == ".xmp" else Whole.UNKNOWN


def _judged(judge: Callable[[BinaryIO, int], Whole], file: BinaryIO, size: int) -> Whole:
    try:
        return judge(file, size)
    except (struct.error, OverflowError):  # the structure itself ends too early, or points nowhere
        return Whole.NO


def _read(file: BinaryIO, offset: int, form: str) -> tuple[int, ...]:
    file.seek(offset)
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _zeros_before(file: BinaryIO, end: int) -> bool:
    length = min(TAIL, end)
    file.seek(end - length)
    return not file.read(length).strip(b"\0")


def _filled(file: BinaryIO, end: int, size: int) -> Whole:
    return Whole.YES if end <= size and not _zeros_before(file, end) else Whole.NO


def _jpeg(file: BinaryIO, size: int) -> Whole:
    """Segments up to the scan, then an end marker at the very end."""
    at = 2
    while True:
        marker, length = _read(file, at, ">HH")
        if marker == 0xFFDA:
            break
        if marker >> 8 != 0xFF or marker == 0xFFD9:
            return Whole.UNKNOWN
        at += 2 + length
    file.seek(max(at, size - PADDING))
    tail = file.read()
    if tail.endswith(END_OF_IMAGE):
        return Whole.YES
    # some cameras pad with zeros, or append blocks of their own: then only quiet can tell
    return Whole.UNKNOWN if END_OF_IMAGE in tail else Whole.NO


TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SENSOR = RAW_AT, SENSOR_WIDTH, SENSOR_HEIGHT, PACKING = 280, 2, 3, 45
"""Panasonic's own."""
STRIP_OFFSETS, STRIP_COUNTS, TILE_OFFSETS, TILE_COUNTS = 273, 279, 324, 325
JPEG_OFFSET, JPEG_LENGTH, SUB_DIRECTORIES = 513, 514, 330
PAIRS = ((STRIP_OFFSETS, STRIP_COUNTS), (TILE_OFFSETS, TILE_COUNTS), (JPEG_OFFSET, JPEG_LENGTH))


def _tiff(file: BinaryIO, size: int) -> Whole:
    """Each strip, tile and embedded JPEG of each directory lies inside the file and is not zeros."""
    file.seek(0)
    order = "<" if file.read(2) == b"II" else ">"
    ends: list[int] = []
    largest = (0, 0)
    for tags in _directories(file, order, size):
        for offsets, counts in PAIRS:
            for offset, count in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False):
                ends.append(offset + count)
                largest = max(largest, (count, offset + count))
    if not ends:
        return Whole.UNKNOWN
    if max(ends) > size or _zeros_before(file, largest[1]):
        return Whole.NO
    return _filled(file, max(ends), size)


def _directories(file: BinaryIO, order: str, size: int) -> Iterator[dict[int, tuple[int, ...]]]:
    """Yield the integer tags of each directory; struct.error where one lies beyond the end."""
    (first,) = _read(file, 4, order + "I")
    waiting, seen = [first], set[int]()
    while waiting and len(seen) < DIRECTORIES:
        at = waiting.pop()
        if at in seen or at == 0:
            continue
        seen.add(at)
        (count,) = _read(file, at, order + "H")
        tags = dict(_entries(file, order, at + 2, min(count, size // 12)))
        waiting += [*tags.get(SUB_DIRECTORIES, ()), *_read(file, at + 2 + 12 * count, order + "I")]
        yield tags


def _entries(file: BinaryIO, order: str, at: int, count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    interesting = {SUB_DIRECTORIES, *SENSOR, *(tag for pair in PAIRS for tag in pair)}
    for index in range(count):
        where = at + 12 * index
        tag, kind, number = _read(file, where, order + "HHI")
        if tag not in interesting or kind not in (3, 4, 13) or number > 1_000_000:
            continue
        letter = "H" if kind == 3 else "I"
        here = where + 8
        if TYPE_SIZES[kind] * number > 4:
            (here,) = _read(file, here, order + "I")
        yield tag, _read(file, here, f"{order}{number}{letter}")


def _boxes(file: BinaryIO, size: int) -> Whole:
    """ISO base media (CR3, HEIC): the boxes, one after the other, end where the file ends."""
    at = 0
    while at < size:
        length, _ = _read(file, at, ">II")
        if length == 1:
            (length,) = _read(file, at + 8, ">Q")
        elif length == 0:
            return Whole.UNKNOWN  # "until the end of the file"
        if length < 8:
            return Whole.NO
        at += length
    return _filled(file, at, size)


def _raf(file: BinaryIO, size: int) -> Whole:
    """Fujifilm: the preview, the header and the sensor data, each with offset and length, from byte 84."""
    ends = [sum(_read(file, at, ">II")) for at in (84, 92, 100)]
    return _filled(file, max(ends), size)


def _panasonic(file: BinaryIO, size: int) -> Whole:
    """RW2, RWL: the first directory says where the sensor's data start; 14 pixels take at least 16 bytes."""
    said = {tag: values[0] for tag, values in next(_directories(file, "<", size), {}).items() if values}
    start, pixels = said.get(RAW_AT, 0), said.get(SENSOR_WIDTH, 0) * said.get(SENSOR_HEIGHT, 0)
    if not start or not pixels:
        return Whole.UNKNOWN
    least = pixels // 5 if said.get(PACKING) == 8 else pixels * 16 // 14
    if start + least > size or _zeros_before(file, size):
        return Whole.NO
    return Whole.UNKNOWN  # what follows the least that there must be, only quiet can tell


def _canon_heap(file: BinaryIO, size: int) -> Whole:
    """CRW: the last four bytes say where the root directory lies, and it ends right before them."""
    (start,) = _read(file, 2, "<I")
    (root,) = _read(file, size - 4, "<I")
    table = start + root
    if not start < table < size - 4:
        return Whole.NO
    (count,) = _read(file, table, "<H")
    ends = [start + sum(_read(file, table + 4 + 10 * index, "<II")) for index in range(count)]
    return Whole.YES if max(ends, default=0) <= table and table + 2 + 10 * count <= size - 4 else Whole.NO


def _sigma(file: BinaryIO, size: int) -> Whole:
    """X3F: the last four bytes say where the directory lies."""
    (at,) = _read(file, size - 4, "<I")
    file.seek(at)
    return Whole.YES if file.read(4) == b"SECd" else Whole.NO


def _png(file: BinaryIO, size: int) -> Whole:
    file.seek(max(0, size - 12))
    return Whole.YES if file.read() == b"\0\0\0\0IEND\xaeB`\x82" else Whole.NO


def _riff(file: BinaryIO, size: int) -> Whole:
    (length,) = _read(file, 4, "<I")
    return _filled(file, length + 8, size)


def _sidecar(file: BinaryIO, size: int) -> Whole:
    file.seek(max(0, size - 512))
    tail = file.read().replace(b"\0", b"").rstrip()  # UTF-16 too
    return Whole.YES if tail.endswith((b"</x:xmpmeta>", b"</rdf:RDF>", b"?>")) and size > 64 else Whole.NO


JUDGES: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int], Whole]], ...] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head[:4] in (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR"), _tiff),
    (lambda head: head.startswith(b"IIU\0"), _panasonic),
    (lambda head: head[6:14] == b"HEAPCCDR", _canon_heap),
    (lambda head: head.startswith(b"FOVb"), _sigma),
    (lambda head: head[4:8] == b"ftyp", _boxes),
    (lambda head: head.startswith(b"FUJIFILMCCD-RAW"), _raf),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", _riff),
)
