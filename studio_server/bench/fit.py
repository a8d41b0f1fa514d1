"""`studio bench fit`: our loop of fitting beside a plain one, in turns, on the same base in the same run."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from skimage import data
from torch.utils.flop_counter import FlopCounterMode

from studio_server.bench.plain import PlainLoop, Spent, clock
from studio_server.bench.rows import Baseline, Wire, compared, unmeasured
from studio_server.bench.shapes import write
from studio_server.domain.engines import FitJob
from studio_server.engines.bases import Base, load_base
from studio_server.engines.fit import stepper
from studio_server.engines.picks import Crop, crop, encode
from studio_server.engines.recipe import Recipe, recipe_for

CARD_FLOPS = 790e12
"""What the floor is reckoned with: an H200's dense bfloat16, as it is reached in practice."""
SMALL = (224, 288)
"""Pixels of crops of shrunk bases: a step takes about a second on one thread."""
REDUCED = 4
CROPS = 8


@dataclass(frozen=True)
class Row:
    """One base. All times are seconds per step, one for each round."""

    base: str
    device: str
    batch: int
    ours: Sequence[float]
    plain: Sequence[Spent]
    caching: float
    """Once per fit, for all samples: what ours pays so that its steps need not."""
    peak_gb: float | None = None
    floor: float | None = None
    """Of one step: its FLOPs over what the card reaches. None without a GPU."""

    @property
    def gains(self) -> list[float]:
        """How many times faster than the plain loop, round by round."""
        return [plain.whole / own for own, plain in zip(self.ours, self.plain, strict=True)]

    @property
    def ceilings(self) -> list[float]:
        """What caching can gain at most: the plain loop over its denoiser (forward, backward, optimiser)."""
        return [plain.whole / plain.denoiser for plain in self.plain]

    @property
    def ratio(self) -> float:
        return statistics.median(self.gains)

    @property
    def ceiling(self) -> float:
        return statistics.median(self.ceilings)

    @property
    def share(self) -> float:
        return statistics.median(gain / most for gain, most in zip(self.gains, self.ceilings, strict=True))

    @property
    def step(self) -> float:
        return statistics.median(self.ours)

    @property
    def plain_step(self) -> float:
        return statistics.median(spent.whole for spent in self.plain)


def as_rows(measured: Sequence[Row]) -> list[Wire]:
    """Return the rows as they are kept: each base's step, its share of the ceiling, and the card's floor."""
    rows: list[Wire] = []
    for row in measured:
        plain = Baseline("plain loop, encodes every step", [spent.whole for spent in row.plain])
        ceiling = Baseline("ceiling of caching: plain loop over its denoiser alone", row.ceilings)
        gain = f"fit, {row.base}, {row.device}: gain, beside the most that caching can gain"
        rows.append(compared(f"fit, {row.base}, {row.device}: one step", "s", row.ours, plain))
        rows.append(compared(gain, "times", row.gains, ceiling, more_is_better=True))
    return [*rows, *_floors(measured)]


def _floors(measured: Sequence[Row]) -> list[Wire]:
    name, baseline = "fit, {}: one step, beside the FLOPs floor", "FLOPs of the step at 790 TFLOP/s"
    on_cards = [row for row in measured if row.floor is not None]
    if not on_cards:
        why = "No GPU is at hand: speed, memory and the FLOPs floor of a GPU were not measured."
        return [unmeasured(name.format("SDXL at 512 px on a GPU"), "s", baseline, why)]
    floors = [Baseline(baseline, [row.floor or 0.0] * len(row.ours)) for row in on_cards]
    return [
        compared(name.format(f"{row.base}, {row.device}"), "s", row.ours, floor)
        for row, floor in zip(on_cards, floors, strict=True)
    ]


@dataclass(frozen=True)
class Effort:
    """How long is measured."""

    rounds: int = 5
    steps: int = 2


def measure(place: Path, effort: Effort, recipe: Recipe | None = None) -> Row:
    """Time the base in `place`. Raises EngineUnavailable."""
    own, other = load_base(place, fitting=True), load_base(place, fitting=True)
    recipe = recipe or recipe_for(own.family)
    views = _views(own)
    started = clock(own)
    learn = encode(own, views)
    caching = clock(own) - started
    with tempfile.TemporaryDirectory() as scratch:
        own.denoiser.to(own.device)
        ours = stepper(own, FitJob(picks=(), scratch=Path(scratch), seed=0), recipe, learn)
        plain = PlainLoop(other, views, recipe)
        floor = _floor(own, ours)
        times = _in_turns(own, ours, plain, effort)
    return Row(
        base=own.label,
        device=_device(own),
        batch=recipe.batch,
        ours=times[0],
        plain=times[1],
        caching=caching,
        peak_gb=_peak(own),
        floor=floor,
    )


def measure_random(name: str, effort: Effort, shrink: int | None = None) -> Row:
    """Time a base of the architecture's own classes: full-sized on a GPU, shrunk without one."""
    full = torch.cuda.is_available() and name != "sd15"
    shrink = shrink or (1 if full else REDUCED)
    size = (512, 512) if shrink == 1 else SMALL
    with tempfile.TemporaryDirectory() as folder:
        return measure(write(name, shrink, size, Path(folder)), effort)


def _views(base: Base) -> list[Crop]:
    """Crops of a portrait: what is on them changes no time."""
    portrait = np.asarray(data.astronaut())  # type: ignore[no-untyped-call] # it has no annotations
    y, x = np.mgrid[0:512, 0:512]
    mask = (np.hypot((x - 230) / 130, (y - 260) / 240) < 1).astype(np.float32)
    return [crop(portrait, mask, base.fit_size, seed) for seed in range(CROPS)]


def _in_turns(
    base: Base, ours: Callable[[], None], plain: PlainLoop, effort: Effort
) -> tuple[list[float], list[Spent]]:
    """Mean step of each round; what slows the machine for a while slows both."""
    ours()
    plain.step()
    own, other = [], []
    for _ in range(effort.rounds):
        started = clock(base)
        for _ in range(effort.steps):
            ours()
        own.append((clock(base) - started) / effort.steps)
        other.append(_mean([plain.step() for _ in range(effort.steps)]))
    return own, other


def _mean(spent: Sequence[Spent]) -> Spent:
    return Spent(
        statistics.fmean(one.whole for one in spent), statistics.fmean(one.denoiser for one in spent)
    )


def _floor(base: Base, step: Callable[[], None]) -> float | None:
    if base.device.type == "cpu":
        return None
    torch.cuda.reset_peak_memory_stats(base.device)
    with FlopCounterMode(display=False) as counter:
        step()
    return float(counter.get_total_flops() / CARD_FLOPS)


def _peak(base: Base) -> float | None:
    """Of both loops together: the plain one's base lies on the card beside ours."""
    return None if base.device.type == "cpu" else torch.cuda.max_memory_allocated(base.device) / 1e9


def _device(base: Base) -> str:
    if base.device.type == "cpu":
        return f"CPU, {torch.get_num_threads()} thread"
    return str(torch.cuda.get_device_name(base.device))
