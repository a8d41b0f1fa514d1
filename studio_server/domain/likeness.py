"""A likeness: the LoRA that was fitted to one client's picks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from studio_server.domain.session import SessionId
from studio_server.domain.shot import ShotId

LikenessId = NewType("LikenessId", str)


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
