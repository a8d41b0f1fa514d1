import cv2
import numpy as np
import pytest
from people import coarse, drawn, plate

from studio_server.imaging.compose import CHROMA_CAP, compose, facing_the_light, grade, tile_noise
from studio_server.imaging.matte import cut_out
from studio_server.imaging.pixels import lab_of


@pytest.fixture(scope="module")
def head():
    picture, truth = drawn()
    return picture, cut_out(picture, coarse(truth))


def test_every_pixel_in_the_core_equals_the_rendition(head):
    picture, cut = head
    made = compose(picture, cut, plate(), seed=1)
    assert made.core.mean() > 0.15
    assert (made.picture[made.core] == picture[made.core]).all()


def test_outside_the_person_there_are_the_surroundings_alone(head):
    picture, cut = head
    made = compose(picture, cut, plate(), seed=1)
    outside = cut.alpha == 0
    assert (made.picture[outside] == made.ground[outside]).all()


def test_the_edge_stays_between_person_and_surroundings(head):
    picture, cut = head
    made = compose(picture, cut, plate((30, 30, 34)), seed=1)
    soft = (cut.alpha > 0.1) & (cut.alpha < 0.9)
    assert made.picture[soft].mean() < picture[soft].mean()


def test_grain_of_the_surroundings_matches_the_shot(head):
    picture, cut = head
    made = compose(picture, cut, plate(), seed=4)
    free = cut.alpha <= 0
    assert 0.8 <= tile_noise(made.ground, free) / tile_noise(picture, free) <= 1.25


def test_the_same_seed_gives_the_same_picture_and_another_gives_other_grain(head):
    picture, cut = head
    first, again, other = (compose(picture, cut, plate(), seed=seed).picture for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_loud_colours_are_muted(head):
    picture, cut = head
    lab = lab_of(grade(plate((250, 20, 20)), picture, cut) * 255)
    assert np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95) <= CHROMA_CAP


def test_a_grey_place_warms_towards_a_warm_light_on_the_person():
    picture, truth = drawn()
    warm = np.rint((picture * np.array([1.0, 0.98, 0.93])).clip(0, 255)).astype(np.uint8)
    place = plate((120, 120, 120))
    neutral = lab_of(grade(place, picture, cut_out(picture, coarse(truth))) * 255)[..., 2].mean()
    warmed = lab_of(grade(place, warm, cut_out(warm, coarse(truth))) * 255)[..., 2].mean()
    assert warmed > neutral + 1


def test_the_place_is_mirrored_only_where_its_light_comes_from_the_wrong_side(head):
    picture, cut = head
    across = np.linspace(0.55, 1.0, picture.shape[1])[None, :, None]
    lit = np.rint(picture * across).astype(np.uint8)
    bright_left = np.rint(np.linspace(220, 60, 300)[None, :, None] * np.ones((300, 1, 3))).astype(np.uint8)
    turned = facing_the_light(bright_left, lit, cut)
    kept = facing_the_light(bright_left[:, ::-1], lit, cut)
    assert turned[:, -40:].mean() > turned[:, :40].mean() + 40
    assert kept[:, -40:].mean() > kept[:, :40].mean() + 40


def test_surroundings_of_another_shape_are_cropped_and_not_stretched(head):
    picture, cut = head
    wide = np.full((200, 600, 3), 90, np.uint8)
    cv2.circle(wide, (300, 100), 60, (200, 200, 200), -1)
    ground = compose(picture, cut, wide, seed=1).ground
    bright = ground[..., 0] > 150
    rows, columns = np.nonzero(bright)
    assert abs(np.ptp(rows) - np.ptp(columns)) < 8
