"""The synthetic lane's part of a session: when the person is learnt, and which whole pictures are owed."""

from collections.abc import Sequence

from studio_server.domain import consent
from studio_server.domain.events import LikenessReady, PicksLocked
from studio_server.domain.likeness import Learns, Likeness, LikenessId, LikenessState
from studio_server.domain.ports import Reading, UnitOfWork
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.variation import context
from studio_server.workflow.services import Services


def ready(work: Reading, session_id: SessionId, learns: Learns) -> Sequence[Likeness]:
    """The likenesses of one kind that can be worn, the newest last."""
    known = work.likenesses(session_id)
    return [one for one in known if one.state is LikenessState.READY and one.learns is learns]


def begin(services: Services, work: UnitOfWork, session_id: SessionId) -> Sequence[PicksLocked]:
    """Have the person learnt, once the composites are there: the client has something to look at meanwhile.

    Nothing begins without the client's own consent to it, a base that can, and an open session; nor twice
    for the same picks.
    """
    session, known = work.session(session_id), work.likenesses(session_id)
    able = services.synthetic and consent.whole_pictures(work.consents(session_id), services.now())
    begun = any(one.learns is Learns.PERSON and one.state in _UNDER_WAY for one in known)
    if not able or begun or session.stage >= Stage.APPROVED:
        return ()
    picks = ready(work, session_id, Learns.SURROUNDINGS)[-1].shots
    person = Likeness(
        id=LikenessId(services.new_id()),
        session_id=session_id,
        shots=picks,
        state=LikenessState.FITTING,
        created_at=services.now(),
        learns=Learns.PERSON,
    )
    work.save(person)
    return (PicksLocked(session_id, person.id),)


def described(session: Session) -> Sequence[str]:
    """The contexts that a base can be told in words; a photograph of the studio's own has none."""
    return [place for place in session.contexts if not context(place).own]


_UNDER_WAY = (LikenessState.FITTING, LikenessState.READY)


def owed(work: Reading, session_id: SessionId) -> Sequence[LikenessReady]:
    """A person who was learnt while their pictures were not all made; asked after a crash."""
    session, person = work.session(session_id), ready(work, session_id, Learns.PERSON)
    if not person or session.stage >= Stage.APPROVED:
        return ()
    made = [
        one for one in work.variations(session_id) if one.whole and one.created_at >= person[-1].created_at
    ]
    return () if len(made) >= len(described(session)) else (LikenessReady(session_id, person[-1].id),)
