"""What a shot sees of a plate: which one, which part of it, and how far out of focus."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from studio_server.engines.plates.lens import Lens, defocus, developed
from studio_server.engines.plates.shelf import Light, Plate, Record, load, plates_of
from studio_server.imaging.light import FaceLight

_EYES = 0.42
_HEAD = 0.18
"""Metres: a head with its hair, from side to side."""
_NEAREST, _FARTHEST = 0.9, 4.0
"""Metres between which a sitter is believed to be."""
_SLACK = 0.02
"""Of the frame's height: so far from the eyes the horizon may lie before less of the plate is shown."""
_SIDED = 0.3
"""Of a key's unit vector: so far to a side it comes from that side."""


@dataclass(frozen=True)
class Frame:
    shape: Sequence[int]
    """Height and width of the shot, in any px."""
    lens: Lens = field(default_factory=Lens)
    eyes: float = _EYES
    """Height of the sitter's eyes as a fraction of the frame's, from the top."""
    found: bool = False
    """Whether a head was found, so that distance and eyes are more than an assumption."""


@dataclass(frozen=True)
class Place:
    """What is behind the sitter: HxWx3 sRGB in the frame's aspect, and the record of what is seen."""

    picture: NDArray[np.uint8]
    record: Record
    horizon: float
    """Its height in the frame as a fraction of the frame's, from the top."""
    sharp: Light
    """The same part of the plate before the lens: HxWx3 linear."""
    depth: Light
    """Its metres, HxW."""

    def mirrored(self) -> "Place":
        picture, sharp, depth = (
            np.ascontiguousarray(each[:, ::-1]) for each in (self.picture, self.sharp, self.depth)
        )
        turned = replace(self, record=self.record.mirrored(), picture=np.asarray(picture, np.uint8))
        return replace(turned, sharp=np.asarray(sharp, np.float32), depth=np.asarray(depth, np.float32))


def frame_of(
    alpha: NDArray[np.float32], focal_mm: float | None, f_number: float | None, eyes: float | None = None
) -> Frame:
    """Read the sitter's distance and eyes off their matte (HxW, 0-1) and the EXIF (None: 85 mm, f/2.8).

    `eyes`: their height as a fraction of the frame's where a face was looked for; it outdoes the matte's.
    """
    focal = float(np.clip(focal_mm or 85.0, 24, 400))
    stop = float(np.clip(f_number or 2.8, 1.0, 22))
    head = _head(alpha)
    if head is None:
        return Frame(alpha.shape, Lens(focal, stop), eyes or _EYES, found=eyes is not None)
    top, wide = head
    distance = focal / 1000 * _HEAD / (wide / max(alpha.shape) * 0.036)
    lens = Lens(focal, stop, float(np.clip(distance, _NEAREST, _FARTHEST)))
    guessed = (top + 0.64 * wide) / alpha.shape[0]
    return Frame(alpha.shape, lens, float(np.clip(eyes or guessed, 0.1, 0.7)), found=True)


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


def behind(context: str, seed: int, frame: Frame, light: FaceLight | None = None) -> Place:
    """Choose a plate of the context, mirror or not, and look at it through the shot's lens.

    With the `light` on the sitter's face the key comes from their side, as far as the context has such a
    plate. The same arguments give the same bytes. Raises NotFound, EngineUnavailable.
    """
    choices = agreeing(plates_of(context), light)
    luck = np.random.default_rng(seed)
    plate = load(choices[seed % len(choices)].id)
    if faces_away(plate.record, light, by_luck=luck.random() < 0.5):
        plate = plate.mirrored()
    top, left, height, width = _window(plate, frame, float(luck.random()))
    soft = defocus(plate.light, plate.depth, frame.lens, max(height, width))
    seen = np.s_[top : top + height, left : left + width]
    dither = luck.uniform(-0.5, 0.5, (height, width))[..., None]
    horizon = (plate.record.horizon * plate.light.shape[0] - top) / height
    return Place(
        developed(soft[seen], dither),
        plate.record,
        horizon,
        plate.light[seen].copy(),
        plate.depth[seen].copy(),
    )


def agreeing(choices: Sequence[Record], light: FaceLight | None) -> Sequence[Record]:
    """Keep the plates whose key has a side where the face's plainly has one; all of them where none has."""
    if light is None or not light.clear:
        return choices
    return [record for record in choices if side_of(record) != "front"] or choices


def side_of(record: Record) -> str:
    """Left, right or front; a light from above is no side."""
    across = record.key[0]
    return "front" if abs(across) < _SIDED else "right" if across > 0 else "left"


def faces_away(record: Record, light: FaceLight | None, *, by_luck: bool) -> bool:
    """Whether the plate is to be mirrored: by luck, unless both lights have a side."""
    if light is None or "front" in {light.side, side_of(record)}:
        return by_luck
    return light.side != side_of(record)


def _window(plate: Plate, frame: Frame, luck: float) -> tuple[int, int, int, int]:
    """Top, left, height and width of what is seen: the horizon at the sitter's eyes.

    Where the plate ends too soon above or below, less of it is shown, and so larger.
    """
    side, horizon = plate.light.shape[0], plate.record.horizon
    tall = frame.shape[0] / max(frame.shape)
    above = horizon * side / max(1e-3, frame.eyes - _SLACK)
    below = (1 - horizon) * side / max(1e-3, 1 - frame.eyes - _SLACK)
    longer = min(frame.lens.frame(side), above / tall, below / tall)
    height, width = (max(1, round(longer * each / max(frame.shape))) for each in frame.shape[:2])
    top = round(np.clip(horizon * side - frame.eyes * height, 0, side - height))
    return top, round(luck * (side - width)), height, width
