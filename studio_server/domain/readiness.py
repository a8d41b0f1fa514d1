"""Whether a session is ready to fit, and in words what is missing while the client is still there."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio_server.domain.coach import Seen, number, smiles
from studio_server.domain.consent import Purpose
from studio_server.domain.shot import Flag, Shot

ENOUGH, BETTER = 5, 9
"""Shots without a fault: so many are needed, so many are better."""
FEWEST_PICKS = 3
"""One is held out, and from a single other nothing can be learnt."""
NOT_AGREED = "The client has not agreed yet: eyes and pose are looked at from then on."
NO_FACES = "The client has not agreed to measuring the face: eyes and pose are not looked at."


@dataclass(frozen=True)
class Coached:
    """A developed shot and what the coach knows of it."""

    shot: Shot
    notes: tuple[str, ...]
    seen: Seen | None
    """None: not looked at (yet)."""

    @property
    def usable(self) -> bool:
        """Nothing speaks against fitting on it. Only a count: every shot may be picked all the same."""
        if self.seen is None:
            return not self.notes and self.shot.flag is not Flag.REJECT
        good = self.seen.sharp and self.seen.open and not self.seen.cut
        return good and self.shot.flag is not Flag.REJECT


@dataclass(frozen=True)
class Readiness:
    ready: bool
    missing: tuple[str, ...]
    """Sentences: without these it is not ready."""
    better: tuple[str, ...]
    """Sentences: it would be better with these."""
    why: str = ""
    """Why faces are not looked at; empty: they are."""


def readiness(shots: Sequence[Coached], agreed: frozenset[Purpose], pick_limit: int) -> Readiness:
    """Say it of a session's developed shots, without the one of the empty backdrop."""
    faces = Purpose.FACES in agreed
    good = [one for one in shots if one.usable and (one.seen is not None or not faces)]
    waiting = sum(faces and one.seen is None for one in shots)
    front = any(one.seen and one.seen.side == "front" for one in good)
    missing = [_too_few(len(good), "sharp, open-eyed" if faces else "sharp")]
    missing += ["No good one facing the camera yet."] if faces and good and not front else []
    missing += [] if Purpose.FITTING in agreed else ["The client has not agreed to a fit yet."]
    better = [_count(len(good)), *(_coverage(good) if faces and good else ()), _picks(shots, pick_limit)]
    better += [f"{_shots(waiting)} still being looked at."] if waiting else []
    why = "" if faces else NO_FACES if agreed else NOT_AGREED
    lacking = tuple(filter(None, missing))
    return Readiness(not lacking, lacking, tuple(filter(None, [*better, *_doubtful(shots)])), why)


def _too_few(good: int, kind: str) -> str:
    if good >= ENOUGH:
        return ""
    count = number(good).capitalize() if good else "No"
    return f"{count} {kind} shot{'s' * (good != 1)} so far: at least {number(ENOUGH)} are needed."


def _count(good: int) -> str:
    if not ENOUGH <= good < BETTER:
        return ""
    return f"{number(good).capitalize()} sharp shots, {number(BETTER)} are better."


def _coverage(good: Sequence[Coached]) -> list[str]:
    looks = [one.seen for one in good if one.seen]
    sides, calmest = {look.side for look in looks}, min(look.smile for look in looks)
    smiling = [smiles(look, calmest) for look in looks]
    told = [f"Nothing from the {side} yet." for side in ("left", "right") if side not in sides]
    told += [] if any(smiling) else ["No smile yet."]
    return told + ([] if not all(smiling) else ["No calm face yet."])


def _picks(shots: Sequence[Coached], limit: int) -> str:
    picks, wanted = sum(one.shot.flag is Flag.PICK for one in shots), min(limit, BETTER)
    if picks >= wanted:
        return ""
    least = f" at least {number(FEWEST_PICKS)} are needed," if picks < FEWEST_PICKS else ""
    count = f"{number(picks).capitalize()} pick{'s' * (picks != 1)} so far"
    return f"{count}:{least} {number(wanted)} are better."


def _doubtful(shots: Sequence[Coached]) -> list[str]:
    """Picks that the fit would learn a fault from."""
    found = [one for one in shots if one.shot.flag is Flag.PICK and not one.usable and one.notes]
    return [f"The pick {one.shot.original.name}: {one.notes[0]}." for one in found]


def _shots(count: int) -> str:
    return (
        f"{number(count).capitalize()} shot is" if count == 1 else f"{number(count).capitalize()} shots are"
    )
