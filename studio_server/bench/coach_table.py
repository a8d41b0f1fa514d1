"""The table that `studio bench coach` prints."""

from collections.abc import Sequence

from rich.table import Table

from studio_server.bench.coach import Answer, by_kind, share


def coach_table(found: Sequence[Answer]) -> Table:
    """Right of all, by kind: people whose pictures set the limits, people held out, and small pictures."""
    table = Table("", "limits set on", "held out", "small pictures", box=None)
    for kind, own in [*by_kind(found).items(), ("total", list(found))]:
        large = [one for one in own if not one.small]
        halves = ([one for one in large if one.held_out is held] for held in (False, True))
        table.add_row(kind, *(_of(group) for group in (*halves, [one for one in own if one.small])))
    return table


def _of(found: Sequence[Answer]) -> str:
    right = sum(one.right for one in found)
    return f"{right}/{len(found)} ({share(found):.0%})" if found else "-"
