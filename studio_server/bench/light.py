"""`studio bench light`: the light on a face, read off faces that were lit by known lights."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from studio_server.imaging.faces import find_faces, installed_models
from studio_server.imaging.landmarks import CHEEKS, Mesh, find_mesh
from studio_server.imaging.light import light_on, normals_of
from studio_server.imaging.pixels import Picture

AZIMUTHS = (-70, -45, -20, 0, 20, 45, 70)
SIZES = (5, 30, 60)
"""Half angles under which the light is seen, degrees: bare bulb, umbrella, window."""
ALBEDOS = (0.06, 0.2, 0.5)
AMBIENT = 0.25
_GRAINS = 64


@dataclass(frozen=True)
class Key:
    """A round light and what comes from everywhere; degrees to the right and up, as the camera sees it."""

    azimuth: float
    height: float = 25.0
    half_angle: float = 5.0
    ambient: float = AMBIENT


@dataclass(frozen=True)
class Row:
    azimuth: float
    half_angle: float
    albedo: float
    strength: float
    side: str
    hardness: float
    confidence: float

    @property
    def right(self) -> bool:
        """Whether the side is the true one; from 20 degrees on a key has a side."""
        true = "front" if self.azimuth == 0 else "right" if self.azimuth > 0 else "left"
        return self.side == true


def a_mesh(model: Path) -> Mesh:
    """Return a real face's mesh (scikit-image's portrait), about 200 px wide."""
    picture: Picture = np.asarray(data.astronaut())  # type: ignore[no-untyped-call] # it has no annotations
    face = find_faces(picture, installed_models(), embed=False)[0]
    return Mesh(np.asarray(find_mesh(picture, face, model).points * 2, np.float32))


def measure(mesh: Mesh) -> Iterator[Row]:
    """Light the mesh in every way; it is read with another mesh, as far off as a network's is."""
    for number, (azimuth, size, albedo) in enumerate(
        (azimuth, size, albedo) for azimuth in AZIMUTHS for size in SIZES for albedo in ALBEDOS
    ):
        picture = lit(mesh, Key(azimuth, half_angle=size), albedo, number)
        found = light_on(picture, shaken(mesh, number))
        if found is not None:
            read = (found.strength, found.side, found.hardness, found.confidence)
            yield Row(azimuth, size, albedo, *read)


def lit(mesh: Mesh, key: Key, albedo: float, seed: int) -> Picture:
    """Shade the mesh by Lambert's law, a beard's shadow and grain included; sRGB on grey."""
    triangles, normals, _ = normals_of(mesh.points)
    luck = np.random.default_rng(seed)
    light = np.clip(normals @ _grains(key, luck).T, 0, None).mean(axis=1) + key.ambient
    low = mesh.points[triangles, 1].mean(axis=1) > np.percentile(mesh.points[:, 1], 75)
    levels = albedo * light * np.where(low, 0.7, 1.0)
    height, width = (int(mesh.points[:, axis].max() * 1.2) for axis in (1, 0))
    picture = np.full((height, width), 0.18, np.float32)
    for triangle, level in zip(triangles, levels, strict=True):
        cv2.fillConvexPoly(picture, mesh.points[triangle, :2].astype(np.int32), float(level))
    coded = 255 * np.clip(picture, 0, 1) ** (1 / 2.2) + luck.normal(0, 2, picture.shape)
    return np.asarray(np.repeat(coded.clip(0, 255)[..., None], 3, axis=2), np.uint8)


def _grains(key: Key, luck: np.random.Generator) -> NDArray[np.float64]:
    """Directions (right, up, towards the camera) from all over a round light."""
    azimuth, height = np.deg2rad(key.azimuth), np.deg2rad(key.height)
    middle = np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)])
    far = np.cos(np.deg2rad(key.half_angle))
    found = luck.normal(size=(_GRAINS * 200, 3))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    near = found[found @ middle >= far][:_GRAINS]
    return near if len(near) else middle[None]


def shaken(mesh: Mesh, seed: int) -> Mesh:
    """Move the points by 1 % of the face's width, in depth by 3 %."""
    width = float(np.linalg.norm(mesh.points[CHEEKS[0]] - mesh.points[CHEEKS[1]]))
    off = np.random.default_rng(seed).normal(0, 1, mesh.points.shape) * (0.01, 0.01, 0.03) * width
    return Mesh(np.asarray(mesh.points + off, np.float32))
