"""The EXIF of a master: what the camera said of the exposure, and nothing that is no longer true.

Left out: GPS, the maker's note (its offsets break when it is moved), thumbnails, and whatever describes the
file that was, not the one that is. Tags and types after EXIF 2.32 (CIPA DC-008-2019); layout after TIFF 6.0.
"""

import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from studio_server import __version__
from studio_server.domain.shot import Capture
from studio_server.imaging.capture import captured_at, read_capture
from studio_server.imaging.fields import Fields, clean, read_fields

SOFTWARE = f"Studio Server {__version__}"

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 2, 3, 4, 5, 7, 10
UNIT_SIZES = {ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, SIGNED_RATIONAL: 8}
EXIF_DIRECTORY, INTEROPERABILITY = 0x8769, 0xA005

Value = tuple[int, bytes]
"""A TIFF type and the packed values."""
Tags = Mapping[int, Value]

CAMERA: Mapping[str, tuple[int, int]] = {
    "Image Make": (0x010F, ASCII),
    "Image Model": (0x0110, ASCII),
    "Image Artist": (0x013B, ASCII),
    "Image Copyright": (0x8298, ASCII),
}
EXPOSURE: Mapping[str, tuple[int, int]] = {
    "EXIF ExposureTime": (0x829A, RATIONAL),
    "EXIF FNumber": (0x829D, RATIONAL),
    "EXIF ExposureProgram": (0x8822, SHORT),
    "EXIF ISOSpeedRatings": (0x8827, SHORT),
    "EXIF SensitivityType": (0x8830, SHORT),
    "EXIF RecommendedExposureIndex": (0x8832, LONG),
    "EXIF DateTimeOriginal": (0x9003, ASCII),
    "EXIF DateTimeDigitized": (0x9004, ASCII),
    "EXIF OffsetTimeOriginal": (0x9011, ASCII),
    "EXIF OffsetTimeDigitized": (0x9012, ASCII),
    "EXIF ShutterSpeedValue": (0x9201, SIGNED_RATIONAL),
    "EXIF ApertureValue": (0x9202, RATIONAL),
    "EXIF ExposureBiasValue": (0x9204, SIGNED_RATIONAL),
    "EXIF MaxApertureValue": (0x9205, RATIONAL),
    "EXIF MeteringMode": (0x9207, SHORT),
    "EXIF Flash": (0x9209, SHORT),
    "EXIF FocalLength": (0x920A, RATIONAL),
    "EXIF SubSecTimeOriginal": (0x9291, ASCII),
    "EXIF SubSecTimeDigitized": (0x9292, ASCII),
    "EXIF ExposureMode": (0xA402, SHORT),
    "EXIF WhiteBalance": (0xA403, SHORT),
    "EXIF FocalLengthIn35mmFilm": (0xA405, SHORT),
    "EXIF SceneCaptureType": (0xA406, SHORT),
    "EXIF BodySerialNumber": (0xA431, ASCII),
    "EXIF LensSpecification": (0xA432, RATIONAL),
    "EXIF LensMake": (0xA433, ASCII),
    "EXIF LensModel": (0xA434, ASCII),
    "EXIF LensSerialNumber": (0xA435, ASCII),
}
COUNTS = {"EXIF LensSpecification": 4}
"""All other numbers come alone."""


def carry_exif(original: Path, width: int, height: int) -> bytes:
    """Return an EXIF block (a TIFF structure) for a master of `width` by `height` pixels.

    What `original` does not say is left out. Never raises on malformed files.
    """
    fields = read_fields(original)
    exposure = {**_known(read_capture(original)), **_carried(fields, EXPOSURE)}
    return _about(_carried(fields, CAMERA), exposure, (width, height))


def bare_exif(width: int, height: int) -> bytes:
    """Return an EXIF block for a picture that no camera took: its size, its colours, and our name."""
    return _about({}, {}, (width, height))


def _about(camera: Tags, exposure: Tags, size: tuple[int, int]) -> bytes:
    first = {
        **camera,
        0x0112: _packed(SHORT, [1]),
        0x011A: _packed(RATIONAL, [Fraction(300)]),
        0x011B: _packed(RATIONAL, [Fraction(300)]),
        0x0128: _packed(SHORT, [2]),
        0x0131: (ASCII, SOFTWARE.encode() + b"\0"),
        0x0213: _packed(SHORT, [1]),
    }
    second = {
        **exposure,
        0x9000: (UNDEFINED, b"0232"),
        0x9101: (UNDEFINED, bytes([1, 2, 3, 0])),
        0xA000: (UNDEFINED, b"0100"),
        0xA001: _packed(SHORT, [1]),
        0xA002: _packed(LONG, [size[0]]),
        0xA003: _packed(LONG, [size[1]]),
    }
    return _block(first, second)


def _carried(fields: Fields, wanted: Mapping[str, tuple[int, int]]) -> dict[int, Value]:
    """Return the wanted tags as far as the file states them in the type that they must have."""
    found: dict[int, Value] = {}
    timeless = captured_at(fields) is None  # the clock was never set, or its text is malformed
    for name, (tag, kind) in wanted.items():
        if timeless and "Time" in name and name != "EXIF ExposureTime":
            continue
        field = fields.get(name) or fields.get(name.replace("EXIF ", "Image "))
        value = getattr(field, "values", None)
        packed = _text(value) if kind == ASCII else _numbers(kind, value, COUNTS.get(name, 1))
        if packed is not None:
            found[tag] = packed
    return found


def _known(capture: Capture) -> dict[int, Value]:
    """Return what is known of the capture from elsewhere: the maker's note, or LibRaw."""
    stated = {
        0x829A: _ratio(capture.exposure_seconds),
        0x829D: _ratio(capture.f_number),
        0x8827: _packed(SHORT, [min(capture.iso, 0xFFFF)]) if capture.iso else None,
        0x920A: _ratio(capture.focal_length_mm),
        0xA431: _text(capture.serial),
        0xA434: _text(capture.lens),
    }
    return {tag: value for tag, value in stated.items() if value is not None}


def _text(value: object) -> Value | None:
    text = clean(value) if isinstance(value, str) else ""
    return (ASCII, text.encode() + b"\0") if text else None


def _ratio(value: float | None) -> Value | None:
    return _packed(RATIONAL, [Fraction(value).limit_denominator(10_000)]) if value else None


def _numbers(kind: int, value: object, count: int) -> Value | None:
    """Pack numbers that are of the kind and count that the tag must have; None of any others."""
    found = list(value) if isinstance(value, list | tuple) else [value]
    allowed = int if kind in (SHORT, LONG) else (int, Fraction)
    if len(found) != count or not all(isinstance(each, allowed) for each in found):
        return None
    try:
        return _packed(kind, found)
    except struct.error:  # larger than the type, or negative where it has no sign
        return None


def _packed(kind: int, values: Sequence[Any]) -> Value:
    if kind in (SHORT, LONG):
        return kind, struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
    parts = [part for value in values for part in (value.numerator, value.denominator)]
    return kind, struct.pack(f"<{len(parts)}{'I' if kind == RATIONAL else 'i'}", *parts)


def _block(first: Tags, exposure: Tags) -> bytes:
    """Lay out the first directory, the EXIF directory and that of interoperability (R98: plain sRGB)."""
    interoperability: Tags = {1: (ASCII, b"R98\0"), 2: (UNDEFINED, b"0100")}
    at = 8
    placeholder = _packed(LONG, [0])
    at_exposure = at + len(_directory({**first, EXIF_DIRECTORY: placeholder}, at))
    exposure_size = len(_directory({**exposure, INTEROPERABILITY: placeholder}, at_exposure))
    at_last = at_exposure + exposure_size
    return b"".join(
        [
            struct.pack("<2sHI", b"II", 42, at),
            _directory({**first, EXIF_DIRECTORY: _packed(LONG, [at_exposure])}, at),
            _directory({**exposure, INTEROPERABILITY: _packed(LONG, [at_last])}, at_exposure),
            _directory(interoperability, at_last),
        ]
    )


def _directory(tags: Tags, at: int) -> bytes:
    """Return a directory at offset `at`, in the order of its tags, then the values beyond four bytes."""
    beyond = at + 2 + 12 * len(tags) + 4
    entries, extra = [], b""
    for tag, (kind, packed) in sorted(tags.items()):
        where = packed.ljust(4, b"\0")
        if len(packed) > 4:
            where = struct.pack("<I", beyond + len(extra))
            extra += packed + b"\0" * (len(packed) % 2)
        entries.append(struct.pack("<HHI", tag, kind, len(packed) // UNIT_SIZES[kind]) + where)
    return struct.pack("<H", len(tags)) + b"".join(entries) + bytes(4) + extra
