"""A shot comes in: received, paired with its companions, routed to its session, developed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO, Literal

from studio_server.domain.errors import BadInput
from studio_server.domain.events import CopyOwed, ProofReady, ShotReceived, ShotUnreadable
from studio_server.domain.ports import BlobRef, Reading, UnitOfWork
from studio_server.domain.session import SessionId
from studio_server.domain.shot import (
    PICTURE_SUFFIXES,
    RAW_SUFFIXES,
    SIDECAR_SUFFIXES,
    Capture,
    FileRole,
    Shot,
    ShotFile,
    ShotId,
    ShotState,
)
from studio_server.imaging.answers import Look
from studio_server.imaging.decoder import DECODER
from studio_server.workflow import releases
from studio_server.workflow.routing import reclaim, route
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
    role, name = role_of(incoming.name), PurePath(incoming.name).name
    file = ShotFile(stored.sha256, role, name, incoming.path, stored.size)
    with services.work() as work:
        if known := _known_to(work, file.sha256):  # asked in here: two may have asked before either sent
            return known
        shot, found = _routed(services, work, _with_file(services, work, incoming, file))
        facts = (ShotReceived(shot.id, shot.session_id), CopyOwed(shot.id, shot.session_id))
        work.commit(*facts[: 1 if services.mirror is None else 2], *_claimed(found))
    _say(services, shot, found)
    return Receipt(shot.id, "received", shot.session_id)


def has_file(services: Services, sha256: str) -> bool:
    """Whether this file need not be sent: it is part of a shot, or a master of ours."""
    return receipt_of(services, sha256) is not None


def receipt_of(services: Services, sha256: str) -> Receipt | None:
    """What the sender of a file that is here already is told; None: it is not here."""
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
    developed = _developed(services, shot)
    with services.work() as work:
        now = work.shot(shot_id)  # it may have been flagged, moved or paired while we computed
        if now.original != shot.original:  # a job for what has come since is owed, or has run already
            return
        made = {name: getattr(developed, name) for name in ("state", "reason", "capture", "quality")}
        seen = replace(now, proof=developed.proof, thumbnail=developed.thumbnail, **made)
        kept, found = _routed(services, work, seen)
        fact = ProofReady if kept.pickable else ShotUnreadable
        work.commit(fact(kept.id, kept.session_id), *_claimed(found))
    _say(services, kept, found)


def _known_to(work: Reading, sha256: str) -> Receipt | None:
    if work.is_ours(sha256):
        return Receipt(None, "ours")
    shot = work.shot_with_file(sha256)
    return Receipt(shot.id, "known", shot.session_id) if shot else None


def _with_file(services: Services, work: UnitOfWork, incoming: Incoming, file: ShotFile) -> Shot:
    keys = releases.Keys(incoming.release, incoming.spot, incoming.captured_at)
    shot = releases.shot_of(work, keys)
    capture = Capture(serial=incoming.serial, captured_at=incoming.captured_at)
    if shot is not None:
        grown = releases.joined(shot, file, keys)
        if not releases.alone(shot) or releases.alone(grown):
            return grown
        return replace(grown, capture=capture, appeared_at=incoming.appeared_at)
    return Shot(
        id=ShotId(services.new_id()),
        session_id=incoming.session_id,
        release=incoming.release or file.sha256,
        files=(file,),
        received_at=services.now(),
        spot=incoming.spot,
        appeared_at=incoming.appeared_at,
        placed=incoming.session_id is not None,
        capture=capture,
    )


def _routed(services: Services, work: UnitOfWork, shot: Shot) -> tuple[Shot, Sequence[Shot]]:
    """Save a shot where it belongs; with it come those of its camera that now find their session too."""
    if releases.alone(shot):  # nobody's yet: it goes where its photograph will go
        work.save(shot)
        return shot, ()
    shot = route(services, work, shot)
    work.save(shot)
    found = reclaim(services, work, shot)
    return next((one for one in found if one.id == shot.id), shot), found


def _claimed(found: Sequence[Shot]) -> Sequence[ProofReady]:
    return [ProofReady(one.id, one.session_id) for one in found if one.pickable]


def _say(services: Services, shot: Shot, found: Sequence[Shot]) -> None:
    for one in {shot.id: shot, **{one.id: one for one in found}}.values():
        services.board.publish(one.session_id, "shot", {"shot": one.id, "state": one.state.value})
    for one in found:
        services.board.publish(None, "shot", {"shot": one.id, "state": "gone"})


def _show(services: Services, shot: Shot, look: Look) -> None:
    """Let everybody see a shot that is not picked yet: its state stays as it is."""
    if shot.state is not ShotState.RECEIVED or shot.proof:
        return
    with services.work() as work:
        now = work.shot(shot.id)
        if now.original != shot.original:
            return
        seen = _with_pictures(services, replace(now, capture=_capture(now, look)), look)
        shown, found = _routed(services, work, seen)
        work.commit(*_claimed(found))
    _say(services, shown, found)


def _capture(shot: Shot, look: Look) -> Capture:
    """What the file says; of what it does not say, what its sender said."""
    told, sent = look.capture, shot.capture
    return replace(told, serial=told.serial or sent.serial, captured_at=told.captured_at or sent.captured_at)


def _with_pictures(services: Services, shot: Shot, look: Look) -> Shot:
    proof, thumbnail = (services.blobs.put_bytes(each).sha256 for each in (look.proof, look.thumbnail))
    return replace(shot, quality=look.quality, proof=proof, thumbnail=thumbnail)


def _developed(services: Services, shot: Shot) -> Shot:
    if releases.alone(shot):
        return replace(shot, state=ShotState.UNREADABLE, reason=releases.ALONE)
    path = services.blobs.path(shot.original.sha256)
    look = DECODER.look(path, lambda early: _show(services, shot, early))
    state = ShotState.UNREADABLE if look.reason else ShotState.DEVELOPED
    seen = replace(shot, state=state, reason=look.reason, capture=_capture(shot, look))
    return _with_pictures(services, seen, look) if look.proof else seen
