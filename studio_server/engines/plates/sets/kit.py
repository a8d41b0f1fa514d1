"""A kit of shapes, materials and lights for Mitsuba 3.

Places are given in metres as (right, up, away); the camera stands at (0, eye, 0) and looks straight away.
Everything of one material becomes one mesh with colours at its corners, which keeps rendering fast.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import mitsuba as mi
import numpy as np
from numpy.typing import NDArray

from studio_server.engines.plates.sets.textures import Colour, Light

Point = tuple[float, float, float]

FINISHES: dict[str, dict[str, float]] = {
    "matte": {"roughness": 0.85, "specular": 0.2},
    "satin": {"roughness": 0.45, "specular": 0.4},
    "gloss": {"roughness": 0.18, "specular": 0.5},
    "metal": {"roughness": 0.32, "metallic": 0.9},
}


@dataclass
class _Batch:
    points: list[NDArray[np.float64]] = field(default_factory=list)
    faces: list[NDArray[np.int64]] = field(default_factory=list)
    colours: list[NDArray[np.float64]] = field(default_factory=list)
    count: int = 0

    def add(self, points: NDArray[np.float64], faces: NDArray[np.int64], colour: NDArray[np.float64]) -> None:
        self.points.append(points)
        self.faces.append(faces + self.count)
        self.colours.append(np.broadcast_to(colour, points.shape))
        self.count += len(points)


_QUAD = np.array([[0, 1, 2], [0, 2, 3]])


class Kit:
    def __init__(self, seed: int, eye: float = 1.5) -> None:
        self.rng = np.random.default_rng(seed)
        self.eye = eye
        self._batches: dict[str, _Batch] = {}
        self._shapes: list[dict[str, Any]] = []

    def _batch(self, finish: str) -> _Batch:
        return self._batches.setdefault(finish, _Batch())

    def mesh(
        self, points: NDArray[np.float64], faces: NDArray[np.int64], colour: Colour | Light, finish: str
    ) -> None:
        """Corners (N x 3), triangles (M x 3), one colour or N of them; `finish` may be glow or leaf, too."""
        self._batch(finish).add(np.asarray(points, float), faces, np.asarray(colour, float))

    def quad(self, corners: Sequence[Point], colour: Colour, finish: str = "matte") -> None:
        self.mesh(np.array(corners, float), _QUAD, colour, finish)

    def box(self, low: Point, high: Point, colour: Colour, finish: str = "matte") -> None:
        corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
        points = np.array(low) + corners * (np.array(high) - np.array(low))
        sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        faces = np.array([(a, b, c) for a, b, c, _ in sides] + [(a, c, d) for a, _, c, d in sides])
        self.mesh(points, faces, colour, finish)

    def rod(self, ends: tuple[Point, Point], radius: float, colour: Colour, finish: str = "matte") -> None:
        """A cylinder without lids."""
        start, end = np.array(ends[0], float), np.array(ends[1], float)
        axis = (end - start) / np.linalg.norm(end - start)
        side = np.cross(axis, (0.3, 0.2, 0.93) if abs(axis[2]) < 0.8 else (1.0, 0, 0))
        side /= np.linalg.norm(side)
        other = np.cross(axis, side)
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
        ring = radius * (np.cos(turn) * side + np.sin(turn) * other)
        here = np.arange(24)
        there = (here + 1) % 24
        faces = np.concatenate(
            [np.stack([here, there, there + 24], 1), np.stack([here, there + 24, here + 24], 1)]
        )
        self.mesh(np.concatenate([start + ring, end + ring]), faces, colour, finish)

    def ball(self, centre: Point, radius: float, colour: Colour, finish: str = "matte") -> None:
        rows, columns = 10, 16
        polar, turn = np.meshgrid(
            np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij"
        )
        unit = np.stack([np.sin(polar) * np.cos(turn), np.cos(polar), np.sin(polar) * np.sin(turn)], -1)
        at = np.arange((rows - 1) * columns).reshape(rows - 1, columns)[:, :-1].ravel()
        faces = np.concatenate(
            [np.stack([at, at + 1, at + columns + 1], 1), np.stack([at, at + columns + 1, at + columns], 1)]
        )
        self.mesh(np.array(centre) + radius * unit.reshape(-1, 3), faces, colour, finish)

    def leaves(self, centres: NDArray[np.float64], size: float, colours: NDArray[np.float64]) -> None:
        """One bent, pointed leaf at each centre (N x 3), turned at random; colours N x 3."""
        count = len(centres)
        along = _units(self.rng, count)
        across = np.cross(along, _units(self.rng, count))
        across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
        normal = np.cross(along, across)
        length = size * self.rng.uniform(0.6, 1.4, (count, 1))
        tip, side, bend = along * length, across * length * 0.34, normal * length * 0.16
        points = np.stack(
            [centres - tip * 0.5, centres + side - bend, centres + tip * 0.5, centres - side - bend], 1
        )
        faces = (np.arange(count)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
        self.mesh(points.reshape(-1, 3), faces, np.repeat(colours, 4, axis=0).astype(np.float32), "leaf")

    def panel(self, corner: Point, spans: tuple[Point, Point], texture: Light, **look: Any) -> None:  # noqa: ANN401 - Mitsuba's own
        """A textured rectangle from its lower left `corner` along two spans.

        `look`: `tiles` (u, v), roughness, specular, `relief` (a height map) and `depth` (its strength).
        """
        tiles = look.pop("tiles", (1.0, 1.0))
        relief, depth = look.pop("relief", None), look.pop("depth", 0.02)
        surface: dict[str, Any] = {
            "type": "principled",
            "base_color": _picture(texture, tiles),
            "roughness": look.pop("roughness", 0.8),
            "specular": look.pop("specular", 0.25),
        }
        if relief is not None:
            bump = _picture(np.repeat(relief[..., None], 3, axis=2), tiles)
            surface = {"type": "bumpmap", "arbitrary": bump, "scale": depth, "bsdf": surface}
        self._shapes.append({
            "type": "rectangle",
            "to_world": _rectangle(corner, spans),
            "bsdf": {"type": "twosided", "bsdf": surface},
        })  # fmt: skip

    def light(self, corner: Point, spans: tuple[Point, Point], radiance: Colour | Light) -> None:
        """A rectangle that gives light on the side towards which span 0 x span 1 (right-handed) points."""
        glow: dict[str, Any] = (
            {"type": "rgb", "value": list(radiance)}
            if isinstance(radiance, tuple)
            else _picture(radiance, (1.0, 1.0))
        )
        self._shapes.append({
            "type": "rectangle",
            "to_world": _rectangle(corner, spans),
            "bsdf": {"type": "diffuse", "reflectance": {"type": "rgb", "value": 0.0}},
            "emitter": {"type": "area", "radiance": glow},
        })  # fmt: skip

    def sky(self, emitter: dict[str, Any]) -> None:
        """An environment: `sunsky`, `constant` or `envmap`, in Mitsuba's words."""
        self._shapes.append(emitter)

    def glass(self, corner: Point, spans: tuple[Point, Point]) -> None:
        self._shapes.append({
            "type": "rectangle",
            "to_world": _rectangle(corner, spans),
            "bsdf": {"type": "thindielectric", "int_ior": 1.35},
        })  # fmt: skip

    def scene(self, camera: dict[str, Any], integrator: dict[str, Any]) -> Any:  # noqa: ANN401 - Mitsuba has no types
        parts = {f"shape{number}": shape for number, shape in enumerate(self._shapes)}
        meshes = {f"mesh-{name}": _to_mesh(name, batch) for name, batch in self._batches.items()}
        return mi.load_dict({"type": "scene", "integrator": integrator, "sensor": camera, **parts, **meshes})


def _units(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    way = rng.normal(0, 1, (count, 3))
    return np.asarray(way / (np.linalg.norm(way, axis=1, keepdims=True) + 1e-9), np.float64)


def world(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """(right, up, away) -> Mitsuba's x, y, z."""
    return np.asarray(points * np.array([1, 1, -1]), np.float32)


def _rectangle(corner: Point, spans: tuple[Point, Point]) -> Any:  # noqa: ANN401 - Mitsuba has no types
    base, right, up = (world(np.array(each, float)) for each in (corner, *spans))
    normal = np.cross(right, up)
    normal = normal / np.linalg.norm(normal)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = right / 2, up / 2, normal
    matrix[:3, 3] = base + right / 2 + up / 2
    return mi.ScalarTransform4f(matrix.tolist())


def _picture(texture: Light, tiles: tuple[float, float]) -> dict[str, Any]:
    upside = np.ascontiguousarray(texture[::-1], np.float32)
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(upside),
        "raw": True,
        "to_uv": mi.ScalarTransform4f().scale([tiles[0], tiles[1], 1]),
    }


def _material(name: str) -> dict[str, Any]:
    paint = {"type": "mesh_attribute", "name": "vertex_color"}
    if name == "leaf":
        return {
            "type": "principledthin", "base_color": paint, "roughness": 0.5, "spec_trans": 0.0,
            "diff_trans": 0.7, "eta": 1.3,
        }  # fmt: skip
    if name == "glow":
        return {"type": "diffuse", "reflectance": {"type": "rgb", "value": 0.0}}
    return {"type": "twosided", "bsdf": {"type": "principled", "base_color": paint, **FINISHES[name]}}


def _towards_camera(points: NDArray[np.float32], faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """A mesh gives light on one side only: turn every triangle so that the camera sees it."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    away = (np.cross(b - a, c - a) * (a - np.array([0, 1.5, 0]))).sum(axis=1) > 0
    return np.where(away[:, None], faces[:, ::-1], faces)


def _to_mesh(name: str, batch: _Batch) -> Any:  # noqa: ANN401 - Mitsuba has no types
    points, faces = world(np.concatenate(batch.points)), np.concatenate(batch.faces)
    colours = np.concatenate(batch.colours).astype(np.float32)
    if name == "glow":
        faces = _towards_camera(points, faces)
    properties = mi.Properties()
    properties["mesh_bsdf"] = mi.load_dict(_material(name))
    if name == "glow":
        radiance = {"type": "mesh_attribute", "name": "vertex_color"}
        properties["mesh_emitter"] = mi.load_dict({"type": "area", "radiance": radiance})
    mesh = mi.Mesh(name, len(points), len(faces), props=properties)
    values = mi.traverse(mesh)
    values["vertex_positions"] = points.ravel()
    values["faces"] = faces.astype(np.uint32).ravel()
    values.update()
    mesh.add_attribute("vertex_color", 3, colours.ravel().tolist())
    return mesh
