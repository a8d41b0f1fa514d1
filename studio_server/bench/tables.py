"""How the benches' figures are printed."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.table import Table

from studio_server.bench.rows import Wire

if TYPE_CHECKING:  # torch behind some of them: seconds, 300 MB
    from studio_server.bench import brush as brushing
    from studio_server.bench import fit as fitting
    from studio_server.bench import light as lighting
    from studio_server.bench import vary as varying
    from studio_server.bench.judge import Case
    from studio_server.bench.matte import Row
    from studio_server.domain.variation import Measure


def row_table(rows: Iterable[Wire]) -> Table:
    """Any rows as they are kept: medians, 95th percentiles in brackets."""
    table = Table("what", "unit", "ours", "baseline", "ratio", box=None)
    for row in rows:
        ours, theirs = _pair(row["ours"]), _pair(row["baseline"])
        if row["ratio"] is None:
            table.add_row(str(row["name"]), str(row["unit"]), "-", "-", str(row["why"]))
        else:
            table.add_row(str(row["name"]), str(row["unit"]), ours, theirs, f"{row['ratio']:.2f}")
    return table


def _pair(told: Any) -> str:  # noqa: ANN401 - JSON
    return "-" if told["p50"] is None else f"{told['p50']:.3g} ({told['p95']:.3g})"


def light_table(rows: Sequence["lighting.Row"]) -> Table:
    """Print strengths of all albedos; in brackets the hardness of the middle one."""
    sizes = sorted({row.half_angle for row in rows})
    table = Table("azimuth", *(f"half angle {size}" for size in sizes), box=None)
    for azimuth in sorted({row.azimuth for row in rows}):
        cells = []
        for size in sizes:
            found = [row for row in rows if (row.azimuth, row.half_angle) == (azimuth, size)]
            strengths = " ".join(f"{row.strength:+.2f}" for row in found)
            cells.append(f"{strengths} ({median(row.hardness for row in found):.2f})")
        table.add_row(str(azimuth), *cells)
    return table


def fit_table(rows: Iterable["fitting.Row"]) -> Table:
    table = Table("base", "on", box=None)
    for title in ("ours, steps/s", "plain", "ratio", "ceiling", "share", "caching, s"):
        table.add_column(title, justify="right")
    for row in rows:
        figures = (
            f"{1 / row.step:.2f}",
            f"{1 / row.plain_step:.2f}",
            f"{row.ratio:.2f}",
            f"{row.ceiling:.2f}",
        )
        table.add_row(row.base, row.device, *figures, f"{row.share:.0%}", f"{row.caching:.1f}")
    return table


def on_cards(rows: Iterable["fitting.Row"]) -> str:
    """Say what a GPU would have shown, or that there was none."""
    said = [
        f"{row.base}: {row.step / row.floor:.1f} times the FLOPs floor of an H200; "
        f"peak {row.peak_gb:.1f} GB, the plain loop's base included."
        for row in rows
        if row.floor and row.peak_gb
    ]
    return "\n".join(said) or "No GPU was used: speed, memory and the FLOPs floor of a GPU were not measured."


def brush_table(rows: Iterable["brushing.Row"]) -> Table:
    table = Table("stroke", box=None)
    for title in ("until it is seen, s", "all anew, s", "ratio"):
        table.add_column(title, justify="right")
    for row in rows:
        figures = (median(row.ours), median(row.anew), row.ratio)
        table.add_row(row.stroke, *(f"{figure:.2f}" for figure in figures))
    return table


def vary_table(rows: Iterable["varying.Row"]) -> Table:
    table = Table(box=None)
    table.add_column("12-megapixel pick", no_wrap=True)
    for title in ("first composite, s", "further, pictures/min", "keeping nothing", "ratio"):
        table.add_column(title, justify="right")
    for row in rows:
        figures = (f"{row.per_minute:.1f}", f"{row.plain_per_minute:.1f}", f"{row.ratio:.2f}")
        table.add_row(row.size, f"{median(row.first):.1f}", *figures)
    return table


def judge_table(cases: Iterable["Case"]) -> Table:
    """One line per picture: each row as value / limit; what failed has a mark."""
    cases = list(cases)
    names = list(dict.fromkeys(row.name for case in cases for row in case.rows))
    table = Table("person", "context", "accepted", *names, box=None)
    for case in cases:
        told = {row.name: row for row in case.rows}
        cells = [_cell(told.get(name)) for name in names]
        table.add_row(case.person, case.context, "yes" if case.accepted else "NO", *cells)
    return table


def _cell(row: "Measure | None") -> str:
    if row is None or row.value is None:
        return "-"
    return f"{row.value:g} / {row.limit:g}{'' if row.passed else ' !'}"


def matte_table(rows: Iterable["Row"]) -> Table:
    table = Table("head", "method", box=None)
    for title in ("alpha, x 1000", "slope, x 1000", "halo, levels"):
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(row.head, row.method, f"{row.absolute:.1f}", f"{row.gradient:.2f}", f"{row.halo:.1f}")
    return table


def spread(rows: Sequence["Row"]) -> tuple[float, float]:
    """Mean absolute error of our own matte: the worst head's, and the median head's."""
    own = [row.absolute for row in rows if row.method == "ours"]
    return max(own), median(own)
