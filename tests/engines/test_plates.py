"""The shelf of plates: what lies on it, and how a lens sees it."""

import dlib
import numpy as np
import pytest

from studio_server.domain.errors import NotFound
from studio_server.domain.variation import CONTEXTS
from studio_server.engines.plates import shelf
from studio_server.engines.plates.framing import Frame, behind, frame_of
from studio_server.engines.plates.lens import Lens, chroma95, defocus, developed
from studio_server.engines.plates.shelf import decode, encode, load, plates_of, records

ALL = [record.id for record in records()]
SOME = ["city-street", "office-desks", "garden-hedge"]


def test_every_context_has_a_plate_and_there_are_enough():
    assert len(records()) >= 24
    assert len(CONTEXTS) == 16
    for known in CONTEXTS:
        assert plates_of(known.id)
    assert {record.context for record in records()} == {known.id for known in CONTEXTS}


def test_the_shelf_is_small_enough_for_a_package():
    assert sum(file.stat().st_size for file in shelf.FILES.iterdir()) < 12_000_000


@pytest.mark.parametrize("plate_id", ALL)
def test_a_plate_has_a_record_muted_colours_and_nobody_in_it(plate_id):
    plate = load(plate_id)
    record = plate.record

    assert plate.light.shape[:2] == plate.depth.shape
    assert min(plate.light.shape[:2]) >= 720
    assert np.isfinite(plate.light).all()
    assert plate.depth.min() > 2.3  # nothing stands before the sitter
    assert 0.3 < record.horizon < 0.7
    assert np.linalg.norm(record.key) == pytest.approx(1, abs=0.01)
    assert record.light in {"left", "right", "front", "above"}
    assert 2500 < record.kelvin < 9000
    assert record.licence == "Apache-2.0"
    assert record.spp >= 16
    picture = developed(plate.light)
    assert 3 < picture.mean() < 245
    assert chroma95(developed(defocus(plate.light, plate.depth, Lens()))) <= 25
    _, scores, _ = dlib.get_frontal_face_detector().run(picture, 1, 0.3)
    assert not list(scores)


@pytest.mark.parametrize("plate_id", ["corridor-office", "garden-path", "city-street", "stage-screen"])
def test_the_recorded_horizon_is_where_the_floor_says_it_is(plate_id):
    """A floor 1.5 m below the camera is as far away as its row lies below the horizon."""
    plate = load(plate_id)
    side = len(plate.depth)
    for row in (0.9, 0.95, 0.99):
        metres = float(plate.depth[round(row * side), side // 2])
        assert row - 1.5 / shelf.FIELD / metres == pytest.approx(plate.record.horizon, abs=0.01)


@pytest.mark.parametrize("plate_id", SOME)
def test_defocus_keeps_the_light_and_grows_with_the_aperture(plate_id):
    plate = load(plate_id)
    detail = []
    for stop in (8, 4, 2):
        soft = defocus(plate.light, plate.depth, Lens(f_number=stop))
        assert soft.mean() == pytest.approx(plate.light.mean(), rel=0.02)
        detail.append(np.abs(np.diff(np.log1p(soft), axis=1)).mean())

    assert detail[0] > detail[1] > detail[2]


def test_a_far_lamp_becomes_an_even_disc_of_the_thin_lens_width():
    light, depth = np.full((401, 401, 3), 0.01, np.float32), np.full((401, 401), 50, np.float32)
    light[200, 200] = 300
    lens = Lens(85, 2.8, 2.2)
    row = defocus(light, depth, lens)[200, :, 0] - 0.01

    wide = (row > row.max() / 3).sum()
    expected = 0.085 / 2.8 * 0.085 / (2.2 - 0.085) * (50 - 2.2) / 50 / 0.036 * lens.frame(401)
    assert wide == pytest.approx(expected, abs=1.6)
    assert row[200] > 0.6 * row.max()


def test_near_things_stay_sharper_than_far_ones_and_no_dark_rim_lies_between():
    light, depth = np.full((300, 300, 3), 0.5, np.float32), np.full((300, 300), 30.0, np.float32)
    depth[:, :150] = 5

    assert np.abs(defocus(light, depth, Lens()) - 0.5).max() < 0.01


def test_a_mirrored_plate_has_its_light_on_the_other_side():
    plate = load("office-desks")
    other = plate.mirrored()

    assert (plate.record.light, other.record.light) == ("left", "right")
    assert other.record.key[0] == -plate.record.key[0]
    assert np.array_equal(other.light[:, ::-1], plate.light)
    assert np.array_equal(other.mirrored().depth, plate.depth)


def test_the_encoding_keeps_highlights():
    light = np.array([0.01, 0.18, 1, 6, 20], np.float32)

    assert decode(encode(light)) == pytest.approx(light, rel=0.06)


@pytest.mark.parametrize("shape", [(1200, 900), (900, 1200), (800, 800)])
def test_what_is_behind_a_shot_has_its_aspect_and_is_the_same_for_the_same_seed(shape):
    frame = Frame(shape)
    first, again = behind("library", 4, frame), behind("library", 4, frame)
    height, width = first.picture.shape[:2]

    assert height / width == pytest.approx(shape[0] / shape[1], abs=0.01)
    assert np.array_equal(first.picture, again.picture)
    assert not np.array_equal(first.picture, behind("library", 5, frame).picture)


def test_the_sitters_distance_and_eyes_are_read_off_the_matte():
    y, x = np.mgrid[0:1200, 0:800]
    head = np.hypot((x - 400) / 105, (y - 420) / 140) < 1
    body = np.hypot((x - 400) / 330, (y - 1150) / 560) < 1
    frame = frame_of((head | body).astype(np.float32), 85, 4)

    assert frame.eyes == pytest.approx(0.345, abs=0.05)
    assert frame.lens.subject_m == pytest.approx(0.085 * 0.18 / (210 / 1200 * 0.036), rel=0.1)
    assert frame_of(np.zeros((100, 80), np.float32), None, None).lens == Lens()


def test_an_unknown_plate_or_context_is_named():
    with pytest.raises(NotFound, match="nowhere"):
        plates_of("nowhere")
    with pytest.raises(NotFound, match="nothing"):
        load("nothing")
