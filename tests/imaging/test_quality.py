"""What the coach says of sharp, blurred, dark and burnt-out shots."""

import cv2
import numpy as np
import pytest

from studio_server.demo.camera import Frame, expose
from studio_server.demo.portraits import Framing
from studio_server.demo.sensor import Light, develop
from studio_server.imaging.pictures import read_picture
from studio_server.imaging.quality import SHARP, measure


def shot(framing=None, light=None):
    frame = Frame(framing or Framing(), light or Light())
    return expose(frame, seed=3).preview


def test_the_enlarged_portrait_is_sharp_and_its_blurred_version_is_not():
    sharp, blurred = measure(shot()), measure(shot(Framing(blur=4.0)))
    assert sharp.notes == ()
    assert sharp.sharpness > 5 * SHARP
    assert blurred.notes == ("out of focus",)
    assert blurred.sharpness < SHARP / 5


def test_noise_is_not_taken_for_sharpness():
    blurred = measure(shot(Framing(blur=4.0), Light(noise=4.0)))
    assert "out of focus" in blurred.notes


@pytest.mark.parametrize(("stops", "words"), [(-2.4, "two stops"), (-4.2, "four stops")])
def test_an_underexposed_shot_is_sharp_and_called_so_many_stops_under(stops, words):
    dark = measure(shot(light=Light(stops)))
    assert dark.notes == (f"about {words} under",)
    assert dark.exposure < measure(shot()).exposure / 2


def test_a_dark_backdrop_alone_is_not_called_underexposed():
    portrait = shot()
    wide = np.zeros((portrait.shape[0], portrait.shape[1] * 2, 3), np.uint8)
    wide[:, : portrait.shape[1]] = portrait
    quality = measure(wide)
    assert quality.exposure < 0.15
    assert quality.notes == ()


def test_burnt_out_highlights_are_counted():
    burnt = measure(develop(expose(Frame(light=Light(1.6)), 3).mosaic, Light().neutral, half=True))
    assert burnt.clipped > 0.05
    assert burnt.notes == (f"highlights clipped on {round(100 * burnt.clipped)} %",)


def test_a_white_frame_has_no_focus_to_speak_of():
    assert measure(np.full((300, 400, 3), 255, np.uint8)).notes == ("highlights clipped on 100 %",)


def test_a_tiny_picture_can_be_measured():
    assert measure(np.zeros((1, 3, 3), np.uint8)).sharpness == 0


def test_studio_portraits_are_sharp_and_blurred_ones_are_not(data):
    found = sorted((data / "portraits").glob("london_*/*.jpg"))[::4]
    assert len(found) > 5
    for path in found:
        portrait = read_picture(path)
        assert measure(portrait).notes == (), path.parent.name
        blurred = cv2.GaussianBlur(portrait, (0, 0), 3 * max(portrait.shape) / 1024)
        assert measure(blurred).notes == ("out of focus",), path.parent.name
