"""What the tests of the verbs share beside their fixture."""

import io
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from studio_server.demo.camera import Camera, Pace
from studio_server.demo.frames import plan


def later(house, **span):
    house.clock[0] += timedelta(**span)


@cache
def one_dng() -> bytes:
    with TemporaryDirectory() as folder:
        written = list(Camera(Path(folder), "B0D1", pace=Pace(0, 0)).shoot(plan()[:1]))
        return written[0].path.read_bytes()


def jpeg(seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (60, 45, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).resize((450, 600)).save(out, "JPEG", quality=90)
    return out.getvalue()


def somebody(picture):
    """A coarse mask: somebody fills the middle of the frame."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    away = np.hypot((x / width - 0.5) / 0.3, (y / height - 0.7) / 0.5)
    return np.clip((1 - away) * 12, 0, 1).astype(np.float32)
