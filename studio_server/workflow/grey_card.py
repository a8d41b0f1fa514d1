"""The session's white balance: a frame of the grey card, by which every photograph of the session is set."""

from dataclasses import replace

from studio_server.domain.errors import Conflict, NotFound
from studio_server.domain.events import Fact, ShotReceived
from studio_server.domain.ports import Decision, Reading
from studio_server.domain.session import GreyCard, Session, SessionId, Stage
from studio_server.domain.shot import Shot, ShotId, ShotState
from studio_server.imaging.decoder import DECODER
from studio_server.workflow.services import Services


def mark_card(services: Services, session_id: SessionId, shot_id: ShotId, actor: str) -> None:
    """Say that a shot shows the grey card: all shots of the session are developed anew by its white.

    Raises Unreadable, with what to do, where there is no card to be found in it. Twice is fine.
    """
    with services.read() as work:
        session, shot = work.session(session_id), work.shot(shot_id)
    _require_suitable(session, shot)
    white = DECODER.white(services.blobs.path(shot.original.sha256))
    _set(services, session_id, GreyCard(shot_id, white), actor)


def unmark_card(services: Services, session_id: SessionId, actor: str) -> None:
    """The camera's own white balance holds again. Twice is fine."""
    _set(services, session_id, None, actor)


def _set(services: Services, session_id: SessionId, card: GreyCard | None, actor: str) -> None:
    with services.work() as work:
        session = work.session(session_id)
        if session.grey_card == card:
            return
        _require_open(session)
        work.save(replace(session, grey_card=card))
        what, subject = ("grey card", card.shot_id) if card else ("no grey card", "")
        work.append(Decision(session_id, actor, what, subject, "", services.now()))
        work.commit(*unbalanced(work, session_id))
    services.board.publish(session_id, "stage", {"stage": session.stage.name.lower()})


def unbalanced(work: Reading, session_id: SessionId | None) -> list[Fact]:
    """The facts that have those shots developed anew whose white balance is not their session's."""
    white = work.session(session_id).white if session_id else ()
    shots = [shot for shot in work.shots(session_id) if shot.state is ShotState.DEVELOPED]
    return [ShotReceived(shot.id, session_id) for shot in shots if shot.white != white]


def _require_open(session: Session) -> None:
    if session.stage >= Stage.LOCKED:
        msg = "The picks are locked, and pictures are made from them: their white balance stays as it is."
        raise Conflict(msg)


def _require_suitable(session: Session, shot: Shot) -> None:
    if shot.session_id != session.id:
        msg = "There is no such picture in this session. Open the page again to see what there is."
        raise NotFound(msg)
    _require_open(session)
    if not shot.pickable:
        msg = f"This picture cannot be the grey card. {shot.reason or 'Its proof is not ready yet.'}"
        raise Conflict(msg)
