"""Photographer and client choose: sessions, flags, contexts, the lock, approvals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from studio_server.domain import consent
from studio_server.domain.consent import Purpose
from studio_server.domain.errors import BadInput, Conflict, NotFound
from studio_server.domain.events import Approved, Chosen, Fact, Flagged, PicksLocked, ProofReady
from studio_server.domain.likeness import Likeness, LikenessId, LikenessState
from studio_server.domain.ports import Decision, Reading, UnitOfWork
from studio_server.domain.readiness import FEWEST_PICKS
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Flag, Shot, ShotId
from studio_server.domain.variation import Choice, Pass, VariationId
from studio_server.workflow import coaching
from studio_server.workflow.grey_card import unbalanced
from studio_server.workflow.marks import followed, hindrance
from studio_server.workflow.places import offered
from studio_server.workflow.services import Services

FULL_RETOUCH = 100


@dataclass(frozen=True)
class NewSession:
    client_name: str
    contexts: tuple[str, ...]
    camera_serial: str = ""
    days_kept: int = 30
    pick_limit: int = 10


def open_session(services: Services, new: NewSession) -> Session:
    name = new.client_name.strip()
    if not name:
        msg = "The session needs the client's name. Type it and try again."
        raise BadInput(msg)
    if not 1 <= new.days_kept <= 3650:
        msg = "Days kept must lie between 1 and 3650. Choose how long the pictures and the model may stay."
        raise BadInput(msg)
    with services.work() as work:
        session = Session(
            SessionId(services.new_id()),
            name,
            _known_contexts(work, new.contexts),
            new.camera_serial.strip(),
            services.now(),
            days_kept=new.days_kept,
            pick_limit=max(new.pick_limit, FEWEST_PICKS),
        )
        work.save(session)
        work.commit()
    return session


def close_session(services: Services, session_id: SessionId, actor: str) -> None:
    """From now on no further shot joins it."""
    with services.work() as work:
        session = work.session(session_id)
        work.save(replace(session, closed_at=session.closed_at or services.now()))
        work.append(_decision(services, session_id, actor, "close", session_id, ""))
        work.commit()


def set_retouch(services: Services, session_id: SessionId, amount: int, actor: str) -> None:
    """For the pictures that are made from now on; those that are there stay as they are."""
    if not 0 <= amount <= FULL_RETOUCH:
        msg = f"Retouching goes from 0 (as photographed) to {FULL_RETOUCH}. Choose a number between them."
        raise BadInput(msg)
    with services.work() as work:
        session = work.session(session_id)
        if session.stage >= Stage.APPROVED:
            msg = "The client has finished: these pictures are being delivered as they are."
            raise Conflict(msg)
        work.save(replace(session, retouch=amount))
        work.append(_decision(services, session_id, actor, "retouch", session_id, str(amount)))
        work.commit()


def claim(services: Services, shot_id: ShotId, session_id: SessionId | None, actor: str) -> None:
    """Move a shot into a session; None: into the unclaimed tray. Twice is fine.

    A pick of another session loses its flag, for the client there chose it. What was made from it stays with
    that session and is taken for refused: it is shown and delivered no more.
    """
    with services.work() as work:
        shot = work.shot(shot_id)
        if shot.session_id == session_id:
            return
        facts = _move(services, work, shot, session_id, actor)
        work.commit(*facts, *_unbalanced(work, shot.session_id, session_id))
    _say_moved(services, shot, session_id)


def move_on(
    services: Services, source: SessionId, shots: Sequence[ShotId], goal: SessionId | None, actor: str
) -> None:
    """Move shots of one session as `claim` moves one: all of them, or none.

    Raises NotFound for one that is not in the session (any more).
    """
    with services.work() as work:
        moved = [_shot_of(work, source, shot_id) for shot_id in dict.fromkeys(shots)]
        if goal == source:
            return
        facts = [fact for shot in moved for fact in _move(services, work, shot, goal, actor)]
        work.commit(*facts, *_unbalanced(work, source, goal))
    for shot in moved:
        _say_moved(services, shot, goal)


def _unbalanced(work: Reading, source: SessionId | None, goal: SessionId | None) -> list[Fact]:
    """Sessions may have white balances of their own, and the grey card itself may have been moved."""
    return [*unbalanced(work, source), *unbalanced(work, goal)]


def _move(services: Services, work: UnitOfWork, shot: Shot, goal: SessionId | None, actor: str) -> list[Fact]:
    if goal is not None:
        work.session(goal)
    if shot.session_id is not None:
        _let_go(services, work, shot, actor)
    moved = replace(shot, session_id=goal, flag=Flag.NONE, flagged_by="", placed=True)
    if goal is not None:
        work.append(_decision(services, goal, actor, "claim", shot.id, shot.session_id or ""))
    moved, facts = followed(services, work, moved)
    work.save(moved)
    return [ProofReady(shot.id, goal), *facts]


def _say_moved(services: Services, shot: Shot, goal: SessionId | None) -> None:
    services.board.publish(shot.session_id, "shot", {"shot": shot.id, "state": "gone"})
    services.board.publish(goal, "shot", {"shot": shot.id, "state": shot.state.value})


def _let_go(services: Services, work: UnitOfWork, shot: Shot, actor: str) -> None:
    """Leave nothing of the shot to be shown in the session that it goes from."""
    assert shot.session_id is not None
    session = work.session(shot.session_id)
    plate = None if session.clean_plate == shot.id else session.clean_plate
    card = session.grey_card if session.grey_card and session.grey_card.shot_id != shot.id else None
    chosen = tuple(one for one in session.chosen if one.shot_id != shot.id)
    work.save(replace(session, clean_plate=plate, grey_card=card, chosen=chosen))
    for variation in work.variations(session.id):
        if variation.brief.shot_id == shot.id and variation.choice is not Choice.REFUSED:
            work.save(replace(variation, choice=Choice.REFUSED))
    coaching.forget(services, session.id, shot.id)
    work.append(_decision(services, session.id, actor, "let go", shot.id, ""))


def flag(services: Services, session_id: SessionId, shot_id: ShotId, chosen: Flag, actor: str) -> None:
    with services.work() as work:
        session, shot = work.session(session_id), _shot_of(work, session_id, shot_id)
        session.require_open_picks()
        if shot.flag == chosen:
            return
        if why := hindrance(work, session, shot, chosen):
            raise Conflict(why)
        work.save(replace(shot, flag=chosen, flagged_by=actor))
        work.append(_decision(services, session_id, actor, "flag", shot_id, str(int(chosen))))
        work.commit(Flagged(shot_id, session_id))
    services.board.publish(session_id, "flag", {"shot": shot_id, "flag": int(chosen)})


def choose_contexts(
    services: Services, session_id: SessionId, contexts: tuple[str, ...], actor: str
) -> tuple[str, ...]:
    """Returns them in the order of the page."""
    with services.work() as work:
        session = work.session(session_id)
        session.require_open_picks()
        chosen = _known_contexts(work, contexts)
        work.save(replace(session, contexts=chosen))
        work.append(_decision(services, session_id, actor, "contexts", session_id, ",".join(contexts)))
        picks = [shot for shot in work.shots(session_id) if shot.flag is Flag.PICK]
        work.commit(*(Flagged(shot.id, session_id) for shot in picks))
    return chosen


def lock(services: Services, session_id: SessionId, actor: str) -> Likeness:
    """The picks are final; the fit begins."""
    with services.work() as work:
        session = work.session(session_id)
        session.require_open_picks()
        _require_fit_consent(services, work, session_id)
        likeness = _new_likeness(services, work, session_id)
        work.save(session.reached(Stage.LOCKED))
        work.save(likeness)
        work.append(_decision(services, session_id, actor, "lock", likeness.id, ",".join(likeness.shots)))
        work.commit(PicksLocked(session_id, likeness.id))
    services.board.publish(session_id, "stage", {"stage": Stage.LOCKED.name.lower()})
    return likeness


def refit(services: Services, session_id: SessionId, actor: str) -> Likeness:
    """Fit again from the same picks, after a fit that failed or was cancelled, or for a second try."""
    with services.work() as work:
        session = work.session(session_id)
        if session.stage < Stage.LOCKED:
            msg = "The picks are not locked yet. The client locks them on the contact sheet."
            raise Conflict(msg)
        if session.stage >= Stage.APPROVED:
            msg = "The client has finished: these pictures are being delivered. Open a new session for more."
            raise Conflict(msg)
        if any(old.state is LikenessState.FITTING for old in work.likenesses(session_id)):
            msg = "A fit is under way. Cancel it first, or wait for its end."
            raise Conflict(msg)
        _require_fit_consent(services, work, session_id)
        likeness = _new_likeness(services, work, session_id)
        work.save(likeness)
        work.append(_decision(services, session_id, actor, "refit", likeness.id, ""))
        work.commit(PicksLocked(session_id, likeness.id))
    return likeness


def choose(
    services: Services, session_id: SessionId, variation_id: VariationId, choice: Choice, actor: str
) -> None:
    """Approve or refuse a variation. What the judge refused is not there for anybody to choose."""
    with services.work() as work:
        variation = work.variation(variation_id)
        shown = variation.made_in is Pass.FINAL and variation.shown
        if variation.session_id != session_id or not shown:
            msg = "There is no such picture in this session. Open the page again to see what there is."
            raise NotFound(msg)
        if work.session(session_id).stage >= Stage.APPROVED:
            msg = "This session is finished. Ask your photographer to change an approval now."
            raise Conflict(msg)
        work.save(replace(variation, choice=choice))
        work.append(_decision(services, session_id, actor, "choose", variation_id, choice.value))
        work.commit(Chosen(session_id, variation_id))
    services.board.publish(session_id, "choice", {"variation": variation_id, "choice": choice.value})


def finish(services: Services, session_id: SessionId, actor: str) -> None:
    """The client is done: what they approved goes to delivery."""
    with services.work() as work:
        session = work.session(session_id)
        if not any(made.choice is Choice.APPROVED for made in work.variations(session_id)):
            msg = "Nothing is approved yet. Approve at least one picture, then finish."
            raise Conflict(msg)
        work.save(session.reached(Stage.APPROVED))
        work.append(_decision(services, session_id, actor, "finish", session_id, ""))
        work.commit(Approved(session_id))
    services.board.publish(session_id, "stage", {"stage": Stage.APPROVED.name.lower()})


def _known_contexts(work: Reading, contexts: tuple[str, ...]) -> tuple[str, ...]:
    known = [one.id for one in offered(work)]
    chosen = tuple(one for one in known if one in contexts)
    if unknown := set(contexts) - set(known):
        raise BadInput(f"There is no context “{min(unknown)}”. Choose from those on the page.")
    if not chosen:
        msg = f"Choose at least one context. There are: {', '.join(known)}."
        raise BadInput(msg)
    return chosen


def _shot_of(work: UnitOfWork, session_id: SessionId, shot_id: ShotId) -> Shot:
    shot = work.shot(shot_id)
    if shot.session_id != session_id:
        msg = "There is no such picture in this session. Open the page again to see what there is."
        raise NotFound(msg)
    return shot


def _require_fit_consent(services: Services, work: UnitOfWork, session_id: SessionId) -> None:
    records = work.consents(session_id)
    for purpose in (Purpose.FITTING, Purpose.GENERATION):
        consent.require(records, purpose, services.now())


def _new_likeness(services: Services, work: UnitOfWork, session_id: SessionId) -> Likeness:
    picks = [shot for shot in work.shots(session_id) if shot.flag is Flag.PICK and shot.pickable]
    if len(picks) < FEWEST_PICKS:
        msg = f"Pick at least {FEWEST_PICKS} pictures first; {len(picks)} so far."
        raise Conflict(msg)
    chosen = tuple(shot.id for shot in picks)
    return Likeness(LikenessId(services.new_id()), session_id, chosen, LikenessState.FITTING, services.now())


def _decision(  # noqa: PLR0913, PLR0917 - a decision is these six
    services: Services, session_id: SessionId, actor: str, verb: str, subject: str, value: str
) -> Decision:
    return Decision(session_id, actor, verb, subject, value, services.now())
