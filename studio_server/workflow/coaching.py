"""The coach looks at a shot, where the client has agreed that faces are measured. Twice is fine.

What it measures lies with the session's biometric files, one a shot, and goes with them (`erase`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from studio_server.domain import consent
from studio_server.domain.coach import Seen
from studio_server.domain.consent import Purpose
from studio_server.domain.events import ProofReady
from studio_server.domain.ports import Reading
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Shot, ShotId
from studio_server.workflow.services import Services

KEPT = "faces-coach"
"""Of the session's derived directories: `erase` takes all that begin with `faces`."""
RECIPE = 1
"""Of the measures: what was measured by another one is measured anew."""


def coach(services: Services, shot_id: ShotId) -> None:
    """Measure a shot's nearest face for the photographer, or do nothing.

    Raises EngineUnavailable, Unreadable.
    """
    with services.read() as work:
        shot = work.shot(shot_id)
        wanted = shot.session_id and _wanted(services, work, work.session(shot.session_id), shot)
    if not wanted or shot.session_id is None:
        return
    seen = services.coach.look(services.blobs.read(shot.proof))
    with services.read() as work:  # it may have been moved, or the consent taken back, while we looked
        now = work.shot(shot_id)
        if now.session_id != shot.session_id or not _agreed(services, work, shot.session_id):
            return
        _keep(services, shot, seen)
    services.board.publish(shot.session_id, "shot", {"shot": shot.id, "state": shot.state.value})


def seen_of(services: Services, session_id: SessionId, shots: Iterable[Shot]) -> Mapping[ShotId, Seen]:
    """What was measured of these shots' proofs. Only for sessions whose client agrees to it now."""
    folder = services.derived.directory(f"{session_id}/{KEPT}")
    read = ((shot.id, _read(folder, shot)) for shot in shots)
    return {shot_id: seen for shot_id, seen in read if seen is not None}


def owed(services: Services, work: Reading, session: Session) -> Iterator[ProofReady]:
    """The shots that the coach has still to look at: those that came before the consent, or were lost."""
    for shot in work.shots(session.id):
        if _wanted(services, work, session, shot):
            yield ProofReady(shot.id, session.id)


def forget(services: Services, session_id: SessionId, shot_id: ShotId) -> None:
    """What was measured of a shot that belongs to another session now."""
    with services.read() as work:
        if _agreed(services, work, session_id):  # else it is erased already
            _file(services.derived.directory(f"{session_id}/{KEPT}"), shot_id).unlink(missing_ok=True)


def _wanted(services: Services, work: Reading, session: Session, shot: Shot) -> bool:
    """Whether it is to be looked at: while the client is there, and not of the empty backdrop."""
    if session.stage >= Stage.LOCKED or not shot.pickable or not shot.proof or shot.id == session.clean_plate:
        return False
    if not _agreed(services, work, session.id):
        return False
    return _read(services.derived.directory(f"{session.id}/{KEPT}"), shot) is None


def _agreed(services: Services, work: Reading, session_id: SessionId) -> bool:
    return Purpose.FACES in consent.allowed(work.consents(session_id), services.now())


def _file(folder: Path, shot_id: ShotId) -> Path:
    return folder / f"{shot_id}.json"


def _keep(services: Services, shot: Shot, seen: Seen) -> None:
    file = _file(services.derived.directory(f"{shot.session_id}/{KEPT}"), shot.id)
    part = file.with_suffix(f".{services.new_id()}.part")
    part.write_text(json.dumps({"of": shot.proof, "recipe": RECIPE, "seen": asdict(seen)}), encoding="utf-8")
    part.replace(file)


def _read(folder: Path, shot: Shot) -> Seen | None:
    """None: never measured, of an older proof, or by an older recipe."""
    try:
        told = json.loads(_file(folder, shot.id).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    current = told["of"] == shot.proof and told["recipe"] == RECIPE
    return Seen(**told["seen"]) if current else None
