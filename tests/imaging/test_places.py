"""What a photograph of a place tells of itself: rooms that are drawn with a known horizon, and bad files."""

import cv2
import numpy as np
import pytest
from PIL import Image

from studio_server.domain.errors import Unreadable
from studio_server.domain.plate import Certainty, Side
from studio_server.engines.plates.lens import Lens, defocus, developed
from studio_server.engines.plates.shelf import load
from studio_server.imaging.decoder import DECODER
from studio_server.imaging.pixels import shrink
from studio_server.imaging.places import USUAL_HORIZON, estimate, find_horizon, find_kelvin


def room(horizon, width=1500, height=1100, across=0.5, tint=(1.0, 1.0, 1.0)):
    """A corridor of boards, lamps and doors that all run to one point of the horizon, with grain."""
    point = np.array([across * width, horizon * height])
    picture = np.full((height, width, 3), 150.0)
    cv2.rectangle(picture, (0, 0), (width, int(point[1])), (205.0,) * 3, -1)
    for number in range(-14, 15):
        floor = (int(point[0] + number * width * 0.16), height + 40)
        ceiling = (int(point[0] + number * width * 0.13), -40)
        for end, tone in ((floor, 70 + 6 * abs(number)), (ceiling, 235 - 5 * abs(number))):
            cv2.line(picture, tuple(int(v) for v in point), end, (float(tone),) * 3, 4, cv2.LINE_AA)
    half = np.array([0.11 * width, 0.12 * height])
    low, high = (point - half).astype(int), (point + half).astype(int)
    cv2.rectangle(picture, tuple(map(int, low)), tuple(map(int, high)), (185.0,) * 3, -1)
    grain = np.random.default_rng(4).normal(0, 3, (height, width, 1))
    return ((picture + grain) * tint).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("horizon", [0.3, 0.42, 0.55, 0.66])
@pytest.mark.parametrize("across", [0.5, 0.3])
def test_the_lines_of_a_room_tell_its_horizon(horizon, across):
    found, sure = find_horizon(shrink(room(horizon, across=across), 800))
    assert found == pytest.approx(horizon, abs=0.02)
    assert sure is not Certainty.GUESS


@pytest.mark.parametrize(("plate", "off"), [("office-desks", 0.02), ("corridor-office", 0.02)])
def test_the_horizon_of_rendered_rooms(plate, off):
    light = load(plate)
    found, sure = find_horizon(shrink(developed(light.light), 800))
    assert (found, sure) == (pytest.approx(light.record.horizon, abs=off), Certainty.SURE)


def test_where_no_line_tells_it_is_the_usual_one_and_a_guess():
    fog = np.full((900, 1300, 3), 140, np.uint8) + np.random.default_rng(1).integers(0, 6, (900, 1300, 3))
    assert find_horizon(shrink(fog.astype(np.uint8), 800)) == (USUAL_HORIZON, Certainty.GUESS)


@pytest.mark.parametrize(("side", "flip"), [(Side.LEFT, False), (Side.RIGHT, True)])
def test_the_light_comes_from_the_bright_side(side, flip):
    lit = room(0.45).astype(np.float32) * np.linspace(1.2, 0.4, 1500)[None, :, None]
    picture = lit.clip(0, 255).astype(np.uint8)
    assert estimate(np.ascontiguousarray(picture[:, ::-1]) if flip else picture).light is side


def test_a_warm_room_has_the_lower_temperature():
    warm, neutral, cold = (
        find_kelvin(room(0.5, tint=tint))[0] for tint in ((1, 0.86, 0.62), (1, 1, 1), (0.8, 0.9, 1.0))
    )
    assert warm < 5000 < neutral < 7000 < cold


@pytest.mark.parametrize("plate", ["office-desks", "city-street", "garden-hedge"])
def test_what_is_out_of_focus_already_is_known(plate):
    seen = load(plate)
    assert not estimate(developed(seen.light)).soft
    assert estimate(developed(defocus(seen.light, seen.depth, Lens()))).soft


def saved(tmp_path, picture, name="room.jpg", **more):
    path = tmp_path / name
    Image.fromarray(picture).save(path, **more)
    return path


def test_the_decoder_gives_a_picture_without_metadata_and_what_it_tells(tmp_path):
    exif = Image.Exif()
    exif[271] = "Secretive"
    place = DECODER.place(saved(tmp_path, room(0.4, 4200, 2800), exif=exif, quality=92))
    assert (place.width, place.height) == (3200, 2133)
    assert place.estimate.horizon == pytest.approx(0.4, abs=0.02)
    assert b"Secretive" not in place.picture + place.thumbnail


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_other_kinds_of_pictures_come_in_too(tmp_path, suffix):
    assert DECODER.place(saved(tmp_path, room(0.4), f"room.{suffix}")).width == 1500


def test_what_is_no_picture_or_too_small_is_refused_with_one_sentence(tmp_path):
    text = tmp_path / "notes.jpg"
    text.write_text("no picture at all")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(saved(tmp_path, room(0.4)).read_bytes()[:40_000])
    small = saved(tmp_path, room(0.4, 1000, 700), "small.jpg")
    strip = saved(tmp_path, room(0.4, 2400, 300), "strip.jpg")
    said = {}
    for path in (text, cut, small, strip):
        with pytest.raises(Unreadable) as refused:
            DECODER.place(path)
        said[path.name] = str(refused.value)
    assert "at least 1200" in said["small.jpg"]
    assert "1000 by 700" in said["small.jpg"]
    assert "strip" in said["strip.jpg"]
    assert len(set(said.values())) == 4
