"""A camera behind a portrait: 85 mm at f/2.8, focused at 2 m, and what it does to the light of a scene.

All light here is linear float32; sRGB comes last, in `develop`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[Any]
"""float32, linear; `Any` because numpy's own types widen each product with a Python number to float64."""

_FOCAL, _F_NUMBER, _FOCUS, _SENSOR = 0.085, 2.8, 2.0, 0.036
"""Metres; the sensor's long side."""

_WORKING = (384, 768)
"""Long side at which scenes are drawn, px: nothing behind a portrait is sharper than that."""

_MARGIN = 0.07
"""Of the long side, drawn beyond the frame, so that what lies outside still blurs into it."""


@dataclass(frozen=True)
class View:
    """The raster a scene is drawn on. u, v: fractions of the frame's long side; the frame's top is v = 0."""

    size: tuple[int, int]
    """Width and height of the picture that is asked for, px."""
    horizon: float
    """Of the frame's height, from the top: where the camera's own height lies."""

    @cached_property
    def scale(self) -> float:
        """Working px per long side."""
        return float(np.clip(max(self.size), *_WORKING))

    @cached_property
    def tall(self) -> float:
        return self.size[1] / max(self.size)

    @cached_property
    def wide(self) -> float:
        return self.size[0] / max(self.size)

    @cached_property
    def margin(self) -> int:
        return round(_MARGIN * self.scale)

    @cached_property
    def raster(self) -> tuple[int, int]:
        """Height and width of the raster, margins included, px."""
        return round(self.tall * self.scale) + 2 * self.margin, round(
            self.wide * self.scale
        ) + 2 * self.margin

    @cached_property
    def uv(self) -> tuple[Light, Light]:
        rows, columns = np.indices(self.raster, dtype=np.float32)
        return (
            (columns + 0.5 - self.raster[1] / 2) / np.float32(self.scale),
            (rows + 0.5 - self.margin) / np.float32(self.scale),
        )

    @cached_property
    def eye(self) -> float:
        """The horizon as v."""
        return self.horizon * self.tall

    def pixel(self, u: float, v: float) -> tuple[int, int]:
        return round(u * self.scale + self.raster[1] / 2), round(v * self.scale + self.margin)

    def project(self, x: float, y: float, z: float) -> tuple[int, int]:
        """Metres right of, above and before the camera -> px."""
        k = z * FIELD
        return self.pixel(x / k, self.eye - y / k)

    def layer(self) -> Light:
        """Return an empty layer: premultiplied colour and alpha."""
        return np.zeros((*self.raster, 4), np.float32)


FIELD = _SENSOR / _FOCAL
"""Metres across the long side, per metre of distance."""


def blur_disc(distance: float) -> float:
    """Diameter of the thin lens's blur disc as a fraction of the frame's long side; distance in metres."""
    aperture, magnification = _FOCAL / _F_NUMBER, _FOCAL / (_FOCUS - _FOCAL)
    return abs(aperture * magnification * (distance - _FOCUS) / distance) / _SENSOR


def defocus(light: Light, diameter: float) -> Light:
    """Convolve with a disc of `diameter` px whose rim is a little brighter, as of a real lens."""
    radius = diameter / 2
    if radius < 0.6:
        return light
    reach = int(np.ceil(radius))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    from_centre = np.hypot(rows, columns)
    kernel = np.clip(radius + 0.5 - from_centre, 0, 1) * (1 + 0.25 * np.clip(from_centre / radius, 0, 1) ** 4)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    return np.asarray(cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def defocus_by_depth(view: View, light: Light, depth: Light) -> Light:
    """Blur one continuous surface whose distance changes over the picture; `depth` in metres."""
    near, far = (float(value) for value in np.percentile(depth, (1, 99)))
    sizes = np.linspace(blur_disc(near), blur_disc(far), 1 if far < near * 1.15 else 4)
    if len(sizes) == 1:
        return defocus(light, float(sizes[0]) * view.scale)
    disc = np.vectorize(blur_disc, otypes=[np.float32])(np.linspace(near, far, 256))
    sharp = np.interp(np.interp(depth, np.linspace(near, far, 256), disc), sizes, np.arange(4))
    place = cv2.GaussianBlur(sharp.astype(np.float32), (0, 0), 0.01 * view.scale)
    out = np.zeros_like(light)
    for number, size in enumerate(sizes):
        share = np.clip(1 - np.abs(place - number), 0, 1)[..., None]
        out += share * defocus(light, float(size) * view.scale)
    return out


def over(front: Light, back: Light) -> Light:
    """Return a premultiplied RGBA layer over an RGB picture."""
    return front[..., :3] + (1 - front[..., 3:]) * back


def put(view: View, back: Light, front: Light, distance: float) -> Light:
    """Lay a drawn layer, blurred for its distance in metres, over what is behind it."""
    return over(defocus(front, blur_disc(distance) * view.scale), back)


def lab(lightness: float, a: float, b: float) -> Light:
    """CIE L*a*b* (D65) -> linear sRGB."""
    fy = (lightness + 16) / 116
    f = np.array([fy + a / 500, fy, fy - b / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.95047, 1.0, 1.08883)
    return np.clip(_XYZ_TO_RGB @ xyz, 0, None).astype(np.float32)


_XYZ_TO_RGB = np.array([(3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570)])


def to_srgb(light: Light) -> Light:
    """IEC 61966-2-1, 0..1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055).astype(
        np.float32
    )


def chroma(picture: NDArray[np.uint8], percentile: float = 95) -> float:
    """Of a picture, in CIE L*a*b*."""
    values = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return float(np.percentile(np.hypot(values[..., 1], values[..., 2]), percentile))


@dataclass(frozen=True)
class Film:
    """How a scene's light becomes a picture."""

    mean: float
    """Linear luminance that the frame is exposed to."""
    chroma: float
    """Limit of the chroma's 95th percentile, CIE L*a*b*."""
    vignette: float = 0.12


def develop(view: View, light: Light, film: Film, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Crop the margins, expose, roll the highlights off, mute and encode; RGB."""
    edge = view.margin
    light = light[edge : light.shape[0] - edge, edge : light.shape[1] - edge]
    smaller = view.size[0] < light.shape[1]
    light = cv2.resize(light, view.size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    light = np.clip(light, 0, None) * _falloff(view, film.vignette)
    light = _shoulder(_exposed(light, film.mean))
    light = _muted(light, film.chroma)
    dither = rng.normal(0, 0.5, (*light.shape[:2], 1)).astype(np.float32)
    return np.clip(np.round(to_srgb(light) * 255 + dither), 0, 255).astype(np.uint8)


def _falloff(view: View, strength: float) -> Light:
    width, height = view.size
    rows, columns = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    far = (rows * view.tall) ** 2 + (columns * view.wide) ** 2
    return (1 - strength * far / (view.tall**2 + view.wide**2) * 1.6)[..., None].astype(np.float32)


def _exposed(light: Light, mean: float) -> Light:
    """Scale so that the mean after the shoulder comes near `mean`: lights must not darken the room."""
    gain = 1.0
    for _ in range(6):
        gain *= mean / max(float(_luminance(_shoulder(light[::8, ::8] * np.float32(gain))).mean()), 1e-5)
    return light * np.float32(gain)


def _shoulder(light: Light, knee: float = 0.55) -> Light:
    room = 1 - knee
    return np.where(light < knee, light, knee + room * (1 - np.exp(-(light - knee) / room))).astype(
        np.float32
    )


def _muted(light: Light, limit: float) -> Light:
    for _ in range(4):
        found = chroma((to_srgb(light[::4, ::4]) * 255).astype(np.uint8))
        if found <= limit * 0.97:
            break
        grey = _luminance(light)[..., None]
        light = grey + (light - grey) * np.float32(0.96 * limit / found)
    return light


def _luminance(light: Light) -> Light:
    return light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
