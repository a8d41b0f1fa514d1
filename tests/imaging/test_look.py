"""The camera's own look on our development: framing, tone and colours."""

import cv2
import numpy as np
import pytest
from skimage import data as samples
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_server.imaging.look import as_shown
from studio_server.imaging.raw import camera_preview, develop
from studio_server.imaging.reframe import reframed
from studio_server.imaging.tone import eight_bit

SIDE = 900
PORTRAIT = cv2.resize(np.asarray(samples.astronaut()), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
LIGHT = PORTRAIT.astype(np.uint16) * 257
SWAP = 3.0
"""dE00 that the client may see where our rendering takes the preview's place."""


def smaller(picture, share=0.5):
    return cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)


def difference(one, other, side=400):
    """Median dE00 of two pictures of one frame."""
    labs = [rgb2lab(cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA)) for each in (one, other)]
    return float(np.median(deltaE_ciede2000(*labs)))


def bent(picture, scale, bend):
    """As a camera that corrects its lens shows it."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    grid = np.stack([columns - (width - 1) / 2, rows - (height - 1) / 2], axis=-1) / max(height, width)
    there = grid * (scale + bend * (grid**2).sum(axis=-1, keepdims=True)) * max(height, width)
    x, y = there[..., 0] + (width - 1) / 2, there[..., 1] + (height - 1) / 2
    return cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)


def cameras(picture):
    """Another tone, more saturated, reds turned to orange: what no curve over all three channels makes."""
    shown = 255 * (picture / 255) ** 0.75
    grey = shown.mean(axis=2, keepdims=True)
    shown = grey + (shown - grey) * 1.3
    shown[..., 1] += 0.08 * (shown[..., 0] - shown[..., 2]).clip(0)
    return shown.clip(0, 255).astype(np.uint8)


def test_a_preview_that_shows_less_of_the_frame_crops_ours():
    shown = smaller(PORTRAIT[12:880, 20:888])
    made = reframed(LIGHT, shown)
    assert made.shape[:2] == pytest.approx((868, 868), abs=2)
    assert np.abs(smaller(eight_bit(made)[:868, :868]).astype(int) - shown[:434, :434]).mean() < 3


def test_a_preview_of_another_shape_is_found_in_the_frame():
    made = reframed(LIGHT, smaller(PORTRAIT[150:750]))
    assert made.shape == pytest.approx((600, 900, 3), abs=2)


@pytest.mark.parametrize("bend", [0.06, -0.05])
def test_a_lens_that_the_camera_corrected_is_corrected(bend):
    shown = smaller(bent(PORTRAIT, 0.96, bend))
    made = smaller(eight_bit(reframed(LIGHT, shown)))
    made = cv2.resize(made, shown.shape[1::-1], interpolation=cv2.INTER_AREA)
    inner = slice(25, -25)
    assert np.abs(smaller(PORTRAIT).astype(int) - shown)[inner, inner].mean() > 8
    assert np.abs(made.astype(int) - shown)[inner, inner].mean() < 2


def test_what_is_framed_alike_is_handed_on_untouched():
    assert reframed(LIGHT, smaller(PORTRAIT)) is LIGHT


def test_the_cameras_colours_are_found():
    shown = cameras(PORTRAIT)
    assert difference(eight_bit(LIGHT), shown) > 6
    assert difference(as_shown(LIGHT, smaller(shown)), shown) < 1


def test_a_black_and_white_preview_makes_a_black_and_white_picture():
    grey = np.repeat(cv2.cvtColor(PORTRAIT, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert difference(as_shown(LIGHT, smaller(grey)), grey) < 1.5


@pytest.mark.parametrize(
    "other",
    [PORTRAIT[::-1], 255 - PORTRAIT, np.full((90, 90, 3), 255, np.uint8)],
    ids=["turned", "negative", "white"],
)
def test_a_preview_of_something_else_changes_nothing(other):
    assert np.array_equal(as_shown(LIGHT, np.ascontiguousarray(other)), PORTRAIT)


def test_without_a_preview_nothing_is_changed():
    assert np.array_equal(as_shown(LIGHT, None), PORTRAIT)


@pytest.mark.parametrize(
    "name", ["canon_eos30d_IMG_5952.CR2", "canon_eos6d_lossy.dng", "canon_g2_CRW_0304.CRW"]
)
def test_our_rendering_takes_the_preview_s_place_and_nobody_sees_it(data, name):
    path = data / "raw" / name
    shown, made = camera_preview(path), develop(path)
    ratio = made.shape[1] / made.shape[0]
    assert ratio == pytest.approx(shown.shape[1] / shown.shape[0], rel=0.003)
    assert difference(made, shown) <= SWAP
