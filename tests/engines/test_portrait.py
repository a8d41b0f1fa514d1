"""The synthetic lane's judge on traits that are known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from people import upright_face

from studio_server.engines.acquaintance import FEATURES, TRAITS, acquaint, beyond
from studio_server.engines.portrait import judge_portrait
from studio_server.imaging.face_skin import Skin
from studio_server.imaging.portrait_measures import Traits
from studio_server.imaging.upright import SIDE

SKIN = Skin(np.array([65.0, 12.0, 15.0]), np.array([0.5, -0.4]), 2.0)
FACE, _ = upright_face()
HAIR = np.array([40.0, 1.0, 2.0, 60.0])
SHOT = Traits(1, np.full(128, 0.1, np.float32), SKIN, np.array([30.0, 5.0, 10.0]), HAIR, 0.3, FACE)


def skin(**change):
    return {"skin": replace(SKIN, **change)}


def wider(share):
    """The whole face stretched sideways."""
    x = SIDE / 2 + (np.arange(SIDE, dtype=np.float32) - SIDE / 2) / (1 + share)
    grid = np.tile(x, (SIDE, 1)), np.repeat(np.arange(SIDE, dtype=np.float32)[:, None], SIDE, 1)
    return replace(FACE, picture=cv2.remap(FACE.picture, *grid, cv2.INTER_CUBIC))


def test_the_shots_own_traits_are_accepted():
    verdict = judge_portrait(SHOT, acquaint([SHOT]))
    assert verdict.accepted
    assert {row.name for row in verdict.measures} >= {trait.name for trait in TRAITS} | set(FEATURES)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"faces": 2}, "not exactly one face"),
        ({"embedding": np.full(128, 0.2, np.float32)}, "too far from this session"),
        (skin(lab=np.array([75.0, 12.0, 15.0])), "lighter or darker"),
        (skin(lab=np.array([65.0, 12.0, 24.0])), "colour has shifted"),
        (skin(tint=np.array([0.62, -0.4])), "another tint"),
        (skin(texture=1.0), "plastic"),
        ({"iris": np.array([30.0, 0.0, -8.0])}, "colour of the eyes"),
        ({"hair": np.array([25.0, 4.0, 8.0, 32.0])}, "its grey was taken away"),
        ({"hair": np.array([40.0, 1.0, 2.0, 50.0])}, "its grey was taken away"),
        ({"face": wider(-0.14)}, "nose has another width"),
        ({"face": wider(0.14)}, "eyes have another size"),
        ({"room": -0.2}, "cut by the frame"),
    ],
)
def test_each_fault_is_refused_in_its_own_words(change, said):
    verdict = judge_portrait(replace(SHOT, **change), acquaint([SHOT]))
    assert not verdict.accepted
    assert said in verdict.sentence


def test_without_a_face_nothing_is_accepted():
    assert "nothing can be compared" in judge_portrait(SHOT, acquaint([None])).sentence
    assert "not exactly one face" in judge_portrait(None, acquaint([SHOT])).sentence


def test_hair_that_is_not_seen_is_not_judged():
    verdict = judge_portrait(replace(SHOT, hair=None), acquaint([SHOT]))
    row = next(row for row in verdict.measures if row.name == "hair tone")
    assert verdict.accepted
    assert row.value is None
    assert "too little hair" in row.why


def test_shots_that_agree_forgive_less_than_shots_that_differ_and_one_shot_tells_nothing():
    tinted = replace(SHOT, **skin(tint=SKIN.tint + 0.05))
    alike, apart, alone = (acquaint(shots).limits for shots in ([SHOT, SHOT], [SHOT, tinted], [SHOT]))
    assert alike["tint of the light"] == 0.05
    assert apart["tint of the light"] == pytest.approx(1.25 * 0.05 * np.sqrt(2))
    assert alone["tint of the light"] == 0.10
    assert alike["nose"] < alone["nose"]


def test_three_shots_say_how_far_the_next_may_leave_their_range():
    shots = [replace(SHOT, face=wider(share)) for share in (0.0, 0.0, 0.06)]
    assert acquaint(shots).limits["nose"] == pytest.approx(1.25 * np.log(1.06), abs=0.015)


def test_inside_the_range_of_the_shots_nothing_is_beyond_it():
    assert beyond([-0.1, 0.02]) == 0
    assert beyond([0.05, 0.02]) == 0.02
    assert beyond([-0.3, -0.1]) == -0.1
