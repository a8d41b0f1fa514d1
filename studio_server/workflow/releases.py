"""Which files are one shot, in whatever order they come.

A file that says when and by which camera it was taken has the key of that release of the shutter. A sidecar,
or a RAW whose header nobody can read, has none where it comes first: the folder and the stem stand for it,
until a file of the same spot gives the shot its real key.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from studio_server.domain.ports import Reading
from studio_server.domain.shot import FileRole, Shot, ShotFile, ShotState

ALONE = (
    "This is a sidecar, and the photograph that it belongs to has not come yet. "
    "It joins its RAW or JPEG by itself as soon as that comes."
)


@dataclass(frozen=True)
class Keys:
    release: str
    """One key per release of the shutter; empty: this file stands alone."""
    spot: str
    """One key per folder and stem; the release has it too while no header is known."""
    captured_at: datetime | None

    @property
    def headless(self) -> bool:
        return self.release == self.spot


def shot_of(work: Reading, keys: Keys) -> Shot | None:
    """Return the shot that a file belongs to; None: it begins one."""
    if keys.release and (found := work.shot_of_release(keys.release)):
        return found
    beside = work.shot_of_spot(keys.spot) if keys.spot else None
    if beside is None or keys.headless:
        return beside
    return beside if beside.release == beside.spot and not _contradicts(beside, keys) else None


def joined(shot: Shot, file: ShotFile, keys: Keys) -> Shot:
    """The shot with one more file. What was unreadable is open again where there is something new to read."""
    release = keys.release if shot.release == shot.spot and keys.release else shot.release
    grown = replace(shot, files=(*shot.files, file), release=release, spot=keys.spot or shot.spot)
    if shot.state is ShotState.UNREADABLE and grown.original != shot.original:
        return replace(grown, state=ShotState.RECEIVED, reason="")
    return grown


def alone(shot: Shot) -> bool:
    """Whether there is nothing but sidecars: no camera, no time and no picture."""
    return shot.original.role is FileRole.SIDECAR


def _contradicts(shot: Shot, keys: Keys) -> bool:
    """A counter that began anew in the same folder: the same name, and another moment."""
    known = shot.capture.captured_at
    if known is None or keys.captured_at is None:
        return False
    return known.replace(tzinfo=None, microsecond=0) != keys.captured_at.replace(tzinfo=None, microsecond=0)
