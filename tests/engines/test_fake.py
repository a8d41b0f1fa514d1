import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from studio_server.domain.engines import CutJob, FitJob, PaintJob
from studio_server.domain.errors import Cancelled
from studio_server.domain.variation import Pass
from studio_server.engines.fake import FakeFitter, FakePainter


class Watch:
    def __init__(self, stop=False):
        self.stop, self.seen = stop, []

    def report(self, done, total, text):
        self.seen.append((done, total))

    def cancelled(self):
        return self.stop


@pytest.fixture
def job(pick_files, tmp_path):
    return PaintJob(
        CutJob(pick_files[0], "a" * 64, tmp_path), "library", 1, None, Pass.FINAL,
        look_for_faces=False, session_faces=tmp_path,
    )  # fmt: skip


def test_the_fake_fit_is_the_same_each_time_and_another_for_other_picks(pick_files, tmp_path):
    watch = Watch()
    one = FakeFitter().fit(FitJob(pick_files, tmp_path, 1), watch)
    assert one == FakeFitter().fit(FitJob(pick_files, tmp_path, 1), Watch())
    assert one.adapter != FakeFitter().fit(FitJob(pick_files[:2], tmp_path, 1), Watch()).adapter
    assert one.report.heldout_after < one.report.heldout_before
    assert watch.seen == [(1, 3), (2, 3), (3, 3)]


def test_the_fake_fit_can_be_cancelled(pick_files, tmp_path):
    with pytest.raises(Cancelled):
        FakeFitter().fit(FitJob(pick_files, tmp_path, 1), Watch(stop=True))


def test_the_fake_painter_keeps_the_size_and_paints_each_context_and_seed_differently(job):
    jobs = [job, replace(job, seed=2), replace(job, context="garden")]
    painted = [FakePainter().paint(each) for each in jobs]
    pictures = [np.asarray(Image.open(io.BytesIO(each.picture))) for each in painted]
    assert (painted[0].width, painted[0].height) == (240, 320)
    assert pictures[0].shape == (320, 240, 3)
    assert len({tuple(picture[2, 2]) for picture in pictures}) == 3
    assert painted[0].resemblance.accepted


def test_the_fake_painter_refuses_what_it_is_told_to(job):
    verdict = FakePainter({"library": "Hair was lost."}).paint(job).resemblance
    assert not verdict.accepted
    assert verdict.sentence == "Hair was lost."
