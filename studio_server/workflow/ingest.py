"""A shot comes in: received, paired with its companions, routed to its session, developed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO, Literal

from studio_server.domain.errors import BadInput
from studio_server.domain.events import CopyOwed, Fact, Flagged, ProofReady, ShotReceived, ShotUnreadable
from studio_server.domain.ports import BlobRef, Reading, UnitOfWork
from studio_server.domain.rendition import Origin
from studio_server.domain.session import SessionId, Stage
from studio_server.domain.shot import (
    PICTURE_SUFFIXES,
    RAW_SUFFIXES,
    SIDECAR_SUFFIXES,
    Capture,
    FileRole,
    Flag,
    Place,
    Shot,
    ShotFile,
    ShotId,
    ShotState,
)
from studio_server.imaging.answers import Look
from studio_server.imaging.decoder import DECODER
from studio_server.workflow import releases
from studio_server.workflow.joining import joined
from studio_server.workflow.pairing import Newcomer
from studio_server.workflow.renditions import unfit, without
from studio_server.workflow.routing import say, settle
from studio_server.workflow.services import Services


class UnknownKind(BadInput):
    status = 415


@dataclass(frozen=True)
class Incoming:
    """What the camera's side says of one file."""

    name: str
    path: str
    serial: str
    captured_at: datetime | None
    release: str
    """One key per release of the shutter; empty: this file stands alone."""
    sha256: str = ""
    spot: str = ""
    """One key per folder and stem, by which what has no header of its own finds its shot."""
    session_id: SessionId | None = None
    """The session that it is brought to by hand; None: the one that takes it by camera and time."""
    appeared_at: datetime | None = None
    """When somebody saw it come into the watched folder; None: nobody did."""
    origin: Origin | None = None
    """What the picture says of itself, where that was read already."""
    place: Place = Place.NOWHERE


@dataclass(frozen=True)
class Receipt:
    shot_id: ShotId | None
    state: Literal["received", "known", "ours"]
    session_id: SessionId | None = None


def receive(services: Services, incoming: Incoming, stream: BinaryIO) -> Receipt:
    """Keep one file byte for byte and make it part of its shot. The same bytes twice change nothing."""
    role_of(incoming.name)  # before anything is read
    if incoming.sha256 and (known := receipt_of(services, incoming.sha256)):
        return known
    stored = services.blobs.put(stream)
    if incoming.sha256 not in ("", stored.sha256):
        msg = f"{incoming.name} arrived changed on its way. Send it again."
        raise BadInput(msg)
    return receive_stored(services, incoming, stored)


def receive_stored(services: Services, incoming: Incoming, stored: BlobRef) -> Receipt:
    """Make bytes that are kept already part of a shot."""
    newcomer = _newcomer(services, incoming, stored)
    with services.work() as work:
        if known := _known_to(work, stored.sha256):  # asked in here: two may have asked before either sent
            return known
        settled = settle(services, work, *joined(services, work, newcomer))
        shot = settled.shot
        work.commit(*_received(services, shot, stored.sha256), *settled.facts)
    say(services, settled)
    return Receipt(shot.id, "received", shot.session_id)


def has_file(services: Services, sha256: str) -> bool:
    """Whether this file need not be sent: it is part of a shot, or a master of ours."""
    return receipt_of(services, sha256) is not None


def receipt_of(services: Services, sha256: str) -> Receipt | None:
    with services.read() as work:
        return _known_to(work, sha256)


def role_of(name: str) -> FileRole:
    suffix = PurePath(name).suffix.lower()
    for role, suffixes in (
        (FileRole.RAW, RAW_SUFFIXES),
        (FileRole.PICTURE, PICTURE_SUFFIXES),
        (FileRole.SIDECAR, SIDECAR_SUFFIXES),
    ):
        if suffix in suffixes:
            return role
    msg = (
        f"{name} is not a kind of file that a shot is made of. Send RAW, JPEG, TIFF, PNG, HEIC or XMP files."
    )
    raise UnknownKind(msg)


def develop(services: Services, shot_id: ShotId) -> None:
    """Make the proof. A file that cannot be read is kept, listed and explained. Twice is fine.

    The proof is shown as soon as there is one; whether the file is whole to its end is known a while later.
    """
    with services.read() as work:
        shot = work.shot(shot_id)
        white = _white(work, shot.session_id)
    developed = _developed(services, shot, white)
    with services.work() as work:
        now = work.shot(shot_id)  # it may have been flagged, moved or paired while we computed
        if _shows_another(now, shot):
            return
        settled = settle(services, work, _merged(services, work, now, developed))
        kept = settled.shot
        work.commit(*_developed_facts(work, now, kept), *settled.facts)
    say(services, settled)


def _newcomer(services: Services, incoming: Incoming, stored: BlobRef) -> Newcomer:
    now, name = services.now(), PurePath(incoming.name).name
    role = role_of(incoming.name)
    file = ShotFile(stored.sha256, role, name, incoming.path, stored.size, came_at=now, place=incoming.place)
    return Newcomer(
        file=file,
        release=incoming.release,
        origin=_origin(services, incoming, file),
        session_id=incoming.session_id,
        at=now,
        spot=incoming.spot,
        said=Capture(serial=incoming.serial, captured_at=incoming.captured_at),
        appeared_at=incoming.appeared_at,
    )


def _received(services: Services, shot: Shot, sha256: str) -> Sequence[Fact]:
    """A companion or sidecar changes nothing of what is shown: it is copied, and not developed."""
    shown = sha256 in {shot.original.sha256, shot.foreground.sha256}
    developed = (ShotReceived(shot.id, shot.session_id),) if shown else ()
    return developed if services.mirror is None else (*developed, CopyOwed(shot.id, shot.session_id))


def _shows_another(now: Shot, shot: Shot) -> bool:
    """Whether another file is to be shown since: the job that it brought with it makes that proof."""
    return (now.original.sha256, now.foreground.sha256) != (shot.original.sha256, shot.foreground.sha256)


def _merged(services: Services, work: UnitOfWork, now: Shot, developed: Shot) -> Shot:
    made = ("state", "reason", "capture", "quality", "proof", "thumbnail", "white")
    kept = replace(now, **{name: getattr(developed, name) for name in made})
    return without(services, work, kept, developed)


def _looks_again(work: Reading, before: Shot, kept: Shot) -> list[Flagged]:
    """A pick that looks otherwise than when its first looks were made needs new ones."""
    if kept.session_id is None or kept.flag is not Flag.PICK or before.proof in {"", kept.proof}:
        return []
    early = work.session(kept.session_id).stage < Stage.LOCKED
    return [Flagged(kept.id, kept.session_id)] if early else []


def _known_to(work: Reading, sha256: str) -> Receipt | None:
    if work.is_ours(sha256):
        return Receipt(None, "ours")
    shot = work.shot_with_file(sha256)
    return Receipt(shot.id, "known", shot.session_id) if shot else None


def _origin(services: Services, incoming: Incoming, file: ShotFile) -> Origin:
    """What a picture says of itself; of what it does not say, and of a RAW, what its sender said."""
    told = incoming.origin or Origin()
    if incoming.origin is None and file.role is FileRole.PICTURE:
        told = DECODER.origin(services.blobs.path(file.sha256))
    capture = replace(
        told.capture,
        serial=told.capture.serial or incoming.serial,
        captured_at=told.capture.captured_at or incoming.captured_at,
    )
    return replace(told, capture=capture)


def _show(services: Services, shot: Shot, look: Look) -> None:
    """Let everybody see a shot that is not picked yet: its state stays as it is.

    What the camera says of it is read after this, for nobody waits for that.
    """
    if shot.state is not ShotState.RECEIVED or shot.proof:
        return
    with services.work() as work:
        now = work.shot(shot.id)
        if _shows_another(now, shot):
            return
        shown = _with_pictures(services, now, look)
        work.save(shown)
        work.commit()
    services.board.publish(shown.session_id, "shot", {"shot": shown.id, "state": shown.state.value})


def _capture(shot: Shot, look: Look) -> Capture:
    """What the file says; of what it does not say, what its sender said."""
    told, sent = look.capture, shot.capture
    return replace(told, serial=told.serial or sent.serial, captured_at=told.captured_at or sent.captured_at)


def _with_pictures(services: Services, shot: Shot, look: Look) -> Shot:
    proof, thumbnail = (services.blobs.put_bytes(each).sha256 for each in (look.proof, look.thumbnail))
    return replace(shot, quality=look.quality, proof=proof, thumbnail=thumbnail)


def _developed_facts(work: Reading, before: Shot, now: Shot) -> list[Fact]:
    """What has come to be: a proof; first looks that are due anew; a white balance that came meanwhile."""
    if not now.pickable:
        return [ShotUnreadable(now.id, now.session_id)]
    facts: list[Fact] = [ProofReady(now.id, now.session_id), *_looks_again(work, before, now)]
    if now.white != _white(work, now.session_id):
        facts.append(ShotReceived(now.id, now.session_id))
    return facts


def _white(work: Reading, session_id: SessionId | None) -> tuple[float, ...]:
    return work.session(session_id).white if session_id else ()


def _developed(services: Services, shot: Shot, white: tuple[float, ...]) -> Shot:
    shot = replace(shot, white=white)
    if releases.alone(shot):
        return replace(shot, state=ShotState.UNREADABLE, reason=releases.ALONE)
    if shot.foreground is shot.original:
        path = services.blobs.path(shot.original.sha256)
        look = DECODER.look(path, lambda early: _show(services, shot, early), white=white)
        return _looked_at(services, shot, look)
    look = DECODER.look(services.blobs.path(shot.foreground.sha256))
    camera = DECODER.capture(services.blobs.path(shot.original.sha256))
    if fault := unfit(shot, look, camera):
        return _developed(services, fault, white)
    size = {name: getattr(look.capture, name) for name in ("width", "height")}
    return _looked_at(services, shot, replace(look, capture=replace(camera, **size)))


def _looked_at(services: Services, shot: Shot, look: Look) -> Shot:
    state = ShotState.UNREADABLE if look.reason else ShotState.DEVELOPED
    seen = replace(shot, state=state, reason=look.reason, capture=_capture(shot, look))
    return _with_pictures(services, seen, look) if look.proof else seen
