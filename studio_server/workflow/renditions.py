"""The rendition of a shot in use: what every picture of the session stands on, and who chose it."""

from dataclasses import replace
from pathlib import Path

from studio_server.domain.errors import Conflict, NotFound
from studio_server.domain.events import ShotReceived
from studio_server.domain.ports import Decision, UnitOfWork
from studio_server.domain.rendition import usable
from studio_server.domain.session import Stage
from studio_server.domain.shot import Capture, FileRole, Shot, ShotFile, ShotId
from studio_server.imaging.answers import Look
from studio_server.imaging.decoder import DECODER
from studio_server.workflow.services import Services

RECIPE = "2"
"""2: framed and coloured as the camera's preview."""
VERB, OURS = "rendition", "ours"
"""Of the decisions; its value is a sha256, or OURS."""
ACTOR = "studio"
SMALL = 5
"""With less than this part of the RAW's pixels a rendition was exported for a screen."""


def key_of(shot: Shot) -> str:
    """Caches of whatever is made from this rendition are keyed by it."""
    white = "".join(f"-{round(1000 * factor)}" for factor in white_of(shot))
    return f"{shot.foreground.sha256[:32]}-{RECIPE}{white}"


def white_of(shot: Shot) -> tuple[float, ...]:
    """The white balance to develop by: a rendition of the photographer's has its own."""
    return shot.white if shot.foreground is shot.original else ()


def rendition(services: Services, shot: Shot) -> Path:
    """Developed once, kept without loss (TIFF, sRGB, right side up). Raises Unreadable."""
    path = services.derived.directory(f"{shot.session_id}/renditions") / f"{key_of(shot)}.tif"
    if not path.exists():
        partial = path.with_suffix(f".{services.new_id()}.part")  # a page may ask while a job makes it
        DECODER.develop(services.blobs.path(shot.foreground.sha256), partial, white_of(shot))
        partial.replace(path)
    return path


def put_to_use(services: Services, work: UnitOfWork, shot: Shot, file: ShotFile) -> Shot:
    """The newest rendition is used: it is the photographer's latest word, whatever was chosen before."""
    _note(services, work, shot, file.made_by, file.sha256)
    return replace(shot, rendition=file.sha256, by_hand=False)


def use(services: Services, shot_id: ShotId, sha256: str, actor: str) -> Shot:
    """Use this rendition from now on; empty: ours. Pictures that were made stay. Twice is fine."""
    with services.work() as work:
        shot = work.shot(shot_id)
        _require_choice(work, shot, sha256)
        if shot.rendition == sha256 and shot.by_hand:
            return shot
        chosen = replace(shot, rendition=sha256, by_hand=True)
        work.save(chosen)
        _note(services, work, chosen, actor, sha256)
        work.commit(ShotReceived(chosen.id, chosen.session_id))
    services.board.publish(chosen.session_id, "shot", {"shot": chosen.id, "state": chosen.state.value})
    return chosen


def unfit(shot: Shot, look: Look, camera: Capture) -> Shot | None:
    """The shot without the rendition in use, where that cannot be used; None: it can."""
    pixels, of_camera = (one.width * one.height for one in (look.capture, camera))
    why = look.reason
    if not why and not shot.by_hand and pixels * SMALL < of_camera:
        size = f"{look.capture.width} \N{MULTIPLICATION SIGN} {look.capture.height}"
        why = f"It has only {size} pixels, so it is not used unless you choose it."
    if not why:
        return None
    files = tuple(replace(one, fault=why) if one is shot.foreground else one for one in shot.files)
    other = usable([file for file in files if file.role is FileRole.RENDITION])
    return replace(shot, files=files, rendition=other, by_hand=False)


def without(services: Services, work: UnitOfWork, now: Shot, developed: Shot) -> Shot:
    """Carry over which renditions turned out not to be usable, and which one is used instead."""
    faults = {file.sha256: file.fault for file in developed.files}
    files = tuple(replace(file, fault=faults.get(file.sha256, file.fault)) for file in now.files)
    kept = replace(now, files=files)
    if now.rendition == developed.rendition:
        return kept
    _note(services, work, now, ACTOR, developed.rendition)
    return replace(kept, rendition=developed.rendition, by_hand=False)


def _require_choice(work: UnitOfWork, shot: Shot, sha256: str) -> None:
    if shot.session_id is not None and work.session(shot.session_id).stage >= Stage.APPROVED:
        raise Conflict("The client has finished: these pictures are being delivered as they are.")
    file = next((file for file in shot.renditions if file.sha256 == sha256), None)
    if (sha256 and file is None) or (not sha256 and shot.original.role is FileRole.RENDITION):
        raise NotFound("There is no such rendition of this shot. Open the page again to see what there is.")


def _note(services: Services, work: UnitOfWork, shot: Shot, actor: str, sha256: str) -> None:
    if shot.session_id is not None:  # what lies unclaimed is nobody's yet
        value = sha256 or OURS
        work.append(Decision(shot.session_id, actor, VERB, shot.id, value, services.now()))
