"""What the photographer says by moving a file in Capture One: a decision like any other, with its origin.

What somebody chose on a page stands, before and after: it is never overwritten by a folder. The page says
where the two differ, and one press follows the folder (decision 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from studio_server.domain.consent import Purpose, allowed
from studio_server.domain.errors import BadInput, NotFound
from studio_server.domain.events import Fact, Flagged
from studio_server.domain.ports import Decision, Reading, UnitOfWork
from studio_server.domain.session import Session, Stage
from studio_server.domain.shot import MARKS, Flag, Place, Shot
from studio_server.workflow.services import Services

ORIGIN = "Capture One"
FOLDERS = {Place.SELECTS: "Selects", Place.TRASH: "Trash", Place.CAPTURE: "Capture", Place.OUTPUT: "Output"}
LOCKED = "The picks of this session are locked."


@dataclass(frozen=True)
class Moved:
    state: Literal["moved", "same", "ours"]
    shot: Shot | None = None


def place_named(name: str) -> Place:
    try:
        return Place(name)
    except ValueError:
        raise BadInput(
            f"“{name[:40]}” is no part of a session. Send selects, capture, trash or output."
        ) from None


def move(services: Services, sha256: str, place: Place, path: str) -> Moved:
    """A known file lies somewhere else now. Twice is fine. Raises NotFound for one that is not here."""
    with services.work() as work:
        if work.is_ours(sha256):
            return Moved("ours")
        before = work.shot_with_file(sha256)
        if before is None:
            raise NotFound("This file is not here yet. Send it.")
        files = tuple(
            replace(file, place=place, path=path or file.path) if file.sha256 == sha256 else file
            for file in before.files
        )
        if files == before.files:
            return Moved("same", before)
        shot, facts = followed(services, work, replace(before, files=files), before.original.place)
        work.save(shot)
        work.commit(*facts)
    if shot.flag != before.flag:
        services.board.publish(shot.session_id, "flag", {"shot": shot.id, "flag": int(shot.flag)})
    services.board.publish(shot.session_id, "shot", {"shot": shot.id, "state": shot.state.value})
    return Moved("moved", shot)


def followed(
    services: Services, work: UnitOfWork, shot: Shot, before: Place | None = None
) -> tuple[Shot, Sequence[Fact]]:
    """The shot with the flag that its folder says, unless something stands against it.

    `before`: where its original lay until now, if it has just been moved.
    """
    place = shot.original.place
    if shot.session_id is None:
        return shot, ()
    taken_in = before is Place.NOWHERE and place not in MARKS
    if before is not None and before != place and not taken_in:
        work.append(Decision(shot.session_id, ORIGIN, "move", shot.id, place.value, services.now()))
    if shot.flag == shot.mark or against(work, shot):
        return shot, ()
    actor = f"{ORIGIN}: moved to {FOLDERS.get(place, 'another folder')}"
    work.append(Decision(shot.session_id, actor, "flag", shot.id, str(int(shot.mark)), services.now()))
    flagged = replace(shot, flag=shot.mark, flagged_by=ORIGIN if shot.mark else "")
    may_look = Purpose.GENERATION in allowed(work.consents(shot.session_id), services.now())
    return flagged, [Flagged(shot.id, shot.session_id)] if may_look else []


def against(work: Reading, shot: Shot) -> str:
    """Why the folder's flag is not followed, in a sentence; empty: it is, or may be."""
    assert shot.session_id is not None
    if shot.flagged_by not in {"", ORIGIN} or (not shot.flagged_by and shot.flag is not Flag.NONE):
        return f"The {shot.flagged_by or 'client'} chose otherwise on the page, and that stands."
    return hindrance(work, work.session(shot.session_id), shot, shot.mark)


def hindrance(work: Reading, session: Session, shot: Shot, chosen: Flag) -> str:
    """Why a shot of this session cannot have this flag, in a sentence; empty: it can."""
    if session.stage >= Stage.LOCKED:
        return LOCKED
    if chosen is not Flag.PICK:
        return ""
    if not shot.pickable:
        return f"This picture cannot be picked. {shot.reason or 'Its proof is not ready yet.'}"
    if shot.id == session.clean_plate:
        return "This picture shows the empty backdrop. Take that mark off first to pick it."
    picks = sum(other.flag is Flag.PICK for other in work.shots(session.id))
    if picks >= session.pick_limit:
        return f"{session.pick_limit} of {session.pick_limit} are chosen. Unpick one to choose another."
    return ""
