"""What a photograph of a place tells of it: the horizon, the key's side, the colour of its light, its focus.

Every figure is a first guess with how sure it is; the photographer looks at it and says what holds. Nobody
is looked for in the picture.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.domain.errors import Unreadable
from studio_server.domain.plate import Certainty, Estimate, Side
from studio_server.imaging.pixels import TO_XYZ, Picture, lab_of, linear_of, shrink

LEAST, MOST = 1200, 3200
"""Px of the long side: less would be seen to be enlarged behind a 12-megapixel shot; more is not kept."""
SIDE = 800
"""Px of the copy that is measured."""
USUAL_HORIZON = 0.42
"""Where nothing is found: eyes a little above the middle of the picture, as most rooms are photographed."""
_SHORTEST = 0.035
"""Of the longer side: shorter segments point anywhere."""
_MOST = 150
"""Segments, the longest: leaves and grain give thousands of short ones."""
_SLANT = np.radians([4.0, 72.0])
"""Lines that are nearly level or upright say nothing of the row on which they meet the horizon."""
_MISS = np.radians(1.3)
_SOFT = 0.22
"""Share of fine detail among all detail below which a photograph is out of focus already."""
_MIDDLE, _SPREAD = 0.5, 0.25
"""Where horizons of photographed places lie, as a fraction of the height: before any line is looked at."""
_ROWS = np.linspace(-0.1, 1.1, 121)
_COLUMNS = np.linspace(-1.0, 2.0, 91)


@dataclass(frozen=True)
class _Lines:
    """Slanting segments: middles in px, unit directions, lengths in px."""

    middle: NDArray[np.float64]
    way: NDArray[np.float64]
    length: NDArray[np.float64]


def prepared(picture: Picture) -> Picture:
    """Return it at the size that is kept. Raises Unreadable where it is too small to stand behind anybody."""
    height, width = picture.shape[:2]
    if max(height, width) < LEAST:
        raise Unreadable(
            f"This picture has {width} by {height} pixels, too few to stand behind a portrait. "
            f"Send one whose longer side has at least {LEAST}."
        )
    if min(height, width) < LEAST / 3:
        raise Unreadable(
            f"This picture is a strip of {width} by {height} pixels, and a portrait does not fit into it. "
            "Send one that is less than three times as long as it is high."
        )
    return shrink(picture, MOST)


def estimate(picture: Picture) -> Estimate:
    """Measure a photograph of a place (HxWx3 uint8 sRGB, right side up)."""
    small = shrink(picture, SIDE)
    horizon, horizon_sure = find_horizon(small)
    light, light_sure = find_light(small)
    kelvin, kelvin_sure = find_kelvin(small)
    soft = fine_detail(picture) < _SOFT
    return Estimate(horizon, horizon_sure, light, light_sure, kelvin, kelvin_sure, soft)


def find_horizon(small: Picture) -> tuple[float, Certainty]:
    """Return the row of the horizon as a fraction of the height, from the top.

    Level lines of a room run to vanishing points that all lie on the horizon of a camera held level. Each
    point of a grid is voted for by the segments that point at it; the row that wins is the horizon.
    """
    height, width = small.shape[:2]
    lines = _slanting(small)
    if len(lines.length) < 6:
        return USUAL_HORIZON, Certainty.GUESS
    best = _votes(lines, width, height).max(axis=1)
    share = best / lines.length.sum()
    likely = best * np.exp(-0.5 * ((_ROWS - _MIDDLE) / _SPREAD) ** 2)
    row = int(likely.argmax())
    rival = float(likely[np.abs(_ROWS - _ROWS[row]) > 0.06].max() / likely[row])
    if share[row] < 0.25 or rival > 0.9:
        return USUAL_HORIZON, Certainty.GUESS
    fine = _refined(lines, width, height, _ROWS[row])
    sure = len(lines.length) >= 8 and share[row] > 0.45 and rival < 0.7
    return round(fine, 3), Certainty.SURE if sure else Certainty.FAIR


def _slanting(small: Picture) -> _Lines:
    calm = cv2.GaussianBlur(cv2.medianBlur(small, 5), (0, 0), 0.8)  # noise cuts long lines into short ones
    grey = cv2.cvtColor(calm, cv2.COLOR_RGB2GRAY)
    found: Any = cv2.createLineSegmentDetector().detect(grey)[0]
    ends = np.zeros((0, 4)) if found is None else np.asarray(found, np.float64).reshape(-1, 4)
    along = ends[:, 2:] - ends[:, :2]
    length = np.hypot(along[:, 0], along[:, 1])
    slant = np.arctan2(np.abs(along[:, 1]), np.abs(along[:, 0]))
    kept = (length > _SHORTEST * max(small.shape)) & (slant > _SLANT[0]) & (slant < _SLANT[1])
    middle = (ends[:, :2] + ends[:, 2:])[kept] / 2
    longest = np.argsort(-length[kept])[:_MOST]
    return _Lines(middle[longest], (along[kept] / length[kept, None])[longest], length[kept][longest])


def _votes(lines: _Lines, width: int, height: int, rows: NDArray[np.float64] = _ROWS) -> NDArray[np.float64]:
    """Rows x columns: the summed length of the segments that point at each vanishing point."""
    at = np.stack(np.meshgrid(_COLUMNS * width, rows * height), axis=-1)
    apart = at[:, :, None] - lines.middle
    distance = np.maximum(np.hypot(apart[..., 0], apart[..., 1]), 1.0)
    miss = np.abs(apart[..., 0] * lines.way[:, 1] - apart[..., 1] * lines.way[:, 0]) / distance
    beyond = distance > 0.5 * lines.length  # a point on the segment itself is no vanishing point of it
    return np.asarray((np.exp(-0.5 * (miss / _MISS) ** 2) * beyond * lines.length).sum(axis=2))


def _refined(lines: _Lines, width: int, height: int, row: float) -> float:
    near = np.linspace(row - 0.02, row + 0.02, 21)
    best = _votes(lines, width, height, near).max(axis=1)
    weight = best**8
    return float((near * weight).sum() / weight.sum())


def find_light(small: Picture) -> tuple[Side, Certainty]:
    """Return where the key seems to come from: the side to which the brightest parts and the light lean."""
    grey = cv2.GaussianBlur(lab_of(small)[..., 0], (0, 0), max(small.shape) / 60)
    across = np.linspace(-1, 1, grey.shape[1])[None]
    down = np.linspace(-1, 1, grey.shape[0])[:, None]
    bright = np.maximum(grey - np.percentile(grey, 70), 0)
    weight = bright / max(float(bright.sum()), 1e-6)
    lean = float((weight * across).sum())
    height = -float((weight * down).sum())
    if abs(lean) < 0.12:
        above = height > 0.45
        return (Side.ABOVE if above else Side.FRONT), Certainty.GUESS
    return (Side.RIGHT if lean > 0 else Side.LEFT), Certainty.SURE if abs(lean) > 0.4 else Certainty.FAIR


def find_kelvin(small: Picture) -> tuple[int, Certainty]:
    """Return the correlated colour temperature of the bright neutrals (McCamy 1992), 2500 to 9000 K."""
    lab = lab_of(small)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    lit = (lab[..., 0] > np.percentile(lab[..., 0], 55)) & (small.max(axis=2) < 253)
    neutral = lit & (chroma < 22)
    share = float(neutral.mean())
    chosen = neutral if share > 0.02 else np.ones_like(neutral)
    sure = Certainty.FAIR if share > 0.15 else Certainty.GUESS
    return _temperature(small[chosen]), sure


def _temperature(pixels: NDArray[np.uint8]) -> int:
    x, y, z = TO_XYZ @ np.maximum(linear_of(pixels).mean(axis=0), 1e-6)
    along = (x / (x + y + z) - 0.3320) / (0.1858 - y / (x + y + z))
    kelvin = 449 * along**3 + 3525 * along**2 + 6823.3 * along + 5520.33
    return int(np.clip(round(kelvin / 50) * 50, 2500, 9000))


def fine_detail(picture: Picture) -> float:
    """Share of the finest octave in the detail of the sharpest parts, at 1600 px on the long side."""
    grey = cv2.cvtColor(shrink(picture, 1600), cv2.COLOR_RGB2GRAY).astype(np.float32)
    soft, softer = cv2.GaussianBlur(grey, (0, 0), 1.2), cv2.GaussianBlur(grey, (0, 0), 5)
    fine, coarse = np.abs(grey - soft), np.abs(soft - softer)
    edges = coarse > np.percentile(coarse, 95)
    return float(fine[edges].mean() / max(float(coarse[edges].mean()), 1e-6))
