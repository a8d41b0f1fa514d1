"""`studio bench …`."""

import fnmatch
import itertools
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from studio_server.bench import camera_commands
from studio_server.bench.rows import Wire, write
from studio_server.bench.tables import (
    brush_table,
    fit_table,
    judge_table,
    light_table,
    matte_table,
    on_cards,
    spread,
    vary_table,
)
from studio_server.settings import Settings

if TYPE_CHECKING:
    from studio_server.bench.haunted import Look
    from studio_server.bench.judge import Case, Models
    from studio_server.bench.planted import Planted

console = Console(highlight=False)


@click.group()
def bench() -> None:
    """Ratios against named baselines in the same run, and errors against known truth."""


bench.add_command(camera_commands.ingest)
bench.add_command(camera_commands.look)


@bench.command()
@click.option("--renders", type=click.Path(path_type=Path), default=Path("renders"), show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
def matte(renders: Path, out: Path | None) -> None:
    """Errors of the matte on rendered hair, beside the network's mask alone and rembg's alpha matting.

    The heads are rendered once (some minutes each) and kept in RENDERS.
    """
    from studio_server.bench.matte import as_rows, measure  # noqa: PLC0415 - heavy, no other command's
    from studio_server.bootstrap import shelf  # noqa: PLC0415

    rows = []
    for row in measure(renders, shelf(Settings()).path("u2net.onnx")):
        rows.append(row)
        console.print(f"{row.head}: {row.method}", style="dim")
    console.print(matte_table(rows))
    worst, middle = spread(rows)
    console.print(f"Ours, worst head {worst:.1f}, median head {middle:.1f}: {worst / middle:.2f} times.")
    if out:
        write(as_rows(rows), out)


@bench.command()
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
def light(out: Path | None) -> None:
    """The light on a face, read off faces that were lit by known lights."""
    from studio_server.bench import light as lighting  # noqa: PLC0415 - dlib: seconds, 100 MB
    from studio_server.bootstrap import shelf  # noqa: PLC0415 - heavy

    rows = list(lighting.measure(lighting.a_mesh(shelf(Settings()).path("face_landmark.tflite"))))
    console.print(light_table(rows))
    console.print(f"{sum(row.right for row in rows)} of {len(rows)} sides are right.")
    if out:
        from studio_server.bench.judged_rows import of_lights  # noqa: PLC0415 - heavy

        write(of_lights(rows), out)


@bench.command()
@click.option("--random-weights", type=click.Choice(["sdxl", "klein-4b"]), help="This architecture alone.")
@click.option("--base", type=click.Path(path_type=Path, exists=True), help="This base's folder alone.")
@click.option("--quick", is_flag=True, help="One round instead of five: for a look, not for a figure.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
def fit(random_weights: str | None, base: Path | None, out: Path | None, *, quick: bool) -> None:
    """Steps of a fit beside a plain loop's, on the starter base and on a small base of SD 1.5's shape."""
    _wait_as_the_engine_worker()
    from studio_server.bench import fit as fitting  # noqa: PLC0415 - imports torch: seconds, 300 MB
    from studio_server.bootstrap import base_place  # noqa: PLC0415 - the same

    effort = fitting.Effort(rounds=1, steps=1) if quick else fitting.Effort()
    if random_weights:
        rows = [fitting.measure_random(random_weights, effort)]
    elif base:
        rows = [fitting.measure(base, effort)]
    else:
        rows = [fitting.measure(base_place(Settings()), effort), fitting.measure_random("sd15", effort)]
    console.print(fit_table(rows))
    console.print(on_cards(rows))
    if out:
        write(fitting.as_rows(rows), out)


@bench.command()
@click.option("--quick", is_flag=True, help="One round instead of five: for a look, not for a figure.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
def vary(out: Path | None, *, quick: bool) -> None:
    """From a fresh 12-megapixel pick to its first composite, and what further contexts cost."""
    _wait_as_the_engine_worker()
    from studio_server.bench import vary as varying  # noqa: PLC0415 - imports torch: seconds, 300 MB
    from studio_server.bootstrap import base_place, shelf  # noqa: PLC0415 - the same
    from studio_server.engines.generate import LockedPainter  # noqa: PLC0415 - the same

    base, models = base_place(Settings()), shelf(Settings())
    painters = varying.Painters(LockedPainter(base, models), LockedPainter(base, models))
    with tempfile.TemporaryDirectory() as folder:
        pick = varying.rendition(Path(folder))
        rows = list(varying.measure(painters, pick, Path(folder), rounds=1 if quick else 5))
    console.print(vary_table(rows))
    if out:
        write(varying.as_rows(rows), out)


@bench.command()
@click.option("--quick", is_flag=True, help="One round instead of five: for a look, not for a figure.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
def brush(out: Path | None, *, quick: bool) -> None:
    """How long a stroke over a 12-megapixel pick takes, and how long cutting it out anew."""
    from studio_server.bench import brush as brushing  # noqa: PLC0415 - a second, 150 MB
    from studio_server.bench import vary as varying  # noqa: PLC0415 - imports torch: seconds, 300 MB
    from studio_server.bootstrap import shelf  # noqa: PLC0415 - the same

    with tempfile.TemporaryDirectory() as folder:
        pick = varying.rendition(Path(folder))
        rows = list(brushing.measure(shelf(Settings()), pick, Path(folder), rounds=1 if quick else 5))
    console.print(brush_table(rows))
    if out:
        write(brushing.as_rows(rows), out)


def _wait_as_the_engine_worker() -> None:
    """Before torch is imported: its threads read this once, from the environment of C."""
    os.putenv("OMP_WAIT_POLICY", "PASSIVE")


@bench.command()
@click.option("--people", type=click.Path(path_type=Path), help="A folder with a folder of pictures each.")
@click.option("--pattern", default="*", show_default=True, help="Which of the folders.")
@click.option("--json", "rows", type=click.Path(path_type=Path), help="Write the rows as JSON.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("judged"), show_default=True)
@click.option("--tags", type=click.Path(path_type=Path), help='JSON: {"person": ["glasses", "beard"]}.')
@click.option("--faults", is_flag=True, help="Plant faults into the portraits instead.")
@click.option("--only", type=click.Choice(["portraits", "composites"]), help="With --faults: into these.")
@click.option("--faces", type=int, default=0, help="Paint so many surroundings instead; look for faces.")
def judge(**asked: Any) -> None:  # noqa: ANN401 - click's own bundle of options
    """Each person in four contexts: every row of the judge, and the share that it accepts.

    All is kept in OUT: the composites, so that the worst accepted ones can be looked at, and what was said of
    each, so that it is not judged again.
    """
    from studio_server.bench import judged_rows  # noqa: PLC0415
    from studio_server.bench.judge import judge_people, people_of, read_cases, write_cases  # noqa: PLC0415

    asked["out"].mkdir(parents=True, exist_ok=True)
    if asked["faces"]:
        _keep_rows(judged_rows.of_looks(_look_for_faces(asked["faces"], asked["out"])), asked["rows"])
        return
    pictures, models = people_of(asked["people"] or Path(), asked["pattern"]), _judges()
    tags = json.loads(asked["tags"].read_text()) if asked["tags"] else {}
    if asked["faults"]:
        _keep_rows(judged_rows.of_planted(_plant_faults(pictures, models, asked, tags)), asked["rows"])
        return
    cases = read_cases(asked["out"] / "cases.json")
    for case in judge_people(pictures, models, asked["out"], cases):
        cases.append(case)
        console.print(f"{case.person}, {case.context}: {case.sentence}", style="dim")
        write_cases(asked["out"] / "cases.json", cases)
    console.print(judge_table(cases))
    _print_shares(cases, tags)
    _keep_rows(judged_rows.of_cases(cases), asked["rows"])


@bench.command()
@click.option("--people", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--pattern", default="*", show_default=True, help="Which of the pictures, as PERSON/FILE.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the rows as JSON.")
@click.option("--misses", is_flag=True, help="Name every picture on which the coach is wrong.")
def coach(people: Path, pattern: str, out: Path | None, *, misses: bool) -> None:
    """How often the coach is right on portraits, and on variations whose fault is known.

    PEOPLE is a folder with a folder of portraits for each person; every second person is held out.
    """
    from studio_server.bench import coach as coaching  # noqa: PLC0415 - a second, 100 MB
    from studio_server.bench.coach_cases import portraits  # noqa: PLC0415 - the same
    from studio_server.bench.coach_table import coach_table  # noqa: PLC0415 - the same
    from studio_server.bootstrap import shelf  # noqa: PLC0415 - the same
    from studio_server.imaging.faces import installed_models  # noqa: PLC0415 - the same
    from studio_server.imaging.onlooker import Models as Looking  # noqa: PLC0415 - the same

    models = Looking(installed_models(), shelf(Settings()).path("face_landmark.tflite"))
    chosen = portraits(people, models, lambda name: fnmatch.fnmatch(name, pattern))
    found = list(coaching.answers(chosen, models))
    console.print(coach_table(found))
    for one in found if misses else ():
        if not one.right:
            console.print(f"{one.portrait}: {one.kind}: {one.said or 'nothing said'}", style="dim")
    _keep_rows(coaching.as_rows(found), out)


def _keep_rows(rows: Sequence[Wire], out: Path | None) -> None:
    if out:
        write(rows, out)


def _plant_faults(
    pictures: Sequence[Path], models: "Models", asked: dict[str, Any], tags: dict[str, list[str]]
) -> list["Planted"]:
    from studio_server.bench import planted as planting  # noqa: PLC0415
    from studio_server.bench.planted_composites import plant_composites  # noqa: PLC0415
    from studio_server.imaging.portrait_measures import Sight  # noqa: PLC0415

    kept = asked["out"] / "planted.json"
    planted = planting.read_planted(kept)
    done = {
        lane: frozenset(one.person for one in planted if one.lane == lane)
        for lane in (planting.FACE, planting.COMPOSITE)
    }
    grey = frozenset(person for person, told in tags.items() if "grey hair" in told)
    assert models.mesh is not None
    sight = Sight(models.faces, models.mesh, models.u2net)
    faces = planting.plant(pictures, sight, done[planting.FACE], grey)
    composites = plant_composites(pictures, models, asked["out"], done[planting.COMPOSITE])
    wanted = {"portraits": (faces,), "composites": (composites,)}.get(asked["only"], (faces, composites))
    for found in itertools.chain(*wanted):
        planted += found
        console.print(f"{found[0].person}, {found[0].lane}: {len(found)} pictures", style="dim")
        planting.write_planted(kept, planted)
    _print_planted(planted, tags)
    return planted


def _print_planted(planted: Sequence["Planted"], tags: dict[str, list[str]]) -> None:
    from studio_server.bench.planted_table import fault_table, group_table, missed  # noqa: PLC0415

    console.print(fault_table(planted))
    console.print(group_table(planted, tags))
    for line in missed(planted):
        console.print(line, style="dim")


def _look_for_faces(count: int, out: Path) -> list["Look"]:
    from studio_server.bench.haunted import haunted, read_looks, write_looks  # noqa: PLC0415
    from studio_server.bootstrap import base_place  # noqa: PLC0415
    from studio_server.engines.bases import load_base  # noqa: PLC0415
    from studio_server.imaging.faces import installed_models  # noqa: PLC0415

    looks = read_looks(out / "looks.json")
    missing = sorted(set(range(count)) - {look.number for look in looks})
    for look in haunted(load_base(base_place(Settings())), installed_models(), missing):
        looks.append(look)
        write_looks(out / "looks.json", looks)
    seen = sum(look.faces > 0 for look in looks)
    console.print(f"Faces were found in {seen} of {len(looks)} painted surroundings.")
    return looks


def _judges() -> "Models":
    from studio_server.bench.judge import Models  # noqa: PLC0415
    from studio_server.bootstrap import shelf  # noqa: PLC0415
    from studio_server.imaging.faces import installed_models  # noqa: PLC0415

    kept = shelf(Settings())
    return Models(kept.path("u2net.onnx"), installed_models(), kept.path("face_landmark.tflite"))


def _print_shares(cases: Sequence["Case"], tags: dict[str, list[str]]) -> None:
    from studio_server.bench.judge import nearness, shares  # noqa: PLC0415

    for group, (accepted, every) in shares(cases, tags).items():
        console.print(f"{group}: {accepted} of {every} accepted ({accepted / every:.0%})")
    nearest = sorted((case for case in cases if case.accepted), key=nearness, reverse=True)[:6]
    told = ", ".join(f"{case.person}-{case.context}.png" for case in nearest)
    console.print(f"Accepted, and nearest to a limit (look at these): {told}")
