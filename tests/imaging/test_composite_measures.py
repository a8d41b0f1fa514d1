from dataclasses import replace

import cv2
import numpy as np
import pytest
from people import astronaut, coarse, drawn, plate

from studio_server.imaging import composite_measures
from studio_server.imaging.compose import compose
from studio_server.imaging.matte import cut_out


@pytest.fixture(scope="module")
def head():
    picture, truth = drawn(900)
    cut = cut_out(picture, coarse(truth))
    return picture, cut, compose(picture, cut, plate(), seed=1)


def of_cut(picture, cut):
    return {row.name: row for row in composite_measures.rows_of_cut(picture, cut)}


def of_composite(picture, cut, made):
    return {row.name: row for row in composite_measures.rows_of_composite(picture, cut, made)}


def test_a_good_composite_passes_every_row(head):
    rows = of_cut(*head[:2]) | of_composite(*head)
    assert {name: row.value for name, row in rows.items() if not row.passed} == {}


def test_hair_that_was_cut_away_is_found(head):
    picture, cut, _ = head
    bald = cut.alpha.copy()
    dark = picture.max(-1) < 120
    bald[: len(bald) // 3][dark[: len(bald) // 3]] = 0
    assert not of_cut(picture, replace(cut, alpha=bald))["hair kept"].passed


def test_a_shoulder_that_was_cut_away_is_found(head):
    picture, cut, _ = head
    alpha = cut.alpha.copy()
    alpha[int(len(alpha) * 0.8) :, : int(len(alpha) * 0.3)] = 0
    assert not of_cut(picture, replace(cut, alpha=alpha))["body cut away"].passed


@pytest.mark.parametrize("modelled", [True, False])
def test_a_person_who_was_cut_away_whole_is_missed(head, modelled):
    picture, cut, _ = head
    backdrop = cut.backdrop if modelled else None
    nobody = replace(cut, alpha=np.zeros_like(cut.alpha), backdrop=backdrop)
    assert not of_cut(picture, nobody)["body cut away"].passed


def test_a_patch_of_the_old_backdrop_is_found(head):
    picture, cut, _ = head
    alpha = cut.alpha.copy()
    cv2.circle(alpha, (round(alpha.shape[1] * 0.27), round(len(alpha) * 0.4)), 14, 1, -1)
    row = of_cut(picture, replace(cut, alpha=alpha))["old backdrop left"]
    assert not row.passed
    assert row.value > 20


def test_a_torn_shoulder_is_found(head):
    picture, cut, _ = head
    alpha = cut.alpha.copy()
    random = np.random.default_rng(1)
    edge = np.argwhere((alpha > 0.4) & (alpha < 0.6))
    for y, x in edge[edge[:, 0] > len(alpha) * 0.8][::6]:
        cv2.circle(alpha, (int(x), int(y)), int(random.integers(2, 6)), 0, -1)
    assert not of_cut(picture, replace(cut, alpha=alpha, hair=None))["outline torn"].passed


def test_one_changed_pixel_of_the_person_is_found(head):
    picture, cut, made = head
    touched = made.picture.copy()
    y, x = np.argwhere(made.core)[1000]
    touched[y, x, 0] ^= 1
    row = of_composite(picture, cut, replace(made, picture=touched))["person touched"]
    assert row.value == 1
    assert not row.passed


def test_too_much_grain_is_found(head):
    picture, cut, made = head
    noise = np.random.default_rng(1).normal(0, 4, made.ground.shape)
    noisy = np.rint((made.ground + noise).clip(0, 255)).astype(np.uint8)
    assert not of_composite(picture, cut, replace(made, ground=noisy))["grain against the shot"].passed


def test_a_shot_that_was_smoothed_by_the_camera_is_matched_too():
    picture, truth = drawn(900)
    smooth = cv2.bilateralFilter(cv2.bilateralFilter(picture, 9, 12, 9), 9, 12, 9)
    cut = cut_out(smooth, coarse(truth))
    row = of_composite(smooth, cut, compose(smooth, cut, plate(), seed=1))["grain against the shot"]
    assert row.passed, row.value


def test_toy_colours_are_found(head):
    picture, cut, made = head
    loud = np.broadcast_to(np.array([220, 40, 30], np.uint8), made.ground.shape)
    assert not of_composite(picture, cut, replace(made, ground=loud))["colourfulness"].passed


def test_a_light_rim_before_the_dark_is_found(head):
    picture, cut, _ = head
    made = compose(picture, cut, plate((26, 26, 28)), seed=1)
    rimmed = made.picture.copy()
    person = (cut.alpha > 0.5).astype(np.uint8)
    rimmed[(person > 0) & (cv2.erode(person, np.ones((5, 5), np.uint8)) == 0)] = 230
    assert of_composite(picture, cut, made)["rim of light"].passed
    assert not of_composite(picture, cut, replace(made, picture=rimmed))["rim of light"].passed


def test_dark_hair_and_dark_clothes_before_the_dark_are_swallowed(head):
    picture, cut, _ = head
    night = np.rint(picture * 0.12).astype(np.uint8)
    dark = replace(cut, foreground=np.rint(cut.foreground * 0.12).astype(np.uint8))
    made = compose(night, dark, plate((14, 13, 13)), seed=1)
    assert not of_composite(night, dark, made)["outline seen"].passed


@pytest.fixture(scope="module")
def busy():
    """The portrait before a flag and a model of the Shuttle, and a network that is sure of her."""
    picture = astronaut()
    mask = np.zeros((512, 512), np.float32)
    cv2.ellipse(mask, (222, 110), (82, 95), 0, 0, 360, 1, -1)
    cv2.fillPoly(mask, [np.array([[190, 190], [250, 190], [390, 300], [420, 511], [40, 511], [60, 290]])], 1)
    return picture, cut_out(picture, mask)


def test_what_cannot_be_measured_is_said_and_not_guessed(busy):
    rows = of_cut(*busy)
    unknown = [rows["hair kept"], rows["old backdrop left"], rows["outline torn"]]
    assert all(row.value is None and row.passed and "too busy" in row.why for row in unknown)


def test_before_a_busy_backdrop_the_network_says_what_was_cut_away(busy):
    picture, cut = busy
    alpha = cut.alpha.copy()
    cv2.circle(alpha, (360, 420), 40, 0, -1)
    whole, bitten = of_cut(picture, cut), of_cut(picture, replace(cut, alpha=alpha))
    assert whole["body cut away"].passed
    assert not bitten["body cut away"].passed


@pytest.mark.parametrize(("radius", "passed"), [(6, True), (14, False)])
def test_a_hole_in_the_person_is_found_and_a_small_gap_is_none(head, radius, passed):
    picture, cut, _ = head
    alpha = cut.alpha.copy()
    cv2.circle(alpha, (round(alpha.shape[1] * 0.5), round(len(alpha) * 0.45)), radius, 0, -1)
    assert of_cut(picture, replace(cut, alpha=alpha))["hole in the person"].passed == passed


def test_a_gap_where_the_network_sees_nobody_is_no_hole(head):
    picture, cut, _ = head
    alpha, mask = cut.alpha.copy(), cut.mask.copy()
    for values in (alpha, mask):
        cv2.circle(
            values, (round(values.shape[1] * 0.5), round(len(values) * 0.45)), len(values) // 40, 0, -1
        )
    assert of_cut(picture, replace(cut, alpha=alpha, mask=mask))["hole in the person"].passed
