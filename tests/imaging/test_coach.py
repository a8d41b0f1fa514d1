"""What the coach sees: focus at the eyes, open eyes, framing, and a small part of the labelled table."""

from fnmatch import fnmatch

import cv2
import numpy as np
import pytest
from people import PORTRAITS, astronaut, portrait

from studio_server.bench.coach import answers, share
from studio_server.bench.coach_cases import portraits
from studio_server.imaging.faces import installed_models
from studio_server.imaging.focus import sharpest, slopes_of, spread
from studio_server.imaging.gist import gist
from studio_server.imaging.onlooker import Models, look

OWN = 1.0
"""Pixels by which the measure's own filters spread an edge."""


def steps(sigma, angle=20):
    """A grid of slanted bars whose edges are spread by a known sigma."""
    y, x = np.mgrid[0:200, 0:200]
    turned = np.radians(angle)
    bars = np.sin((x * np.cos(turned) + y * np.sin(turned)) / 7) * np.sin(
        (y * np.cos(turned) - x * np.sin(turned)) / 7
    )
    grey = np.where(bars > 0, 200, 40).astype(np.float32)
    return np.rint(cv2.GaussianBlur(grey, (0, 0), sigma)).astype(np.uint8)[..., None].repeat(3, axis=2)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_the_spread_of_edges_is_measured_in_pixels_whatever_their_contrast(sigma):
    sharp, faint = (spread(slopes_of(picture)) for picture in (steps(sigma), steps(sigma) // 3))
    assert np.sqrt(sharp**2 - OWN**2) == pytest.approx(sigma, rel=0.15)
    assert faint == pytest.approx(sharp, rel=0.1)


def test_a_shake_along_one_way_is_no_sharpness():
    moved = cv2.filter2D(steps(0.8), -1, np.full((1, 11), 1 / 11))
    assert spread(slopes_of(moved)) > 2 * spread(slopes_of(steps(0.8)))


def test_the_sharpest_place_counts_though_all_else_is_soft():
    mixed = steps(4.0)
    mixed[:96, :96] = steps(1.0)[:96, :96]
    assert sharpest(slopes_of(mixed)) < 1.6
    assert spread(slopes_of(mixed).cut(slice(100, 200), slice(100, 200))) > 3


def test_nothing_to_focus_on_is_not_called_sharp():
    assert spread(slopes_of(np.full((60, 60, 3), 128, np.uint8))) >= 30


def test_the_gist_stays_through_a_nudge_and_changes_with_the_picture():
    head = astronaut()
    nudged = np.roll(head, (4, 6), (0, 1)) // 2
    differ = lambda one, other: (int(gist(one), 16) ^ int(gist(other), 16)).bit_count()  # noqa: E731
    assert differ(head, nudged) < 10
    assert differ(head, np.ascontiguousarray(head[::-1])) > 20


def test_where_no_face_is_found_nothing_is_measured(mesh_model):
    assert look(np.full((400, 300, 3), 90, np.uint8), Models(installed_models(), mesh_model)).faces == 0


@pytest.fixture(scope="module")
def table(mesh_model):
    """Of two people, one of each half; the whole table is `studio bench coach`."""
    portrait("london_034/neutral_front.jpg")  # skips where there are none
    models = Models(installed_models(), mesh_model)
    some = portraits(PORTRAITS, models, lambda name: fnmatch(name, "london_03[48]/neutral*"))
    return list(answers(some, models))


def test_the_coach_is_right_on_nine_of_ten_rows_of_a_part_of_the_table(table):
    assert len(table) > 40
    assert share(table) >= 0.9


def test_focus_at_the_eyes_is_told_on_every_picture_of_it(table):
    about = [
        one for one in table if "blurred" in one.kind or one.kind in {"in focus", "moved sideways by 11 px"}
    ]
    assert [one for one in about if not one.right] == []
    assert len(about) >= 12
