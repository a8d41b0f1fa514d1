"""The light on a face: from which side, how hard, and of what colour.

First-order spherical harmonics (Basri & Jacobs, 2003) of the skin's luminance over the normals of the face
mesh, in linear light. Like everything about faces it may run only after the client has agreed.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from studio_server.imaging.landmarks import CHEEKS, LEFT_EYE, RIGHT_EYE, Mesh
from studio_server.imaging.pixels import TO_XYZ, Field, Picture, linear_of

SIDED = 0.15
"""Strength from which a key has a side: portraits under even light reach 0.14 (docs/reference/light.md)."""
CLEAR = 0.35
"""Strength from which nobody would take the light for a frontal one."""
SURE = 0.25
"""Confidence below which a side is not believed."""
_FEWEST, _ROUNDS = 60, 6
_EYES = (33, 133, 159, 145, 158, 153, 160, 144), (263, 362, 386, 374, 385, 380, 387, 373)
_BROWS = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_NOSTRILS = (98, 97, 2, 326, 327, 240, 460, 64, 294)
_LUMINANCE = TO_XYZ[1]

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class FaceLight:
    strength: float
    """Rise of the skin's luminance towards the picture's right, over that of skin which faces the camera."""
    up: float
    """The same upwards."""
    confidence: float
    """Share of the skin's variation (after trimming) that the fitted light explains, 0-1."""
    hardness: float
    """Steepest fall of light over the skin, in stops per tenth of the face's width."""
    colour: tuple[float, float]
    """CIE u', v' of the skin: light and skin together, which one picture cannot tell apart."""

    @property
    def side(self) -> str:
        """Where the key comes from as the camera sees it: left, right or front."""
        if abs(self.strength) < SIDED or self.confidence < SURE:
            return "front"
        return "right" if self.strength > 0 else "left"

    @property
    def clear(self) -> bool:
        return self.side != "front" and abs(self.strength) >= CLEAR


@dataclass(frozen=True)
class Sight:
    """What the surroundings need to know of the face in a shot."""

    eyes: float
    """Their height as a fraction of the frame's, from the top."""
    light: FaceLight | None
    """None: too little skin is seen."""


@dataclass(frozen=True)
class _Skin:
    """N patches: their normals (right, up, towards the camera), linear RGB and area in px."""

    normals: Numbers
    colours: Numbers
    areas: Numbers


def light_on(picture: Picture, mesh: Mesh) -> FaceLight | None:
    """Read the light off a face in HxWx3 uint8 sRGB; None where too little skin is seen."""
    width = float(np.linalg.norm(mesh.points[CHEEKS[0]] - mesh.points[CHEEKS[1]]))
    even = np.asarray(cv2.GaussianBlur(linear_of(picture), (0, 0), max(0.8, width / 60)), np.float32)
    skin = _skin(even, mesh)
    if len(skin.areas) < _FEWEST:
        return None
    fit, kept, explained = _harmonics(skin)
    facing = max(1e-4, float(fit[0] + fit[3]))
    colour = np.average(skin.colours[kept], axis=0, weights=skin.areas[kept])
    hardness = _steepest(np.asarray(even @ _LUMINANCE.astype(np.float32)), mesh, width)
    return FaceLight(float(fit[1]) / facing, float(fit[2]) / facing, explained, hardness, _uv(colour))


def sight_of(picture: Picture, mesh: Mesh) -> Sight:
    return Sight(eyes_of(mesh)[1] / picture.shape[0], light_on(picture, mesh))


def eyes_of(mesh: Mesh) -> tuple[float, float]:
    """Return x and y between the eyes, px."""
    corners = mesh.points[[*RIGHT_EYE[0], *LEFT_EYE[0]], :2].mean(axis=0)
    return float(corners[0]), float(corners[1])


def normals_of(points: NDArray[np.float32]) -> tuple[NDArray[np.int32], Numbers, Numbers]:
    """Triangulate a mesh on its x and y: triangles (Nx3), smooth normals per triangle, areas in px."""
    triangles = np.asarray(Delaunay(points[:, :2]).simplices, np.int32)
    one, two, three = (points[triangles[:, corner]].astype(np.float64) for corner in range(3))
    across = np.cross(two - one, three - one)
    across *= np.where(across[:, 2] > 0, -1.0, 1.0)[:, None]  # z grows away from the camera
    per_point = np.zeros((len(points), 3))
    for corner in range(3):
        np.add.at(per_point, triangles[:, corner], across)
    smooth = per_point[triangles].sum(axis=1)
    smooth /= np.linalg.norm(smooth, axis=1, keepdims=True).clip(1e-9)
    return triangles, smooth * (1, -1, -1), np.abs(across[:, 2]) / 2


def _skin(light: Field, mesh: Mesh) -> _Skin:
    triangles, normals, areas = normals_of(mesh.points)
    middles = mesh.points[triangles, :2].mean(axis=1)
    x, y = middles[:, 0].round().astype(int), middles[:, 1].round().astype(int)
    height, width = light.shape[:2]
    seen = (x >= 0) & (y >= 0) & (x < width) & (y < height) & (normals[:, 2] > 0.3)
    for part in (*_EYES, *_BROWS, _LIPS, _NOSTRILS):
        seen &= ~_within(middles, mesh.points[list(part), :2])
    colours = np.asarray(light[y.clip(0, height - 1), x.clip(0, width - 1)], np.float64)
    seen &= (colours.max(axis=1) < 0.98) & (colours @ _LUMINANCE > 0.003)
    return _Skin(normals[seen], colours[seen], areas[seen])


def _within(points: NDArray[np.float32], part: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether points lie in the hull of a part of the face, widened by a quarter."""
    hull = cv2.convexHull(part.astype(np.float32))
    wide = (hull - part.mean(axis=0)) * 1.25 + part.mean(axis=0)
    outline = wide.astype(np.float32)
    inside = [cv2.pointPolygonTest(outline, (float(x), float(y)), measureDist=False) for x, y in points]
    return np.array(inside) >= 0


def _harmonics(skin: _Skin) -> tuple[Numbers, NDArray[np.bool_], float]:
    """Fit luminance = a + b n; what is far off (shine, beard, hair) is trimmed, then fitted again."""
    levels = skin.colours @ _LUMINANCE
    terms = np.column_stack([np.ones(len(levels)), skin.normals])
    kept, fit, off = _middle_of(levels, 8), np.zeros(4), levels
    for _ in range(_ROUNDS):
        fit = _solve(terms[kept], levels[kept], skin.areas[kept])
        off = levels - terms @ fit
        kept = _middle_of(off, 2.5)
    weights = skin.areas[kept]
    left = np.average(off[kept] ** 2, weights=weights)
    mean = np.average(levels[kept], weights=weights)
    whole = np.average((levels[kept] - mean) ** 2, weights=weights)
    return fit, kept, float(np.clip(1 - left / max(whole, 1e-12), 0, 1))


def _solve(terms: Numbers, levels: Numbers, areas: Numbers) -> Numbers:
    """Weighted least squares, a little ridged: on a flat face a and the normals' z are hard to tell apart."""
    weighed = terms * areas[:, None]
    ridge = np.diag([0.0, 1.0, 1.0, 1.0]) * 1e-3 * areas.sum()
    return np.asarray(np.linalg.solve(weighed.T @ terms + ridge, weighed.T @ levels), np.float64)


def _middle_of(values: Numbers, width: float) -> NDArray[np.bool_]:
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle)) + 1e-9
    return np.asarray(np.abs(values - middle) <= width * spread)


def _steepest(luminance: Field, mesh: Mesh, width: float) -> float:
    """95th percentile of the slope of log2 luminance on the skin, per tenth of the face's width."""
    logs = np.log2(cv2.GaussianBlur(luminance, (0, 0), max(0.8, width / 60)).clip(1e-3))
    right, down = (cv2.Sobel(logs, cv2.CV_32F, 1 - axis, axis, scale=1 / 8) for axis in range(2))
    inside = np.zeros(logs.shape, np.uint8)
    _fill(inside, mesh.points[:, :2], 0.8, 1)
    for part in (*_EYES, *_BROWS, _LIPS, _NOSTRILS):
        _fill(inside, mesh.points[list(part), :2], 1.8, 0)
    found = np.hypot(right, down)[inside > 0]
    return float(np.percentile(found, 95) * width / 10) if found.size else 0.0


def _fill(inside: Picture, points: NDArray[np.float32], scale: float, value: int) -> None:
    hull = cv2.convexHull(np.ascontiguousarray(points))
    middle = points.mean(axis=0)
    cv2.fillConvexPoly(inside, ((hull - middle) * scale + middle).astype(np.int32), value)


def _uv(colour: Numbers) -> tuple[float, float]:
    """CIE 1976 u', v' of linear sRGB."""
    x, y, z = TO_XYZ @ colour
    whole = max(1e-9, x + 15 * y + 3 * z)
    return float(4 * x / whole), float(9 * y / whole)
