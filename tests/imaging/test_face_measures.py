"""Skin, hair and shape of a face whose every pixel is known, and of one real person."""

import os
from dataclasses import replace

import cv2
import numpy as np
import pytest
from people import NOSE, portrait, upright_face

from studio_server.bench.faults import STRONG
from studio_server.bench.planted import sitter_of
from studio_server.bench.reshaped import narrow_nose
from studio_server.bootstrap import shelf
from studio_server.imaging.face_hair import hair_mask, hair_of
from studio_server.imaging.face_shape import scaled
from studio_server.imaging.face_skin import skin_of
from studio_server.imaging.faces import installed_models
from studio_server.imaging.portrait_measures import Sight, traits_of
from studio_server.imaging.upright import SIDE
from studio_server.settings import Settings


@pytest.fixture(scope="module")
def face():
    return upright_face()


def times(face, *gains):
    return replace(face, picture=np.rint((face.picture * np.array(gains)).clip(0, 255)).astype(np.uint8))


def pinched(face, share):
    """Narrower around the nose: by the share at its middle, by four fifths of it at its wings."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    off, down = x - SIDE / 2, y - SIDE / 2 - 75
    weight = np.clip(1 - (np.hypot(off, down) / NOSE) ** 2 / 5, 0, 1)
    moved = SIDE / 2 + off * (1 + weight * share / (1 - share))
    return replace(face, picture=cv2.remap(face.picture, moved.astype(np.float32), y, cv2.INTER_CUBIC))


@pytest.mark.parametrize("share", [0.06, 0.12, 0.2])
def test_a_pinched_nose_is_read_off_the_pixels_and_the_rest_stays(face, share):
    widths = scaled(pinched(face[0], share), face[0])
    assert widths["nose"] == pytest.approx(np.log(1 - 0.8 * share), abs=0.02)
    assert abs(widths["eyes"]) < 0.01
    assert abs(widths["jaw"]) < 0.02


def test_light_does_not_move_features(face):
    widths = scaled(times(face[0], 0.7, 0.65, 0.6), face[0])
    assert max(abs(width) for width in widths.values()) < 0.01


def test_exposure_changes_how_light_skin_is_and_not_its_tint(face):
    before, after = skin_of(face[0]), skin_of(times(face[0], 0.8, 0.8, 0.8))
    assert after.lab[0] < before.lab[0] - 8
    assert np.abs(after.tint - before.tint).max() < 0.02
    assert after.ita < before.ita


def test_a_cast_changes_the_tint(face):
    change = skin_of(times(face[0], 1.06, 1, 0.94)).tint - skin_of(face[0]).tint
    assert change == pytest.approx(2.2 * np.log([1.06, 0.94]), abs=0.01)


def test_smoothed_skin_has_less_texture(face):
    smooth = replace(face[0], picture=cv2.GaussianBlur(face[0].picture, (0, 0), 2))
    assert skin_of(smooth).texture < 0.6 * skin_of(face[0]).texture


def test_hair_is_what_lies_above_the_face_on_the_person(face):
    skin = skin_of(face[0])
    found = hair_of(face[0], face[1], skin)
    assert found is not None
    assert found[0] == pytest.approx(13, abs=3)
    assert not hair_mask(face[0], face[1], skin)[SIDE // 2 :].any()


def test_a_bald_head_has_no_hair():
    bald, person = upright_face(hair=(205, 160, 135))
    assert hair_of(bald, person, skin_of(bald)) is None


def test_the_pinched_nose_of_a_real_person_is_seen(tmp_path):
    kept = shelf(Settings())
    if {"face_landmark.tflite", "u2net.onnx"} & set(kept.missing()):
        if os.environ.get("CI"):
            pytest.fail("Models are missing: run `make models`.")
        pytest.skip("Models are missing: run `make models`.")
    picture = portrait("london_012/neutral_front.jpg")
    sight = Sight(installed_models(), kept.path("face_landmark.tflite"), kept.path("u2net.onnx"))
    cv2.imwrite(str(tmp_path / "shot.png"), picture[..., ::-1])
    sitter = sitter_of(tmp_path / "shot.png", sight.faces)
    shot, planted = (traits_of(each, sight) for each in (picture, narrow_nose(sitter, sitter, STRONG)))
    assert scaled(planted.face, shot.face)["nose"] < -0.1
    assert abs(scaled(shot.face, shot.face)["nose"]) < 0.001
