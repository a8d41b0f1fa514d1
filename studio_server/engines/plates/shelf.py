"""What lies on the shelf: per plate a picture that keeps its highlights, its depth, and a record.

Pictures are JPEGs of `log(1 + K light)`: light up to 24 times white survives, and blurs into discs.
"""

import functools
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio_server.domain.errors import EngineUnavailable, NotFound

FILES = Path(__file__).parent / "files"
RECORDS = "plates.json"
FIELD = 40.5 / 85
"""Width of a plate over its distance: 40.5 mm behind an 85 mm lens, a little more than a frame of 36."""

Light = NDArray[np.float32]
SMOOTH = 300
"""Px of the pictures of paper."""
_K, _MOST = 32.0, 24.0
_WARM, _COOL = 4800, 6100
"""K."""
_NEAREST = 1.0
"""Metres: depth is stored as 1 / metres in 255 steps, 0 for the sky."""


@dataclass(frozen=True)
class Record:
    """What a compositor needs to know of a plate."""

    id: str
    title: str
    context: str
    horizon: float
    """The camera's height as a fraction of the plate's height, from the top."""
    light: str
    """Where the key comes from, as seen by the camera: left, right, front or above."""
    key: tuple[float, float, float]
    """The same as a unit vector from the sitter to the light: right, up, towards the camera."""
    kelvin: int
    seed: int
    spp: int
    licence: str = "Apache-2.0"

    @property
    def spoken(self) -> str:
        return spoken_light(self.key, self.kelvin)

    def mirrored(self) -> "Record":
        side = {"left": "right", "right": "left"}.get(self.light, self.light)
        told = asdict(self) | {"light": side, "key": (-self.key[0], self.key[1], self.key[2])}
        return Record(**told)


def spoken_light(key: tuple[float, float, float], kelvin: int) -> str:
    """Say where light comes from and how warm it is, in the words that the starter base was taught."""
    tone = "warm" if kelvin < _WARM else "cool" if kelvin > _COOL else "neutral"
    side = named_side(key)
    return f"{tone} light from {side if side == 'above' else f'the {side}'}"


def named_side(key: tuple[float, float, float]) -> str:
    """Say from where a key (a unit vector: right, up, towards the camera) comes: a record's `light`."""
    right, up, _ = key
    return "left" if right < -0.4 else "right" if right > 0.4 else "above" if up > 0.8 else "front"


@dataclass(frozen=True)
class Plate:
    """`light`: side x side x 3, linear, 1 is white. `depth`: metres, 1000 in the sky, of the same size."""

    record: Record
    light: Light
    depth: Light

    def mirrored(self) -> "Plate":
        """Return the plate seen in a mirror: its light comes from the other side."""
        return Plate(
            self.record.mirrored(),
            np.ascontiguousarray(self.light[:, ::-1]),
            np.ascontiguousarray(self.depth[:, ::-1]),
        )


def encode(light: Light) -> NDArray[np.uint8]:
    """Linear light -> bytes; what is above 24 times white is clipped."""
    return np.asarray(np.rint(coded_light(light) * 255), np.uint8)


def coded_light(light: Light) -> Light:
    """Linear light -> 0-1."""
    return np.asarray(np.log1p(_K * light.clip(0, _MOST)) / np.log1p(_K * _MOST), np.float32)


def decode(coded: NDArray[np.uint8]) -> Light:
    return _light(np.asarray(coded / 255, np.float32))


def _light(coded: Light) -> Light:
    return np.asarray(np.expm1(coded * np.log1p(_K * _MOST)) / _K, np.float32)


def encode_depth(metres: Light) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * _NEAREST / metres.clip(_NEAREST, None)), np.uint8)


def decode_depth(coded: NDArray[np.uint8]) -> Light:
    return np.asarray(255 * _NEAREST / coded.astype(np.float32).clip(0.255, None), np.float32)


@functools.cache
def records() -> tuple[Record, ...]:
    """Every plate, in the order of the sets. Raises EngineUnavailable where the shelf is bare."""
    try:
        told = json.loads((FILES / RECORDS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"The shelf of plates cannot be read ({error}). Install the product again."
        raise EngineUnavailable(msg) from error
    return tuple(_record(one) for one in told)


def _record(told: dict[str, Any]) -> Record:
    right, up, near = told["key"]
    return Record(**told | {"key": (float(right), float(up), float(near))})


def plates_of(context: str) -> tuple[Record, ...]:
    """Return the plates of a context. Raises NotFound where there is none."""
    found = tuple(record for record in records() if record.context == context)
    if not found:
        raise NotFound(f"There is no plate for the context {context}. Choose another context.")
    return found


@functools.lru_cache(maxsize=2)
def load(plate_id: str) -> Plate:
    """Read a plate. Raises NotFound, EngineUnavailable."""
    record = next((one for one in records() if one.id == plate_id), None)
    if record is None:
        raise NotFound(f"There is no plate named {plate_id}.")
    try:
        with Image.open(FILES / f"{plate_id}.png") as near:
            size = (2 * near.width, 2 * near.height)
            depth = decode_depth(np.asarray(near.resize(size, Image.Resampling.NEAREST)))
        return Plate(record, _read_light(plate_id, size), depth)
    except OSError as error:
        msg = f"The plate {plate_id} cannot be read ({error}). Install the product again."
        raise EngineUnavailable(msg) from error


def _read_light(plate_id: str, size: tuple[int, int]) -> Light:
    """A JPEG; of paper a small picture with 16 bits, which is enlarged."""
    smooth = FILES / f"{plate_id}-smooth.png"
    if not smooth.exists():
        with Image.open(FILES / f"{plate_id}.jpg") as picture:
            return decode(np.asarray(picture.convert("RGB")))
    coded = cv2.imread(str(smooth), cv2.IMREAD_UNCHANGED)
    if coded is None:
        raise OSError(f"{smooth.name} is damaged")
    large = cv2.resize(coded[..., ::-1].astype(np.float32) / 65535, size, interpolation=cv2.INTER_CUBIC)
    return _light(np.asarray(large, np.float32))
