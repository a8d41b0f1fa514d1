"""Facts: what has happened. Each is written to the outbox in the transaction that made it true."""

from dataclasses import dataclass

from studio_server.domain.delivery import DeliveryId
from studio_server.domain.likeness import LikenessId
from studio_server.domain.session import SessionId, Stage
from studio_server.domain.shot import ShotId
from studio_server.domain.variation import VariationId


@dataclass(frozen=True)
class ShotReceived:
    shot_id: ShotId
    session_id: SessionId | None


@dataclass(frozen=True)
class CopyOwed:
    """An original came in, and the second place does not have it yet."""

    shot_id: ShotId
    session_id: SessionId | None


@dataclass(frozen=True)
class ProofReady:
    shot_id: ShotId
    session_id: SessionId | None


@dataclass(frozen=True)
class ShotUnreadable:
    shot_id: ShotId
    session_id: SessionId | None


@dataclass(frozen=True)
class ConsentChanged:
    session_id: SessionId


@dataclass(frozen=True)
class Flagged:
    shot_id: ShotId
    session_id: SessionId


@dataclass(frozen=True)
class PicksLocked:
    session_id: SessionId
    likeness_id: LikenessId


@dataclass(frozen=True)
class LikenessReady:
    session_id: SessionId
    likeness_id: LikenessId


@dataclass(frozen=True)
class FitEnded:
    """A fit that failed or was cancelled; the session can be fitted again."""

    session_id: SessionId
    likeness_id: LikenessId


@dataclass(frozen=True)
class VariationMade:
    session_id: SessionId
    variation_id: VariationId


@dataclass(frozen=True)
class LayersWanted:
    """The photographer asked for this variation as a layered TIFF."""

    session_id: SessionId
    variation_id: VariationId


@dataclass(frozen=True)
class VariationsReady:
    session_id: SessionId


@dataclass(frozen=True)
class Chosen:
    """The client approved, refused or reopened a variation."""

    session_id: SessionId
    variation_id: VariationId


@dataclass(frozen=True)
class Approved:
    """The client is done: what they approved goes to delivery."""

    session_id: SessionId


@dataclass(frozen=True)
class DeliveryReady:
    session_id: SessionId
    delivery_id: DeliveryId


@dataclass(frozen=True)
class Delivered:
    session_id: SessionId
    delivery_id: DeliveryId


Fact = (
    ShotReceived
    | CopyOwed
    | ProofReady
    | ShotUnreadable
    | ConsentChanged
    | Flagged
    | PicksLocked
    | LikenessReady
    | FitEnded
    | VariationMade
    | LayersWanted
    | VariationsReady
    | Chosen
    | Approved
    | DeliveryReady
    | Delivered
)

RANK: dict[type[Fact], Stage] = {
    PicksLocked: Stage.LOCKED,
    LikenessReady: Stage.FITTED,
    VariationsReady: Stage.VARIED,
    Approved: Stage.APPROVED,
    Delivered: Stage.DELIVERED,
}
"""Facts that move a session forward; all others leave its stage as it is."""
