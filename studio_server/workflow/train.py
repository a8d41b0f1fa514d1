"""Fit a likeness to the picks of a session. Consent is checked when the job starts and when it ends."""

from collections.abc import Sequence
from dataclasses import replace

from studio_server.domain import consent
from studio_server.domain.consent import WHOLE_PICTURES, Purpose
from studio_server.domain.engines import FitJob, Progress
from studio_server.domain.errors import Cancelled, Mishap, StudioError, in_words
from studio_server.domain.events import FitEnded, LikenessReady
from studio_server.domain.likeness import Learns, Likeness, LikenessId, LikenessState
from studio_server.domain.session import Stage
from studio_server.domain.shot import Shot
from studio_server.workflow.renditions import key_of, rendition
from studio_server.workflow.services import Services

_FOLDERS = {Learns.SURROUNDINGS: "fit-", Learns.PERSON: "person-"}
"""Where the checkpoints of a fit lie; `erase` knows them by these names."""


def train(services: Services, likeness_id: LikenessId, progress: Progress) -> None:
    """Twice is fine: a likeness that has ended is left as it is."""
    with services.read() as work:
        likeness = work.likeness(likeness_id)
        shots = [work.shot(shot_id) for shot_id in likeness.shots]
    if likeness.state is not LikenessState.FITTING:
        return
    try:
        ready = _fitted(services, likeness, shots, progress)
    except StudioError as error:
        ended = LikenessState.CANCELLED if isinstance(error, Cancelled) else LikenessState.FAILED
        _end(services, replace(likeness, state=ended, reason=str(error)))
        raise
    except Exception as error:  # whatever it is: a fit that stands still for ever could not be started again
        _end(services, replace(likeness, state=LikenessState.FAILED, reason=in_words(error)))
        raise Mishap(in_words(error)) from error
    with services.work() as work:
        work.save(ready)
        work.save(work.session(ready.session_id).reached(Stage.FITTED))
        work.commit(LikenessReady(ready.session_id, ready.id))
    services.board.publish(ready.session_id, "stage", {"stage": Stage.FITTED.name.lower()})


def give_up(services: Services, likeness_id: LikenessId, reason: str) -> None:
    """A fit that may not be tried again by itself; the photographer may."""
    with services.read() as work:
        likeness = work.likeness(likeness_id)
    if likeness.state is LikenessState.FITTING:
        _end(services, replace(likeness, state=LikenessState.FAILED, reason=reason))


def _fitted(services: Services, likeness: Likeness, shots: Sequence[Shot], progress: Progress) -> Likeness:
    purposes = _agreed(services, likeness)
    picks = [(key_of(shot), rendition(services, shot)) for shot in shots]
    if Purpose.FACES in purposes:
        services.painter.learn_faces(picks, services.derived.directory(f"{likeness.session_id}/faces"))
    scratch = services.derived.directory(f"{likeness.session_id}/{_FOLDERS[likeness.learns]}{likeness.id}")
    seed = int(likeness.id[:8], 16)
    job = FitJob([path for _, path in picks], scratch, seed, likeness.learns)
    fitted = services.fitter.fit(job, progress)
    _agreed(services, likeness)
    adapter = services.blobs.put_bytes(fitted.adapter).sha256
    return replace(likeness, state=LikenessState.READY, adapter=adapter, report=fitted.report)


def _agreed(services: Services, likeness: Likeness) -> frozenset[Purpose]:
    with services.read() as work:
        records = work.consents(likeness.session_id)
    needed = WHOLE_PICTURES if likeness.learns is Learns.PERSON else {Purpose.FITTING}
    for purpose in sorted(needed):
        consent.require(records, purpose, services.now())
    return consent.allowed(records, services.now())


def _end(services: Services, likeness: Likeness) -> None:
    with services.work() as work:
        work.save(likeness)
        work.commit(FitEnded(likeness.session_id, likeness.id))
    services.board.publish(likeness.session_id, "stage", {"stage": likeness.state.value})
