"""Bursts: shots of one gesture, found by their times and their likeness, with the one that seems best."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from studio_server.domain.coach import Seen
from studio_server.domain.shot import Shot, ShotId

GAP = timedelta(seconds=2.5)
"""Between two shots of one gesture: a flash needs less, and a new pose takes longer."""
UNLIKE = 18
"""Of the 64 bits of a gist: shots that differ in more do not show the same.

On 32 studio portraits, nudged by a hundredth of the frame and turned by a degree, at most 16 differ; between
two people in one studio half of the pairs differ in 24 and more.
"""
OTHERWISE_TURNED = 12.0
"""Degrees of yaw."""


@dataclass(frozen=True)
class Burst:
    """At least two shots, in their order."""

    shots: tuple[ShotId, ...]
    best: ShotId


def bursts(shots: Iterable[Shot], seen: Mapping[ShotId, Seen]) -> tuple[Burst, ...]:
    """Find them among developed shots in the order of capture; two cameras have bursts of their own.

    `seen`: what the coach measured of faces; empty where none may be looked for.
    """
    groups: list[list[Shot]] = []
    for shot in shots:
        serial = shot.capture.serial
        last = next((group for group in reversed(groups) if group[-1].capture.serial == serial), None)
        if last and _goes_on(last[-1], shot, seen):
            last.append(shot)
        else:
            groups.append([shot])
    return tuple(_burst(group, seen) for group in groups if len(group) > 1)


def _goes_on(before: Shot, shot: Shot, seen: Mapping[ShotId, Seen]) -> bool:
    taken = [one.capture.captured_at for one in (before, shot)]
    if taken[0] is None or taken[1] is None or (taken[0].tzinfo is None) != (taken[1].tzinfo is None):
        return False
    faces = [seen[one.id] for one in (before, shot) if one.id in seen]
    turned = len(faces) == 2 and abs(faces[0].yaw - faces[1].yaw) > OTHERWISE_TURNED
    return abs(taken[1] - taken[0]) <= GAP and _differ(before, shot) <= UNLIKE and not turned


def _differ(one: Shot, other: Shot) -> int:
    """Bits; 0 where a shot was developed before gists were taken: then its time decides."""
    gists = [shot.quality.gist if shot.quality else "" for shot in (one, other)]
    return (int(gists[0], 16) ^ int(gists[1], 16)).bit_count() if all(gists) else 0


def _burst(group: Sequence[Shot], seen: Mapping[ShotId, Seen]) -> Burst:
    best = max(group, key=lambda shot: _worth(shot, seen.get(shot.id)))
    return Burst(tuple(shot.id for shot in group), best.id)


def _worth(shot: Shot, seen: Seen | None) -> tuple[float, ...]:
    """What counts most comes first: no fault, sharp eyes, then the more open eyes and the wider smile.

    Half a pixel of focus is the least that is told apart; of equals the first.
    """
    sharpness = shot.quality.sharpness if shot.quality else 0.0
    if seen is None or not seen.faces:
        return (0.0, 0.0, 0.0, sharpness)
    clean = float(seen.sharp) + float(seen.sharp and seen.open) + float(not seen.cut)
    return (clean, -round(2 * seen.focus), seen.lids + seen.smile, sharpness)
