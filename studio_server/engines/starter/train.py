"""Developed renders -> a small autoencoder -> a small inpainting UNet and its words -> exported weights.

Read from `train` downwards. Both stages have a share of the minutes, and go on from a checkpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.training_utils import EMAModel
from torch.nn import functional

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.starter.data import Scenes, person, scenes
from studio_server.engines.starter.head_start import hold_anchor
from studio_server.engines.starter.parts import FACTOR, Parts, make_parts
from studio_server.engines.starter.stages import Recipe, Stage, run
from studio_server.engines.starter.vocabulary import LENGTH, caption


def train(directory: Path, recipe: Recipe) -> Parts:
    """Train in `directory`, going on from what lies there; returns the averaged parts, ready to export."""
    known = scenes(directory)
    parts = make_parts(recipe.seed)
    _train_vae(parts, known, directory, recipe)
    latents = _cached(directory / "latents.pt", lambda: _latents(parts, known, recipe))
    ema = _train_unet(parts, _Lesson(latents, _lights(known)), directory, recipe)
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


# --- stage 1: the autoencoder


def _train_vae(parts: Parts, known: Scenes, directory: Path, recipe: Recipe) -> None:
    vae = parts.vae.to(memory_format=torch.channels_last).train()
    hold_anchor(vae)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=recipe.vae_rate, weight_decay=1e-4)
    minutes = recipe.minutes * recipe.vae_share
    stage = Stage(directory / "vae.pt", minutes, {"vae": vae}, optimizer, recipe.vae_rate)
    run(stage, lambda step: _vae_loss(vae, _crops(known, recipe, step), recipe.kl), recipe)
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
    sample = torch.cat([vae.encode(_tensor(known.pictures[n::97][:10])).latent_dist.mean for n in range(30)])
    mean, spread = sample.mean((0, 2, 3)), sample.std((0, 2, 3)).clamp(min=0.02)
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


@dataclass(frozen=True)
class _Lesson:
    latents: dict[str, torch.Tensor]
    lights: list[str]
    """In words, per scene; the mirrored ones after the others."""


def _lights(known: Scenes) -> list[str]:
    return [light for light, _ in known.lights] + [mirrored for _, mirrored in known.lights]


def _train_unet(parts: Parts, lesson: _Lesson, directory: Path, recipe: Recipe) -> EMAModel:
    painter = _painter(parts).train()
    parameters = list(painter.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=1e-2)
    ema = EMAModel(parameters, decay=recipe.ema, use_ema_warmup=True, inv_gamma=1.0, power=0.75)
    minutes = recipe.minutes * (1 - recipe.vae_share)
    stage = Stage(directory / "unet.pt", minutes, {"painter": painter}, optimizer, recipe.rate, ema)
    run(stage, lambda step: _paint_loss(parts, _batch(parts, lesson, recipe, step), recipe), recipe)
    return ema


@dataclass(frozen=True)
class Batch:
    clean: torch.Tensor
    mask: torch.Tensor
    """1 where the base paints."""
    kept: torch.Tensor
    """Latents of the masked picture."""
    words: torch.Tensor


def _batch(parts: Parts, lesson: _Lesson, recipe: Recipe, step: int) -> Batch:
    latents = lesson.latents
    rng = np.random.default_rng((recipe.seed, 3, step))
    chosen = torch.from_numpy(rng.integers(len(latents["scenes"]), size=recipe.batch))
    who = torch.from_numpy(rng.integers(len(latents["people"]), size=recipe.batch))
    alone = torch.from_numpy(rng.random(recipe.batch) < recipe.alone)[:, None, None, None]
    mask = torch.where(alone, 1.0, latents["masks"][who])
    clean = torch.where(mask > 0.5, latents["scenes"][chosen], latents["people"][who])
    kept = torch.where(alone, latents["empty"], latents["people"][who])
    said = [_said(int(latents["contexts"][one]), lesson.lights[one], recipe, rng) for one in chosen.tolist()]
    tokens = parts.tokenizer(
        said, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    )
    return Batch(clean, mask, kept, tokens.input_ids)


def _said(number: int, light: str, recipe: Recipe, rng: np.random.Generator) -> str:
    return "" if rng.random() < recipe.caption_dropout else caption(CONTEXTS[number].id, light, rng)


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
