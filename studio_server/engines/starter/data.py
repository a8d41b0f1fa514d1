"""What the base learns from: renders seen through a portrait lens, and plainly filled shapes of a person."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.plates.lens import Lens, defocus, developed
from studio_server.engines.plates.sets.textures import clouds
from studio_server.engines.plates.shelf import decode, decode_depth, spoken_light
from studio_server.engines.starter.parts import SIZE

HELD_OUT = 6
"""So many renders of each context, the first ones, are never trained on."""

_QUIET = 18
"""Strength of non-local means (Buades et al., 2005), in levels: sixteen samples a pixel are noisy."""
_log = logging.getLogger(__name__)
_ORDER = [one.id for one in CONTEXTS]


@dataclass(frozen=True)
class Scenes:
    pictures: NDArray[np.uint8]
    """N x H x W x 3, sRGB."""
    contexts: NDArray[np.int64]
    """Index into CONTEXTS, per picture."""
    lights: Sequence[tuple[str, str]]
    """Where each picture's light comes from, in words; and where it does in the mirror."""

    def of(self, context_id: str) -> NDArray[np.uint8]:
        return self.pictures[self.contexts == _ORDER.index(context_id)]


def scenes(directory: Path, *, held_out: bool = False) -> Scenes:
    """Develop the renders in `directory` once, then read what was developed."""
    file = directory / ("held-out.npz" if held_out else "scenes.npz")
    if not file.exists():
        _develop(directory / "renders", file, held_out=held_out)
    with np.load(file) as found:
        lights = [(str(left), str(right)) for left, right in found["lights"]]
        return Scenes(found["pictures"], found["contexts"], lights)


def _develop(renders: Path, file: Path, *, held_out: bool) -> None:
    sheets = [sheet for sheet in sorted(renders.glob("*.json")) if _is_held_out(sheet) == held_out]
    if not sheets:
        raise FileNotFoundError(f"There are no renders in {renders}. Run the verb `render` first.")
    pictures, contexts, lights = [], [], []
    for done, sheet in enumerate(sheets, 1):
        told = json.loads(sheet.read_text())
        pictures.append(_seen(sheet, told))
        contexts.append(_ORDER.index(told["context"]))
        right, up, near = told["key"]
        lights.append([spoken_light((way, up, near), told["kelvin"]) for way in (right, -right)])
        if done % 200 == 0:
            _log.info("%d of %d developed", done, len(sheets))
    half = file.with_suffix(".part.npz")
    np.savez(half, pictures=np.stack(pictures), contexts=np.array(contexts), lights=np.array(lights))
    half.rename(file)


def _is_held_out(sheet: Path) -> bool:
    return int(sheet.stem.rpartition("-")[2]) < HELD_OUT


def _seen(sheet: Path, told: dict[str, Any]) -> NDArray[np.uint8]:
    """A render behind a sitter: quietened, enlarged to the base's height, out of focus, and a part of it."""
    width, height = SIZE
    rng = np.random.default_rng((told["seed"], 4))
    coded = np.asarray(Image.open(sheet.with_suffix(".jpg")).convert("RGB"))
    if told["context"].startswith("studio-"):
        quiet = cv2.GaussianBlur(coded, (0, 0), coded.shape[0] / 90, borderType=cv2.BORDER_REFLECT_101)
    else:
        quiet = cv2.fastNlMeansDenoisingColored(coded, None, _QUIET, _QUIET, 5, 15)
    large = cv2.resize(decode(np.asarray(quiet, np.uint8)), (height, height), interpolation=cv2.INTER_CUBIC)
    metres = Image.open(sheet.with_suffix(".png")).resize((height, height), Image.Resampling.NEAREST)
    lens = Lens(85.0, float(rng.choice([2.0, 2.8, 4.0])), float(rng.uniform(1.6, 2.8)))
    light = defocus(np.asarray(large.clip(0), np.float32), decode_depth(np.asarray(metres)), lens, height)
    left = int(rng.integers(0, height - width + 1))
    dither = rng.uniform(-0.5, 0.5, (height, width))[..., None]
    return developed(light[:, left : left + width], dither)


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
