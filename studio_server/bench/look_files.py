"""RAW files with a face, as the demo's camera writes them, and as a camera with a look of its own would."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from studio_server.demo.camera import expose
from studio_server.demo.dng import Exposure, dng
from studio_server.demo.frames import Expected, plan
from studio_server.imaging.pixels import Picture

TONE, SATURATION, ORANGE = 0.8, 1.25, 0.06
CROP, BEND = 0.97, 0.04
"""What is shown of the frame, and how much its corners are drawn in, as a wide lens is corrected."""
TAKEN = datetime(2026, 3, 4, 15, 16, 17, tzinfo=UTC)


def portraits(folder: Path, how_many: int = 8) -> Iterator[Path]:
    """Write the demo's portraits that carry a preview, each second one by a camera with its own look."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = [frame for frame in plan() if frame.preview and frame.expected is Expected.GOOD]
    for number, frame in enumerate(frames[:how_many]):
        exposed = expose(frame, number)
        assert exposed.preview is not None
        own = number % 2 == 1
        preview = with_a_look(exposed.preview) if own else exposed.preview
        path = folder / f"{'LOOK' if own else 'DEMO'}{number:02d}.DNG"
        path.write_bytes(
            dng(exposed.mosaic, Exposure(TAKEN, frame.orientation), preview, frame.light.neutral)
        )
        yield path


def with_a_look(picture: Picture) -> Picture:
    """Another tone, more colour, reds turned to orange, less of the frame, and a lens corrected."""
    return _with_colours(_bent(picture))


def _with_colours(picture: Picture) -> Picture:
    shown = 255 * (picture.astype(np.float32) / 255) ** TONE
    grey = shown.mean(axis=2, keepdims=True)
    shown = grey + (shown - grey) * SATURATION
    shown[..., 1] += ORANGE * (shown[..., 0] - shown[..., 2]).clip(0)
    return np.asarray(shown.clip(0, 255), np.uint8)


def _bent(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = columns - (width - 1) / 2, rows - (height - 1) / 2
    grown = CROP + BEND * (x**2 + y**2) / max(height, width) ** 2
    there = (np.asarray(x * grown + (width - 1) / 2), np.asarray(y * grown + (height - 1) / 2))
    return np.asarray(cv2.remap(picture, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)
