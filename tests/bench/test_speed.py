import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from studio_server.bench import commands, fit, shapes, tables, vary
from studio_server.bench.plain import Spent
from studio_server.domain.variation import Pass
from studio_server.engines.recipe import Recipe

TINY = {"sd15": 32, "sdxl": 64, "klein-4b": 8}


@pytest.fixture(scope="module")
def tiny_base(tmp_path_factory):
    return shapes.write("sd15", TINY["sd15"], (64, 64), tmp_path_factory.mktemp("base"))


def test_the_ceiling_is_what_remains_when_the_encoders_are_free():
    row = fit.Row("base", "CPU", 4, [0.5], [Spent(1.2, 0.4)], caching=1.0)
    assert row.ratio == pytest.approx(2.4)
    assert row.ceiling == pytest.approx(3.0)
    assert row.share == pytest.approx(0.8)


def test_pictures_per_minute_count_further_contexts_alone():
    row = vary.Row("full size", first=[9.0], further=[2.0], plain=[8.0])
    assert (row.per_minute, row.plain_per_minute, row.ratio) == (30, 7.5, 4)


def test_a_tiny_base_goes_through_the_command_and_its_figures_agree(tiny_base, tmp_path):
    out = tmp_path / "rows.json"
    command = ["fit", "--quick", "--base", str(tiny_base), "--json", str(out)]
    said = CliRunner().invoke(commands.bench, command, catch_exceptions=False)
    assert said.exit_code == 0
    assert "were not measured" in said.output
    step, share, card = json.loads(out.read_text())
    assert step["ratio"] == pytest.approx(step["baseline"]["p50"] / step["ours"]["p50"])
    assert share["ours"]["p50"] == pytest.approx(step["ratio"])
    assert share["ratio"] == pytest.approx(step["ratio"] / share["baseline"]["p50"])
    assert (card["ratio"], card["runs"]) == (None, 0)
    assert "not measured" in card["why"]


@pytest.mark.parametrize("name", ["sdxl", "klein-4b"])
def test_the_large_architectures_take_steps_without_weights(name, tmp_path):
    place = shapes.write(name, TINY[name], (64, 64), tmp_path)
    row = fit.measure(place, fit.Effort(rounds=1, steps=1), Recipe(batch=1))
    assert row.step > 0
    assert row.floor is None


class Slow:
    """Remembers what it was asked for; a stand-in for the clock's sake alone."""

    def __init__(self):
        self.jobs = []

    def warm(self):
        pass

    def learn_faces(self, renditions, folder):
        pass

    def paint(self, job):
        self.jobs.append(job)


def test_ours_keeps_its_pick_and_the_baseline_never_does(tmp_path):
    painters = SimpleNamespace(ours=Slow(), plain=Slow())
    rows = list(vary.measure(painters, tmp_path / "pick.jpg", tmp_path, rounds=3))
    assert [row.size for row in rows] == list(vary.PASSES)
    ours = [job for job in painters.ours.jobs if job.made_in is Pass.FINAL]
    assert [one.cut.cache for one in ours[::2]] == [one.cut.cache for one in ours[1::2]]
    assert len({one.cut.cache for one in ours}) == 3
    assert [job.context for job in painters.plain.jobs] == [job.context for job in painters.ours.jobs[1::2]]
    assert not {job.cut.cache for job in painters.plain.jobs} & {job.cut.cache for job in painters.ours.jobs}


def test_the_table_shows_the_ratio_and_the_share_of_the_ceiling():
    row = fit.Row("base", "CPU, 1 thread", 4, [0.5], [Spent(1.0, 0.4)], caching=1.0)
    console = Console(width=160)
    with console.capture() as shown:
        console.print(tables.fit_table([row]))
    assert "2.00" in shown.get()
    assert "80%" in shown.get()
