"""A thin lens behind the camera's record: what is out of focus turns into discs, in linear light."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.engines.plates.shelf import FIELD, Light

_SENSOR = 0.036
_LAYERS = 9
_LARGEST = 0.25
"""Disc, as a fraction of the frame's longer side: 135 mm at f/1.8 before a head that fills the frame."""


@dataclass(frozen=True)
class Lens:
    """What the shot was taken with; the defaults are a portrait lens of a portrait distance."""

    focal_mm: float = 85.0
    f_number: float = 2.8
    subject_m: float = 2.2

    def frame(self, side: int) -> float:
        """Px of the frame's longer side on a plate of `side` px; a wide lens gets all that there is."""
        return min(float(side), side * 36 / (FIELD * self.focal_mm))

    def disc(self, metres: Any) -> Any:  # noqa: ANN401 - numbers or arrays
        """Diameter of the blur disc as a fraction of the frame's longer side (36 mm).

        c = A m |d - s| / d with aperture A = f / N and magnification m = f / (s - f).
        """
        focal = self.focal_mm / 1000
        subject = max(self.subject_m, 4 * focal)
        reach = focal / self.f_number * focal / (subject - focal) / _SENSOR
        return np.clip(reach * np.abs(metres - subject) / metres, 0, _LARGEST)


def defocus(light: Light, depth: Light, lens: Lens, longer: float | None = None) -> Light:
    """Blur by depth: slices in order of distance, each with its disc, the near ones over the far ones.

    `light` is HxWx3 linear, `depth` in metres, `longer` the px of the frame's longer side where it is not
    what the lens would see of a square plate. Keeps the mean light exactly.
    """
    widths = lens.disc(depth) * (longer or lens.frame(light.shape[0]))
    sizes, shares = _slices(depth, np.asarray(widths, np.float32))
    total, weight, free = (
        np.zeros_like(light),
        np.zeros(depth.shape, np.float32),
        np.ones(depth.shape, np.float32),
    )
    for size, share in zip(sizes, shares, strict=True):  # the nearest first
        cover = disc_blur(share, size)
        part = disc_blur(light * share[..., None], size)
        total += part * free[..., None]
        weight += cover * free
        free *= (1 - cover).clip(0, 1)
    out = total / np.maximum(weight, 1e-4)[..., None]
    return np.asarray(out * (light.mean(axis=(0, 1)) / np.maximum(out.mean(axis=(0, 1)), 1e-6)), np.float32)


def _slices(depth: Light, widths: Light) -> tuple[list[float], list[Light]]:
    """Cut the scene into slices of like blur: the disc of each in px, and who belongs to it (0-1)."""
    near = 1 / depth
    low, high = float(near.min()), float(near.max())
    if high - low < 0.01 * high:
        return [float(np.median(widths))], [np.ones_like(depth)]
    place = (high - near) / (high - low) * (_LAYERS - 1)
    sizes, shares = [], []
    for number in range(_LAYERS):
        share = np.asarray(np.clip(1 - np.abs(place - number), 0, 1), np.float32)
        held = float(share.sum())
        if held > 0:
            sizes.append(float((widths * share).sum() / held))
            shares.append(share)
    return sizes, shares


def disc_blur(values: Light, diameter: float) -> Light:
    """Convolve with a disc of `diameter` px whose rim is a little brighter, as of a real lens."""
    radius = diameter / 2
    if radius < 0.6:
        return values
    reach = int(np.ceil(radius))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    middle = np.hypot(rows, columns)
    kernel = np.clip(radius + 0.5 - middle, 0, 1) * (1 + 0.22 * np.clip(middle / radius, 0, 1) ** 4)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    return np.asarray(cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REFLECT_101), np.float32)


def luminance(light: Light) -> Light:
    return np.asarray(light @ np.array([0.2126, 0.7152, 0.0722], np.float32), np.float32)


def shoulder(light: Light, knee: float = 0.6) -> Light:
    """Roll highlights off towards 1, the tones below the knee untouched."""
    room = 1 - knee
    over = knee + room * (1 - np.exp(-(np.maximum(light, knee) - knee) / room))
    return np.asarray(np.where(light < knee, light, over), np.float32)


def developed(light: Light, dither: NDArray[np.float64] | float = 0.0) -> NDArray[np.uint8]:
    """Linear light -> sRGB (IEC 61966-2-1); `dither` in levels is added before rounding."""
    tone = shoulder(light).clip(0, 1)
    coded = np.where(tone <= 0.0031308, 12.92 * tone, 1.055 * np.power(tone, 1 / 2.4) - 0.055)
    return np.asarray(np.rint(coded * 255 + dither).clip(0, 255), np.uint8)


def chroma95(picture: NDArray[np.uint8]) -> float:
    """CIE Lab chroma that 95 % of a picture stay below."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95))
