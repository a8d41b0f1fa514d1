from dataclasses import replace

import pytest
import torch
from safetensors.torch import load
from small_world import find_person

from studio_server.domain.engines import FitJob
from studio_server.domain.errors import BadInput, Cancelled
from studio_server.engines import fit
from studio_server.engines.fit import LoraFitter, Recipe
from studio_server.engines.shelf import Shelf

RECIPE = Recipe(steps=30, batch=4, crops_per_pick=2, learning_rate=1e-2, checkpoint_every=10)


class Watch:
    """A progress that asks to stop after so many steps."""

    def __init__(self, stop_after=10**9):
        self.stop_after = stop_after
        self.seen = []

    def report(self, done, total, text):
        self.seen.append((done, total, text))

    def cancelled(self):
        return bool(self.seen) and self.seen[-1][0] >= self.stop_after


@pytest.fixture
def fitter(tiny_base, tmp_path):
    return LoraFitter(tiny_base, Shelf(tmp_path), RECIPE, find_person)


@pytest.fixture
def job(pick_files, tmp_path):
    return FitJob(pick_files, tmp_path / "scratch", seed=7)


def test_a_fit_lowers_the_loss_on_the_pick_that_it_has_not_seen(fitter, job):
    watch = Watch()
    fitted = fitter.fit(job, watch)
    assert fitted.report.heldout_after < 0.98 * fitted.report.heldout_before
    assert (fitted.report.steps, fitted.report.resumed_at, fitted.report.base) == (30, 0, "Tiny 0")
    assert [done for done, _, text in watch.seen if "step" in text] == list(range(1, 31))
    assert not job.scratch.exists()
    assert any("lora" in name for name in load(fitted.adapter))


def test_a_killed_fit_goes_on_and_ends_with_the_very_same_weights(fitter, job, monkeypatch, tmp_path):
    through = fitter.fit(replace(job, scratch=tmp_path / "other"), Watch())

    def killed(base, run, *rest, real=fit._step):
        if run.step == 17:
            raise KeyboardInterrupt
        real(base, run, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(fit, "_step", killed)
        with pytest.raises(KeyboardInterrupt):
            fitter.fit(job, Watch())
    resumed = fitter.fit(job, Watch())

    assert (resumed.report.resumed_at, resumed.report.steps) == (10, 30)
    assert resumed.report.heldout_before == through.report.heldout_before
    one, other = load(through.adapter), load(resumed.adapter)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_that_was_cut_off_while_written_is_ignored(fitter, job):
    job.scratch.mkdir()
    (job.scratch / "checkpoint.pt.part").write_bytes(b"PK half of it")
    assert fitter.fit(job, Watch()).report.resumed_at == 0


def test_a_checkpoint_of_another_recipe_is_ignored(fitter, job, tiny_base, tmp_path):
    with pytest.raises(Cancelled):
        fitter.fit(job, Watch(stop_after=12))
    other = LoraFitter(tiny_base, Shelf(tmp_path), replace(RECIPE, rank=4, steps=2), find_person)
    assert other.fit(job, Watch()).report.resumed_at == 0


def test_a_cancelled_fit_stops_at_the_next_step_and_keeps_its_checkpoint(fitter, job):
    watch = Watch(stop_after=12)
    with pytest.raises(Cancelled):
        fitter.fit(job, watch)
    assert watch.seen[-1][0] == 12
    assert (job.scratch / "checkpoint.pt").exists()


def test_one_pick_alone_is_refused_because_nothing_could_be_held_out(fitter, job):
    with pytest.raises(BadInput, match="one more shot"):
        fitter.fit(replace(job, picks=job.picks[:1]), Watch())
