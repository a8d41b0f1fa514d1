"""Which of the picks carries which place: a smile for the team, calm for the library."""

from collections.abc import Mapping, Sequence
from enum import Enum

from studio_server.domain.shot import Expression, Shot, ShotId

HEROES = 4
"""So many of the picks, the sharpest, carry the variations: each needs a matte at full resolution."""
CLOSED = 0.12
"""Of the eye's width: less open than this is a blink."""


class Mood(Enum):
    SMILE = "smile"
    CALM = "calm"
    TURNED = "turned"


CALM, TURNED = frozenset({"library", "studio-dark", "brick"}), frozenset({"stage", "city-dusk"})


def mood_of(place: str) -> Mood:
    """What suits a context; a smile, where nothing else is said."""
    return Mood.CALM if place in CALM else Mood.TURNED if place in TURNED else Mood.SMILE


def heroes(picks: Sequence[Shot]) -> list[Shot]:
    return sorted(picks, key=lambda shot: -(shot.quality.sharpness if shot.quality else 0))[:HEROES]


def ranked(place: str, shots: Sequence[Shot], seen: Mapping[ShotId, Expression]) -> list[Shot]:
    """The shots, the one that suits this place best first; blinks, and what shows no face, come last.

    Where no face may be looked for, the order of the shots stays.
    """
    mood = mood_of(place)
    return sorted(shots, key=lambda shot: -_suits(mood, seen.get(shot.id)))


def _suits(mood: Mood, seen: Expression | None) -> float:
    if seen is None:
        return -200.0
    blink = -100.0 if seen.eyes < CLOSED else 0.0
    match mood:
        case Mood.SMILE:
            return blink + seen.smile
        case Mood.CALM:
            return blink - seen.smile
        case Mood.TURNED:
            return blink + abs(seen.yaw)
