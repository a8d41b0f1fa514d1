"""What every architecture answers; `fit`, `picks` and `surroundings` ask nothing else of a base.

All methods take diffusers' own pipeline: an architecture keeps no state. Latents are NxCxhxw whatever the
denoiser sees of them, so that masks, noise and weights are laid over them alike in every family.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

Pipeline = Any
"""Diffusers' own; its classes are untyped, and differ from family to family."""
Module = Any
Pixels = Any
"""A numpy array out of an untyped library."""
Memo = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """One prompt as the denoiser reads it."""

    texts: torch.Tensor
    """1xTxD."""
    pooled: torch.Tensor
    """1xP: the whole prompt as one vector; P is 0 where the family has none."""


@dataclass(frozen=True)
class Batch:
    """What one training step looks at; N samples."""

    latents: torch.Tensor
    """NxCxhxw, clean, scaled as the base is trained."""
    conditions: torch.Tensor
    """NxKxhxw: what is told beside them (mask, the picture that is kept); K is 0 for most families."""
    texts: torch.Tensor
    pooled: torch.Tensor


@dataclass(frozen=True)
class Canvas:
    """One painting: `picture` 1x3xHxW in 0..1, `mask` 1x1xHxW (1: paint here)."""

    prompt: str
    picture: torch.Tensor
    mask: torch.Tensor
    strength: float
    steps: int
    guidance: float
    seed: int


class Architecture(Protocol):
    part: str
    """The denoiser's name in the pipeline, and the prefix of its adapter: `unet` or `transformer`."""
    encoders: tuple[str, ...]
    """Parts that are only needed until words and pictures are cached."""

    def load(self, folder: Path, dtype: torch.dtype, variant: str | None) -> Pipeline:
        """Read the family's inpainting pipeline from disk. Raises OSError or ValueError."""
        ...

    def lora_targets(self, denoiser: Module) -> list[str]: ...

    def grid(self, pipeline: Pipeline) -> int:
        """Sides of pictures must be multiples of this, px."""
        ...

    def words(self, pipeline: Pipeline, prompt: str) -> Words: ...

    def latents(self, pipeline: Pipeline, pictures: torch.Tensor) -> torch.Tensor:
        """Nx3xHxW in -1..1 -> NxCxhxw."""
        ...

    def conditions(self, pipeline: Pipeline, masks: torch.Tensor, blanked: torch.Tensor) -> torch.Tensor:
        """`masks` Nx1xhxw (1: paint here), `blanked` Nx3xHxW in -1..1 -> NxKxhxw."""
        ...

    def fixed_times(self, pipeline: Pipeline, count: int) -> torch.Tensor:
        """Return `count` times, evenly spread, at which held-out samples are measured."""
        ...

    def drawn_times(self, pipeline: Pipeline, count: int, luck: torch.Generator) -> torch.Tensor: ...

    def time_weights(self, pipeline: Pipeline, times: torch.Tensor, gamma: float) -> torch.Tensor: ...

    def predict(
        self,
        pipeline: Pipeline,
        batch: Batch,
        noise: torch.Tensor,
        times: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the denoiser's answer and what it should have been, both NxCxhxw."""
        ...

    def paint(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Pixels:
        """Return HxWx3 float in 0..1. `memo` keeps what prompts were encoded to."""
        ...

    def invent(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Pixels:
        """As `paint`, a whole picture out of noise: of `canvas.picture` the size counts, and nothing else."""
        ...

    def save_adapter(self, pipeline: Pipeline, folder: Path) -> None:
        """Write the adapter that was trained, as diffusers reads it."""
        ...
