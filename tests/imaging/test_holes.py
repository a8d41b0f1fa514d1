"""What was cut out of the middle of a person: found where the network is sure of them, and filled."""

import numpy as np
import pytest

from studio_server.imaging.holes import LARGE, holes
from studio_server.imaging.matte import _refilled

SIDE = 600


@pytest.fixture
def person():
    """A disc of a person, all of whom the network sees."""
    away = distance(300, 300)
    alpha = (away < 250).astype(np.float32)
    return alpha, alpha.copy()


def distance(y, x):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.hypot(rows - y, columns - x)


def test_a_hole_is_found_with_its_thin_rim_and_filled(person):
    alpha, mask = person
    alpha[distance(300, 300) < 14] = 0.5
    alpha[distance(300, 300) < 10] = 0
    found, size = holes(alpha, mask)
    assert size == pytest.approx(np.pi * 100 / SIDE**2, rel=0.05)
    assert np.array_equal(found, distance(300, 300) < 14)
    filled = _refilled(alpha, mask)
    assert filled[distance(300, 300) < 14].min() > 0.99
    assert (filled[distance(300, 300) > 260] == 0).all()


def test_a_gap_is_none_where_it_is_small_or_open_or_the_network_is_not_sure(person):
    alpha, mask = person
    small = alpha.copy()
    small[distance(300, 300) < 3] = 0
    assert 0 < holes(small, mask)[1] < LARGE
    unsure, doubt = alpha.copy(), mask.copy()
    unsure[distance(300, 300) < 10] = 0
    doubt[distance(300, 300) < 10] = 0.97
    for cut, word in ((small, mask), (unsure, doubt), (alpha, mask)):
        assert not holes(cut, word)[0].any()
        assert _refilled(cut, word) is cut
    bitten = alpha.copy()
    bitten[:300, 295:305] = 0  # from the frame into the middle
    assert not holes(bitten, np.ones_like(mask))[0].any()


def test_at_full_size_it_is_filled_as_at_the_working_size(person):
    alpha, mask = person
    alpha[distance(300, 300) < 10] = 0
    large = np.kron(alpha, np.ones((3, 3), np.float32))
    assert np.kron(distance(300, 300) < 10, np.ones((3, 3), bool)).any()
    assert _refilled(large, mask)[900 - 20 : 900 + 20, 900 - 20 : 900 + 20].min() > 0.99
