"""A file joins its shot, or begins one."""

from dataclasses import replace

from studio_server.domain.ports import UnitOfWork
from studio_server.domain.shot import FileRole, Place, Shot, ShotFile, ShotId
from studio_server.workflow import releases
from studio_server.workflow.pairing import Newcomer, paired
from studio_server.workflow.renditions import put_to_use
from studio_server.workflow.services import Services

OF_CAMERA = frozenset({FileRole.RAW, FileRole.PICTURE})


def joined(services: Services, work: UnitOfWork, new: Newcomer) -> tuple[Shot, Place]:
    """Return the shot with this file in it, not saved yet, and where its original lay until now."""
    shot, file = paired(work, new)
    lay = shot.original.place if shot else Place.NOWHERE
    if shot is None:
        shot = _new_shot(services, new, file)
    elif file.role is FileRole.RENDITION:  # its own keys are those of a picture, not of a release
        shot = replace(shot, files=(*shot.files, file))
    else:
        shot = _grown(shot, file, new)
    if file.role is FileRole.RENDITION:
        shot = put_to_use(services, work, shot, file)
    return shot, lay


def _grown(shot: Shot, file: ShotFile, new: Newcomer) -> Shot:
    grown = releases.joined(shot, file, new.keys)
    if file.role not in OF_CAMERA or shot.original.role in OF_CAMERA:
        return grown
    known, said = grown.capture, new.said  # until now there was nothing of the camera's
    capture = replace(
        known, serial=known.serial or said.serial, captured_at=known.captured_at or said.captured_at
    )
    release = new.release or grown.release
    return replace(grown, release=release, capture=capture, appeared_at=new.appeared_at)


def _new_shot(services: Services, new: Newcomer, file: ShotFile) -> Shot:
    return Shot(
        id=ShotId(services.new_id()),
        session_id=new.session_id,
        release=new.release or file.sha256,
        files=(file,),
        received_at=new.at,
        spot=new.spot,
        appeared_at=new.appeared_at,
        placed=new.session_id is not None,
        capture=new.said,
    )
