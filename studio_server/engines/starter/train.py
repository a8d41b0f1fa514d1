"""Scenes -> a small autoencoder -> a small inpainting UNet with its text encoder -> exported weights.

Read from `train` downwards. Both stages have a share of the minutes, and go on from a checkpoint.
"""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.training_utils import EMAModel
from torch.nn import functional

from studio_server.engines.starter.data import Scenes, person, scenes
from studio_server.engines.starter.head_start import hold_anchor
from studio_server.engines.starter.parts import FACTOR, Parts, make_parts
from studio_server.engines.starter.scenes import KNOWN
from studio_server.engines.starter.vocabulary import LENGTH, caption

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """How the base is trained; the defaults are for two CPU cores."""

    minutes: float = 60
    seed: int = 0
    per_context: int = 130
    vae_share: float = 0.07
    vae_batch: int = 10
    vae_crop: int = 64
    vae_rate: float = 2e-4
    kl: float = 1e-6
    batch: int = 8
    rate: float = 8e-4
    people: int = 300
    alone: float = 0.5
    """Share of samples without a person: the whole frame is painted."""
    caption_dropout: float = 0.1
    snr_gamma: float = 5.0
    snr_floor: float = 0.25
    """Added to min-SNR's numerator: else the step of pure noise, where SNR is 0, would learn nothing."""
    early: float = 2.0
    """Above 1, small noise is seen more often than large: a small base repaints plates, it seldom invents."""
    ema: float = 0.99
    checkpoint_seconds: float = 90


@dataclass
class Stage:
    """Where one stage stands; all of it goes into its checkpoint."""

    file: Path
    minutes: float
    modules: dict[str, Any]
    optimizer: torch.optim.AdamW
    rate: float
    ema: EMAModel | None = None
    step: int = 0
    seconds: float = 0.0
    losses: list[tuple[int, float]] = field(default_factory=list)

    @property
    def done(self) -> float:
        """Share of the stage's time that is spent, 0-1."""
        return min(1.0, self.seconds / (60 * self.minutes))


def train(directory: Path, recipe: Recipe) -> Parts:
    """Train in `directory`, going on from what lies there; returns the averaged parts, ready to export."""
    known = scenes(directory, recipe.per_context)
    parts = make_parts(recipe.seed)
    _train_vae(parts, known, directory, recipe)
    latents = _cached(directory / "latents.pt", lambda: _latents(parts, known, recipe))
    ema = _train_unet(parts, latents, directory, recipe)
    ema.copy_to(_painter(parts).parameters())
    for part in (parts.vae, parts.unet, parts.text_encoder):
        part.requires_grad_(requires_grad=False).eval()
    return parts


def _cached(file: Path, make: Callable[[], dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    if not file.exists():
        torch.save(make(), file)
    found: dict[str, torch.Tensor] = torch.load(file)
    return found


def _painter(parts: Parts) -> torch.nn.ModuleList:
    """Return what the second stage trains: the UNet and the words it listens to."""
    return torch.nn.ModuleList([parts.unet, parts.text_encoder])


# --- the loop that both stages share


def _run(stage: Stage, loss_of: Callable[[int], torch.Tensor], recipe: Recipe) -> None:
    """Step until the stage's time is spent. Every step draws from (seed, step) alone."""
    _resume(stage)
    parameters = [weight for group in stage.optimizer.param_groups for weight in group["params"]]
    saved, recent = time.monotonic(), []
    while stage.done < 1:
        started = time.monotonic()
        torch.manual_seed(recipe.seed * 1_000_003 + stage.step)
        loss = loss_of(stage.step)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for group in stage.optimizer.param_groups:
            group["lr"] = stage.rate * _pace(stage)
        stage.optimizer.step()
        stage.optimizer.zero_grad()
        if stage.ema:
            stage.ema.step(parameters)
        recent.append(float(loss.detach()))
        stage.step += 1
        stage.seconds += time.monotonic() - started
        if stage.step % 20 == 0:
            _report(stage, recent)
        if time.monotonic() - saved > recipe.checkpoint_seconds or stage.done >= 1:
            _save(stage)
            saved = time.monotonic()


def _pace(stage: Stage) -> float:
    """Return a warm-up of 50 steps, then half a cosine over the stage's time, down to a fiftieth."""
    return min(1.0, (stage.step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * stage.done)))


def _report(stage: Stage, recent: list[float]) -> None:
    stage.losses.append((stage.step, sum(recent) / len(recent)))
    _log.info(
        "%s step %d, %.0f s, loss %.4f", stage.file.stem, stage.step, stage.seconds, stage.losses[-1][1]
    )
    recent.clear()


def _save(stage: Stage) -> None:
    state = {
        "modules": {name: module.state_dict() for name, module in stage.modules.items()},
        "optimizer": stage.optimizer.state_dict(),
        "ema": stage.ema.state_dict() if stage.ema else None,
        "step": stage.step,
        "seconds": stage.seconds,
        "losses": stage.losses,
    }
    half = stage.file.with_suffix(".part")
    torch.save(state, half)
    half.rename(stage.file)
    figures = {"steps": stage.step, "seconds": stage.seconds, "losses": stage.losses}
    stage.file.with_suffix(".json").write_text(json.dumps(figures), encoding="utf-8")


def _resume(stage: Stage) -> None:
    if not stage.file.exists():
        return
    state = torch.load(stage.file)
    for name, module in stage.modules.items():
        module.load_state_dict(state["modules"][name])
    stage.optimizer.load_state_dict(state["optimizer"])
    if stage.ema:
        stage.ema.load_state_dict(state["ema"])
    stage.step, stage.seconds, stage.losses = state["step"], state["seconds"], state["losses"]


# --- stage 1: the autoencoder


def _train_vae(parts: Parts, known: Scenes, directory: Path, recipe: Recipe) -> None:
    vae = parts.vae.to(memory_format=torch.channels_last).train()
    hold_anchor(vae)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=recipe.vae_rate, weight_decay=1e-4)
    minutes = recipe.minutes * recipe.vae_share
    stage = Stage(directory / "vae.pt", minutes, {"vae": vae}, optimizer, recipe.vae_rate)
    _run(stage, lambda step: _vae_loss(vae, _crops(known, recipe, step), recipe.kl), recipe)
    _whiten(parts, known)


def _crops(known: Scenes, recipe: Recipe, step: int) -> torch.Tensor:
    """Random crops of scenes, every fourth with a person's shape in it."""
    rng = np.random.default_rng((recipe.seed, 1, step))
    side, out = recipe.vae_crop, []
    for number in rng.integers(len(known.pictures), size=recipe.vae_batch):
        picture = known.pictures[number]
        if rng.random() < 0.25:
            shape, inside = person(rng)
            picture = np.where(inside[..., None], shape, picture)
        top, left = (int(rng.integers(0, length - side + 1)) for length in picture.shape[:2])
        out.append(picture[top : top + side, left : left + side])
    return _tensor(np.stack(out))


def _tensor(pictures: np.ndarray) -> torch.Tensor:
    """N x H x W x 3 bytes -> N x 3 x H x W, -1..1."""
    light = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return light.contiguous(memory_format=torch.channels_last)


def _vae_loss(vae: AutoencoderKL, pictures: torch.Tensor, kl: float) -> torch.Tensor:
    """Absolute error at three scales, so that the large and soft comes right before the small."""
    posterior = vae.encode(pictures).latent_dist
    error = vae.decode(posterior.sample()).sample - pictures
    loss = sum(functional.avg_pool2d(error, scale).abs().mean() for scale in (1, 4, 16))
    return torch.as_tensor(loss + kl * posterior.kl().mean())


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
def _whiten(parts: Parts, known: Scenes) -> None:
    """Fold each latent channel's mean and spread into the convolutions beside it.

    So latents are of unit size, `scaling_factor` is 1, and noise weighs on all four channels alike.
    """
    vae = parts.vae.eval()
    sample = torch.cat(
        [vae.encode(_tensor(known.pictures[n : n + 10])).latent_dist.mean for n in range(0, 300, 10)]
    )
    mean, spread = sample.mean((0, 2, 3)), sample.std((0, 2, 3))
    quant, back = vae.quant_conv, vae.post_quant_conv
    channels = len(mean)
    quant.weight[:channels] /= spread[:, None, None, None]
    quant.bias[:channels] = (quant.bias[:channels] - mean) / spread
    quant.bias[channels:] -= 2 * spread.log()
    back.bias += (back.weight[:, :, 0, 0] * mean).sum(1)
    back.weight *= spread[None, :, None, None]
    vae.register_to_config(scaling_factor=1.0)


# --- stage 2: the painter


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
def _latents(parts: Parts, known: Scenes, recipe: Recipe) -> dict[str, torch.Tensor]:
    """All that the second stage reads: scenes, mirrored scenes, people, and an empty picture, as latents."""
    rng = np.random.default_rng((recipe.seed, 2))
    both = np.concatenate([known.pictures, known.pictures[:, :, ::-1]])
    people, masks = zip(*(person(rng) for _ in range(recipe.people)), strict=True)
    shapes = np.stack(
        [np.where(inside[..., None], shape, 127) for shape, inside in zip(people, masks, strict=True)]
    )
    silhouettes = torch.from_numpy(np.stack(masks))[:, None].float()
    grid = both.shape[1] // FACTOR, both.shape[2] // FACTOR
    return {
        "scenes": _encode(parts, both),
        "contexts": torch.from_numpy(np.tile(known.contexts, 2)),
        "people": _encode(parts, shapes.astype(np.uint8)),
        "masks": 1 - functional.interpolate(silhouettes, size=grid),
        "empty": parts.vae.encode(torch.zeros(1, 3, both.shape[1], both.shape[2])).latent_dist.mean,
    }


def _encode(parts: Parts, pictures: np.ndarray) -> torch.Tensor:
    vae = parts.vae.eval()
    chunks = (vae.encode(_tensor(pictures[n : n + 16])).latent_dist.mean for n in range(0, len(pictures), 16))
    return torch.cat(list(chunks)).contiguous()


def _train_unet(parts: Parts, latents: dict[str, torch.Tensor], directory: Path, recipe: Recipe) -> EMAModel:
    painter = _painter(parts).train()
    parameters = list(painter.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=1e-2)
    ema = EMAModel(parameters, decay=recipe.ema, use_ema_warmup=True, inv_gamma=1.0, power=0.75)
    minutes = recipe.minutes * (1 - recipe.vae_share)
    stage = Stage(directory / "unet.pt", minutes, {"painter": painter}, optimizer, recipe.rate, ema)
    _run(stage, lambda step: _paint_loss(parts, _batch(parts, latents, recipe, step), recipe), recipe)
    return ema


@dataclass(frozen=True)
class Batch:
    clean: torch.Tensor
    mask: torch.Tensor
    """1 where the base paints."""
    kept: torch.Tensor
    """Latents of the masked picture."""
    words: torch.Tensor


def _batch(parts: Parts, latents: dict[str, torch.Tensor], recipe: Recipe, step: int) -> Batch:
    rng = np.random.default_rng((recipe.seed, 3, step))
    chosen = torch.from_numpy(rng.integers(len(latents["scenes"]), size=recipe.batch))
    who = torch.from_numpy(rng.integers(len(latents["people"]), size=recipe.batch))
    alone = torch.from_numpy(rng.random(recipe.batch) < recipe.alone)[:, None, None, None]
    mask = torch.where(alone, 1.0, latents["masks"][who])
    clean = torch.where(mask > 0.5, latents["scenes"][chosen], latents["people"][who])
    kept = torch.where(alone, latents["empty"], latents["people"][who])
    said = [_said(int(number), recipe, rng) for number in latents["contexts"][chosen]]
    tokens = parts.tokenizer(
        said, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    )
    return Batch(clean, mask, kept, tokens.input_ids)


def _said(number: int, recipe: Recipe, rng: np.random.Generator) -> str:
    return "" if rng.random() < recipe.caption_dropout else caption(KNOWN[number].id, rng)


def _paint_loss(parts: Parts, batch: Batch, recipe: Recipe) -> torch.Tensor:
    """v-prediction (Salimans and Ho, 2022), weighted by min-SNR (Hang et al., 2023), on what is painted."""
    scheduler, count = parts.scheduler, len(batch.clean)
    spread = ((torch.arange(count) + torch.rand(count)) / count) ** recipe.early
    timesteps = (spread * scheduler.config.num_train_timesteps).long()
    noise = torch.randn_like(batch.clean)
    noisy = scheduler.add_noise(batch.clean, noise, timesteps)
    wanted = scheduler.get_velocity(batch.clean, noise, timesteps)
    text = parts.text_encoder(batch.words).last_hidden_state
    found = parts.unet(torch.cat([noisy, batch.mask, batch.kept], 1), timesteps, text).sample
    kept = scheduler.alphas_cumprod[timesteps]
    snr = kept / (1 - kept)
    weight = (snr.clamp(max=recipe.snr_gamma) + recipe.snr_floor) / (snr + 1)
    error = ((found - wanted) ** 2 * (0.05 + 0.95 * batch.mask)).mean((1, 2, 3))
    return torch.as_tensor((weight * error).mean())
