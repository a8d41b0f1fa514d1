import errno
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from small_world import find_person
from test_fit import RECIPE, Watch

from studio_server.domain.engines import FitJob
from studio_server.domain.errors import Cancelled, EngineUnavailable
from studio_server.engines import fit
from studio_server.engines.bases import load_base
from studio_server.engines.fallback import Ladder, in_one_sentence, paint_or_step_down, rungs, take_off
from studio_server.engines.fit import LoraFitter
from studio_server.engines.shelf import Shelf


def short(*_args):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee the manual")


def test_a_batch_is_halved_down_to_one_sample_before_anything_slower_is_tried():
    assert [rung.parts for rung in rungs(4)] == [1, 2, 4, 4, 4, 4]
    assert [(rung.checkpointing, rung.offload, rung.eight_bits) for rung in rungs(4)][-4:] == [
        (False, False, False), (True, False, False), (True, True, False), (True, True, True)
    ]  # fmt: skip
    assert [rung.parts for rung in rungs(6)] == [1, 2, 4, 6, 6, 6, 6]
    assert [rung.parts for rung in rungs(1)] == [1, 1, 1, 1]


def test_what_did_not_fit_once_is_not_tried_again():
    ladder, tried = Ladder(2), []

    def attempt(rung):
        tried.append(rung.parts)
        if rung.parts == 1:
            short()
        return "done"

    assert [ladder.run(attempt), ladder.run(attempt)] == ["done", "done"]
    assert tried == [1, 2, 2]
    assert ladder.note == " (short of memory: batches in 2 parts)"


def test_where_nothing_fits_the_sentence_says_why_and_what_was_tried():
    with pytest.raises(EngineUnavailable) as caught:
        Ladder(2).run(short)
    assert str(caught.value) == (
        "The fit does not fit into this machine's memory (CUDA out of memory. Tried to allocate 2.00 GiB); "
        "tried were batches in 2 parts, gradient checkpointing, offload to main memory, the base in 8 bits. "
        "Close other programs on the GPU, or use a smaller base."
    )


@pytest.fixture
def fitter(tiny_base, tmp_path):
    return LoraFitter(tiny_base, Shelf(tmp_path), RECIPE, find_person)


@pytest.fixture
def job(pick_files, tmp_path):
    return FitJob(pick_files, tmp_path / "scratch", seed=7)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
def test_a_full_disk_stops_a_fit_in_one_sentence_and_the_next_one_goes_on(fitter, job):
    with pytest.raises(Cancelled):
        fitter.fit(job, Watch(stop_after=12))
    part = job.scratch / "checkpoint.pt.part"
    part.symlink_to("/dev/full")
    with pytest.raises(EngineUnavailable, match=r"the disk is full.*Make room and start it again"):
        fitter.fit(job, Watch())
    part.unlink()
    assert fitter.fit(job, Watch()).report.resumed_at == 10


def test_a_full_disk_is_told_from_other_faults_whoever_writes():
    with pytest.raises(EngineUnavailable, match="the disk is full"), in_one_sentence("The fit"):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    with pytest.raises(SafetensorError), in_one_sentence("The fit"):
        raise SafetensorError("Error while deserializing header: header too large")
    with pytest.raises(FileNotFoundError), in_one_sentence("The fit"):
        raise FileNotFoundError(errno.ENOENT, "gone")


def test_memory_that_runs_out_while_reading_the_picks_is_one_sentence_too(fitter, job, monkeypatch):
    monkeypatch.setattr(fit, "encode", short)
    with pytest.raises(EngineUnavailable, match="The fit stopped: this machine's memory is too small"):
        fitter.fit(job, Watch())


def test_a_painting_that_does_not_fit_is_refused_in_one_sentence(tiny_base):
    with pytest.raises(EngineUnavailable, match="not enough memory to paint with Tiny 0"):
        paint_or_step_down(load_base(tiny_base), short)


def test_a_painting_on_a_card_steps_down_until_it_fits(tiny_base, monkeypatch):
    """The card is a pretended one: what is asked of the pipeline is seen, not what a real card does."""
    base, asked = load_base(tiny_base), []
    object.__setattr__(base, "device", torch.device("cuda"))
    for name in ("to", "enable_model_cpu_offload", "enable_sequential_cpu_offload"):
        monkeypatch.setattr(base.pipeline, name, lambda *_, name=name, **__: asked.append(name))
    left = [2]

    def attempt():
        left[0] -= 1
        if left[0] >= 0:
            short()
        return "painted"

    assert paint_or_step_down(base, attempt) == "painted"
    assert paint_or_step_down(base, attempt) == "painted"
    take_off(base)
    assert asked == ["to", "to", "enable_model_cpu_offload", "to", "enable_sequential_cpu_offload"]


def test_a_base_makes_room_for_a_fit_and_comes_back_to_paint(tiny_base, monkeypatch):
    base, asked = load_base(tiny_base), []
    object.__setattr__(base, "device", torch.device("cuda"))
    monkeypatch.setattr(base.pipeline, "to", lambda where: asked.append(str(where)))
    take_off(base)
    paint_or_step_down(base, lambda: None)
    take_off(base)
    paint_or_step_down(base, lambda: None)
    assert asked == ["cuda", "cpu", "cuda"]
