"""`studio bench vary`: how long a fresh pick waits for its first composite, and what further ones cost.

The baseline is a plain loop with the very same engines that keeps nothing: what a script does that cuts the
person out anew for every context.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from studio_server.bench.rows import Baseline, Wire, compared
from studio_server.demo.camera import expose
from studio_server.demo.frames import Frame
from studio_server.domain.engines import CutJob, PaintJob
from studio_server.domain.variation import Pass
from studio_server.engines.generate import LockedPainter

CONTEXTS = ("library", "office-window", "garden", "brick", "lobby")
PASSES = {"first look, 1600 px": Pass.PREVIEW, "full size": Pass.FINAL}
KEY = "portrait-0"


@dataclass(frozen=True)
class Row:
    """One size. Seconds, one for each round."""

    size: str
    first: Sequence[float]
    """From a fresh pick to its first composite, engines warm: read, matte, paint, compose, judge, encode."""
    further: Sequence[float]
    """Each further context of the same pick."""
    plain: Sequence[float]
    """The same contexts where matte, foreground and plate are made anew for each."""

    @property
    def per_minute(self) -> float:
        return 60 / median(self.further)

    @property
    def plain_per_minute(self) -> float:
        return 60 / median(self.plain)

    @property
    def ratio(self) -> float:
        return median(plain / own for own, plain in zip(self.further, self.plain, strict=True))


def as_rows(measured: Iterable[Row]) -> list[Wire]:
    """Return the bench's rows as they are kept. A fresh pick gains nothing: nothing of it is known yet."""
    rows: list[Wire] = []
    for row in measured:
        plain = Baseline("the same engines, keeping nothing", row.plain)
        rows.append(compared(f"vary, {row.size}: first composite of a fresh pick", "s", row.first, plain))
        rows.append(compared(f"vary, {row.size}: each further context", "s", row.further, plain))
    return rows


@dataclass(frozen=True)
class Painters:
    """Two with the same base and shelf: each remembers its own last pick."""

    ours: LockedPainter
    plain: LockedPainter


def rendition(folder: Path) -> Path:
    """Develop the demo's portrait as its camera records it: 3000 x 4000 px."""
    path = folder / "pick.jpg"
    path.write_bytes(expose(Frame(orientation=1, companion="before"), 0).jpeg)
    return path


def measure(painters: Painters, pick: Path, folder: Path, rounds: int = 5) -> Iterator[Row]:
    """Yield a row per size; `rounds` fresh picks and as many further contexts, at most five."""
    for painter in (painters.ours, painters.plain):
        painter.warm()
        painter.learn_faces([(KEY, pick)], folder / "faces")
    for name, made_in in PASSES.items():
        yield _row(name, painters, _job(pick, folder / made_in.name, made_in), rounds)


def _row(name: str, painters: Painters, job: PaintJob, rounds: int) -> Row:
    first, further, plain = [], [], []
    for number in range(rounds):
        fresh = _kept_in(job, f"fresh-{number}")
        first.append(seconds(painters.ours, fresh))
        other = replace(fresh, context=_other(number))
        further.append(seconds(painters.ours, other))
        plain.append(seconds(painters.plain, _kept_in(replace(other, cut=job.cut), f"plain-{number}")))
    return Row(name, first, further, plain)


def _kept_in(job: PaintJob, name: str) -> PaintJob:
    """As if nothing of this shot had been cut out before."""
    return replace(job, cut=replace(job.cut, cache=job.cut.cache / name))


def _other(number: int, contexts: Sequence[str] = CONTEXTS) -> str:
    return contexts[1 + number % (len(contexts) - 1)]


def _job(pick: Path, cache: Path, made_in: Pass) -> PaintJob:
    return PaintJob(
        cut=CutJob(pick, KEY, cache),
        context=CONTEXTS[0],
        seed=1,
        adapter=None,
        made_in=made_in,
        look_for_faces=True,
        session_faces=cache.parent / "faces",
    )


def seconds(painter: LockedPainter, job: PaintJob) -> float:
    started = time.perf_counter()
    painter.paint(job)
    return time.perf_counter() - started
