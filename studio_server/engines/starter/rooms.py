"""A box-shaped room and a level camera: rays to its walls, light from its windows, textures on them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.engines.starter.optics import FIELD, Light, View

LEFT, RIGHT, FLOOR, CEILING, BACK = range(5)
_NORMALS = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, -1)], np.float32)
_EYE_HEIGHT = 1.6


@dataclass(frozen=True)
class Room:
    """Metres from the camera to each surface; the room is turned by `yaw` radians about the camera."""

    left: float
    right: float
    back: float
    ceiling: float = 1.2
    yaw: float = 0.0
    floor: float = _EYE_HEIGHT


@dataclass(frozen=True)
class Hit:
    """What each ray of a view meets."""

    surface: NDArray[np.intp]
    x: Light
    y: Light
    z: Light
    """Metres in the room's own axes: right, up, away; the camera is the origin."""
    depth: Light
    """Metres along the camera's axis."""

    def on(self, surface: int) -> NDArray[np.bool_]:
        return self.surface == surface


def meet(view: View, room: Room) -> Hit:
    u, v = view.uv
    sideways, up = u * np.float32(FIELD), (np.float32(view.eye) - v) * np.float32(FIELD)
    cos, sin = np.float32(np.cos(room.yaw)), np.float32(np.sin(room.yaw))
    direction = (cos * sideways + sin, up, cos - sin * sideways)
    with np.errstate(divide="ignore"):
        reach = np.stack(
            [
                np.where(direction[0] < 0, -room.left / direction[0], np.inf),
                np.where(direction[0] > 0, room.right / direction[0], np.inf),
                np.where(direction[1] < 0, -room.floor / direction[1], np.inf),
                np.where(direction[1] > 0, room.ceiling / direction[1], np.inf),
                np.where(direction[2] > 0, room.back / direction[2], np.inf),
            ]
        )
    surface = reach.argmin(axis=0)
    depth = np.take_along_axis(reach, surface[None], axis=0)[0].astype(np.float32)
    x, y, z = (np.asarray(axis * depth, np.float32) for axis in direction)
    return Hit(surface, x, y, z, depth)


@dataclass(frozen=True)
class Panel:
    """A rectangle that gives light: centre, the two half edges, its normal's surface, radiance (RGB)."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    """Half extents along x, y, z; the one along its normal is 0."""
    normal: int
    radiance: Light


def lit(hit: Hit, panels: tuple[Panel, ...], ambient: Light) -> Light:
    """Irradiance / pi from area lights. At half the raster: every edge is defocused by more than that."""
    few = Hit(*(field[::2, ::2] for field in (hit.surface, hit.x, hit.y, hit.z, hit.depth)))
    normal = _NORMALS[few.surface]
    total = np.broadcast_to(ambient, (*few.surface.shape, 3)).astype(np.float32)
    for panel in panels:
        total += _from_panel(few, normal, panel)[..., None] * panel.radiance
    return np.asarray(cv2.resize(total, hit.surface.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _from_panel(hit: Hit, normal: Light, panel: Panel, samples: int = 3) -> Light:
    """Form factor of a panel, over samples x samples points: sum of cos cos area / (pi r^2)."""
    total = np.zeros(hit.surface.shape, np.float32)
    axes = [axis for axis in range(3) if panel.half[axis] > 0]
    area = 4 * panel.half[axes[0]] * panel.half[axes[1]] / samples**2
    for first in (np.arange(samples) + 0.5) / samples * 2 - 1:
        for second in (np.arange(samples) + 0.5) / samples * 2 - 1:
            point = np.array(panel.centre, np.float32)
            point[axes[0]] += first * panel.half[axes[0]]
            point[axes[1]] += second * panel.half[axes[1]]
            way = (point[0] - hit.x, point[1] - hit.y, point[2] - hit.z)
            far = way[0] ** 2 + way[1] ** 2 + way[2] ** 2 + 0.05
            here = way[0] * normal[..., 0] + way[1] * normal[..., 1] + way[2] * normal[..., 2]
            there = -sum(way[axis] * _NORMALS[panel.normal][axis] for axis in range(3))
            total += np.clip(here, 0, None) * np.clip(there, 0, None) / far**2
    return np.asarray(total * np.float32(area / np.pi), np.float32)


def corners(hit: Hit, room: Room, depth: float = 0.35) -> Light:
    """Ambient light that reaches a point: less in the corners, where two surfaces see each other."""
    gaps = (
        hit.x + room.left,
        room.right - hit.x,
        hit.y + room.floor,
        room.ceiling - hit.y,
        room.back - hit.z,
    )
    own = {LEFT: 0, RIGHT: 1, FLOOR: 2, CEILING: 3, BACK: 4}
    share = np.ones(hit.surface.shape, np.float32)
    for surface, number in own.items():
        away = 1 - 0.26 * np.exp(-np.clip(gaps[number], 0, None) / depth)
        share *= np.where(hit.surface == surface, 1, away).astype(np.float32)
    return share[..., None]


@dataclass(frozen=True)
class Texture:
    """A flat picture of a surface, in linear light, `per_metre` px to the metre; (0, 0) is its lower left."""

    picture: Light
    per_metre: float

    def at(self, right: Light, up: Light) -> Light:
        """Look up points given in metres; the texture repeats."""
        height, width = self.picture.shape[:2]
        columns = np.mod(right * self.per_metre, width).astype(np.float32)
        rows = np.mod(height - up * self.per_metre, height).astype(np.float32)
        return np.asarray(
            cv2.remap(self.picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32
        )


def clouds(shape: tuple[int, int], cells: int, rng: np.random.Generator, octaves: int = 3) -> Light:
    """Smooth noise of mean 0 and roughly unit spread; the same at every resolution."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        side = cells * 2**octave + 3
        grid = rng.normal(0, 0.6**octave, (side, side)).astype(np.float32)
        total += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return total
