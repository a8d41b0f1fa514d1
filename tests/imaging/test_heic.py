"""A telephone's HEIC comes in upright, in sRGB, with its capture; half of one is kept and explained."""

import numpy as np
import pytest

from studio_server.imaging.decoder import Decoder
from studio_server.imaging.exif import carry_exif
from studio_server.imaging.pictures import read_picture
from studio_server.imaging.raw import read_capture


@pytest.fixture
def heic(data):
    return data / "camera_jpeg" / "iphone13pro_IMG_8565.HEIC"


@pytest.fixture
def decoder():
    made = Decoder()
    yield made
    made.close()


def test_it_comes_in_upright_with_its_capture(decoder, heic, tmp_path):
    look = decoder.look(heic)
    assert (look.reason, look.capture) == ("", read_capture(heic))
    said = look.capture
    assert (said.make, said.model, said.width, said.height) == ("Apple", "iPhone 13 Pro", 3024, 4032)
    assert said.captured_at.isoformat() == "2021-09-27T07:13:05.246000-06:00"
    decoder.develop(heic, tmp_path / "rendition.tif")
    developed = read_picture(tmp_path / "rendition.tif")
    assert developed.shape == (4032, 3024, 3)
    # its colours were Display P3: the JPEG of the proof, in sRGB, shows the same
    proof = read_picture(look.proof).astype(float)
    assert np.abs(proof.mean((0, 1)) - developed.mean((0, 1))).max() < 1.5
    assert carry_exif(heic, 100, 100)


def test_half_of_one_is_explained(decoder, heic, tmp_path):
    half = tmp_path / "half.heic"
    half.write_bytes(heic.read_bytes()[:200_000])
    assert "incomplete" in decoder.look(half).reason
    swapped = tmp_path / "torn.heic"
    torn = bytearray(heic.read_bytes())
    torn[2000:60_000] = bytes(58_000)
    swapped.write_bytes(torn)
    assert decoder.look(swapped).reason


def test_a_place_may_be_one(decoder, heic):
    seen = decoder.place(heic)
    assert (seen.width, seen.height) == (2400, 3200)
