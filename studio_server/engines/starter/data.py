"""What the base learns from: rendered scenes, and silhouettes of a person, plainly filled."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.engines.starter.parts import SIZE
from studio_server.engines.starter.rooms import clouds
from studio_server.engines.starter.scenes import KNOWN, render

HELD_OUT = 10_000
"""Seeds from here on are never trained on."""


@dataclass(frozen=True)
class Scenes:
    pictures: NDArray[np.uint8]
    """N x H x W x 3."""
    contexts: NDArray[np.int64]
    """Index into KNOWN, per picture."""


def scenes(directory: Path, per_context: int) -> Scenes:
    """Render once, then read from `directory`."""
    file = directory / f"scenes-{per_context}.npz"
    if not file.exists():
        seeds = [(number, seed) for seed in range(per_context) for number in range(len(KNOWN))]
        pictures = np.stack([render(KNOWN[number].id, seed, SIZE).picture for number, seed in seeds])
        directory.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".part.npz")
        np.savez(half, pictures=pictures, contexts=np.array([number for number, _ in seeds]))
        half.rename(file)
    with np.load(file) as found:
        return Scenes(found["pictures"], found["contexts"])


def person(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw a plain filled shape where somebody would stand, and where it lies: picture and silhouette, H x W.

    Head, neck and shoulders in flat gradients; never a face, so that the base cannot learn one.
    """
    width, height = SIZE
    shape = np.zeros((height, width), np.uint8)
    head = rng.uniform(0.10, 0.19) * height
    x, y = width * rng.uniform(0.35, 0.65), height * rng.uniform(0.25, 0.50)
    _oval(shape, (x, y), (head * 0.78, head), rng.normal(0, 6))
    shoulder = y + head * rng.uniform(1.25, 1.5)
    _oval(shape, (x, shoulder + head * 1.6), (head * rng.uniform(1.7, 2.5), head * 1.7), rng.normal(0, 4))
    cv2.rectangle(
        shape, (round(x - head * 0.4), round(y)), (round(x + head * 0.4), round(shoulder + head)), 255, -1
    )
    cv2.rectangle(
        shape,
        (round(x - head * 1.9), round(shoulder + head * 1.7)),
        (round(x + head * 1.9), height),
        255,
        -1,
    )
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    tilt = rng.normal(0, 0.25, 2)
    tones = rng.uniform(0.05, 0.85, 3) * 0.3 + rng.uniform(0.02, 0.9) * 0.7
    light = (1 + tilt[0] * rows + tilt[1] * columns + 0.08 * clouds((height, width), 6, rng))[
        ..., None
    ] * tones
    return (np.clip(light, 0, 1) * 255).astype(np.uint8), shape > 0


def _oval(shape: NDArray[np.uint8], at: tuple[float, float], axes: tuple[float, float], turn: float) -> None:
    cv2.ellipse(shape, (at, (2 * axes[0], 2 * axes[1]), float(turn)), 255, -1)
