"""The tables of planted faults: by fault, for the half on which limits were set and the other; by group."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from rich.table import Table

from studio_server.bench.faults import MILD, STRONG
from studio_server.bench.judge import group_of
from studio_server.bench.planted import CROP, FEW, OTHER, Planted
from studio_server.bench.planted_composites import SIDE_LIT, UNTOUCHED

GENUINE = (CROP, OTHER, FEW, UNTOUCHED, SIDE_LIT)


def fault_table(planted: Sequence[Planted]) -> Table:
    """Refused of all: mild and strong, on the people whose pictures set the limits, and on the others."""
    table = Table("", box=None)
    for half in ("limits set on", "held out"):
        for word in ("mild", "strong"):
            table.add_column(f"{word}, {half}", justify="right")
    faults = dict.fromkeys(one.fault for one in planted if one.fault not in GENUINE)
    for fault in faults:
        table.add_row(fault, *_halves(planted, {fault}))
    table.add_row("all faults", *_halves(planted, set(faults)))
    for fault in dict.fromkeys(one.fault for one in planted if one.fault in GENUINE):
        tuned, _, held_out, _ = _halves(planted, {fault})
        table.add_row(fault, tuned, "", held_out, "")
    return table


def group_table(planted: Sequence[Planted], tags: Mapping[str, Sequence[str]]) -> Table:
    """The same by skin tone and by tags (person -> tags); both halves."""
    table = Table("group", "people", box=None)
    for title in ("mild", "strong", *GENUINE):
        table.add_column(title, justify="right")
    for group in sorted({name for one in planted for name in _groups(one, tags)}):
        own = [one for one in planted if group in _groups(one, tags)]
        people = len({one.person for one in own})
        genuine = [share(one for one in own if one.fault == kind) for kind in GENUINE]
        faults = [share(_planted(own, level)) for level in (MILD, STRONG)]
        table.add_row(group, str(people), *faults, *genuine)
    return table


def share(found: Iterable[Planted]) -> str:
    told = [one.refused for one in found]
    return f"{sum(told)}/{len(told)} ({sum(told) / len(told):.1%})" if told else "-"


def missed(planted: Iterable[Planted]) -> list[str]:
    """What the judge got wrong, one line each."""
    words = ("mild", "strong")
    return [
        f"{one.person}: {one.fault}"
        + (f": {one.sentence}" if one.fault in GENUINE else f", {words[one.level]}")
        for one in planted
        if one.refused == (one.fault in GENUINE)
    ]


def _halves(planted: Sequence[Planted], faults: Collection[str]) -> list[str]:
    return [
        share(
            one for one in planted if one.fault in faults and (one.held_out, one.level) == (held_out, level)
        )
        for held_out in (False, True)
        for level in (MILD, STRONG)
    ]


def _planted(found: Sequence[Planted], level: int) -> list[Planted]:
    return [one for one in found if one.fault not in GENUINE and one.level == level]


def _groups(one: Planted, tags: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return "all", f"skin: {group_of(one.ita)}", *tags.get(one.person, ())
