"""What was measured and fitted of a client goes when the consent to it ends: by its days, or taken back."""

from dataclasses import replace

from studio_server.domain.consent import WHOLE_PICTURES, Purpose, allowed
from studio_server.domain.likeness import Learns, LikenessState
from studio_server.domain.ports import Decision, Reading
from studio_server.domain.session import Session, SessionId
from studio_server.workflow.services import Services

KEPT = {
    Purpose.FACES: ("faces", "person-"),
    Purpose.FITTING: ("fit-", "person-"),
    Purpose.GENERATION: ("cut-", "person-"),
    Purpose.SYNTHETIC: ("person-",),
}
"""What lies among the session's derived files for each purpose: measured faces, fits, mattes."""
ACTOR = "studio"


def erase(services: Services, session_id: SessionId) -> tuple[str, ...]:
    """Erase what no consent covers any more, and say what it was. Twice is fine.

    Photographs and approved composites are the photographer's and the client's pictures: they stay.
    """
    with services.read() as work:
        session, records = work.session(session_id), work.consents(session_id)
    ended = frozenset(Purpose) - allowed(records, services.now())
    gone = [
        name
        for purpose in sorted(ended & KEPT.keys())
        for prefix in KEPT[purpose]
        for name in services.derived.erase(session_id, prefix)
    ]
    if Purpose.FITTING in ended:
        gone += _erase_likenesses(services, session, frozenset(Learns))
    elif WHOLE_PICTURES & ended:
        gone += _erase_likenesses(services, session, frozenset({Learns.PERSON}))
    if Purpose.GENERATION in ended:
        gone += _erase_layers(services, session)
    if gone:
        with services.work() as work:
            words = ", ".join(sorted(gone)) + _that_stays(work, session_id)
            work.append(Decision(session_id, ACTOR, "erase", session_id, words, services.now()))
            work.commit()
    return tuple(gone)


def erase_due(services: Services) -> int:
    """Every session whose consent has ended, by its days too. Returns how many had anything left."""
    with services.read() as work:
        sessions = work.sessions()
    return sum(bool(erase(services, session.id)) for session in sessions)


def _that_stays(work: Reading, session_id: SessionId) -> str:
    """The second place holds photographs alone, and these stay: the record of an erasure says so."""
    copies = len(work.copied(session_id))
    return f"; photographs stay, {copies} of their files also in the second place" if copies else ""


def _erase_layers(services: Services, session: Session) -> list[str]:
    """A layered TIFF holds the matte; the picture itself stays."""
    with services.work() as work:
        layered = [one for one in work.variations(session.id) if one.layers]
        for variation in layered:
            services.blobs.erase(variation.layers)
            work.save(replace(variation, layers=""))
        work.commit()
    return [f"layers {one.id}" for one in layered]


def _erase_likenesses(services: Services, session: Session, of: frozenset[Learns]) -> list[str]:
    with services.work() as work:
        fitted = [one for one in work.likenesses(session.id) if one.adapter and one.learns in of]
        for likeness in fitted:
            services.blobs.erase(likeness.adapter)
            why = "Erased: the client's consent to it has ended."
            work.save(replace(likeness, adapter="", state=LikenessState.ERASED, reason=why))
        work.commit()
    return [f"likeness {one.id}" for one in fitted]
