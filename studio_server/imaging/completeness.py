"""What a file's own structure says of its completeness.

A file that was cut, or that a copier made at its full size and did not fill, mostly still opens, shows its
preview and sometimes even decodes (black or striped). Its container knows better: it says where every strip,
tile and box has to end.
"""

import re
import struct
from collections.abc import Callable

import numpy as np

from studio_server.imaging import tiff
from studio_server.imaging.tiff import Data, Span

TAIL = 4096
"""A tail of this many zeros is what a copier leaves that allocates first; pixels have noise."""
HOLE = 65_536
"""Zeros in the middle are called missing from this size on and from a hundredth of the sensor's data on."""
END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In entropy-coded data 0xFF is stuffed with 0x00 or is a restart marker (ITU T.81, B.1.1)."""
ENDS_EARLY = "the file ends before its picture does"
ZEROS = "part of it is zeros, as when copying was interrupted"
NO_PICTURE = "its directory names no picture"


def fault(data: Data) -> str:
    """Say what the structure misses, as the second half of a sentence; "" where nothing is missed.

    Formats whose structure we do not know pass: their decoder has to judge. Never raises.
    """
    if not data[:64].strip(b"\0"):
        return "it is empty" if len(data) == 0 else ZEROS
    for fits, judge in JUDGES:
        if fits(data[:16]):
            try:
                return judge(data)
            except (tiff.Beyond, struct.error, OverflowError):
                return ENDS_EARLY
    return ""


def _tiff(data: Data) -> str:
    """Each strip, tile and embedded JPEG lies inside the file, and the largest picture is not zeros.

    In a picture that a program rendered zeros are black, and a portrait before black paper ends in them.
    """
    found = [each for each in tiff.directories(data) if each.spans()]
    if not found:
        return NO_PICTURE
    if max(end for each in found for _, end in each.spans()) > len(data):
        return ENDS_EARLY
    largest = max(found, key=lambda each: sum(end - start for start, end in each.spans()))
    return ZEROS if not largest.rendered and _hollow(data, largest.spans()) else ""


def _hollow(data: Data, spans: list[Span]) -> bool:
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    if not data[max(start, end - TAIL) : end].strip(b"\0"):
        return True
    whole = (end - start) // 4096
    if whole * 4096 < HOLE:
        return False
    blocks = np.frombuffer(data, np.uint8, whole * 4096, start).reshape(whole, 4096)
    # one look per 64 bytes first: sensor data almost never passes it, and it reads a tenth of the file
    sampled = ~blocks[:, ::64].any(axis=1)
    suspects = np.flatnonzero(sampled)
    empty = sum(not blocks[index].any() for index in suspects)
    return empty * 4096 >= max(HOLE, (end - start) // 100)


def _panasonic(data: Data) -> str:
    """RW2 states where the sensor's data start, and packs at most 14 pixels in 16 bytes."""
    first = next(tiff.directories(data))
    at = first.first(tiff.PANASONIC_RAW_AT) or first.first(tiff.STRIPS[0])
    size = first.first(tiff.STRIPS[1])
    if not at:
        return NO_PICTURE
    if size and at + size > len(data):
        return ENDS_EARLY
    pixels = first.first(tiff.PANASONIC_SIZE[0]) * first.first(tiff.PANASONIC_SIZE[1])
    entropy_coded = first.first(tiff.PANASONIC_PACKING) == 8
    least = pixels // 5 if entropy_coded else pixels * 16 // 14
    if at + max(least, TAIL) > len(data):
        return ENDS_EARLY
    return ZEROS if _hollow(data, [(at, len(data))]) else ""


def _boxes(data: Data) -> str:
    """ISO base media (CR3, HEIC): boxes follow each other up to the end, and one of them holds media."""
    at, kinds = 0, set[bytes]()
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        elif length == 0:
            length = len(data) - at
        if length < 8:
            return ZEROS
        kinds.add(kind)
        at += length
    if at > len(data) or b"mdat" not in kinds:
        return ENDS_EARLY
    return "" if data[-TAIL:].strip(b"\0") else ZEROS


def _fujifilm(data: Data) -> str:
    """RAF: preview, header and sensor data, each with offset and length, from byte 84."""
    spans = [(at, at + length) for at, length in struct.iter_unpack(">II", data[84:108])]
    if len(spans) < 3 or max(end for _, end in spans) > len(data):
        return ENDS_EARLY
    return ZEROS if _hollow(data, [spans[2]]) else ""


def _canon_heap(data: Data) -> str:
    """CRW: the last four bytes say where the root directory lies, and it ends right before them."""
    start, tail = struct.unpack_from("<I", data, 2)[0], len(data) - 4
    table = start + struct.unpack_from("<I", data, tail)[0]
    if not start < table < tail:
        return ENDS_EARLY
    (count,) = struct.unpack_from("<H", data, table)
    ends = [
        sum(struct.unpack_from("<II", data, table + 2 + 10 * index + 2)) + start for index in range(count)
    ]
    return ENDS_EARLY if table + 2 + 10 * count > tail or max(ends, default=0) > tail else ""


def _sigma(data: Data) -> str:
    """X3F: the last four bytes point to the directory."""
    (at,) = struct.unpack_from("<I", data, len(data) - 4)
    return "" if data[at : at + 4] == b"SECd" else ENDS_EARLY


def _jpeg(data: Data) -> str:
    """Segments and scans follow each other up to the end marker (ITU T.81, annex B)."""
    at = 2
    while True:
        prefix, marker, length = struct.unpack_from(">BBH", data, at)
        if prefix != 0xFF:  # damaged between two segments; decoders often find their way
            return "" if b"\xff\xd9" in data[-TAIL:] else ENDS_EARLY
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        at += 2 + length
        if marker == 0xDA:
            end = END_OF_SCAN.search(data, at)
            if end is None:
                return ENDS_EARLY if data[-TAIL:].strip(b"\0") else ZEROS
            if data[end.start() + 1] == 0xD9:
                return ""
            at = end.start()


def _png(data: Data) -> str:
    return "" if b"IEND" in data[-TAIL:] else ENDS_EARLY


def _riff(data: Data) -> str:
    (length,) = struct.unpack_from("<I", data, 4)
    return "" if length + 8 <= len(data) else ENDS_EARLY


JUDGES: tuple[tuple[Callable[[bytes], bool], Callable[[Data], str]], ...] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head.startswith(tiff.PANASONIC), _panasonic),
    (lambda head: head.startswith(tiff.MAGICS), _tiff),
    (lambda head: head[4:8] == b"ftyp", _boxes),
    (lambda head: head.startswith(b"FUJIFILMCCD-RAW"), _fujifilm),
    (lambda head: head[6:14] == b"HEAPCCDR", _canon_heap),
    (lambda head: head.startswith(b"FOVb"), _sigma),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", _riff),
)
