"""Where a person is put: by the light on their face, at the height of their eyes, blurred by their lens."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.judge import _parse_sight, _sentence
from studio_server.engines.placing import Scene, blur, camera_height, light_side
from studio_server.engines.plates.framing import Frame, agreeing, behind, faces_away, side_of
from studio_server.engines.plates.lens import Lens
from studio_server.engines.plates.sharpness import size_told_by
from studio_server.engines.plates.shelf import plates_of, records
from studio_server.imaging.light import FaceLight, Sight


def lit(strength, confidence=0.8):
    return FaceLight(strength, 0.1, confidence, 1.5, (0.22, 0.49))


def scene_of(context="garden", strength=0.5, frame=None):
    frame = frame or Frame((1600, 1200), Lens(), 0.4, found=True)
    light = lit(strength)
    return Scene(behind(context, 3, frame, light), frame, True, Sight(frame.eyes, light))


def larger(picture):
    return cv2.resize(picture, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def garden():
    return scene_of()


@pytest.mark.parametrize("strength", [-0.5, -0.2, 0.2, 0.5])
def test_whatever_the_seed_the_key_comes_from_the_faces_side(strength):
    light = lit(strength)
    for known in CONTEXTS:
        for record in agreeing(plates_of(known.id), light):
            for luck in (False, True):
                seen = record.mirrored() if faces_away(record, light, by_luck=luck) else record
                assert side_of(seen) in {light.side, "front"}


def test_a_clear_side_leaves_out_plates_without_one_where_it_can():
    clear, leaning = lit(0.5), lit(0.2)

    assert [record.id for record in agreeing(plates_of("studio-grey"), clear)] == ["grey-one-light"]
    assert len(agreeing(plates_of("studio-grey"), leaning)) == 2
    assert len(agreeing(plates_of("studio-grey"), None)) == 2
    assert len(agreeing(plates_of("city-dusk"), clear)) == 2


def test_light_from_the_front_or_doubted_leaves_the_mirroring_to_luck():
    record = next(one for one in records() if one.id == "office-desks")
    for light in (None, lit(0.05), lit(0.9, confidence=0.1)):
        assert faces_away(record, light, by_luck=True)
        assert not faces_away(record, light, by_luck=False)


def test_a_side_that_no_plate_has_is_refused_in_words():
    scene = scene_of("city-dusk", 0.5)
    row = light_side(scene)

    assert not row.passed
    assert "lit from the right" in row.why
    assert "choose another context" in row.why
    assert light_side(scene_of("city-dusk", 0.2)).passed


def test_a_place_that_is_lit_from_the_other_side_is_refused(garden):
    turned = replace(garden, place=garden.place.mirrored())

    assert light_side(garden).passed
    assert not light_side(turned).passed
    assert light_side(turned).value == 0.5
    assert "lit from the left" in light_side(turned).why


def test_without_consent_the_side_is_not_measured(garden):
    row = light_side(replace(garden, sight=None))

    assert (row.value, row.passed) == (None, True)
    assert "light side" in _sentence([], (row,), looked=False)


@pytest.mark.parametrize("eyes", [0.15, 0.25, 0.42, 0.6])
def test_the_horizon_lies_at_the_eyes_even_of_low_and_high_frames(eyes):
    scene = scene_of(frame=Frame((1600, 1200), Lens(), eyes, found=True))

    assert camera_height(scene).passed
    assert camera_height(scene).value <= 0.022
    low = replace(scene, sight=replace(scene.sight, eyes=eyes + 0.1))
    assert not camera_height(low).passed


def test_the_blur_is_read_off_the_picture(garden):
    right = blur(garden, larger(garden.place.picture))
    wider = replace(garden, frame=replace(garden.frame, lens=Lens(85, 1.6)))
    wrong = blur(wider, larger(garden.place.picture))

    assert right.passed
    assert right.value < 0.15
    assert not wrong.passed
    assert not blur(garden, larger(cv2.GaussianBlur(garden.place.picture, (0, 0), 12))).passed


def test_smooth_paper_and_an_unknown_lens_are_not_measured(garden):
    paper = scene_of("studio-grey")

    assert "edge" in blur(paper, larger(paper.place.picture)).why
    assert "focal length" in blur(replace(garden, told=False), garden.place.picture).why


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([62, 46, 24, 8.6, 1.5, 9.3, 31, 63, 99], 1.0),  # an office
        ([5, 3, 1, 6, 14, 30, 50, 70, 90], 0.64),
        ([1, 4, 9, 16, 25, 36, 49, 64, 81], 0.41),  # hardly out of focus at all
        (
            [0.147, 0.147, 0.147, 0.147, 0.147, 0.147, 0.149, 0.154, 0.166],
            None,
        ),  # the fall-off of a light on paper
        ([0.132, 0.132, 0.132, 0.132, 0.134, 0.138, 0.149, 0.174, 0.225], None),
    ],
)
def test_a_blur_is_told_only_where_other_sizes_look_otherwise(errors, told):
    size = size_told_by(np.array(errors))
    assert size == (None if told is None else pytest.approx(told, rel=0.05))


def test_a_stored_sight_is_read_as_it_was():
    told = {"eyes": 0.4, "light": {**vars(lit(0.3)), "colour": [0.22, 0.49]}}

    assert _parse_sight(told) == Sight(0.4, lit(0.3))
    assert _parse_sight({"eyes": 0.4, "light": None}) == Sight(0.4, None)
    assert _parse_sight(None) is None
