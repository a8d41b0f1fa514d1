"""A sensor behind a Bayer mosaic, and the development inside the camera: the two directions of one formula.

    recorded = black + (white - black) * neutral * (linear sRGB @ CAMERA.T) + noise

`CAMERA` is what this sensor's dyes make of linear sRGB once white balance is undone; its rows sum to one,
so grey stays grey. `neutral` is what it sees of a white sheet (DNG's AsShotNeutral).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mosaic = NDArray[np.uint16]
Picture = NDArray[np.uint8]

BLACK, WHITE = 512, 16383
CAMERA = np.array([[0.72, 0.25, 0.03], [0.12, 0.76, 0.12], [0.03, 0.22, 0.75]], np.float32)
NEUTRAL = (0.5, 1.0, 0.65)
"""AsShotNeutral in daylight (D65)."""
XYZ_TO_SRGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.969266, 1.8760108, 0.041556],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
"""IEC 61966-2-1, D65."""
COLOUR_MATRIX = np.diag(NEUTRAL) @ CAMERA @ XYZ_TO_SRGB
"""DNG's ColorMatrix1: XYZ under D65 to what the sensor sees."""
SITES = ((0, 0, 0), (1, 0, 1), (1, 1, 0), (2, 1, 1))
"""RGGB: channel, row and column of each site of the mosaic's 2 x 2 cell."""


@dataclass(frozen=True)
class Light:
    """How a frame is lit and exposed."""

    stops: float = 0.0
    key: float = 0.0
    """The key light's fall-off from left (positive) or right (negative), in stops across the frame."""
    neutral: tuple[float, float, float] = NEUTRAL
    noise: float = 1.0
    """1.0 is base sensitivity; grows with the square root of ISO."""


def linear(encoded: NDArray[np.uint8]) -> Floats:
    """Return sRGB values 0-255 as linear light 0-1 (IEC 61966-2-1)."""
    steps = np.arange(256, dtype=np.float32) / 255
    curve = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    found: Floats = curve.astype(np.float32)[encoded]
    return found


def _encoding() -> NDArray[np.uint8]:
    """Return the table from linear light (in 4096 steps) to sRGB values 0-255."""
    light = np.linspace(0, 1, 4096)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    found: Picture = np.rint(encoded * 255).astype(np.uint8)
    return found


ENCODED = _encoding()
BAND = 128
"""Rows."""


def seen(picture: Picture) -> Floats:
    """Return what the sensor sees of an sRGB picture under its own white balance: HxWx3, square-rooted.

    The square root is close to how we see: resampling it rings less at highlights than linear light does.
    """
    found: Floats = np.sqrt(np.clip(linear(picture) @ CAMERA.T, 0, 1)).astype(np.float32)
    return found


def record(
    scene: Floats, frame: NDArray[np.float64], size: tuple[int, int], light: Light, seed: int
) -> Mosaic:
    """Record `scene` (see `seen`) as a mosaic of `size` (width, height; even), uint16.

    `frame` is the 2x3 affine matrix from the mosaic's pixels to the scene's. Each site of the mosaic samples
    its own channel alone, so that a 12-megapixel frame costs 12 million samples and not 36.
    """
    width, height = size
    mosaic = np.empty((height, width), np.uint16)
    rng = np.random.default_rng(seed)
    gain = _gain(light, width // 2, height // 2)
    for channel, row, column in SITES:
        at_site = np.array([[2, 0, column], [0, 2, row], [0, 0, 1]], np.float64)
        plane = cv2.warpAffine(
            np.ascontiguousarray(scene[..., channel]),
            (frame @ at_site).astype(np.float64),
            (width // 2, height // 2),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        exposed = plane * plane * (gain * light.neutral[channel])
        mosaic[row::2, column::2] = _digitised(exposed, light.noise, rng)
    return mosaic


def _gain(light: Light, width: int, height: int) -> Floats:
    """Return the light on each pixel: exposure, and a key light that falls off across the frame."""
    across = np.linspace(0.5, -0.5, width, dtype=np.float32) * light.key
    down = np.linspace(0.08, -0.08, height, dtype=np.float32) * abs(light.key)
    return np.exp2(light.stops + across[None, :] + down[:, None]).astype(np.float32)


def _digitised(exposed: Floats, noise: float, rng: np.random.Generator) -> Mosaic:
    """Return exposure 0-1 as numbers from black to white, with shot noise and read noise."""
    signal = np.clip(exposed, 0, None) * (WHITE - BLACK)
    deviation = noise * np.sqrt(signal * 0.25 + 9)
    grain = rng.standard_normal(signal.shape, np.float32)
    found: Mosaic = np.clip(np.rint(signal + deviation * grain) + BLACK, 0, WHITE).astype(np.uint16)
    return found


def develop(mosaic: Mosaic, neutral: tuple[float, float, float], *, half: bool) -> Picture:
    """Develop inside the camera: sRGB uint8, at half size (one pixel for each 2 x 2 cell) or in full."""
    matrix = np.linalg.inv(CAMERA) / ((WHITE - BLACK) * np.array(neutral, np.float32))
    matrix = np.hstack([matrix, -BLACK * matrix.sum(axis=1, keepdims=True)]) * (len(ENCODED) - 1)
    cells = _cells(mosaic) if half else cv2.cvtColor(mosaic, cv2.COLOR_BayerBG2RGB)
    developed = np.empty(cells.shape, np.uint8)
    for at in range(0, len(cells), BAND):  # in bands, which stay in the processor's cache: twice as fast
        light = cv2.transform(cells[at : at + BAND].astype(np.float32), matrix)
        developed[at : at + BAND] = ENCODED[np.clip(light, 0, len(ENCODED) - 1).astype(np.uint16)]
    return developed


def _cells(mosaic: Mosaic) -> Mosaic:
    """Return one pixel for each 2 x 2 cell, its two greens averaged."""
    green = mosaic[0::2, 1::2] // 2 + mosaic[1::2, 0::2] // 2
    return np.dstack([mosaic[0::2, 0::2], green, mosaic[1::2, 1::2]])
