"""Pictures from briefs: first previews of a pick, then, when the session is fitted, the variations."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio_server.domain import consent
from studio_server.domain.consent import Purpose
from studio_server.domain.errors import Cancelled, NotFound
from studio_server.domain.events import VariationMade, VariationsReady
from studio_server.domain.likeness import Likeness, LikenessState
from studio_server.domain.ports import PaintJob, Progress
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Expression, Flag, Shot, ShotId
from studio_server.domain.variation import Brief, Pass, Variation, VariationId, context
from studio_server.workflow.choosing import heroes, ranked
from studio_server.workflow.renditions import key_of, rendition
from studio_server.workflow.services import Services

SEEDS = 2
"""Variations per context."""
FIRST_LOOKS = 2
"""Contexts in which a fresh pick is shown before any fitting."""


@dataclass(frozen=True)
class Sitting:
    """What all pictures of one job share."""

    session: Session
    made_in: Pass
    likeness: Likeness | None
    faces: bool


def preview(services: Services, shot_id: ShotId, progress: Progress) -> None:
    """First composites of a pick in the session's contexts, before any fitting, at screen size."""
    with services.read() as work:
        shot = work.shot(shot_id)
    if shot.session_id is None or shot.flag is not Flag.PICK or not shot.pickable:
        return
    sitting = _sitting(services, shot.session_id, Pass.PREVIEW, None)
    if sitting.session.stage < Stage.LOCKED:  # after the lock the real pictures are what is waited for
        _make(services, sitting, _first_looks(sitting.session, shot), progress)


def vary(services: Services, session_id: SessionId, progress: Progress) -> None:
    """The variations of a fitted session, each shown as it is made. Twice is fine."""
    with services.read() as work:
        fitted = [one for one in work.likenesses(session_id) if one.state is LikenessState.READY]
        if not fitted:
            msg = "This session has no fitted likeness yet. Lock the picks or fit again first."
            raise NotFound(msg)
        picks = [work.shot(shot_id) for shot_id in fitted[-1].shots]
    sitting = _sitting(services, session_id, Pass.FINAL, fitted[-1])
    _make(
        services, sitting, _briefs(sitting.session, picks, _expressions(services, sitting, picks)), progress
    )
    with services.work() as work:
        work.save(work.session(session_id).reached(Stage.VARIED))
        work.commit(VariationsReady(session_id))
    services.board.publish(session_id, "stage", {"stage": Stage.VARIED.name.lower()})


def _first_looks(session: Session, shot: Shot) -> list[Brief]:
    """A few contexts, other ones for each pick: the first is there soonest, and the sheet shows them all."""
    seed = int(hashlib.sha256(shot.id.encode()).hexdigest()[:6], 16)
    start = seed % len(session.contexts)
    turned = session.contexts[start:] + session.contexts[:start]
    return [Brief(shot.id, place, seed, retouch=session.retouch) for place in turned[:FIRST_LOOKS]]


def _sitting(services: Services, session_id: SessionId, made_in: Pass, likeness: Likeness | None) -> Sitting:
    with services.read() as work:
        session, records = work.session(session_id), work.consents(session_id)
    consent.require(records, Purpose.GENERATION, services.now())
    faces = Purpose.FACES in consent.allowed(records, services.now())
    return Sitting(session, made_in, likeness, faces)


def _expressions(services: Services, sitting: Sitting, picks: Sequence[Shot]) -> Mapping[ShotId, Expression]:
    """What was read off the picks' faces; nothing without the consent to it."""
    if not sitting.faces:
        return {}
    seen = services.painter.expressions(services.derived.directory(f"{sitting.session.id}/faces"))
    return {shot.id: seen[key_of(shot)] for shot in picks if key_of(shot) in seen}


def _briefs(session: Session, picks: Sequence[Shot], seen: Mapping[ShotId, Expression]) -> list[Brief]:
    """Every context, each seed on another hero, the one that suits the place best first.

    Shot by shot, so that a shot's matte is used while it is warm.
    """
    best = heroes(picks)
    briefs = []
    for number, place in enumerate(session.contexts):
        turn = number % len(best) if not seen else 0
        own = [shot for shot in picks if shot.id == session.shot_for(place)]
        shots = own or ranked(place, best[turn:] + best[:turn], seen)
        briefs += [
            Brief(shots[n % len(shots)].id, place, _seed(session, place, n), retouch=session.retouch)
            for n in range(SEEDS)
        ]
    return sorted(briefs, key=lambda brief: brief.shot_id)


def _seed(session: Session, place: str, n: int) -> int:
    return int(hashlib.sha256(f"{session.id}|{place}|{n}".encode()).hexdigest()[:6], 16)


def _make(services: Services, sitting: Sitting, briefs: Sequence[Brief], progress: Progress) -> None:
    verb = "First look" if sitting.made_in is Pass.PREVIEW else "Picture"
    for done, brief in enumerate(briefs):
        if progress.cancelled():
            msg = "Stopped. The pictures that were made so far are kept."
            raise Cancelled(msg)
        place = context(brief.context).title
        progress.report(done, len(briefs), f"{verb} {done + 1} of {len(briefs)}: {place}")
        _make_one(services, sitting, brief)
    progress.report(len(briefs), len(briefs), "All pictures are made")


def _make_one(services: Services, sitting: Sitting, brief: Brief) -> None:
    made_id = _id(sitting, brief)
    with services.read() as work:
        if any(known.id == made_id for known in work.variations(sitting.session.id)):
            return
        shot = work.shot(brief.shot_id)
        consent.require(work.consents(sitting.session.id), Purpose.GENERATION, services.now())
    painted = services.painter.paint(_job(services, sitting, brief, shot))
    variation = Variation(
        made_id,
        sitting.session.id,
        brief,
        sitting.made_in,
        services.now(),
        services.blobs.put_bytes(painted.picture).sha256,
        services.blobs.put_bytes(painted.proof).sha256,
        painted.width,
        painted.height,
        painted.base,
        painted.resemblance,
    )
    with services.work() as work:
        consent.require(work.consents(sitting.session.id), Purpose.GENERATION, services.now())
        work.save(variation)
        work.commit(VariationMade(sitting.session.id, made_id))
    seen = {"variation": made_id, "pass": sitting.made_in.value, "accepted": painted.resemblance.accepted}
    services.board.publish(sitting.session.id, "variation", seen)


def _job(services: Services, sitting: Sitting, brief: Brief, shot: Shot) -> PaintJob:
    own = sitting.session.id
    return PaintJob(
        rendition=rendition(services, shot),
        rendition_key=key_of(shot),
        context=brief.context,
        seed=brief.seed,
        adapter=_adapter(services, sitting.likeness),
        cache=services.derived.directory(f"{own}/cut-{key_of(shot)}"),
        made_in=sitting.made_in,
        look_for_faces=sitting.faces,
        session_faces=services.derived.directory(f"{own}/faces"),
        focal_length_mm=shot.capture.focal_length_mm,
        f_number=shot.capture.f_number,
        retouch=brief.retouch,
    )


def _adapter(services: Services, likeness: Likeness | None) -> Path | None:
    return services.blobs.path(likeness.adapter) if likeness else None


def _id(sitting: Sitting, brief: Brief) -> VariationId:
    """The same brief by the same likeness is the same variation: a second run makes nothing twice."""
    likeness = sitting.likeness.id if sitting.likeness else "unfitted"
    words = "|".join((sitting.made_in.value, likeness, brief.shot_id, brief.context, str(brief.seed)))
    words += f"|retouch {brief.retouch}" if brief.retouch else ""
    return VariationId(hashlib.sha256(words.encode()).hexdigest()[:24])
