import io
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psdtags
import pytest
import tifffile
from PIL import Image
from skimage.data import astronaut
from small_world import find_person, portrait

from studio_server.domain.engines import CutJob, PaintJob
from studio_server.domain.errors import EngineUnavailable, Unreadable
from studio_server.domain.variation import Pass
from studio_server.engines import generate
from studio_server.engines.generate import LockedPainter
from studio_server.engines.shelf import Shelf
from studio_server.imaging.cut import Cut
from studio_server.imaging.render import encode_master


@pytest.fixture
def painter(tiny_base, tmp_path):
    return LockedPainter(tiny_base, Shelf(tmp_path / "shelf"), find_person)


@pytest.fixture(scope="module")
def rendition(tmp_path_factory):
    path = tmp_path_factory.mktemp("renditions") / "shot.tiff"
    Image.fromarray(portrait(np.random.default_rng(1), 480, 640)[0]).save(path)
    return path


@pytest.fixture
def job(rendition, tmp_path):
    return PaintJob(
        CutJob(rendition, "a" * 64, tmp_path / "cache"), "studio-grey", 1, None, Pass.FINAL,
        look_for_faces=False, session_faces=tmp_path / "faces",
    )  # fmt: skip


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)), np.float32)


def test_the_person_stays_as_photographed_and_the_rest_becomes_the_context(painter, job, rendition):
    painted = painter.paint(replace(job, context="studio-dark"))
    before, after = np.asarray(Image.open(rendition), np.float32), opened(painted.picture)
    assert after.shape == before.shape == (painted.height, painted.width, 3)
    face = np.s_[200:300, 200:280]
    assert np.abs(after[face] - before[face]).mean() < 2.5  # the JPEG's own loss
    assert after[:100, :100].mean() < before[:100, :100].mean() - 60
    touched = next(row for row in painted.resemblance.measures if row.name == "person touched")
    assert touched.value == 0


@pytest.mark.parametrize("agreed", [False, True])
def test_retouching_needs_the_consent_to_face_processing_and_touches_the_face_alone(
    tiny_base, job, tmp_path, agreed
):
    enlarged = cv2.resize(astronaut()[:400, 40:400], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    Image.fromarray(enlarged).save(tmp_path / "shot.tiff")
    mask = np.zeros(enlarged.shape[:2], np.float32)
    cv2.ellipse(mask, (370, 460), (250, 430), 0, 0, 360, 1, -1)
    painter = LockedPainter(tiny_base, Shelf(tmp_path / "shelf"), lambda _: mask)
    asked = replace(job, cut=replace(job.cut, rendition=tmp_path / "shot.tiff"), look_for_faces=agreed)
    off, on = (opened(painter.paint(replace(asked, retouch=amount)).picture) for amount in (0, 100))
    change = np.abs(on - off).max(-1)
    assert bool((change > 6).any()) == agreed
    assert change[:60].max() < 6
    assert change[-60:].max() < 6


def test_a_picture_says_which_base_made_it_and_comes_with_a_proof(painter, job):
    painted = painter.paint(job)
    assert painted.base == "Tiny 0"
    assert Image.open(io.BytesIO(painted.proof)).size == (480, 640)
    assert Image.open(io.BytesIO(painted.picture)).info["icc_profile"]


def test_a_further_context_does_not_cut_the_person_out_again(painter, job, tiny_base, tmp_path):
    painter.paint(job)
    kept = {path: path.stat().st_mtime_ns for path in job.cut.cache.glob("cut*/*")}
    assert kept

    def never(picture):
        raise AssertionError

    restarted = LockedPainter(tiny_base, Shelf(tmp_path / "shelf"), never)
    restarted.paint(replace(job, context="library"))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_the_same_job_gives_the_same_bytes_and_another_seed_another_picture(
    painter, job, tiny_base, tmp_path
):
    first = painter.paint(job)
    again = LockedPainter(tiny_base, Shelf(tmp_path / "shelf"), find_person).paint(job)
    assert again == first
    assert painter.paint(replace(job, seed=2)).picture != first.picture


def test_a_cut_against_a_clean_plate_is_kept_apart(painter, job, monkeypatch):
    monkeypatch.setattr(generate, "PREVIEW", 320)
    empty = job.cut.cache.parent / "empty.tiff"
    with Image.open(job.cut.rendition) as shot:
        shot.resize((8, 8)).resize(shot.size).save(empty)
    asked = replace(
        job, made_in=Pass.PREVIEW, cut=replace(job.cut, clean_plate=empty, clean_plate_key="empty")
    )
    painter.paint(asked)
    assert [folder.name for folder in job.cut.cache.glob("cut*")] == [
        f"cut3-{job.cut.rendition_key}-empty-320"
    ]


def test_a_preview_is_at_most_of_screen_size_and_has_a_matte_of_its_own(painter, job, monkeypatch):
    assert generate.PREVIEW == 1600
    monkeypatch.setattr(generate, "PREVIEW", 320)
    painted = painter.paint(replace(job, made_in=Pass.PREVIEW))
    assert (painted.width, painted.height) == (240, 320)
    assert [folder.name for folder in job.cut.cache.glob("cut*")] == [f"cut3-{job.cut.rendition_key}-320"]


def test_without_consent_nothing_of_a_face_is_kept(painter, job):
    verdict = painter.paint(job).resemblance
    assert (verdict.distance, verdict.delta_ita) == (None, None)
    assert not job.session_faces.exists()


def test_a_rendition_that_is_no_picture_is_named_unreadable(painter, job, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8 and no more")
    with pytest.raises(Unreadable, match="Develop the shot again"):
        painter.paint(replace(job, cut=replace(job.cut, rendition=broken)))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
def test_a_full_disk_ends_a_painting_in_one_sentence(painter, job, monkeypatch):
    def full(*_args, **_kwargs):
        Path("/dev/full").write_bytes(b"a cut")

    monkeypatch.setattr(Cut, "save", full)
    with pytest.raises(EngineUnavailable, match="Painting stopped: the disk is full"):
        painter.paint(job)


def test_the_layers_laid_over_each_other_are_the_picture(painter, job, tmp_path):
    asked = replace(job, context="studio-dark")
    tiff = tmp_path / "layers.tif"
    tiff.write_bytes(painter.layers(asked, b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"))
    place, person = psdtags.TiffImageSourceData.fromtiff(tiff).layers.layers
    assert (place.name, person.name) == ("Surroundings", "Person")
    planes = {channel.channelid: channel.data.astype(np.float32) for channel in person.channels}
    alpha = planes[psdtags.PsdChannelId.USER_LAYER_MASK][..., None] / 255
    colours, ground = (
        np.dstack([channel.data for channel in each.channels if 0 <= channel.channelid <= 2])
        for each in (person, place)
    )
    flat = tifffile.imread(tiff).astype(np.float32)
    assert np.abs(alpha * colours + (1 - alpha) * ground - flat).max() <= 1
    assert encode_master(flat.astype(np.uint8)) == painter.paint(asked).picture
    shot = np.asarray(Image.open(job.cut.rendition))
    assert (colours[alpha[..., 0] == 0] == shot[alpha[..., 0] == 0]).all()  # can be painted back


def test_exiftool_reads_the_names_of_the_layers_and_the_profile(painter, job, tmp_path):
    if shutil.which("exiftool") is None:
        assert os.environ.get("CI") != "true", "this test wants exiftool: install it"
        pytest.skip("exiftool is not on PATH")
    tiff = tmp_path / "layers.tif"
    tiff.write_bytes(painter.layers(job, b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"))
    command = ["exiftool", "-s3", "-LayerCount", "-LayerNames", "-ProfileDescription", tiff]
    assert subprocess.check_output(command, text=True).splitlines() == [
        "2", "Surroundings, Person", "sRGB built-in",
    ]  # fmt: skip
