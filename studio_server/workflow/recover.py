"""What the business still owes, read from the business itself: queues may be lost at any time."""

from collections.abc import Iterator

from studio_server.domain.events import (
    Approved,
    ConsentChanged,
    Fact,
    Flagged,
    LikenessReady,
    PicksLocked,
    ShotReceived,
)
from studio_server.domain.likeness import LikenessState
from studio_server.domain.ports import Reading
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Flag, ShotState
from studio_server.domain.variation import Choice
from studio_server.workflow import coaching, whole
from studio_server.workflow.grey_card import unbalanced
from studio_server.workflow.services import Services


def pending(services: Services) -> list[Fact]:
    """The facts whose jobs have not come to an end, oldest session first."""
    with services.read() as work:
        owed = [*_to_develop(work, None)]
        for session in reversed(work.sessions()):
            owed += [*_to_develop(work, session), *_owed(work, session)]
            owed += coaching.owed(services, work, session)
    return owed


def again(services: Services, session_id: SessionId) -> int:
    """Start anew what this session is owed and what stopped. Returns how many jobs; twice is fine."""
    with services.work() as work:
        session = work.session(session_id)
        owed = [*_to_develop(work, session), *_owed(work, session), *_varied(work, session)]
        owed += coaching.owed(services, work, session)
        owed += [ConsentChanged(session_id)] if work.consents(session_id) else []  # erases what is due
        work.commit(*owed)
    return len(owed)


def _to_develop(work: Reading, session: Session | None) -> Iterator[Fact]:
    for shot in work.shots(session.id if session else None):
        if shot.state is ShotState.RECEIVED:
            yield ShotReceived(shot.id, shot.session_id)
    yield from unbalanced(work, session.id if session else None)


def _owed(work: Reading, session: Session) -> Iterator[Fact]:
    likenesses = work.likenesses(session.id)
    if session.stage < Stage.LOCKED:
        yield from (Flagged(shot.id, session.id) for shot in work.shots(session.id) if shot.flag is Flag.PICK)
    for likeness in likenesses:
        if likeness.state is LikenessState.FITTING:
            yield PicksLocked(session.id, likeness.id)
    if likenesses and likenesses[-1].state is LikenessState.READY and session.stage < Stage.VARIED:
        yield LikenessReady(session.id, likenesses[-1].id)
    else:
        yield from whole.owed(work, session.id)
    if session.stage >= Stage.APPROVED and _undelivered(work, session):
        yield Approved(session.id)


def _varied(work: Reading, session: Session) -> Iterator[Fact]:
    """After a second fit some pictures may be missing, though the session has had all of the first."""
    likenesses = work.likenesses(session.id)
    if session.stage is Stage.VARIED and likenesses and likenesses[-1].state is LikenessState.READY:
        yield LikenessReady(session.id, likenesses[-1].id)


def _undelivered(work: Reading, session: Session) -> bool:
    approved = {one.id for one in work.variations(session.id) if one.choice is Choice.APPROVED}
    return bool(approved - {one.variation_id for one in work.deliveries(session.id)})
