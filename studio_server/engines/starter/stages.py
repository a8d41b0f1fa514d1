"""A stage of training: it steps until its share of the minutes is spent, and goes on from its checkpoint."""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import EMAModel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """How the base is trained; the defaults are for two CPU cores."""

    minutes: float = 60
    seed: int = 0
    vae_share: float = 0.07
    vae_batch: int = 8
    vae_crop: int = 96
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


def run(stage: Stage, loss_of: Callable[[int], torch.Tensor], recipe: Recipe) -> None:
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
