"""A second copy of every original, made beside the session and never in its way."""

from collections.abc import Collection
from dataclasses import dataclass

from studio_server.domain.engines import Progress
from studio_server.domain.errors import Conflict, StudioError
from studio_server.domain.events import CopyOwed
from studio_server.domain.mirror import Copy, MirrorTrouble, Unmarked, place_of
from studio_server.domain.ports import Mirror
from studio_server.domain.shot import Shot, ShotFile, ShotId
from studio_server.workflow.services import Services

SUBJECT = "mirror"
"""What the board is told of: the sentence that stands on the photographer's pages while copies are owed."""


@dataclass(frozen=True)
class Brought:
    shots: int
    failed: tuple[str, ...]
    """What keeps an original from being copied, a sentence each."""


@dataclass(frozen=True)
class Verified:
    whole: int
    bad: tuple[str, ...]
    """Paths of copies that were gone or damaged."""


def copy(services: Services, shot_id: ShotId) -> None:
    """Copy what the second place lacks of this shot; what hinders it, the pages say. Twice is fine."""
    mirror = services.mirror
    if mirror is None:
        return
    with services.read() as work:
        shot = work.shot(shot_id)
    try:
        _copy(services, mirror, shot)
    except MirrorTrouble as trouble:
        services.board.tell(SUBJECT, str(trouble))
    else:
        services.board.tell(SUBJECT, "")
    finally:
        services.board.publish(shot.session_id, "copy", {"shot": shot_id})


def owed(services: Services) -> list[CopyOwed]:
    """What the second place lacks, the oldest first; nothing while it is away, which the pages say."""
    if services.mirror is None:
        return []
    try:
        mirror = _opened(services, services.mirror)
    except MirrorTrouble as trouble:
        services.board.tell(SUBJECT, str(trouble))
        return []
    with services.read() as work:
        lacking = [CopyOwed(shot.id, shot.session_id) for shot in work.uncopied(mirror)]
    if not lacking:
        services.board.tell(SUBJECT, "")
    return lacking


def bring_up_to_date(services: Services, progress: Progress) -> Brought:
    """Copy everything that is owed, now. Raises MirrorTrouble; Conflict without a second place."""
    mirror, failed = _mirror(services), []
    place = _opened(services, mirror)
    with services.read() as work:
        lacking = work.uncopied(place)
    for number, shot in enumerate(lacking):
        progress.report(number, len(lacking), f"Copying {shot.original.name}")
        try:
            _copy(services, mirror, shot)
        except MirrorTrouble:
            raise
        except StudioError as error:  # of this one original; the others go on
            failed.append(str(error))
    services.board.tell(SUBJECT, "")
    return Brought(len(lacking) - len(failed), tuple(failed))


def verify(services: Services, progress: Progress) -> Verified:
    """Read every copy through. What is gone or damaged is owed again; whatever lies there is not touched."""
    mirror = _mirror(services)
    with services.read() as work:
        copies = work.copies(_opened(services, mirror))
    bad = []
    for number, one in enumerate(copies):
        progress.report(number, len(copies), f"Reading {one.path}")
        if not mirror.whole(one.path, one.sha256):
            bad.append(one.path)
            mirror.give_up(one.path)
            with services.work() as work:
                work.drop_copy(one)
                work.commit()
    return Verified(len(copies) - len(bad), tuple(bad))


def begin(services: Services) -> None:
    """Begin a new second place where there is no mark yet. Copies elsewhere count no more."""
    mirror = _mirror(services)
    try:
        mirror.id()
    except Unmarked:
        with services.work() as work:
            work.drop_copies()
            work.commit()
        mirror.begin()
        return
    msg = f"{mirror.words} is a second place already. Run `studio mirror` to bring it up to date."
    raise Conflict(msg)


def safe(shots: Collection[Shot], copied: frozenset[str]) -> frozenset[ShotId]:
    """Return those of which every file has its copy."""
    return frozenset(shot.id for shot in shots if all(file.sha256 in copied for file in shot.files))


def _copy(services: Services, mirror: Mirror, shot: Shot) -> None:
    place = _opened(services, mirror)
    with services.read() as work:
        lacking = [file for file in shot.files if not work.has_copy(place, file.sha256)]
    for file in lacking:
        _copy_file(services, mirror, place, (shot, file))


def _copy_file(services: Services, mirror: Mirror, place: str, of: tuple[Shot, ShotFile]) -> None:
    shot, file = of
    path = mirror.keep(services.blobs.path(file.sha256), file.sha256, place_of(shot, file))
    if mirror.id() != place:
        raise MirrorTrouble(
            f"{mirror.words} was exchanged while it was written to. It is begun again by itself."
        )
    with services.work() as work:
        work.add_copy(Copy(file.sha256, place, path, services.now()))
        work.commit()


def _opened(services: Services, mirror: Mirror) -> str:
    """The id of the place. Only where there never was one it is begun: a disk may not be mounted."""
    try:
        return mirror.id()
    except Unmarked:
        with services.read() as work:
            if work.copied_ever():
                raise
        return mirror.begin()


def _mirror(services: Services) -> Mirror:
    if services.mirror is None:
        msg = "This studio has no second place. Set STUDIO_MIRROR to a folder on another disk, or to a URL."
        raise Conflict(msg)
    return services.mirror
