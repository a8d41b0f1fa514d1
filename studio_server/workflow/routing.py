"""Whose shot is it? By its camera, and by when it was taken: by the studio's clock, not the camera's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from studio_server.domain import camera_clock
from studio_server.domain.camera_clock import Sighting, Taken
from studio_server.domain.events import Fact, ProofReady
from studio_server.domain.ports import Decision, Reading, UnitOfWork
from studio_server.domain.session import Session, SessionId
from studio_server.domain.shot import Place, Shot
from studio_server.workflow import releases
from studio_server.workflow.marks import followed
from studio_server.workflow.services import Services

SIGHTINGS = 24
"""Of a camera, those nearest to the shot by the camera's own time: its clock may have been set since."""


@dataclass(frozen=True)
class CameraClock:
    serial: str
    behind: timedelta | None
    """The studio's clock less the camera's; None: it was not measured yet, or was set meanwhile."""


@dataclass(frozen=True)
class Settled:
    """A shot that is saved where it belongs."""

    shot: Shot
    found: Sequence[Shot]
    """Those of its camera that have found their session with it."""
    facts: Sequence[Fact]


def settle(services: Services, work: UnitOfWork, shot: Shot, lay: Place | None = None) -> Settled:
    """Save a shot where it belongs. `lay`: where its original lay until now, where it has come or moved.

    A sidecar goes where its photograph will go, and an export is no new shot: both wait for theirs.
    """
    if _waits(shot):
        work.save(shot)
        return Settled(shot, (), ())
    work.save(route(services, work, shot))
    found = {one.id: one for one in reclaim(services, work, work.shot(shot.id))}
    shot = work.shot(shot.id)  # where its own sighting has made the clock known, its time is another now
    facts: list[Fact] = [ProofReady(one.id, one.session_id) for one in found.values() if one.pickable]
    kept = {}
    for one in {shot.id: shot, **found}.values():
        kept[one.id], more = followed(services, work, one, lay if one.id == shot.id else None)
        work.save(kept[one.id])
        facts += more
    return Settled(kept[shot.id], [kept[known] for known in found], facts)


def say(services: Services, settled: Settled) -> None:
    """Tell every open page."""
    for one in {settled.shot.id: settled.shot, **{one.id: one for one in settled.found}}.values():
        services.board.publish(one.session_id, "shot", {"shot": one.id, "state": one.state.value})
    for one in settled.found:
        services.board.publish(None, "shot", {"shot": one.id, "state": "gone"})


def _waits(shot: Shot) -> bool:
    return releases.alone(shot) or (shot.original.place is Place.OUTPUT and shot.session_id is None)


def route(services: Services, work: Reading, shot: Shot) -> Shot:
    """Give a shot its time by the studio's clock, and the one open session that it is sure to belong to.

    Where two sessions could have it nobody gets it: the photographer sorts. What was put by hand stays.
    """
    taken = _taken(services, work, shot)
    shot = replace(shot, taken_at=taken.at)
    if shot.session_id is not None or shot.placed:
        return shot
    return replace(shot, session_id=_owner(work.sessions(), shot.capture.serial, taken))


def reclaim(services: Services, work: UnitOfWork, shot: Shot) -> Sequence[Shot]:
    """Route its camera's unclaimed shots anew where this shot has made its clock known; returns those moved.

    Call it when the shot is saved.
    """
    serial, captured = shot.capture.serial, shot.capture.captured_at
    if not (serial and captured and shot.appeared_at):
        return ()
    with_it = work.sighted(serial, captured, SIGHTINGS)
    without = [one for one in with_it if one.id != shot.id]
    if len(_offsets(with_it)) <= len(_offsets(without)):
        return ()
    unclaimed = [one for one in work.shots(None) if one.capture.serial == serial and not _waits(one)]
    before = {one.id: one for one in (*with_it, *unclaimed)}
    after = [route(services, work, one) for one in before.values()]
    for one in after:
        work.save(one)
    found = [one for one in after if one.session_id != before[one.id].session_id]
    for one in found:
        work.append(_decision(services, one))
    return found


def clocks(work: Reading, shots: Sequence[Shot]) -> tuple[CameraClock, ...]:
    """Return what is known of the clocks of the cameras that these shots are from, as each was last."""
    last = {one.capture.serial: one.capture.captured_at for one in shots if one.capture.serial}
    return tuple(CameraClock(serial, _offset(work, serial, at)) for serial, at in sorted(last.items()) if at)


def _offset(work: Reading, serial: str, near: datetime) -> timedelta | None:
    found = _offsets(work.sighted(serial, near, SIGHTINGS))
    return found[0] if len(found) == 1 else None


def _taken(services: Services, work: Reading, shot: Shot) -> Taken:
    """A time without a zone is the studio's, as a camera's clock is."""
    captured = shot.capture.captured_at
    if captured is None:
        return Taken(shot.received_at)
    sighted = work.sighted(shot.capture.serial, captured, SIGHTINGS) if shot.capture.serial else ()
    known = _offsets(sighted)
    return camera_clock.reckon(captured.astimezone(), shot.appeared_at, known, services.now())


def _offsets(shots: Sequence[Shot]) -> tuple[timedelta, ...]:
    pairs = ((one.capture.captured_at, one.appeared_at) for one in shots)
    return camera_clock.offsets(
        Sighting(captured.astimezone(), appeared) for captured, appeared in pairs if captured and appeared
    )


def _owner(sessions: Sequence[Session], serial: str, taken: Taken) -> SessionId | None:
    takers = [session for session in sessions if session.takes(serial, taken.at)]
    exact = [session for session in takers if session.camera_serial] or takers
    if len(exact) != 1:
        return None
    owner = exact[0]
    rivals = (
        session.id for session in sessions for span in taken.or_else if session.takes_within(serial, *span)
    )
    return owner.id if all(rival == owner.id for rival in rivals) and _sure(owner, serial, taken) else None


def _sure(owner: Session, serial: str, taken: Taken) -> bool:
    """Whether the owner was open at each single moment that it may have been instead."""
    return all(owner.takes(serial, start) for start, end in taken.or_else if start == end)


def _decision(services: Services, shot: Shot) -> Decision:
    assert shot.session_id is not None
    why = f"the clock of camera {shot.capture.serial} was measured"
    return Decision(shot.session_id, "studio", "claim", shot.id, why, services.now())
