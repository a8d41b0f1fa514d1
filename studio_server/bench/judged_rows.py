"""What `--json` holds of the judge and of the light: shares against the shares asked for."""

from collections import defaultdict
from collections.abc import Sequence

from studio_server.bench.faults import MILD, STRONG
from studio_server.bench.haunted import Look
from studio_server.bench.judge import Case, nearness, strain
from studio_server.bench.light import Row
from studio_server.bench.planted import Planted
from studio_server.bench.planted_table import GENUINE
from studio_server.bench.rows import Baseline, Wire, compared, unmeasured

_ACCEPTED, _REFUSED = 0.7, {MILD: 0.8, STRONG: 0.95}
"""Shares that are asked for: of composites accepted, of planted faults refused."""
_GENUINE = 0.95
"""And of genuine pictures let through."""
_LEAST = 1e-3
"""A row that is at none of its limit."""


def of_cases(cases: Sequence[Case]) -> list[Wire]:
    """The share accepted, and for each of the judge's rows how near the accepted ones came to its limit."""
    told = [_share("accepted", [case.accepted for case in cases], _ACCEPTED)]
    strains: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        for row in case.rows if case.accepted else ():
            if row.value is not None and row.limit:
                strains[row.name].append(max(_LEAST, strain(row)))
    for name, found in strains.items():
        told.append(compared(name, "of its limit", found, Baseline("the judge's limit", [1.0] * len(found))))
    nearest = [max(_LEAST, nearness(case)) for case in cases if case.accepted]
    if nearest:
        limits = Baseline("the judge's limit", [1.0] * len(nearest))
        told.append(compared("the row nearest to its limit", "of its limit", nearest, limits))
    return told


def of_planted(planted: Sequence[Planted]) -> list[Wire]:
    told = []
    for level, word in ((STRONG, "strong"), (MILD, "mild")):
        found = [one.refused for one in planted if one.fault not in GENUINE and one.level == level]
        told.append(_share(f"{word} faults refused", found, _REFUSED[level]))
    for kind in GENUINE:
        let = [not one.refused for one in planted if one.fault == kind]
        told.append(_share(f"{kind}: let through", let, _GENUINE))
    return told


def of_looks(looks: Sequence[Look]) -> list[Wire]:
    return [_share("painted surroundings without a face", [look.faces == 0 for look in looks], 1.0)]


def of_lights(rows: Sequence[Row]) -> list[Wire]:
    """Sides that were read rightly, beside a reader who always says that the light comes from the front."""
    told = []
    for albedo in sorted({row.albedo for row in rows}):
        own = [row for row in rows if row.albedo == albedo]
        right = sum(row.right for row in own) / len(own)
        front = sum(row.azimuth == 0 for row in own) / len(own)
        name = f"sides read rightly, skin that gives back {albedo:.0%}"
        baseline = Baseline("always from the front", [front])
        told.append(compared(name, "share", [right], baseline, more_is_better=True))
    return told


def _share(name: str, found: Sequence[bool], asked: float) -> Wire:
    if not found:
        return unmeasured(name, "share", "asked for", "Nothing of the kind was judged in this run.")
    baseline = Baseline("asked for", [asked])
    return compared(name, "share", [sum(found) / len(found)], baseline, more_is_better=True)
