"""How often the coach is right: `studio bench coach`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from studio_server.bench.coach_cases import SMALLEST_EYE, Case, Portrait, cases
from studio_server.bench.rows import Baseline, Wire, compared, unmeasured
from studio_server.domain import coach
from studio_server.domain.coach import Seen
from studio_server.imaging.onlooker import Models, look
from studio_server.imaging.quality import measure

ASKED = 0.9
"""The share of right answers that is asked for."""
TURNED = {
    "barack_obama/02_obama2.jpg": "left",
    "barack_obama/03_obama3.jpg": "right",
    "nasa_christopher_ferguson/Chris_Ferguson.jpg": "left",
}
"""Heads that are turned, labelled by eye; those of the other studio portraits face the camera."""
NO_SMILE = frozenset({"london_042", "london_043", "london_044"})
"""People whose picture called smiling shows none, or one that nobody would swear to: not asked."""


@dataclass(frozen=True)
class Answer:
    """One row of the table: what was asked, and what the coach said."""

    portrait: str
    kind: str
    said: str
    right: bool
    held_out: bool
    small: bool
    """Its eyes are smaller than those of any portrait's proof."""


def answers(portraits: Iterable[Portrait], models: Models) -> Iterator[Answer]:
    """Every row of every portrait; then what needs a person's other pictures: pose and expression."""
    untouched: list[tuple[Portrait, Seen]] = []
    for one in portraits:
        for case in cases(one):
            yield _asked(case, models)
        untouched.append((one, look(one.picture, models)))
        yield from _pose(one, untouched[-1][1], models)
    yield from _expressions(untouched)


def _asked(case: Case, models: Models) -> Answer:
    picture = np.ascontiguousarray(case.picture)
    said = ". ".join(coach.notes(measure(picture), look(picture, models)))
    found = not case.says or any(word in said for word in case.says)
    return _answer(case.portrait, case.kind, said, found and not any(word in said for word in case.never))


def _answer(one: Portrait, kind: str, said: str, right: bool) -> Answer:  # noqa: FBT001 - of a table
    return Answer(one.label, kind, said, right, one.held_out, one.eye < SMALLEST_EYE)


def _pose(one: Portrait, seen: Seen, models: Models) -> Iterator[Answer]:
    """Where the head is turned, and the other way round in the mirror."""
    studio = one.person.startswith("london")
    side = TURNED.get(one.label, "front" if studio else "")
    if side:
        mirrored = {"left": "right", "right": "left"}.get(side, side)
        told = look(np.ascontiguousarray(one.picture[:, ::-1]), models).side
        yield _answer(one, f"pose: {side}", seen.side, seen.side == side)
        yield _answer(one, f"pose: {mirrored}", told, told == mirrored)


def _expressions(untouched: Sequence[tuple[Portrait, Seen]]) -> Iterator[Answer]:
    """Of the people who were photographed calm and smiling; a session is these two shots."""
    studio = [(one, seen) for one, seen in untouched if one.person.startswith("london")]
    for one, seen in studio:
        own = [other.smile for portrait, other in studio if portrait.person == one.person]
        if one.person not in NO_SMILE:
            smile = one.name.startswith("smiling")
            told = coach.smiles(seen, min(own))
            yield _answer(one, "a smile" if smile else "a calm face", f"smile: {told}", told == smile)


def share(found: Sequence[Answer]) -> float:
    return sum(one.right for one in found) / len(found)


def by_kind(found: Sequence[Answer]) -> dict[str, list[Answer]]:
    return {kind: [one for one in found if one.kind == kind] for kind in dict.fromkeys(a.kind for a in found)}


def as_rows(found: Sequence[Answer]) -> list[Wire]:
    """Of portraits as large as a proof shows them: all kinds together, held out, and kind by kind."""
    large = [one for one in found if not one.small]
    groups = {
        "right, held out": [one for one in large if one.held_out],
        "right, limits set on": [one for one in large if not one.held_out],
        **{
            f"right, held out: {kind}": [a for a in own if a.held_out] for kind, own in by_kind(large).items()
        },
        "right, small pictures": [one for one in found if one.small],
    }
    return [_row(name, own) for name, own in groups.items()]


def _row(name: str, found: Sequence[Answer]) -> Wire:
    if not found:
        return unmeasured(name, "share", "asked for", "No such picture was in this run.")
    return compared(name, "share", [share(found)], Baseline("asked for", [ASKED]), more_is_better=True)
