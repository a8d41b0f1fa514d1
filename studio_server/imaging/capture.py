"""What the camera wrote about a shot."""

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import rawpy

from studio_server.domain.errors import Unreadable
from studio_server.domain.shot import Capture
from studio_server.imaging.containers import contents, is_picture
from studio_server.imaging.fields import (
    OF_MAKER,
    Fields,
    clean,
    integer,
    number,
    read_fields,
    text,
    value,
)
from studio_server.imaging.pictures import size_of

SERIALS = (
    ("BodySerialNumber", ("EXIF", "Image")),
    ("CameraSerialNumber", ("Image",)),  # DNG
    ("SerialNumber", OF_MAKER),
    ("InternalSerialNumber", OF_MAKER),
    ("InternalSerialNumber ", OF_MAKER),  # so written in exifread's table
)
SPEEDS = ("ISOSpeedRatings", "PhotographicSensitivity", "RecommendedExposureIndex", "ISOSpeed")
NO_SPEED = 0xFFFF
"""The short tag overflows here, and EXIF 2.3 has longer ones beside it."""
FLIP_TO_ORIENTATION = (1, 2, 4, 3, 5, 8, 6, 7)
"""LibRaw's flip (bits: 4 transposes, 2 turns over, 1 mirrors) as EXIF orientation."""
MOMENT = re.compile(r"(\d{4})\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)")
ZONE = re.compile(r"([+-])(\d\d):?(\d\d)$")


def read_capture(path: Path, fields: Fields | None = None) -> Capture:
    """Return what can be read, of a file without any EXIF an empty Capture. Malformed files raise nothing.

    `fields`: the file's, where they were read already.
    """
    fields = read_fields(path) if fields is None else fields
    orientation = integer(fields, "Orientation")
    stated = Capture(
        make=text(fields, "Make"),
        model=text(fields, "Model"),
        lens=text(fields, "LensModel") or text(fields, "LensModel", OF_MAKER),
        serial=_serial(fields),
        captured_at=captured_at(fields),
        exposure_seconds=number(fields, "ExposureTime"),
        f_number=number(fields, "FNumber"),
        iso=next((speed for name in SPEEDS if 0 < (speed := integer(fields, name)) != NO_SPEED), None),
        focal_length_mm=number(fields, "FocalLength"),
        orientation=orientation if orientation in range(1, 9) else 1,
    )
    return _completed(path, stated)


def captured_at(fields: Fields) -> datetime | None:
    """Return the capture time with sub-seconds, and with the zone if the camera states one; or None."""
    parts = MOMENT.match(text(fields, "DateTimeOriginal"))
    if parts is None:
        return None
    sub = re.match(r"\d+", text(fields, "SubSecTimeOriginal"))
    micro = int(f"{sub.group():0<6}"[:6]) if sub else 0
    year, month, day, hour, minute, second = map(int, parts.groups())
    try:
        return datetime(year, month, day, hour, minute, second, micro, _zone(fields))
    except ValueError:  # 0000:00:00, the clock was never set
        return None


def _zone(fields: Fields) -> timezone | None:
    for name in ("OffsetTimeOriginal", "OffsetTimeDigitized"):
        if found := ZONE.match(text(fields, name)):
            sign, hours, minutes = found.groups()
            away = timedelta(hours=int(hours), minutes=int(minutes))
            if away < timedelta(days=1):
                return timezone(-away if sign == "-" else away)
    return None


def _serial(fields: Fields) -> str:
    for name, directories in SERIALS:
        found = value(fields, name, directories)
        first = found[0] if isinstance(found, list | tuple) and found else found
        if isinstance(first, str | int) and (serial := clean(str(first))):
            return serial
    return ""


def _completed(path: Path, stated: Capture) -> Capture:
    """Add the size, right side up, and what LibRaw knows of the exposure where EXIF says nothing."""
    try:
        with contents(path) as data:
            ready = is_picture(data)
        if ready:
            width, height, orientation = size_of(path)  # by which it is turned; a HEIC comes upright
            return _sized(replace(stated, orientation=orientation), width, height)
        with rawpy.imread(str(path)) as raw:
            return _of_raw(raw, stated)
    except (OSError, Unreadable, rawpy.LibRawError, MemoryError, ValueError):  # no decoder, no size
        return stated


def _sized(stated: Capture, width: int, height: int) -> Capture:
    width, height = (height, width) if stated.orientation > 4 else (width, height)
    return replace(stated, width=width, height=height)


def _of_raw(raw: Any, stated: Capture) -> Capture:  # noqa: ANN401 - rawpy has no types
    sizes = raw.sizes
    width, height = sizes.width, sizes.height
    if sizes.pixel_aspect > 1:  # as LibRaw stretches: the longer pitch is brought down to the shorter
        width = int(width * sizes.pixel_aspect + 0.5)
    elif 0 < sizes.pixel_aspect < 1:
        height = int(height / sizes.pixel_aspect + 0.5)
    turned = replace(stated, orientation=FLIP_TO_ORIENTATION[sizes.flip & 7])
    found = _sized(turned, width, height)
    if stated.exposure_seconds and stated.f_number and stated.iso:
        return found
    try:
        other = raw.other
    except rawpy.LibRawError:  # rawpy unpacks the sensor's data first, and those may be missing
        return found
    return replace(
        found,
        exposure_seconds=found.exposure_seconds or _plausible(other.shutter_speed),
        f_number=found.f_number or _plausible(other.aperture),
        iso=found.iso or round(_plausible(other.iso_speed) or 0) or None,
        focal_length_mm=found.focal_length_mm or _plausible(other.focal_length),
    )


def _plausible(found: float) -> float | None:
    """Return four digits of it: LibRaw computes in single precision."""
    return float(f"{found:.4g}") if 0 < found < 1e7 else None
