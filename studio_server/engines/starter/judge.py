"""What the base has earned: renders it never saw, repainted at rising strengths and measured.

Measured is what the product uses: the change that the base makes, softened, over the plate itself.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import StableDiffusionInpaintPipeline
from numpy.typing import NDArray

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.plates.lens import chroma95
from studio_server.engines.starter.data import Scenes
from studio_server.engines.starter.distance import Picture, Reference
from studio_server.engines.starter.parts import SOFTNESS

_log = logging.getLogger(__name__)

STRENGTHS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)

_MOTTLE, _CHROMA, _COLOUR, _DISTANCE = 1.0, 1.25, 2.5, 1.01
"""Limits: mottle as below; chroma and distance relative to the plates'; colour in standard deviations."""

_SEEN, _HIDDEN = 0.8, 0.25
"""Clouds show on a smooth ground from 0.8 L* on; structure hides up to a quarter of its own spread."""

_SOFT, _WIDE = SOFTNESS, 1 / 8
"""Of the longer side: finer than the first is never taken, wider than the other is light."""


@dataclass(frozen=True)
class Row:
    """One context at one strength; the worst of its plates, and the distance of all of them."""

    context: str
    strength: float
    mottle: float
    """Clouds laid over the plate relative to what would show there; 95th percentile."""
    chroma: float
    """95th percentile, relative to the plate's."""
    colour: float
    """Distance of the mean colour (CIE L*a*b*) from the renders' own, in their standard deviations."""
    distance: float
    """Fréchet's distance to the renders, relative to the plates' own."""

    @property
    def clean(self) -> bool:
        calm = self.mottle <= _MOTTLE and self.chroma <= _CHROMA
        return calm and self.colour <= _COLOUR and self.distance <= _DISTANCE


def judge(weights: Path, sheet: Path, known: Scenes, held_out: Scenes, how: tuple[int, float]) -> list[Row]:
    """Measure the base in `weights` on renders it never saw, and write a contact sheet.

    `known`: what it was trained on, which tells how a context looks. `how`: steps and guidance. In the sheet
    two lines a context: the plate and what becomes of it at each strength; below, the base's own picture.
    """
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(
        weights, dtype=torch.float32, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    rows, lines = [], []
    for number, context in enumerate(CONTEXTS):
        look, plates = _Look(list(known.of(context.id))), list(held_out.of(context.id))
        said = [
            f"{context.prompt}, {light}"
            for (light, _), place in zip(held_out.lights, held_out.contexts, strict=True)
            if place == number
        ]
        seen = [_as_seen(pipeline, plate) for plate in plates]
        line, raw = [plates[0]], [seen[0]]
        for strength in STRENGTHS:
            painted = [
                _repainted(pipeline, said[seed], (plate, seed), (strength, *how))
                for seed, plate in enumerate(plates)
            ]
            used = [_as_used(*three) for three in zip(plates, seen, painted, strict=True)]
            rows.append(look.row(context.id, strength, plates, used))
            _log.info("%s", rows[-1])
            line.append(used[0])
            raw.append(painted[0])
        lines += [np.hstack(line), np.hstack(raw)]
        cv2.imwrite(str(sheet), np.vstack(lines)[..., ::-1])
    return rows


def earned(rows: Sequence[Row]) -> dict[str, float]:
    """Return per context the highest strength up to which every one is clean; 0 where none is."""
    strengths: dict[str, float] = {}
    failed: set[str] = set()
    for row in sorted(rows, key=lambda row: row.strength):
        strengths.setdefault(row.context, 0.0)
        if not row.clean:
            failed.add(row.context)
        elif row.context not in failed:
            strengths[row.context] = row.strength
    return strengths


def _tensor(picture: Picture) -> torch.Tensor:
    return torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
def _as_seen(pipeline: StableDiffusionInpaintPipeline, picture: Picture) -> Picture:
    """Return the picture after the autoencoder alone."""
    latents = pipeline.vae.encode(_tensor(picture) * 2 - 1).latent_dist.mode()
    return _bytes((pipeline.vae.decode(latents).sample[0] / 2 + 0.5).permute(1, 2, 0).numpy())


def _bytes(light: NDArray[Any]) -> Picture:
    return np.clip(np.round(light * 255), 0, 255).astype(np.uint8)


def _repainted(
    pipeline: StableDiffusionInpaintPipeline,
    prompt: str,
    start: tuple[Picture, int],
    how: tuple[float, int, float],
) -> Picture:
    plate, seed = start
    strength, steps, guidance = how
    found = pipeline(
        prompt=prompt,
        image=_tensor(plate),
        mask_image=torch.ones(1, 1, *plate.shape[:2]),
        width=plate.shape[1],
        height=plate.shape[0],
        strength=strength,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
    )
    return _bytes(found.images[0])


def _as_used(plate: Picture, seen: Picture, painted: Picture) -> Picture:
    change = painted.astype(np.float32) - seen
    return np.clip(np.round(plate + _blurred(change, _SOFT)), 0, 255).astype(np.uint8)


def _blurred(values: NDArray[Any], share: float) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), share * max(values.shape)))


class _Look:
    """How a context looks, known from many renders of it."""

    def __init__(self, renders: Sequence[Picture]) -> None:
        means = np.stack([_mean_lab(picture) for picture in renders])
        self._mean, self._spread = means.mean(0), np.maximum(means.std(0), 2.0)
        self._reference = Reference(renders)

    def row(
        self, context_id: str, strength: float, plates: Sequence[Picture], used: Sequence[Picture]
    ) -> Row:
        away = [((_mean_lab(each) - self._mean) / self._spread) ** 2 for each in used]
        pairs = list(zip(plates, used, strict=True))
        return Row(
            context_id,
            strength,
            mottle=max(_mottle(before, after) for before, after in pairs),
            chroma=max((chroma95(after) + 2) / (chroma95(before) + 2) for before, after in pairs),
            colour=float(np.sqrt(np.max([one.mean() for one in away]))),
            distance=self._reference.distance(used) / self._reference.distance(plates),
        )


def _lab(picture: Picture) -> NDArray[Any]:
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab))


def _mean_lab(picture: Picture) -> NDArray[Any]:
    return np.asarray(_lab(picture).mean((0, 1)))


def _mottle(plate: Picture, used: Picture) -> float:
    """Compare spreads of L* between 1/64 and 1/8 of the longer side, over neighbourhoods of 1/16."""
    before, change = _lab(plate)[..., 0], _lab(used)[..., 0] - _lab(plate)[..., 0]
    structure, clouds = (_local_spread(values - _blurred(values, _WIDE)) for values in (before, change))
    return float(np.percentile(clouds / (_SEEN + _HIDDEN * structure), 95))


def _local_spread(values: NDArray[Any]) -> NDArray[Any]:
    return np.sqrt(_blurred(values**2, 1 / 16))
