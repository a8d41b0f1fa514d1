"""What a file is, by its content and not its name, and the previews that lie in it."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

from studio_server.imaging import tiff
from studio_server.imaging.tiff import Data, Directory, Span


@contextmanager
def contents(path: Path) -> Iterator[Data]:
    """Give the file's bytes without reading them all. Raises OSError."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            yield b""
            return
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            yield data


def is_picture(data: Data) -> bool:
    """Whether these are pixels that are ready to be shown (JPEG, PNG, WebP, HEIC, plain TIFF), and no RAW."""
    if data[:4] not in (b"II*\0", b"MM\0*"):
        head = data[:16]
        brand = head[8:12] if head[4:8] == b"ftyp" else b""
        return head.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF")) or brand not in (b"", b"crx ")
    if data[8:10] == b"CR" or data[8:12] in (b"IIII", b"MMMM"):  # Canon, Phase One
        return False
    try:
        found = list(tiff.directories(data))
    except tiff.Beyond:
        return False
    of_camera = any(each.sensor or tiff.DNG_VERSION in each.tags for each in found)
    if not found or of_camera:
        return False
    return tiff.SUB_DIRECTORIES not in found[0].tags or _largest(found).first(tiff.PHOTOMETRIC) == tiff.RGB


def _largest(found: list[Directory]) -> Directory:
    """Programs put smaller copies of a rendered picture below it; in a RAW the sensor's data are below."""
    return max(found, key=lambda each: sum(end - start for start, end in each.spans()))


def states_white(data: Data) -> bool:
    """Whether this is a DNG: its maker says which level is white, and LibRaw need not guess."""
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return False
    try:
        return tiff.DNG_VERSION in next(tiff.directories(data)).tags
    except (tiff.Beyond, StopIteration):
        return False


def previews(data: Data) -> list[bytes]:
    """Return the JPEG pictures that a TIFF-like or Fujifilm RAW carries for showing, the largest first."""
    found: list[Span] = []
    if data[:4] in tiff.MAGICS:
        try:
            for directory in tiff.directories(data):
                found += _shown(directory)
        except tiff.Beyond:  # what was found before the cut may still be shown
            pass
    elif data[:15] == b"FUJIFILMCCD-RAW" and len(data) > 92:
        at, length = struct.unpack_from(">II", data, 84)
        found.append((at, at + length))
    largest = sorted(found, key=lambda span: span[0] - span[1])
    return [data[start:end] for start, end in largest if data[start : start + 3] == b"\xff\xd8\xff"]


def _shown(directory: Directory) -> list[Span]:
    if tiff.PANASONIC_JPEG in directory.tags:
        at, length = directory.tags[tiff.PANASONIC_JPEG]
        return [(at, at + length)]
    spans = directory.spans()
    return spans if len(spans) == 1 and not directory.sensor else []
