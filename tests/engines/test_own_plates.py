"""A photograph of the studio's own behind a person: through the real painter, the lens, and the horizon."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from PIL import Image
from small_world import find_person, portrait

from studio_server.domain.engines import CutJob, PaintJob, PlateFile
from studio_server.domain.errors import EngineUnavailable
from studio_server.domain.plate import Certainty, Estimate, OwnPlate, PlateId, Side
from studio_server.domain.variation import OWN_PLATE, Pass
from studio_server.engines.generate import LockedPainter
from studio_server.engines.plates.framing import Frame
from studio_server.engines.plates.lens import Lens, developed
from studio_server.engines.plates.own import behind_own, depth_of, lightened, window
from studio_server.engines.shelf import Shelf

GUESSED = Estimate(0.4, Certainty.FAIR, Side.LEFT, Certainty.FAIR, 5200, Certainty.FAIR, soft=False)


def tiles(height=1200, width=1600):
    """Green and blue tiles of 40 px: sharp, and of colours that are in no person here."""
    down, across = np.mgrid[:height, :width] // 40
    odd = (down + across) % 2 == 1
    return np.where(odd[..., None], [40, 150, 60], [40, 60, 160]).astype(np.uint8)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "place.jpg"
    Image.fromarray(tiles()).save(path, quality=95)
    plate = OwnPlate(
        PlateId("own-tiles-00aa11"), "Tiles", "", "a" * 64, "b" * 64, 1600, 1200,
        datetime(2026, 11, 20, tzinfo=UTC), GUESSED, 0.4, Side.LEFT, 5200, settled=True,
    )  # fmt: skip
    return PlateFile(path, plate)


def detail(picture):
    return float(np.abs(np.diff(picture.astype(np.float32), axis=1)).mean())


def test_the_painter_puts_the_photograph_behind_the_person_and_no_base_over_it(tmp_path, file):
    shot = portrait(np.random.default_rng(1), 480, 640)[0]
    Image.fromarray(shot).save(tmp_path / "shot.tiff")
    job = PaintJob(
        CutJob(tmp_path / "shot.tiff", "a" * 64, tmp_path / "cache"), file.plate.id, 1, None, Pass.FINAL,
        look_for_faces=False, session_faces=tmp_path / "faces", f_number=8.0, plate=file,
    )  # fmt: skip
    # there is no base at this place: a photograph needs none
    painted = LockedPainter(tmp_path / "no base", Shelf(tmp_path / "shelf"), find_person).paint(job)
    assert painted.base == OWN_PLATE
    after = np.asarray(Image.open(io.BytesIO(painted.picture)), np.float32)
    assert np.abs(after[200:300, 200:280] - shot[200:300, 200:280]).mean() < 2.5
    corner = after[:120, :120].mean(axis=(0, 1))
    assert corner[1:].min() > corner[0] + 12  # green and blue, muted, where grey paper was
    assert next(row for row in painted.resemblance.measures if row.name == "person touched").value == 0


def test_the_shots_lens_puts_it_out_of_focus_unless_it_is_so_already(file):
    seen = [detail(behind_own(file, 1, Frame((640, 480), Lens(85, stop))).picture) for stop in (16, 5.6, 2.0)]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] > 1.5 * seen[-1]
    soft = PlateFile(file.path, replace(file.plate, soft=True))
    assert detail(behind_own(soft, 1, Frame((640, 480), Lens(85, 2.0))).picture) > seen[0]


def test_what_stands_farther_away_is_blurred_more(file):
    frame = Frame((640, 480), Lens(85, 4.0))
    near, far = (
        detail(behind_own(PlateFile(file.path, replace(file.plate, behind_m=m)), 1, frame).picture)
        for m in (0.5, 12.0)
    )
    assert near > 1.3 * far


@pytest.mark.parametrize("horizon", [0.3, 0.4, 0.5, 0.6])
@pytest.mark.parametrize("shape", [(640, 480), (480, 640), (600, 600)])
def test_the_horizon_lies_at_the_eyes(horizon, shape):
    frame = Frame(shape, eyes=0.4)
    top, left, height, width = window((1200, 1600, 3), horizon, frame, 0.5)
    assert 0 <= top <= 1200 - height
    assert 0 <= left <= 1600 - width
    assert width / height == pytest.approx(shape[1] / shape[0], abs=0.01)
    assert (horizon * 1200 - top) / height == pytest.approx(0.4, abs=0.05)


def test_the_ground_comes_nearer_and_the_wall_stands_where_it_was_said():
    frame = Frame((640, 480), Lens(35, 4.0, subject_m=2.0))
    depth = depth_of((640, 480), 250.0, 6.0, frame)
    assert depth[:200] == pytest.approx(8.0)
    assert (np.diff(depth[:, 0]) <= 1e-6).all()
    assert 2.0 <= depth[-1, 0] < 4.0


def test_it_is_never_mirrored_and_the_same_twice(file):
    picture = tiles()
    cv2.putText(picture, "STUDIO", (600, 400), cv2.FONT_HERSHEY_SIMPLEX, 6, (255, 255, 255), 20)
    Image.fromarray(picture).save(file.path, quality=95)
    sharp = PlateFile(file.path, replace(file.plate, soft=True))
    for seed in range(6):
        frame = Frame((1066, 1422))
        seen = behind_own(sharp, seed, frame)
        top, left, height, width = window(
            picture.shape, 0.4, frame, float(np.random.default_rng(seed).random())
        )
        part = picture[top : top + height, left : left + width].astype(np.float32)
        assert np.abs(seen.picture - part).mean() < 6
        assert (behind_own(sharp, seed, frame).picture == seen.picture).all()
        assert seen.record.light == "left"


def test_highlights_come_back_as_they_were():
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    light = lightened(ramp)
    assert light.max() > 2
    assert np.abs(developed(light).astype(int) - ramp).max() <= 1


def test_a_photograph_that_is_gone_is_said_in_a_sentence(file):
    file.path.write_bytes(b"damaged")
    with pytest.raises(EngineUnavailable, match=r"Tiles.*Upload it again"):
        behind_own(file, 1, Frame((640, 480)))
