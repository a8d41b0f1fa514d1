"""Which weights of a fit are kept: their running average, and of that the checkpoint which scores best."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

Score = tuple[float, ...]
"""Lower is better; what stands first decides, what follows decides between equals."""
Weights = list[torch.Tensor]


class Kept:
    """Beside a fit's own weights: their exponential average, and that average where it was best.

    With a decay of 0 the average is the weights themselves, and costs nothing.
    """

    def __init__(self, learnt: Sequence[torch.Tensor], decay: float) -> None:
        self._learnt, self._decay = list(learnt), decay
        self.average: Weights = _copied(self._learnt) if decay else self._learnt
        self.best: Weights = []
        self.score: Score = ()
        self.step = 0

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is skipped by mypy
    def follow(self, step: int) -> None:
        """Draw the average after the weights; young, it follows faster, or it would remember the start."""
        if self._decay:
            decay = min(self._decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.average, self._learnt, 1 - decay)

    def offer(self, step: int, score: Score) -> None:
        """Keep the average as it is now if it scores better than all before."""
        if not self.score or score < self.score:
            self.best, self.score, self.step = _copied(self.average), score, step

    @contextmanager
    def worn(self) -> Iterator[None]:
        """Look at the average through the denoiser; then the fit goes on with its own weights."""
        own = _copied(self._learnt)
        _lay(self._learnt, self.average)
        try:
            yield
        finally:
            _lay(self._learnt, own)

    def settle(self) -> None:
        """At the end: the denoiser wears what is kept."""
        _lay(self._learnt, self.best or self.average)

    def state(self) -> dict[str, Any]:
        average = self.average if self._decay else []
        return {"average": average, "best": self.best, "score": self.score, "step": self.step}

    def load(self, state: Mapping[str, Any]) -> None:
        if self._decay:
            _lay(self.average, state["average"])
        self.best = [best.to(own.device) for best, own in zip(state["best"], self._learnt, strict=False)]
        self.score, self.step = tuple(state["score"]), int(state["step"])


def write_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint whole or not at all: a fit may be killed at any moment."""
    fresh = path.with_name(f"{path.name}.part")
    whole = io.BytesIO()  # written by Python: torch's own writer does not say that a disk is full
    torch.save(state, whole)
    fresh.write_bytes(whole.getbuffer())
    fresh.replace(path)


def _copied(weights: Sequence[torch.Tensor]) -> Weights:
    return [weight.detach().clone() for weight in weights]


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is skipped by mypy
def _lay(onto: Sequence[torch.Tensor], weights: Sequence[torch.Tensor]) -> None:
    for own, other in zip(onto, weights, strict=True):
        own.copy_(other)
