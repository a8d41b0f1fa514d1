"""Which shot a file is part of, and as what: original, companion, sidecar, or a rendition of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from studio_server.domain.ports import Reading
from studio_server.domain.rendition import (
    UNNAMED,
    Origin,
    composed,
    fits,
    is_rendition,
    origin_of,
    parent_of,
    stem_of,
    stems,
)
from studio_server.domain.session import SessionId
from studio_server.domain.shot import Capture, FileRole, Place, Shot, ShotFile, ShotId
from studio_server.workflow import releases

LATELY = timedelta(days=2)
"""A picture that says nothing of its time is taken for a rendition of shots no older than this."""


@dataclass(frozen=True)
class Newcomer:
    """A file that has come, and what is known of it."""

    file: ShotFile
    release: str
    origin: Origin
    """Of what is no picture: its sender's word on camera and time."""
    session_id: SessionId | None
    """The session that it was brought to by hand."""
    at: datetime
    said: Capture
    """Its sender's word on camera and time."""
    spot: str = ""
    appeared_at: datetime | None = None

    @property
    def keys(self) -> releases.Keys:
        return releases.Keys(self.release, self.spot, self.said.captured_at)


def paired(work: Reading, new: Newcomer) -> tuple[Shot | None, ShotFile]:
    """Return the shot that the file joins (None: it begins a new one), and the file in the part it plays."""
    same = releases.shot_of(work, new.keys)
    if new.file.role is FileRole.PICTURE:
        parent = same or parent_of(new.file.name, new.origin, _candidates(work, new))
        exported = new.file.place is Place.OUTPUT and not composed(new.file.name, new.origin)
        if exported or is_rendition(new.file.name, new.origin, parent):
            return parent, _as_rendition(new)
    if same is None and new.file.role in {FileRole.RAW, FileRole.PICTURE}:
        same = _waiting_for(work, new)
    return same, new.file


def _as_rendition(new: Newcomer) -> ShotFile:
    made_by = new.origin.program or UNNAMED
    return replace(new.file, role=FileRole.RENDITION, made_by=made_by, source=new.origin.source)


def _candidates(work: Reading, new: Newcomer) -> Sequence[Shot]:
    taken = new.origin.capture.captured_at
    names = (*stems(new.file.name), stem_of(new.origin.source or new.file.name))
    found = work.shots_like(taken, names)
    if new.session_id is not None:
        return [shot for shot in found if shot.session_id in {None, new.session_id}]
    return found if taken else [shot for shot in found if _recent(work, shot, new.at)]


def _recent(work: Reading, shot: Shot, at: datetime) -> bool:
    """Counters roll over: by its name alone nothing is taken for a picture of an earlier client."""
    open_still = shot.session_id is None or work.session(shot.session_id).closed_at is None
    return open_still and at - shot.received_at <= LATELY


def _waiting_for(work: Reading, new: Newcomer) -> Shot | None:
    """The shot of which only renditions have come so far, where they are this file's."""
    capture = Capture(
        serial=new.origin.capture.serial,
        model=new.origin.capture.model,
        captured_at=new.origin.capture.captured_at,
    )
    coming = Shot(ShotId(""), None, "", (new.file,), new.at, capture=capture)
    alone = [
        shot
        for shot in work.shots_like(capture.captured_at, (stem_of(new.file.name),))
        if shot.original.role is FileRole.RENDITION
        and shot.session_id in {None, new.session_id or shot.session_id}
        and all(fits(file.name, origin_of(shot, file), coming) for file in shot.renditions)
    ]
    return alone[0] if len(alone) == 1 else None
