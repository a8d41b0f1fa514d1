"""A likeness: the LoRA that was fitted to one client's picks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from studio_server.domain.session import SessionId
from studio_server.domain.shot import ShotId

LikenessId = NewType("LikenessId", str)


VISIBLE = 0.5
"""CIEDE2000 below which nobody sees a difference in light."""


class LikenessState(StrEnum):
    FITTING = "fitting"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ERASED = "erased"


class Learns(StrEnum):
    """What a likeness is of; a lane wears its own kind and no other."""

    SURROUNDINGS = "surroundings"
    """Light, grain and backdrop of the session, for the locked lane."""
    PERSON = "person"
    """The person, for the synthetic lane; needs its own consent and a large base."""


@dataclass(frozen=True)
class FitReport:
    base: str
    steps: int
    seconds: float
    heldout_before: float
    heldout_after: float
    """Mean denoising loss on the held-out pick, same noise and timesteps before and after."""
    resumed_at: int = 0
    """The step from which an interrupted fit went on; 0 for one that ran through."""
    stepped_down: str = ""
    """How it was made to fit into the memory; empty where it fitted at once."""
    kept_step: int = 0
    """The step whose weights were kept; 0 where nothing was compared and the last ones were."""
    kept_for: str = ""
    """What spoke for that step."""
    light_before: float | None = None
    light_after: float | None = None
    """Mean CIEDE2000 of painted surroundings against the held-out pick's own backdrop, by the unfitted and by
    the fitted base on the same seeds; None: not measured."""

    @property
    def helps(self) -> bool:
        """Whether the fit is seen: its surroundings are nearer to the session's light by half a CIEDE2000."""
        if self.light_before is None or self.light_after is None:
            return self.heldout_after < self.heldout_before
        return self.light_after < self.light_before - VISIBLE

    @property
    def worth(self) -> str:
        """Say in a sentence or two what the fit has brought."""
        share = 100 * (1 - self.heldout_after / self.heldout_before) if self.heldout_before else 0.0
        loss = f"{'fell' if share > 0 else 'did not fall: it rose'} by {abs(share):.0f} %"
        said = f"On the held-out pick the loss {loss}."
        if self.light_before is None or self.light_after is None:
            return f"{said} The light of painted surroundings was not measured."
        figures = f"ΔE {self.light_after:.1f}, without the fit {self.light_before:.1f}"
        if self.helps:
            return f"{said} Surroundings painted with the fit are nearer to the session's light ({figures})."
        return (
            f"{said} The fit does not help the light: surroundings painted with it are no nearer to the "
            f"session's ({figures}). More picks, in the same light, may change that."
        )


@dataclass(frozen=True)
class Likeness:
    id: LikenessId
    session_id: SessionId
    shots: tuple[ShotId, ...]
    state: LikenessState
    created_at: datetime
    adapter: str = ""
    """sha256 of the adapter (safetensors) in the blob store."""
    report: FitReport | None = None
    reason: str = ""
    learns: Learns = Learns.SURROUNDINGS
