"""A photograph of the studio's own behind the sitter, seen through the shot's lens as rendered plates are."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio_server.domain.engines import PlateFile
from studio_server.domain.errors import EngineUnavailable
from studio_server.domain.plate import OwnPlate, Side
from studio_server.engines.plates.framing import Frame, Place
from studio_server.engines.plates.lens import defocus, developed
from studio_server.engines.plates.shelf import FIELD, Light, Record
from studio_server.imaging.pixels import linear_of

_ROOM = 0.036 / (FIELD * 0.085)
"""How much of a plate an 85 mm lens sees at most, so that the horizon can be brought to the eyes."""
_SMALLEST = 0.6
"""Of that: a smaller part would be seen to be enlarged."""
_CAMERA = 1.5
"""Metres above the ground."""
_KNEE, _WHITE = 0.6, 0.997
KEYS = {
    Side.LEFT: (-0.85, 0.4, 0.35),
    Side.RIGHT: (0.85, 0.4, 0.35),
    Side.FRONT: (0.1, 0.5, 0.86),
    Side.ABOVE: (-0.25, 0.96, 0.15),
}
"""As the rendered plates record them: right, up, towards the camera."""


def behind_own(file: PlateFile, seed: int, frame: Frame) -> Place:
    """Look at the photograph through the shot's lens; never in a mirror: it may show letters.

    The same arguments give the same bytes. Raises EngineUnavailable.
    """
    try:
        with Image.open(file.path) as opened:
            picture = np.asarray(opened.convert("RGB"))
    except OSError as error:
        msg = f"The photograph of “{file.plate.title}” cannot be read ({error}). Upload it again."
        raise EngineUnavailable(msg) from error
    luck = np.random.default_rng(seed)
    top, left, height, width = window(picture.shape, file.plate.horizon, frame, float(luck.random()))
    seen = picture[top : top + height, left : left + width]
    light = lightened(seen)
    horizon = file.plate.horizon * picture.shape[0] - top
    depth = depth_of(seen.shape, horizon, file.plate.behind_m, frame)
    if not file.plate.soft:
        seen = developed(defocus(light, depth, frame.lens, longer=float(max(height, width))))
    return Place(np.ascontiguousarray(seen), record_of(file.plate), horizon / height, light, depth)


def window(shape: tuple[int, ...], horizon: float, frame: Frame, luck: float) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is seen: as large as it may be with the horizon at the eyes."""
    tall, wide = shape[:2]
    aspect = frame.shape[1] / frame.shape[0]
    largest = min(tall, wide / aspect) * min(1.0, _ROOM * max(1.0, 85 / frame.lens.focal_mm))
    fits = min(horizon * tall / frame.eyes, (1 - horizon) * tall / (1 - frame.eyes))
    height = max(2, round(np.clip(fits, _SMALLEST * largest, largest)))
    width = max(2, min(wide, round(height * aspect)))
    top = round(np.clip(horizon * tall - frame.eyes * height, 0, tall - height))
    return top, round(luck * (wide - width)), height, width


def depth_of(shape: tuple[int, ...], horizon: float, behind_m: float, frame: Frame) -> Light:
    """Metres: a wall behind the sitter, and level ground that comes nearer below the horizon."""
    wall = frame.lens.subject_m + behind_m
    focal = max(shape[:2]) * frame.lens.focal_mm / 36
    below = np.maximum(np.arange(shape[0]) + 0.5 - horizon, 1e-3)
    ground = np.clip(_CAMERA * focal / below, frame.lens.subject_m, wall)
    return np.repeat(ground.astype(np.float32)[:, None], shape[1], axis=1)


def lightened(picture: NDArray[np.uint8]) -> Light:
    """Linear light whose highlights stand out again, as much as `developed` will roll them off."""
    light = linear_of(np.arange(256))
    room = 1 - _KNEE
    over = _KNEE - room * np.log(1 - (np.minimum(light, _WHITE) - _KNEE).clip(0) / room)
    table = np.where(light < _KNEE, light, over).astype(np.float32)
    return np.asarray(table[picture], np.float32)


def record_of(plate: OwnPlate) -> Record:
    return Record(
        id=plate.id,
        title=plate.title,
        context=plate.id,
        horizon=plate.horizon,
        light=plate.light.value,
        key=KEYS[plate.light],
        kelvin=plate.kelvin,
        seed=0,
        spp=0,
        licence="the studio's own photograph",
    )
