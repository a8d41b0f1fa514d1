"""Shots that the photographer brings to a session by hand: dropped on its page, or chosen there."""

import hashlib
from pathlib import PurePath
from typing import IO

from studio_server.domain.errors import Conflict
from studio_server.domain.ports import Reading
from studio_server.domain.rendition import Origin, stem_of
from studio_server.domain.session import SessionId
from studio_server.domain.shot import Capture, FileRole
from studio_server.imaging.decoder import DECODER
from studio_server.workflow import proofing
from studio_server.workflow.ingest import Incoming, Receipt, receive_stored, role_of
from studio_server.workflow.services import Services


def bring(services: Services, session_id: SessionId, name: str, stream: IO[bytes], actor: str) -> Receipt:
    """Take a file into this session, whatever camera it is from and whenever it was taken.

    A file that lies unclaimed is claimed. One of another session stays there: raises Conflict, and BadInput
    for what is no picture.
    """
    name = PurePath(name.replace("\\", "/")).name
    role = role_of(name)
    with services.read() as work:
        work.session(session_id)
        beside = _release_beside(work, session_id, name)
    if role is FileRole.SIDECAR and not beside:
        msg = f"{name} belongs to no shot of this session. Send its RAW or JPEG first."
        raise Conflict(msg)
    stored = services.blobs.put(stream)
    origin = _origin(services, role, stored.sha256)
    capture = DECODER.capture(services.blobs.path(stored.sha256)) if origin.of_camera else origin.capture
    known = capture.captured_at is None and beside
    release = known or release_of(capture, name, session_id)
    incoming = Incoming(
        name, "", capture.serial, capture.captured_at, release, session_id=session_id, origin=origin
    )
    receipt = receive_stored(services, incoming, stored)
    return _claimed(services, receipt, session_id, name, actor)


def _origin(services: Services, role: FileRole, sha256: str) -> Origin:
    if role is FileRole.PICTURE:
        return DECODER.origin(services.blobs.path(sha256))
    return Origin(DECODER.capture(services.blobs.path(sha256)) if role is FileRole.RAW else Capture())


def release_of(capture: Capture, name: str, place: str) -> str:
    """Return the key of a release of the shutter, by the formula of the machines' door.

    sha256("serial|captured to the second|stem casefolded")[:32]; without a time `place` stands for both.
    """
    taken = capture.captured_at.isoformat()[:19] if capture.captured_at else ""
    parts = (capture.serial, taken, stem_of(name)) if taken else ("", place, stem_of(name))
    return hashlib.sha256("|".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]


def _release_beside(work: Reading, session_id: SessionId, name: str) -> str:
    """Of the one shot of this session that has a file of this name; empty where none or several have."""
    stem = stem_of(name)
    found = {
        shot.release
        for shot in work.shots(session_id)
        if any(stem_of(file.name) == stem for file in shot.files)
    }
    return found.pop() if len(found) == 1 else ""


def _claimed(services: Services, receipt: Receipt, session_id: SessionId, name: str, actor: str) -> Receipt:
    if receipt.state == "ours":
        msg = f"{name} is a picture that this studio delivered, and no photograph of a camera."
        raise Conflict(msg)
    assert receipt.shot_id is not None
    if receipt.session_id == session_id:
        return receipt
    with services.read() as work:
        owner = work.shot(receipt.shot_id).session_id
        whose = work.session(owner).client_name if owner else ""
    if owner not in (None, session_id):
        msg = f"{name} is in the session of {whose} already. Move it from there if it belongs here."
        raise Conflict(msg)
    proofing.claim(services, receipt.shot_id, session_id, actor)
    return Receipt(receipt.shot_id, receipt.state, session_id)
