"""A shot is developed: what the camera says of it, its proof and its thumbnail."""

from dataclasses import replace

from studio_server.domain.events import Fact, Flagged, ProofReady, ShotReceived, ShotUnreadable
from studio_server.domain.ports import Reading, UnitOfWork
from studio_server.domain.session import SessionId, Stage
from studio_server.domain.shot import Capture, Flag, Shot, ShotId, ShotState
from studio_server.imaging.answers import Look
from studio_server.imaging.decoder import DECODER
from studio_server.workflow import releases
from studio_server.workflow.renditions import unfit, without
from studio_server.workflow.routing import say, settle
from studio_server.workflow.services import Services


def develop(services: Services, shot_id: ShotId) -> None:
    """Make the proof. A file that cannot be read is kept, listed and explained. Twice is fine.

    The proof is shown as soon as there is one; whether the file is whole to its end is known a while later.
    """
    with services.read() as work:
        shot = work.shot(shot_id)
        white = _white(work, shot.session_id)
    developed = _developed(services, shot, white)
    with services.work() as work:
        now = work.shot(shot_id)  # it may have been flagged, moved or paired while we computed
        if _shows_another(now, shot):
            return
        settled = settle(services, work, _merged(services, work, now, developed))
        kept = settled.shot
        work.commit(*_developed_facts(work, now, kept), *settled.facts)
    say(services, settled)


def _developed(services: Services, shot: Shot, white: tuple[float, ...]) -> Shot:
    shot = replace(shot, white=white)
    if releases.alone(shot):
        return replace(shot, state=ShotState.UNREADABLE, reason=releases.ALONE)
    if shot.foreground is shot.original:
        path = services.blobs.path(shot.original.sha256)
        look = DECODER.look(path, lambda early: _show(services, shot, early), white=white)
        return _looked_at(services, shot, look)
    look = DECODER.look(services.blobs.path(shot.foreground.sha256))
    camera = DECODER.capture(services.blobs.path(shot.original.sha256))
    if fault := unfit(shot, look, camera):
        return _developed(services, fault, white)
    size = {name: getattr(look.capture, name) for name in ("width", "height")}
    return _looked_at(services, shot, replace(look, capture=replace(camera, **size)))


def _looked_at(services: Services, shot: Shot, look: Look) -> Shot:
    state = ShotState.UNREADABLE if look.reason else ShotState.DEVELOPED
    seen = replace(shot, state=state, reason=look.reason, capture=_capture(shot, look))
    return _with_pictures(services, seen, look) if look.proof else seen


def _show(services: Services, shot: Shot, look: Look) -> None:
    """Let everybody see a shot that is not picked yet: its state stays as it is.

    What the camera says of it is read after this, for nobody waits for that.
    """
    if shot.state is not ShotState.RECEIVED or shot.proof:
        return
    with services.work() as work:
        now = work.shot(shot.id)
        if _shows_another(now, shot):
            return
        shown = _with_pictures(services, now, look)
        work.save(shown)
        work.commit()
    services.board.publish(shown.session_id, "shot", {"shot": shown.id, "state": shown.state.value})


def _shows_another(now: Shot, shot: Shot) -> bool:
    """Whether another file is to be shown since: the job that it brought with it makes that proof."""
    return (now.original.sha256, now.foreground.sha256) != (shot.original.sha256, shot.foreground.sha256)


def _capture(shot: Shot, look: Look) -> Capture:
    """What the file says; of what it does not say, what its sender said."""
    told, sent = look.capture, shot.capture
    return replace(told, serial=told.serial or sent.serial, captured_at=told.captured_at or sent.captured_at)


def _with_pictures(services: Services, shot: Shot, look: Look) -> Shot:
    proof, thumbnail = (services.blobs.put_bytes(each).sha256 for each in (look.proof, look.thumbnail))
    return replace(shot, quality=look.quality, proof=proof, thumbnail=thumbnail)


def _merged(services: Services, work: UnitOfWork, now: Shot, developed: Shot) -> Shot:
    made = ("state", "reason", "capture", "quality", "proof", "thumbnail", "white")
    kept = replace(now, **{name: getattr(developed, name) for name in made})
    return without(services, work, kept, developed)


def _developed_facts(work: Reading, before: Shot, now: Shot) -> list[Fact]:
    """What has come to be: a proof; first looks that are due anew; a white balance that came meanwhile."""
    if not now.pickable:
        return [ShotUnreadable(now.id, now.session_id)]
    facts: list[Fact] = [ProofReady(now.id, now.session_id), *_looks_again(work, before, now)]
    if now.white != _white(work, now.session_id):
        facts.append(ShotReceived(now.id, now.session_id))
    return facts


def _looks_again(work: Reading, before: Shot, kept: Shot) -> list[Flagged]:
    """A pick that looks otherwise than when its first looks were made needs new ones."""
    if kept.session_id is None or kept.flag is not Flag.PICK or before.proof in {"", kept.proof}:
        return []
    early = work.session(kept.session_id).stage < Stage.LOCKED
    return [Flagged(kept.id, kept.session_id)] if early else []


def _white(work: Reading, session_id: SessionId | None) -> tuple[float, ...]:
    return work.session(session_id).white if session_id else ()
