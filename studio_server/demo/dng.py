"""A digital negative as a camera writes it: Bayer mosaic, colour, EXIF, and mostly a preview.

Tags are those of Adobe's DNG specification 1.4 and of EXIF 2.32.
"""

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from PIL import Image

from studio_server.demo.sensor import BLACK, COLOUR_MATRIX, NEUTRAL, WHITE, Mosaic, Picture
from studio_server.demo.tiff import (
    ASCII,
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    SRATIONAL,
    UNDEFINED,
    Directory,
    Value,
    lay_out,
    ratio,
)

SUB_DIRECTORIES, EXIF = 330, 34665
ROWS_PER_STRIP = 256
SOFTWARE = "Studio demo camera 1.0"

Fields = dict[int, tuple[int, Value]]


@dataclass(frozen=True)
class Exposure:
    """What the camera writes about one release of the shutter."""

    taken_at: datetime
    """The camera's clock, with its zone."""
    orientation: int = 1
    """EXIF Orientation: how the stored picture has to be turned."""
    seconds: tuple[int, int] = (1, 160)
    f_number: float = 4.0
    iso: int = 100
    bias: float = 0.0
    focal_length: int = 85
    make: str = "Studio"
    model: str = "Twelve"
    serial: str = "STU-120417"
    lens: str = "Studio 85mm F1.8"


def dng(
    mosaic: Mosaic, exposure: Exposure, preview: Picture | None, neutral: Sequence[float] = NEUTRAL
) -> bytes:
    """Return the file. `mosaic` is RGGB, HxW; `preview` (as stored, not turned) goes in as a JPEG."""
    exif = Directory(exif_fields(exposure))
    colour = _colour(neutral)
    if preview is None:
        raw = Directory(_common(exposure) | colour | _sensor(mosaic), {EXIF: [exif]}, _strips(mosaic))
        return lay_out(raw)
    sensor = Directory(_sensor(mosaic), strips=_strips(mosaic))
    thumbnail = _shrunk(preview, 256)
    first = _common(exposure) | colour | _thumbnail(thumbnail)
    below = {SUB_DIRECTORIES: [sensor, _preview(preview)], EXIF: [exif]}
    return lay_out(Directory(first, below, [thumbnail.tobytes()]))


def companion(jpeg: bytes, size: tuple[int, int], exposure: Exposure) -> bytes:
    """Return the camera's own JPEG (see `encode`) of the same release, with the same EXIF put in."""
    width, height = size
    fields = exif_fields(exposure) | {
        0x9101: (UNDEFINED, bytes([1, 2, 3, 0])),
        0xA000: (UNDEFINED, b"0100"),
        0xA001: (SHORT, [1]),
        0xA002: (LONG, [width]),
        0xA003: (LONG, [height]),
    }
    basics: Fields = {
        282: (RATIONAL, [300, 1]),
        283: (RATIONAL, [300, 1]),
        296: (SHORT, [2]),
        531: (SHORT, [1]),
    }
    block = lay_out(Directory(_common(exposure) | basics, {EXIF: [Directory(fields)]}))
    segment = b"Exif\0\0" + block
    return jpeg[:2] + struct.pack(">HH", 0xFFE1, len(segment) + 2) + segment + jpeg[2:]


def exif_fields(exposure: Exposure) -> Fields:
    moment, zone = f"{exposure.taken_at:%Y:%m:%d %H:%M:%S}", _zone(exposure.taken_at)
    sub = f"{exposure.taken_at.microsecond // 10_000:02d}"
    focal = exposure.focal_length
    widest = float(exposure.lens.rpartition("F")[2] or 1.8)
    return {
        0x829A: (RATIONAL, exposure.seconds),
        0x829D: (RATIONAL, ratio(exposure.f_number, 10)),
        0x8822: (SHORT, [1]),
        0x8827: (SHORT, [exposure.iso]),
        0x8830: (SHORT, [2]),
        0x8832: (LONG, [exposure.iso]),
        0x9000: (UNDEFINED, b"0232"),
        0x9003: (ASCII, moment),
        0x9004: (ASCII, moment),
        0x9010: (ASCII, zone),
        0x9011: (ASCII, zone),
        0x9012: (ASCII, zone),
        0x9204: (SRATIONAL, ratio(exposure.bias, 10)),
        0x9207: (SHORT, [5]),
        0x9209: (SHORT, [16]),
        0x920A: (RATIONAL, [focal, 1]),
        0x9290: (ASCII, sub),
        0x9291: (ASCII, sub),
        0x9292: (ASCII, sub),
        0xA405: (SHORT, [focal]),
        0xA431: (ASCII, exposure.serial),
        0xA432: (RATIONAL, [focal, 1, focal, 1, *ratio(widest, 10), *ratio(widest, 10)]),
        0xA434: (ASCII, exposure.lens),
    }


def _zone(moment: datetime) -> str:
    plain = f"{moment:%z}" or "+0000"
    return f"{plain[:3]}:{plain[3:5]}"


def _common(exposure: Exposure) -> Fields:
    return {
        271: (ASCII, exposure.make),
        272: (ASCII, exposure.model),
        274: (SHORT, [exposure.orientation]),
        305: (ASCII, SOFTWARE),
        306: (ASCII, f"{exposure.taken_at:%Y:%m:%d %H:%M:%S}"),
    }


def _colour(neutral: Sequence[float]) -> Fields:
    """Tell DNG readers what they need to know of the camera as a whole."""
    matrix = [number for value in COLOUR_MATRIX.ravel() for number in ratio(value)]
    return {
        50706: (BYTE, [1, 4, 0, 0]),
        50707: (BYTE, [1, 1, 0, 0]),
        50708: (ASCII, "Studio Twelve"),
        50721: (SRATIONAL, matrix),
        50728: (RATIONAL, [number for value in neutral for number in ratio(value)]),
        50730: (SRATIONAL, ratio(0.0)),
        50778: (SHORT, [21]),
    }


def _sensor(mosaic: Mosaic) -> Fields:
    height, width = mosaic.shape
    return _image(0, width, height) | {
        258: (SHORT, [16]),
        259: (SHORT, [1]),
        262: (SHORT, [32803]),
        277: (SHORT, [1]),
        278: (LONG, [ROWS_PER_STRIP]),
        33421: (SHORT, [2, 2]),
        33422: (BYTE, [0, 1, 1, 2]),
        50710: (BYTE, [0, 1, 2]),
        50711: (SHORT, [1]),
        50713: (SHORT, [1, 1]),
        50714: (SHORT, [BLACK]),
        50717: (SHORT, [WHITE]),
        50718: (RATIONAL, [1, 1, 1, 1]),
        50719: (LONG, [0, 0]),
        50720: (LONG, [width, height]),
        50829: (LONG, [0, 0, height, width]),
    }


def _strips(mosaic: Mosaic) -> list[bytes]:
    rows = mosaic.astype("<u2", copy=False)
    return [rows[at : at + ROWS_PER_STRIP].tobytes() for at in range(0, len(rows), ROWS_PER_STRIP)]


def _image(kind: int, width: int, height: int) -> Fields:
    """`kind` is NewSubfileType: 0 the picture itself, 1 a smaller rendition of it."""
    return {254: (LONG, [kind]), 256: (LONG, [width]), 257: (LONG, [height]), 284: (SHORT, [1])}


def _thumbnail(picture: Picture) -> Fields:
    height, width = picture.shape[:2]
    return _image(1, width, height) | {
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [1]),
        262: (SHORT, [2]),
        277: (SHORT, [3]),
        278: (LONG, [height]),
    }


def _preview(picture: Picture) -> Directory:
    height, width = picture.shape[:2]
    fields: Mapping[int, tuple[int, Value]] = _image(1, width, height) | {
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [7]),
        262: (SHORT, [6]),
        277: (SHORT, [3]),
        278: (LONG, [height]),
        530: (SHORT, [2, 2]),
        531: (SHORT, [1]),
        50970: (LONG, [2]),  # PreviewColorSpace: sRGB
    }
    data = encode(picture, 88)
    return Directory(fields, strips=[data + b"\0" * (len(data) % 2)])


def _shrunk(picture: Picture, long_side: int) -> Picture:
    image = Image.fromarray(picture)
    image.thumbnail((long_side, long_side), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(image)


def encode(picture: Picture, quality: int = 92) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality, subsampling="4:2:0")
    return out.getvalue()
