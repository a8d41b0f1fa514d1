"""Strokes: where the photographer says what is person and what is not. A log that is only ever added to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from studio_server.domain.errors import BadInput

MOST_POINTS = 400
"""Of one stroke; the page thins out what a pen records."""
MOST_STROKES = 400
"""Of one shot, undone ones counted."""
WIDEST = 0.25
DECIMALS = 5


class StrokeKind(StrEnum):
    KEEP = "keep"
    REMOVE = "remove"
    UNDO = "undo"
    """Takes the last stroke back."""
    REDO = "redo"


@dataclass(frozen=True)
class Stroke:
    kind: StrokeKind
    width: float = 0.0
    """Of the picture's longer side."""
    points: tuple[tuple[float, ...], ...] = ()
    """(x, y), shares of the picture's width and height."""
    rendition: str = ""
    """The rendition that it was drawn on, as in the shot: another may be cropped otherwise."""

    @classmethod
    def drawn(cls, kind: StrokeKind, width: float, points: Iterable[Iterable[float]]) -> Self:
        """A stroke as it came from a page. Raises BadInput for one that cannot have been drawn there."""
        rounded = tuple(tuple(round(float(value), DECIMALS) for value in point) for point in points)
        inside = all(len(point) == 2 and all(-0.5 <= value <= 1.5 for value in point) for point in rounded)
        if not inside or not 1 <= len(rounded) <= MOST_POINTS or not 0 < width <= WIDEST:
            msg = "This stroke cannot be read. Load the page again and draw it once more."
            raise BadInput(msg)
        return cls(kind, round(width, DECIMALS), rounded)


def standing(log: Iterable[Stroke]) -> tuple[Stroke, ...]:
    """The strokes that count, in the order in which they were drawn: the log, with undo and redo done."""
    return _played(log)[0]


def undone(log: Iterable[Stroke]) -> tuple[Stroke, ...]:
    """What a redo brings back, the next one last."""
    return _played(log)[1]


def digest(strokes: Iterable[Stroke]) -> str:
    """A name for what these strokes make of a cut; empty for none."""
    words = ";".join(f"{one.kind.value} {one.width} {one.points}" for one in strokes)
    return hashlib.sha256(words.encode()).hexdigest()[:16] if words else ""


def _played(log: Iterable[Stroke]) -> tuple[tuple[Stroke, ...], tuple[Stroke, ...]]:
    done: list[Stroke] = []
    back: list[Stroke] = []
    for one in log:
        if one.kind is StrokeKind.UNDO:
            back += [done.pop()] if done else []
        elif one.kind is StrokeKind.REDO:
            done += [back.pop()] if back else []
        else:
            done.append(one)
            back.clear()
    return tuple(done), tuple(back)
