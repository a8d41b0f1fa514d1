"""A shot comes in: received, paired with its companions, routed to its session."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO, Literal

from studio_server.domain.errors import BadInput
from studio_server.domain.events import CopyOwed, Fact, ShotReceived
from studio_server.domain.ports import BlobRef, Reading
from studio_server.domain.rendition import Origin
from studio_server.domain.session import SessionId
from studio_server.domain.shot import (
    PICTURE_SUFFIXES,
    RAW_SUFFIXES,
    SIDECAR_SUFFIXES,
    Capture,
    FileRole,
    Place,
    Shot,
    ShotFile,
    ShotId,
)
from studio_server.imaging.decoder import DECODER
from studio_server.workflow.joining import joined
from studio_server.workflow.pairing import Newcomer
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
