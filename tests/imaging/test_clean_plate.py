"""A photographed backdrop: matched to the shot, cut against, and refused where it is of another set-up."""

import cv2
import numpy as np
import pytest
from people import coarse, drawn

from studio_server.imaging.clean_plate import Known, match
from studio_server.imaging.cut import Cut
from studio_server.imaging.matte import cut_out
from studio_server.imaging.silhouette import cropped, overlooked

SIDE = 480


def wall(shift=0.0):
    """Panels, a shelf and a lamp, a little soft: no polynomial describes it."""
    rows = np.arange(SIDE)[:, None] / SIDE
    columns = (np.arange(SIDE)[None, :] + shift) / SIDE
    panels = 150 + 30 * np.sign(np.sin(columns * 40)) + 25 * np.sign(np.sin(rows * 26))
    lamp = 60 * np.exp(-((rows - 0.2) ** 2 + (columns - 0.15) ** 2) * 90)
    grey = cv2.GaussianBlur(panels + lamp, (0, 0), 2.5)
    return np.dstack([grey + 8, grey, grey - 14])


def noisy(levels, seed):
    grain = np.random.default_rng(seed).normal(0, 1.2, levels.shape)
    return np.rint((levels + grain).clip(0, 255)).astype(np.uint8)


def before(backdrop):
    """The drawn person before another backdrop, and the true alpha."""
    picture, alpha = drawn(SIDE)
    paper = np.linspace(200, 215, SIDE)[:, None, None] * np.array([1.0, 1.01, 1.0])
    person = picture - (1 - alpha[..., None]) * paper
    return np.rint((person + (1 - alpha[..., None]) * backdrop).clip(0, 255)).astype(np.uint8), alpha


def test_a_wall_that_no_model_describes_is_matched_over_drift_and_a_nudge():
    picture, alpha = before(wall())
    known = match(picture, noisy(wall(shift=2.0) * (0.94, 0.95, 0.96), 1), coarse(alpha))
    assert isinstance(known, Known)
    assert np.abs(known.levels - wall())[alpha == 0].mean() < 2
    assert 0.8 < known.noise < 3


def test_a_person_is_cut_out_before_a_busy_wall_as_no_network_mask_allows():
    picture, alpha = before(wall())
    blind = cut_out(picture, coarse(alpha))
    known = cut_out(picture, coarse(alpha), clean=noisy(wall(), 2))
    assert blind.backdrop is None
    off = [np.abs(cut.alpha - alpha).mean() for cut in (blind, known)]
    assert off[1] < 0.5 * off[0]
    assert off[1] < 0.02


def test_what_the_network_overlooked_is_found_against_the_plate():
    picture, alpha = before(wall())
    head_only = coarse(alpha)
    head_only[round(SIDE * 0.7) :] = 0
    cut = cut_out(picture, head_only, clean=noisy(wall(), 3))
    shirt = alpha.copy()
    shirt[: round(SIDE * 0.8)] = 0
    assert (cut.alpha[shirt >= 1] > 0.9).mean() > 0.97


def test_smooth_paper_is_followed_inwards_where_the_network_overlooked_the_body():
    picture, alpha = drawn(SIDE)
    head_only = coarse(alpha)
    head_only[round(SIDE * 0.68) :] = 0
    cut = cut_out(picture, head_only)
    assert cut.backdrop is not None
    assert np.abs(cut.alpha - alpha).mean() < 0.02


def shaded(edge):
    """Paper, a head and neck, and under them something a little darker that ends within `edge` pixels."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    paper = np.full((SIDE, SIDE, 3), 210.0)
    away = np.hypot((x - 0.5) / 0.42, (y - 1.05) / 0.32) - 1
    pale = np.clip(0.5 - away * 0.36 * SIDE / edge, 0, 1)
    head = (np.hypot((x - 0.5) / 0.16, (y - 0.4) / 0.22) < 1) | (
        (abs(x - 0.5) < 0.08) & (y > 0.4) & (y < 0.8)
    )
    levels = paper - 16 * pale[..., None]
    levels[head] = (150, 100, 80)
    return noisy(levels, 6), paper.astype(np.float32), head, pale


def test_pale_cloth_that_was_overlooked_is_found_and_a_soft_shadow_is_not():
    cloth, paper, head, pale = shaded(edge=2)
    mask = cv2.GaussianBlur(head.astype(np.float32), (0, 0), 2)
    found = overlooked(cloth, paper, 1.2, mask)
    body = (pale > 0.5) & ~head
    assert found[body].mean() > 0.9
    assert found[(pale == 0) & ~head].mean() < 0.02
    shadow, paper, head, _ = shaded(edge=120)
    assert not overlooked(shadow, paper, 1.2, mask).any()


def shining_head(curls):
    """A dark head on shoulders before light paper, with a sheen on the hair that is as light as the paper."""
    side = 1000
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    head = (np.hypot((x - 500) / 180, (y - 380) / 230) < 1) | ((abs(x - 500) < 90) & (y > 380))
    for step in range(curls):
        angle = np.pi * (1 + step / max(1, curls - 1))
        away = np.hypot(x - 500 - 205 * np.cos(angle), y - 380 - 255 * np.sin(angle))
        head |= (away < 26) & (away > 14)
    shoulders = np.hypot((x - 500) / 420, (y - 1050) / 300) < 1
    change = np.where(head | shoulders, -150.0, 0.0).astype(np.float32)
    sheen = np.hypot((x - 500) / 60, (y - 195) / 22) < 1
    change[sheen] = 0
    mask = cv2.GaussianBlur((head | shoulders).astype(np.float32), (0, 0), 3)
    return np.dstack([change] * 3), mask, sheen


def test_sheen_on_cropped_hair_is_no_hole_and_among_curls_nothing_is_sure():
    change, mask, sheen = shining_head(curls=0)
    found = cropped(change, mask)
    assert found[sheen].all()
    assert not found[mask < 0.5].any()
    change, mask, _ = shining_head(curls=9)
    assert not cropped(change, mask).any()


def turned(plate):
    return np.ascontiguousarray(np.rot90(plate)[: SIDE - 80])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (turned, "another shape"),
        (lambda plate: np.rint(plate * 0.4).astype(np.uint8), "another light"),
        (lambda plate: np.roll(plate, (30, 25), axis=(0, 1)), "does not fit"),
    ],
)
def test_a_plate_of_another_set_up_is_not_used_and_the_reason_is_told(change, said):
    picture, alpha = before(wall())
    cut = cut_out(picture, coarse(alpha), clean=change(noisy(wall(), 4)))
    assert said in cut.note
    assert cut.backdrop is None


def test_a_cut_before_a_photographed_backdrop_comes_back_from_its_folder(tmp_path):
    picture, alpha = before(wall())
    cut = cut_out(picture, coarse(alpha), clean=noisy(wall(), 5))
    cut.save(tmp_path)
    again = Cut.load(tmp_path)
    assert isinstance(again.backdrop, Known)
    assert again.backdrop.noise == pytest.approx(cut.backdrop.noise)
    assert (again.backdrop.levels == cut.backdrop.levels).all()
    assert (again.alpha == cut.alpha).all()
