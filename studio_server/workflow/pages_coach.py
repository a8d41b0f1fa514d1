"""What the photographer's page shows of the coach: notes and marks beside the shots, and one box in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio_server.domain import coach
from studio_server.domain.bursts import bursts
from studio_server.domain.coach import Seen
from studio_server.domain.consent import Purpose
from studio_server.domain.readiness import Coached, Readiness, readiness
from studio_server.domain.session import Session, Stage
from studio_server.domain.shot import Shot, ShotId
from studio_server.workflow.coaching import seen_of
from studio_server.workflow.services import Services


@dataclass(frozen=True)
class InBurst:
    """Where a shot stands in its burst."""

    place: int
    of: int
    best: ShotId
    """The one that is suggested."""


@dataclass(frozen=True)
class Advice:
    """Beside one shot."""

    notes: tuple[str, ...] = ()
    reading: str = ""
    """Pose and expression; empty where no face was looked at."""
    burst: InBurst | None = None


@dataclass(frozen=True)
class CoachPage:
    shots: Mapping[ShotId, Advice] = field(default_factory=dict)
    ready: Readiness | None = None
    """None: the picks are locked, or there is nothing to speak of."""


def coach_page(
    services: Services, session: Session, shots: Sequence[Shot], agreed: frozenset[Purpose]
) -> CoachPage:
    """Of a session's shots in the order of capture. It leaves none out: every shot has its advice."""
    looked = [shot for shot in shots if shot.pickable and shot.id != session.clean_plate]
    seen = seen_of(services, session.id, looked) if Purpose.FACES in agreed else {}
    told = [Coached(shot, coach.notes(shot.quality, seen.get(shot.id)), seen.get(shot.id)) for shot in looked]
    ready = readiness(told, agreed, session.pick_limit) if looked and session.stage < Stage.LOCKED else None
    places = _places(looked, seen)
    calmest = min((one.smile for one in seen.values() if one.faces), default=0.0)
    advice = {one.shot.id: _advice(one, calmest, places.get(one.shot.id)) for one in told}
    early = {shot.id: Advice(coach.notes(shot.quality, None)) for shot in shots if shot.id not in advice}
    return CoachPage({**early, **advice}, ready)


def _advice(one: Coached, calmest: float, burst: InBurst | None) -> Advice:
    reading = coach.reading(one.seen, calmest) if one.seen and one.seen.faces else ""
    return Advice(one.notes, reading, burst)


def _places(shots: Sequence[Shot], seen: Mapping[ShotId, Seen]) -> dict[ShotId, InBurst]:
    return {
        shot: InBurst(place, len(burst.shots), burst.best)
        for burst in bursts(shots, seen)
        for place, shot in enumerate(burst.shots, 1)
    }
