"""The plain loop: what a library's example script does with a LoRA, with the same base and targets as ours.

Every step encodes its pictures with the VAE and its captions with the text encoders, in one batch, then asks
the denoiser, takes the mean squared error and lets AdamW learn from it. Pictures lie in memory, as if a
data loader had been faster than the loop.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.training_utils import cast_training_params
from peft import LoraConfig

from studio_server.engines.bases import Base
from studio_server.engines.families.interface import Batch, Words
from studio_server.engines.picks import Crop
from studio_server.engines.recipe import Recipe


@dataclass(frozen=True)
class Spent:
    """Seconds of one step."""

    whole: float
    denoiser: float
    """Forward, backward and optimiser: what no cache can save."""


class PlainLoop:
    """Not resumable and keeps nothing: it is there to be timed."""

    def __init__(self, base: Base, views: Sequence[Crop], recipe: Recipe) -> None:
        self._base, self._recipe = base, recipe
        self._captions = [view.caption for view in views]
        pictures = torch.stack([torch.from_numpy(view.picture.copy()) for view in views])
        self._pictures = (pictures.float() / 127.5 - 1).permute(0, 3, 1, 2)
        self._masks = torch.stack([torch.from_numpy(~view.person)[None].float() for view in views])
        targets = base.architecture.lora_targets(base.denoiser)
        base.denoiser.add_adapter(LoraConfig(r=recipe.rank, lora_alpha=recipe.rank, target_modules=targets))
        cast_training_params(base.denoiser, torch.float32)
        for part in (*base.architecture.encoders, base.architecture.part):
            getattr(base.pipeline, part).to(base.device)
        self._learnt = [weight for weight in base.denoiser.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(self._learnt, lr=recipe.learning_rate, weight_decay=1e-2)

    def step(self) -> Spent:
        started = clock(self._base)
        base, count = self._base, self._recipe.batch
        rows = torch.randint(len(self._captions), (count,))
        batch = self._encoded(rows)
        noise = torch.randn(batch.latents.shape).to(base.device)
        times = base.architecture.drawn_times(base.pipeline, count, torch.default_generator).to(base.device)
        encoded = clock(base)
        predicted, target = base.architecture.predict(base.pipeline, batch, noise, times)
        torch.nn.functional.mse_loss(predicted, target).backward()
        torch.nn.utils.clip_grad_norm_(self._learnt, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        ended = clock(base)
        return Spent(ended - started, ended - encoded)

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is skipped by mypy
    def _encoded(self, rows: torch.Tensor) -> Batch:
        base = self._base
        pictures, masks = self._pictures[rows].to(base.device), self._masks[rows].to(base.device)
        words = _words(base, [self._captions[row] for row in rows.tolist()])
        latents = _latents(base, pictures)
        conditions = latents[:, :0]
        if base.family.name != "klein" and base.denoiser.config.in_channels > latents.shape[1]:
            small = torch.nn.functional.interpolate(masks, size=latents.shape[-2:])
            conditions = torch.cat([small, _latents(base, pictures * (masks < 0.5))], dim=1)
        return Batch(latents, conditions, words.texts, words.pooled)


def _latents(base: Base, pictures: torch.Tensor) -> torch.Tensor:
    """In one batch, as the scripts do; ours reads picture by picture, once."""
    vae = base.pipeline.vae
    pictures = pictures.to(vae.dtype)
    if base.family.name == "klein":
        return base.pipeline._encode_vae_image(pictures, generator=None).float()  # noqa: SLF001 - no public name
    return (vae.encode(pictures).latent_dist.sample() * vae.config.scaling_factor).float()


def _words(base: Base, captions: list[str]) -> Words:
    pipeline: Any = base.pipeline
    if base.family.name == "sdxl":
        found = pipeline.encode_prompt(captions, device=base.device, do_classifier_free_guidance=False)
        return Words(found[0], found[2])
    if base.family.name == "klein":
        layers = pipeline.text_encoder.config.num_hidden_layers
        texts = pipeline.encode_prompt(
            captions,
            device=base.device,
            text_encoder_out_layers=tuple(quarter * layers // 4 for quarter in (1, 2, 3)),
        )[0]
    else:
        texts = pipeline.encode_prompt(captions, base.device, 1, do_classifier_free_guidance=False)[0]
    return Words(texts, texts.new_zeros((len(captions), 0)))


def clock(base: Base) -> float:
    """Seconds; on a GPU, when it has done what it was told so far."""
    if base.device.type == "cuda":
        torch.cuda.synchronize(base.device)
    return time.perf_counter()
