"""What `--json FILE` holds, in one form for every bench: an interface, so that figures of two days compare.

A row is `{"name", "unit", "ours": {"p50", "p95"}, "baseline": {"name", "p50", "p95"}, "ratio", "runs",
"machine"}`. `ratio` says how many times better ours is than its baseline: the median of ratios taken pair by
pair, so that what slows the machine for a while does not count. What could not be measured has "ratio": null
and "why".
"""

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

Wire = Mapping[str, object]


@dataclass(frozen=True)
class Baseline:
    name: str
    values: Sequence[float]


def compared(
    name: str, unit: str, ours: Sequence[float], baseline: Baseline, *, more_is_better: bool = False
) -> Wire:
    """One row. `ours` and the baseline's values are pairs: the same round, one after the other."""
    pairs = zip(ours, baseline.values, strict=True)
    ratios = [own / other if more_is_better else other / own for own, other in pairs]
    return {
        "name": name,
        "unit": unit,
        "ours": _spread(ours),
        "baseline": {"name": baseline.name, **_spread(baseline.values)},
        "ratio": median(ratios),
        "runs": len(ratios),
        "machine": machine(),
    }


def unmeasured(name: str, unit: str, baseline: str, why: str) -> Wire:
    """A row for what this machine could not show, with the reason; never left out, never made up."""
    nothing = {"p50": None, "p95": None}
    return {
        "name": name,
        "unit": unit,
        "ours": nothing,
        "baseline": {"name": baseline, **nothing},
        "ratio": None,
        "runs": 0,
        "machine": machine(),
        "why": why,
    }


def write(rows: Iterable[Wire], path: Path) -> None:
    path.write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")


def machine() -> str:
    """Say what was measured on, and how busy it was with other things."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores, {_processor()}, {platform.system()}{load}"


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": float(np.percentile(values, 50)), "p95": float(np.percentile(values, 95))}
