"""The tone of a preview on our development."""

import numpy as np
import pytest
from skimage import data as samples

from studio_server.imaging.tone import eight_bit, toned

PORTRAIT = np.asarray(samples.astronaut())
LIGHT = PORTRAIT.astype(np.uint16) * 257


def cameras(picture, gamma):
    return np.rint(255 * (picture / 255) ** gamma).astype(np.uint8)


@pytest.mark.parametrize("gamma", [0.6, 0.8, 1.3])
def test_the_cameras_curve_is_found_from_its_preview(gamma):
    expected = cameras(PORTRAIT, gamma)
    made = toned(LIGHT, expected[::2, ::2])
    assert np.abs(made.astype(int) - expected).mean() < 4


def test_a_preview_with_the_same_tone_changes_nothing():
    assert np.array_equal(toned(LIGHT, PORTRAIT[::3, ::3]), eight_bit(LIGHT))


def test_the_curve_never_falls():
    ramp = np.tile(np.linspace(0, 65535, 512).astype(np.uint16)[None, :, None], (512, 1, 3))
    shown = cameras((ramp >> 8).astype(np.uint8), 0.5)
    made = toned(ramp, shown)[0, :, 0].astype(int)
    assert (np.diff(made) >= 0).all()
    assert made[0] == 0
    assert made[-1] == 255
