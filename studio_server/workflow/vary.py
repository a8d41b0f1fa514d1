"""Pictures from briefs: first previews of a pick, then, when the session is fitted, the variations."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studio_server.domain import consent
from studio_server.domain.consent import WHOLE_PICTURES, Purpose
from studio_server.domain.engines import PaintJob, Progress
from studio_server.domain.errors import Cancelled, Conflict, NotFound
from studio_server.domain.events import VariationMade, VariationsReady
from studio_server.domain.likeness import Learns, Likeness
from studio_server.domain.plate import OwnPlate
from studio_server.domain.ports import Reading
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Expression, Flag, Shot, ShotId
from studio_server.domain.stroke import digest, standing
from studio_server.domain.variation import Brief, Lane, Pass, Variation, VariationId
from studio_server.workflow import whole
from studio_server.workflow.brushing import cut_job
from studio_server.workflow.choosing import heroes, ranked
from studio_server.workflow.places import own_plate, place_of, plate_file, still_there
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
    shots: tuple[tuple[str, Path], ...] = ()
    """Keys and renditions that the judge holds whole pictures against."""


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
    """The variations of a fitted session, each shown as it is made. Twice is fine.

    Composites first; when they are there, the person may be learnt, and a later call makes whole pictures.
    """
    with services.read() as work:
        fitted = whole.ready(work, session_id, Learns.SURROUNDINGS)
        if not fitted:
            msg = "This session has no fitted likeness yet. Lock the picks or fit again first."
            raise NotFound(msg)
        picks = [work.shot(shot_id) for shot_id in fitted[-1].shots]
        person = whole.ready(work, session_id, Learns.PERSON)[-1:]
    sitting = _sitting(services, session_id, Pass.FINAL, fitted[-1])
    _make(
        services, sitting, _briefs(sitting.session, picks, _expressions(services, sitting, picks)), progress
    )
    for likeness in person:
        _make_whole(services, sitting, likeness, progress)
    with services.work() as work:
        work.save(work.session(session_id).reached(Stage.VARIED))
        work.commit(VariationsReady(session_id), *whole.begin(services, work, session_id))
    services.board.publish(session_id, "stage", {"stage": Stage.VARIED.name.lower()})


def _make_whole(services: Services, sitting: Sitting, person: Likeness, progress: Progress) -> None:
    """Whole pictures of the person, where the client has agreed to them and has not finished yet."""
    with services.read() as work:
        session, records = work.session(sitting.session.id), work.consents(sitting.session.id)
        picks = [work.shot(shot_id) for shot_id in person.shots]
    if session.stage < Stage.APPROVED and consent.whole_pictures(records, services.now()):
        shots = tuple((key_of(shot), rendition(services, shot)) for shot in picks)
        first = heroes(picks)[0]
        briefs = [
            Brief(first.id, place, _seed(session, place, SEEDS), Lane.SYNTHETIC)
            for place in whole.described(session)
        ]
        _make(services, replace(sitting, likeness=person, shots=shots), briefs, progress)


def same_again(services: Services, variation: Variation) -> PaintJob | None:
    """The job that made a finished composite, found by its id; None where it cannot be made so any more.

    Everything that the id was made of must still be there: the likeness, the plate as it was, the strokes.
    """
    brief = variation.brief
    with services.read() as work:
        shot, plate = work.shot(brief.shot_id), own_plate(work, brief.context)
        likenesses = whole.ready(work, variation.session_id, Learns.SURROUNDINGS)
    shot = replace(shot, rendition=brief.rendition, white=brief.white)
    drawn = shot.strokes
    logs = (drawn[:end] for end in range(len(drawn), -1, -1))
    before = next((log for log in logs if digest(standing(log)) == brief.brush), None)
    for likeness in reversed(likenesses) if before is not None else ():
        sitting = _sitting(services, variation.session_id, variation.made_in, likeness)
        if _id(sitting, brief, plate) == variation.id:
            job = _job(services, sitting, brief, replace(shot, brush=before or ()))
            return replace(job, plate=plate_file(services, plate))
    return None


def _first_looks(session: Session, shot: Shot) -> list[Brief]:
    """A few contexts, other ones for each pick: the first is there soonest, and the sheet shows them all."""
    seed = int(hashlib.sha256(shot.id.encode()).hexdigest()[:6], 16)
    start = seed % len(session.contexts)
    turned = session.contexts[start:] + session.contexts[:start]
    return [_brief(session, shot, place, seed) for place in turned[:FIRST_LOOKS]]


def _brief(session: Session, shot: Shot, place: str, seed: int) -> Brief:
    clean = ShotId(session.clean_plate) if session.clean_plate else None
    return Brief(shot.id, place, seed, retouch=session.retouch, clean_plate=clean, white=shot.white)


def _sitting(services: Services, session_id: SessionId, made_in: Pass, likeness: Likeness | None) -> Sitting:
    with services.read() as work:
        session, records = work.session(session_id), work.consents(session_id)
        session = replace(session, contexts=still_there(work, session.contexts))
    if not session.contexts:
        msg = "Every place that this session chose has been taken off the shelf, so no picture can be made."
        raise Conflict(f"{msg} Put one of them back on the page Plates, then start again.")
    consent.require(records, Purpose.GENERATION, services.now())
    faces = Purpose.FACES in consent.allowed(records, services.now())
    return Sitting(session, made_in, likeness, faces)


def _expressions(services: Services, sitting: Sitting, picks: Sequence[Shot]) -> Mapping[ShotId, Expression]:
    """What was read off the picks' faces; nothing without the consent to it."""
    if not sitting.faces:
        return {}
    faces = services.derived.directory(f"{sitting.session.id}/faces")
    services.painter.learn_faces([(key_of(shot), rendition(services, shot)) for shot in picks], faces)
    seen = services.painter.expressions(faces)
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
            _brief(session, shots[n % len(shots)], place, _seed(session, place, n)) for n in range(SEEDS)
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
        with services.read() as work:
            place = place_of(work, brief.context).title
        progress.report(done, len(briefs), f"{verb} {done + 1} of {len(briefs)}: {place}")
        _make_one(services, sitting, brief)
    progress.report(len(briefs), len(briefs), "All pictures are made")


def _make_one(services: Services, sitting: Sitting, brief: Brief) -> None:
    with services.read() as work:
        plate = own_plate(work, brief.context)
        shot = work.shot(brief.shot_id)
        brush, first = digest(standing(shot.strokes)), shot.versions(shot.original)[0]
        version = shot.original.sha256 if shot.original != first else ""
        brief = replace(brief, brush=brush, rendition=shot.rendition, version=version)
        made_id = _id(sitting, brief, plate)
        if any(known.id == made_id for known in work.variations(sitting.session.id)):
            return
        _require(services, work, sitting, brief)
    job = replace(_job(services, sitting, brief, shot), plate=plate_file(services, plate))
    painted = services.painter.paint(job)
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
        _require(services, work, sitting, brief)
        work.save(variation)
        work.commit(VariationMade(sitting.session.id, made_id))
    seen = {"variation": made_id, "pass": sitting.made_in.value, "accepted": painted.resemblance.accepted}
    services.board.publish(sitting.session.id, "variation", seen)


def _require(services: Services, work: Reading, sitting: Sitting, brief: Brief) -> None:
    needed = WHOLE_PICTURES if brief.lane is Lane.SYNTHETIC else {Purpose.GENERATION}
    for purpose in sorted(needed):
        consent.require(work.consents(sitting.session.id), purpose, services.now())


def _job(services: Services, sitting: Sitting, brief: Brief, shot: Shot) -> PaintJob:
    clean = _shot(services, brief.clean_plate) if brief.clean_plate else None
    return PaintJob(
        cut=cut_job(services, sitting.session, shot, clean),
        context=brief.context,
        seed=brief.seed,
        adapter=_adapter(services, sitting.likeness),
        made_in=sitting.made_in,
        look_for_faces=sitting.faces,
        session_faces=services.derived.directory(f"{sitting.session.id}/faces"),
        focal_length_mm=shot.capture.focal_length_mm,
        f_number=shot.capture.f_number,
        retouch=brief.retouch,
        lane=brief.lane,
        shots=sitting.shots,
    )


def _shot(services: Services, shot_id: ShotId) -> Shot:
    with services.read() as work:
        return work.shot(shot_id)


def _adapter(services: Services, likeness: Likeness | None) -> Path | None:
    return services.blobs.path(likeness.adapter) if likeness else None


def _id(sitting: Sitting, brief: Brief, plate: OwnPlate | None) -> VariationId:
    """The same brief by the same likeness is the same variation: a second run makes nothing twice."""
    likeness = sitting.likeness.id if sitting.likeness else "unfitted"
    words = "|".join((sitting.made_in.value, likeness, brief.shot_id, brief.context, str(brief.seed)))
    words += f"|retouch {brief.retouch}" if brief.retouch else ""
    words += f"|before {brief.clean_plate}" if brief.clean_plate else ""
    words += f"|brush {brief.brush}" if brief.brush else ""
    words += f"|rendition {brief.rendition}" if brief.rendition else ""
    words += f"|white {brief.white}" if brief.white else ""
    words += f"|version {brief.version}" if brief.version else ""
    words += f"|plate {plate.recipe}" if plate else ""
    words += f"|{brief.lane}" if brief.lane is not Lane.LOCKED else ""
    return VariationId(hashlib.sha256(words.encode()).hexdigest()[:24])
