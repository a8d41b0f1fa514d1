"""What a shot sees of a plate: which one, which part of it, and how far out of focus."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from studio_server.engines.plates.lens import Lens, defocus, developed
from studio_server.engines.plates.shelf import Plate, Record, load, plates_of

_EYES = 0.42
_HEAD = 0.18
"""Metres: a head with its hair, from side to side."""
_NEAREST, _FARTHEST = 0.9, 4.0
"""Metres between which a sitter is believed to be."""


@dataclass(frozen=True)
class Frame:
    shape: Sequence[int]
    """Height and width of the shot, in any px."""
    lens: Lens = field(default_factory=Lens)
    eyes: float = _EYES
    """Height of the sitter's eyes as a fraction of the frame's, from the top."""


@dataclass(frozen=True)
class Place:
    """What is behind the sitter: HxWx3 sRGB in the frame's aspect, and the record of what is seen."""

    picture: NDArray[np.uint8]
    record: Record


def frame_of(alpha: NDArray[np.float32], focal_mm: float | None, f_number: float | None) -> Frame:
    """Read the sitter's distance and eyes off their matte (HxW, 0-1) and the EXIF (None: 85 mm, f/2.8)."""
    focal = float(np.clip(focal_mm or 85.0, 24, 400))
    stop = float(np.clip(f_number or 2.8, 1.0, 22))
    head = _head(alpha)
    if head is None:
        return Frame(alpha.shape, Lens(focal, stop))
    top, wide = head
    distance = focal / 1000 * _HEAD / (wide / max(alpha.shape) * 0.036)
    lens = Lens(focal, stop, float(np.clip(distance, _NEAREST, _FARTHEST)))
    return Frame(alpha.shape, lens, float(np.clip((top + 0.64 * wide) / alpha.shape[0], 0.1, 0.7)))


def _head(alpha: NDArray[np.float32]) -> tuple[int, float] | None:
    """Top row and width of the head, px: the widest row of what lies within 0.9 of that width of the top."""
    widths = (alpha > 0.5).sum(axis=1)
    rows = np.flatnonzero(widths > 0.02 * alpha.shape[1])
    if len(rows) < 10:
        return None
    top = int(rows[0])
    wide = float(widths[top : top + max(3, alpha.shape[0] // 40)].max())
    for _ in range(12):
        wide = float(widths[top : top + max(3, round(0.9 * wide))].max())
    plausible = 0.04 * max(alpha.shape) < wide < 0.75 * alpha.shape[1]
    return (top, wide) if plausible and top > 0 else None


def behind(context: str, seed: int, frame: Frame) -> Place:
    """Choose a plate of the context, mirror or not, and look at it through the shot's lens.

    The same arguments give the same bytes. Raises NotFound, EngineUnavailable.
    """
    choices = plates_of(context)
    luck = np.random.default_rng(seed)
    plate = load(choices[seed % len(choices)].id)
    if luck.random() < 0.5:
        plate = plate.mirrored()
    soft = defocus(plate.light, plate.depth, frame.lens)
    top, left, height, width = _window(plate, frame, float(luck.random()))
    seen = soft[top : top + height, left : left + width]
    dither = luck.uniform(-0.5, 0.5, seen.shape[:2])[..., None]
    return Place(developed(seen, dither), plate.record)


def _window(plate: Plate, frame: Frame, luck: float) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is seen: the horizon at the sitter's eyes, if it can be."""
    side = plate.light.shape[0]
    longer = frame.lens.frame(side)
    height, width = (max(1, round(longer * each / max(frame.shape))) for each in frame.shape[:2])
    top = round(np.clip(plate.record.horizon * side - frame.eyes * height, 0, side - height))
    return top, round(luck * (side - width)), height, width
