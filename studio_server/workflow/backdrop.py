"""The session's clean plate: a frame of the empty backdrop, against which people are cut out."""

from dataclasses import replace

from studio_server.domain.errors import Conflict, NotFound
from studio_server.domain.events import ProofReady
from studio_server.domain.ports import Decision
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Flag, Shot, ShotId
from studio_server.workflow.services import Services


def mark_empty(services: Services, session_id: SessionId, shot_id: ShotId, actor: str) -> None:
    """Say that a shot shows the backdrop alone. It leaves the client's contact sheet; twice is fine."""
    with services.work() as work:
        session, shot = work.session(session_id), work.shot(shot_id)
        _require_suitable(session, shot)
        work.save(replace(session, clean_plate=shot.id))
        work.append(Decision(session_id, actor, "empty backdrop", shot_id, "", services.now()))
        work.commit(ProofReady(shot.id, session.id))
    services.board.publish(session_id, "shot", {"shot": shot_id, "state": "gone"})


def unmark_empty(services: Services, session_id: SessionId, actor: str) -> None:
    """There is no clean plate any more; the shot is one like the others again. Twice is fine."""
    with services.work() as work:
        session = work.session(session_id)
        if session.clean_plate is None:
            return
        shot = work.shot(ShotId(session.clean_plate))
        work.save(replace(session, clean_plate=None))
        work.append(Decision(session_id, actor, "no empty backdrop", shot.id, "", services.now()))
        work.commit(ProofReady(shot.id, session.id))
    services.board.publish(session_id, "shot", {"shot": shot.id, "state": shot.state.value})


def _require_suitable(session: Session, shot: Shot) -> None:
    if shot.session_id != session.id:
        msg = "There is no such picture in this session. Open the page again to see what there is."
        raise NotFound(msg)
    if session.stage >= Stage.APPROVED:
        msg = "The client has finished: these pictures are being delivered as they are."
        raise Conflict(msg)
    if shot.flag is Flag.PICK:
        msg = "This picture is one of the picks. Unpick it first if it shows the empty backdrop."
        raise Conflict(msg)
    if not shot.pickable:
        msg = f"This picture cannot be the empty backdrop. {shot.reason or 'Its proof is not ready yet.'}"
        raise Conflict(msg)
