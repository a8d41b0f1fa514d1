"""Proofs, thumbnails and masters."""

import io
import subprocess

import numpy as np
import pytest
from PIL import Image
from skimage import data as samples

from studio_server.domain.errors import Unreadable
from studio_server.imaging.render import decode, encode_master, proof, thumbnail


@pytest.fixture(scope="module")
def portrait():
    return np.asarray(samples.astronaut())


def large(picture):
    return np.repeat(np.repeat(picture, 6, 0), 5, 1)


@pytest.mark.parametrize(("render", "side"), [(proof, 2048), (thumbnail, 480)])
def test_a_large_picture_is_made_smaller_in_proportion(portrait, render, side):
    made = decode(render(large(portrait)))
    assert made.shape == (side, round(side * 5 / 6), 3)


def test_a_small_picture_keeps_its_size(portrait):
    assert decode(proof(portrait)).shape == portrait.shape


def test_a_proof_carries_a_profile_and_no_private_metadata(portrait):
    with Image.open(io.BytesIO(proof(large(portrait)))) as image:
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "icc_profile"}
        assert image.info["icc_profile"]


def test_a_master_is_hardly_different_from_its_pixels(portrait):
    master = encode_master(portrait)
    assert np.abs(decode(master).astype(int) - portrait).mean() < 2
    with Image.open(io.BytesIO(master)) as image:
        assert image.layer[0][1:3] == (1, 1), "4:4:4"
        assert all(layer[1:3] == (1, 1) for layer in image.layer)


def test_equal_pictures_are_equal_bytes(portrait):
    assert encode_master(portrait) == encode_master(portrait.copy())


def test_a_smaller_picture_is_sharpened_a_little_and_does_not_change_its_light(portrait):
    made = decode(proof(large(portrait), 512)).astype(float)
    plain = np.asarray(
        Image.fromarray(large(portrait)).resize(made.shape[1::-1], Image.Resampling.BOX), float
    )
    assert abs(made.mean() - plain.mean()) < 1
    assert 1.0 < np.diff(made, axis=1).std() / np.diff(plain, axis=1).std() < 1.5


def test_bytes_that_are_no_picture_are_refused():
    with pytest.raises(Unreadable):
        decode(b"no picture")
    with pytest.raises(Unreadable):
        decode(encode_master(np.zeros((64, 64, 3), np.uint8))[:700])


def test_exiftool_accepts_a_proof(portrait, exiftool, tmp_path):
    path = tmp_path / "proof.jpg"
    path.write_bytes(proof(large(portrait)))
    told = subprocess.run(
        [exiftool, "-validate", "-warning", "-a", "-s3", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "OK"
