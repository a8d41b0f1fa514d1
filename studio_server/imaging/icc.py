"""Colours of a 16-bit export, by its own profile, to sRGB without a detour by 8 bits.

Adobe RGB, ProPhoto RGB, Display P3 and what is like them: three primaries and a tone curve each. In 8 bits a
wide space has too few steps for shadows, and they would come out in bands. Structure after ICC.1:2022.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Picture

Deep = NDArray[np.uint16]
"""HxWx3, 0..65535."""
STEPS = 65_536
BAND = 256
"""Rows at a time: a picture of 100 megapixels would take 1.2 GB as floats."""
CHANNELS = ("r", "g", "b")
SRGB_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Of linear sRGB, adapted to D50 by Bradford's method, as profiles are."""


@dataclass(frozen=True)
class Space:
    curves: tuple[NDArray[np.float32], ...]
    """For each channel, linear light of each of the 65,536 levels."""
    to_xyz: NDArray[np.float64]
    """(3, 3), under D50."""


def space_of(profile: bytes) -> Space | None:
    """Return what a profile of primaries and curves says; None of any other, and of a damaged one."""
    try:
        if profile[16:24] != b"RGB XYZ ":
            return None
        tags = _tags(profile)
        if "A2B0" in tags:  # tables go before primaries
            return None
        columns = [struct.unpack_from(">3i", tags[f"{one}XYZ"], 8) for one in CHANNELS]
        curves = tuple(_curve(tags[f"{one}TRC"]) for one in CHANNELS)
    except (struct.error, KeyError, ValueError, IndexError, ZeroDivisionError):
        return None
    return Space(curves, np.array(columns).T / 65_536)


def to_srgb(picture: Deep, space: Space | None) -> Picture:
    """Return HxWx3 uint8 sRGB; what sRGB cannot show is clipped. Without a space it is sRGB already."""
    if space is None:
        return np.asarray((picture.astype(np.uint32) * 255 + 32_767) // 65_535, np.uint8)
    matrix = np.linalg.inv(SRGB_TO_XYZ) @ space.to_xyz * (STEPS - 1)
    levels = _levels()
    made = np.empty(picture.shape, np.uint8)
    for top in range(0, len(picture), BAND):
        band = picture[top : top + BAND]
        light = np.dstack([curve[band[..., number]] for number, curve in enumerate(space.curves)])
        mixed = cv2.transform(light, matrix).clip(0, STEPS - 1)
        made[top : top + BAND] = levels[np.rint(mixed).astype(np.uint16)]
    return made


def _levels() -> NDArray[np.uint8]:
    """Of each step of linear light its sRGB level (IEC 61966-2-1)."""
    light = np.linspace(0, 1, STEPS)
    coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(coded * 255), np.uint8)


def _tags(profile: bytes) -> Mapping[str, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = (struct.unpack_from(">4sII", profile, 132 + 12 * number) for number in range(min(count, 100)))
    return {name.decode("latin-1"): profile[at : at + size] for name, at, size in entries}


def _curve(tag: bytes) -> NDArray[np.float32]:
    x = np.linspace(0, 1, STEPS)
    if tag[:4] == b"para":
        return np.asarray(_parametric(tag, x), np.float32)
    if tag[:4] != b"curv":
        raise ValueError(tag[:4])
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return x.astype(np.float32)
    if count == 1:
        return np.asarray(x ** (struct.unpack_from(">H", tag, 12)[0] / 256), np.float32)
    table = np.frombuffer(tag, ">u2", count, 12) / 65_535
    return np.asarray(np.interp(x, np.linspace(0, 1, count), table), np.float32)


def _parametric(tag: bytes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Types 0 to 4: a power, from type 1 on beside a straight piece (ICC.1:2022, table 68)."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    g, *rest = (value / 65_536 for value in struct.unpack_from(f">{count}i", tag, 12))
    if kind == 0:
        return np.asarray(x**g)
    a, b = rest[:2]
    c, d, e, f = 0.0, -b / a, 0.0, 0.0
    if kind == 2:
        e = f = rest[2]
    if kind >= 3:
        c, d = rest[2:4]
    if kind == 4:
        e, f = rest[4:6]
    return np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)
