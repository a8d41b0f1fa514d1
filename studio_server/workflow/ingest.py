"""A shot comes in: received, paired with its companions, routed to its session, developed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO, Literal

from studio_server.domain.errors import BadInput
from studio_server.domain.events import Fact, Flagged, ProofReady, ShotReceived, ShotUnreadable
from studio_server.domain.ports import BlobRef, Reading, UnitOfWork
from studio_server.domain.session import Session, SessionId
from studio_server.domain.shot import (
    PICTURE_SUFFIXES,
    RAW_SUFFIXES,
    SIDECAR_SUFFIXES,
    Capture,
    FileRole,
    Flag,
    Shot,
    ShotFile,
    ShotId,
    ShotState,
)
from studio_server.imaging.answers import Look
from studio_server.imaging.decoder import DECODER
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
    session_id: SessionId | None = None
    """The session that it is brought to by hand; None: the one that takes it by camera and time."""


@dataclass(frozen=True)
class Receipt:
    shot_id: ShotId | None
    state: Literal["received", "known", "ours"]
    session_id: SessionId | None = None


def receive(services: Services, incoming: Incoming, stream: BinaryIO) -> Receipt:
    """Keep one file byte for byte and make it part of its shot. The same bytes twice change nothing."""
    role_of(incoming.name)  # before anything is read
    if incoming.sha256 and (known := _known(services, incoming.sha256)):
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
        shot = _with_file(services, work, incoming, file)
        work.save(shot)
        work.commit(ShotReceived(shot.id, shot.session_id))
    services.board.publish(shot.session_id, "shot", {"shot": shot.id, "state": "received"})
    return Receipt(shot.id, "received", shot.session_id)


def has_file(services: Services, sha256: str) -> bool:
    """Whether this file need not be sent: it is part of a shot, or a master of ours."""
    return _known(services, sha256) is not None


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
    developed = replace(_developed(services, shot, white), white=white)
    with services.work() as work:
        now = work.shot(shot_id)  # it may have been flagged, moved or paired while we computed
        made = {name: getattr(developed, name) for name in ("state", "reason", "capture", "quality", "white")}
        owner = now.session_id or _late_owner(work, now, developed.capture)
        kept = replace(now, session_id=owner, proof=developed.proof, thumbnail=developed.thumbnail, **made)
        work.save(kept)
        work.commit(*_facts(work, now, kept))
    services.board.publish(kept.session_id, "shot", {"shot": kept.id, "state": kept.state.value})


def _known(services: Services, sha256: str) -> Receipt | None:
    with services.read() as work:
        return _known_to(work, sha256)


def _known_to(work: Reading, sha256: str) -> Receipt | None:
    if work.is_ours(sha256):
        return Receipt(None, "ours")
    shot = work.shot_with_file(sha256)
    return Receipt(shot.id, "known", shot.session_id) if shot else None


def _with_file(services: Services, work: UnitOfWork, incoming: Incoming, file: ShotFile) -> Shot:
    shot = work.shot_of_release(incoming.release) if incoming.release else None
    if shot is not None:
        return replace(shot, files=(*shot.files, file))
    received_at = services.now()
    capture = Capture(serial=incoming.serial, captured_at=incoming.captured_at)
    owner = incoming.session_id
    if owner is None:
        taker = _session_for(work.sessions(), incoming.serial, incoming.captured_at or received_at)
        owner = taker.id if taker else None
    release = incoming.release or file.sha256
    return Shot(ShotId(services.new_id()), owner, release, (file,), received_at, capture=capture)


def _session_for(sessions: Sequence[Session], serial: str, at: datetime) -> Session | None:
    """The one open session that takes this shot. Where two could, nobody gets it: the photographer sorts.

    A time without a zone is the studio's, as a camera's clock is.
    """
    takers = [session for session in sessions if session.takes(serial, at.astimezone())]
    exact = [session for session in takers if session.camera_serial]
    candidates = exact or takers
    return candidates[0] if len(candidates) == 1 else None


def _late_owner(work: UnitOfWork, shot: Shot, read: Capture) -> SessionId | None:
    """Of a shot that nobody took because its sender could not read the camera's serial number, as we can."""
    if shot.capture.serial or not read.serial:
        return None
    session = _session_for(work.sessions(), read.serial, read.captured_at or shot.received_at)
    return session.id if session else None


def _show(services: Services, shot: Shot, look: Look) -> None:
    """Let everybody see a shot that is not picked yet: its state stays as it is.

    What the camera says of it is read after this, for nobody waits for that.
    """
    if shot.state is not ShotState.RECEIVED or shot.proof:
        return
    with services.work() as work:
        now = _with_pictures(services, work.shot(shot.id), look)
        work.save(now)
        work.commit()
    services.board.publish(now.session_id, "shot", {"shot": now.id, "state": now.state.value})


def _capture(shot: Shot, look: Look) -> Capture:
    """What the file says; of what it does not say, what its sender said."""
    told, sent = look.capture, shot.capture
    return replace(told, serial=told.serial or sent.serial, captured_at=told.captured_at or sent.captured_at)


def _with_pictures(services: Services, shot: Shot, look: Look) -> Shot:
    proof, thumbnail = (services.blobs.put_bytes(each).sha256 for each in (look.proof, look.thumbnail))
    return replace(shot, quality=look.quality, proof=proof, thumbnail=thumbnail)


def _facts(work: Reading, before: Shot, now: Shot) -> list[Fact]:
    """What has come to be: a proof; first looks that are due anew; a white balance that came meanwhile."""
    if not now.pickable:
        return [ShotUnreadable(now.id, now.session_id)]
    facts: list[Fact] = [ProofReady(now.id, now.session_id)]
    if now.session_id and now.flag is Flag.PICK and now.white != before.white:
        facts.append(Flagged(now.id, now.session_id))
    if now.white != _white(work, now.session_id):
        facts.append(ShotReceived(now.id, now.session_id))
    return facts


def _white(work: Reading, session_id: SessionId | None) -> tuple[float, ...]:
    return work.session(session_id).white if session_id else ()


def _developed(services: Services, shot: Shot, white: tuple[float, ...]) -> Shot:
    path = services.blobs.path(shot.original.sha256)
    look = DECODER.look(path, lambda early: _show(services, shot, early), white=white)
    state = ShotState.UNREADABLE if look.reason else ShotState.DEVELOPED
    seen = replace(shot, state=state, reason=look.reason, capture=_capture(shot, look))
    return _with_pictures(services, seen, look) if look.proof else seen
