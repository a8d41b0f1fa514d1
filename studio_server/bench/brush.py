"""`studio bench brush`: how long a stroke takes, from the request to the picture of the cut.

The baseline is what a page without its own solver would do: cut the whole photograph out anew.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from studio_server.bench.rows import Baseline, Wire, compared
from studio_server.domain.engines import CutJob
from studio_server.domain.stroke import Stroke, StrokeKind
from studio_server.engines.cutting import Brush, Scissors
from studio_server.engines.shelf import Shelf

KEY = "portrait-0"
STROKES: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {
    "a dot, 2 % wide": (0.02, ((0.3, 0.3),)),
    "along the hair, 3 % wide": (0.03, ((0.25, 0.35), (0.3, 0.2), (0.42, 0.13), (0.55, 0.14))),
    "across the picture, 5 % wide": (0.05, ((0.03, 0.15), (0.97, 0.9))),
    "a shoulder, 16 % wide": (0.16, ((0.1, 0.85), (0.3, 0.75))),
}
"""Width (of the longer side) and points (shares of the picture)."""


@dataclass(frozen=True)
class Row:
    """Seconds, one for each round."""

    stroke: str
    ours: Sequence[float]
    anew: Sequence[float]

    @property
    def ratio(self) -> float:
        return median(anew / own for own, anew in zip(self.ours, self.anew, strict=True))


def as_rows(measured: Iterable[Row]) -> list[Wire]:
    return [
        compared(f"brush: {row.stroke}", "s", row.ours, Baseline("the whole cut anew", row.anew))
        for row in measured
    ]


def measure(shelf: Shelf, pick: Path, folder: Path, rounds: int = 5) -> Iterator[Row]:
    """Yield a row per kind of stroke; each is drawn over the machine's own cut of a 12-megapixel pick."""
    brush = Brush(Scissors(shelf))
    job = CutJob(pick, KEY, folder / "warm")
    for number, name in enumerate(STROKES):
        kept = replace(job, cache=folder / str(number))
        _draw(brush, kept, name, 0)  # cuts the person out, and loads what the first stroke needs
        ours, anew = [], []
        for turn in range(1, rounds + 1):
            ours.append(_draw(brush, kept, name, turn))
            anew.append(_seconds(brush, replace(job, cache=folder / f"{number}-{turn}")))
        yield Row(name, ours, anew)


def _draw(brush: Brush, job: CutJob, name: str, turn: int) -> float:
    width, points = STROKES[name]
    moved = [(x, y + 0.004 * turn) for x, y in points]
    kind = StrokeKind.REMOVE if turn % 2 else StrokeKind.KEEP
    return _seconds(brush, replace(job, strokes=(Stroke.drawn(kind, width, moved),)))


def _seconds(brush: Brush, job: CutJob) -> float:
    started = time.perf_counter()
    brush.person(job)
    return time.perf_counter() - started
