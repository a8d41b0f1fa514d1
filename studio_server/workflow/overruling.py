"""The photographer's word against the machine's: another shot for a context, a refused picture shown."""

from dataclasses import replace

from studio_server.domain.errors import BadInput, Conflict, NotFound
from studio_server.domain.events import VariationMade
from studio_server.domain.ports import Decision, UnitOfWork
from studio_server.domain.session import ChosenShot, Session, SessionId, Stage
from studio_server.domain.shot import Flag, ShotId
from studio_server.domain.variation import Overruling, Pass, Variation, VariationId
from studio_server.workflow.services import Services

ACTOR = "photographer"
SHORTEST_REASON, LONGEST_REASON = 3, 300


def use_shot(services: Services, session_id: SessionId, context: str, shot_id: ShotId) -> None:
    """Give a context to this pick from now on; an empty shot leaves the choice to the machine again."""
    with services.work() as work:
        session = _unfinished(work, session_id)
        if context not in session.contexts:
            raise NotFound("This session has no such context. Load the page again to see which it has.")
        if shot_id:
            shot = work.shot(shot_id)
            if shot.session_id != session_id or shot.flag is not Flag.PICK:
                raise BadInput("Only a pick of this session can carry a context. Choose one of the picks.")
        others = tuple(one for one in session.chosen if one.context != context)
        own = (ChosenShot(context, shot_id),) if shot_id else ()
        work.save(replace(session, chosen=others + own))
        work.append(Decision(session_id, ACTOR, "use shot", context, shot_id, services.now()))
        work.commit()


def overrule(services: Services, variation_id: VariationId, reason: str) -> Variation:
    """Show the client what the judge refused; the reason is kept with the picture."""
    why = reason.strip()[:LONGEST_REASON]
    if len(why) < SHORTEST_REASON:
        raise BadInput("Say in a few words why this picture may be shown. The reason is kept with it.")
    with services.work() as work:
        variation = work.variation(variation_id)
        _unfinished(work, variation.session_id)
        if variation.made_in is not Pass.FINAL or variation.resemblance.accepted:
            raise Conflict("The judge holds nothing against this picture, so there is nothing to overrule.")
        shown = replace(variation, overruled=Overruling(why, services.now()))
        work.save(shown)
        work.append(Decision(shown.session_id, ACTOR, "overrule", variation_id, why, services.now()))
        work.commit(VariationMade(shown.session_id, variation_id))
    seen = {"variation": variation_id, "pass": shown.made_in.value, "accepted": True}
    services.board.publish(shown.session_id, "variation", seen)
    return shown


def _unfinished(work: UnitOfWork, session_id: SessionId) -> Session:
    session = work.session(session_id)
    if session.stage >= Stage.APPROVED:
        raise Conflict("The client has finished: these pictures are being delivered as they are.")
    return session
