"""16-bit exports in wide colour spaces, with ImageMagick (LittleCMS at 16 bits) as the referee."""

import struct
import subprocess

import cv2
import numpy as np
import pytest
import tifffile

from studio_server.imaging.icc import space_of
from studio_server.imaging.pictures import read_picture
from studio_server.imaging.raw import check_whole, develop
from studio_server.imaging.render import srgb_profile

SPACES = {
    "Adobe RGB": (
        [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]],
        struct.pack(">4s4xIH", b"curv", 1, 563),
    ),
    "ProPhoto RGB": (
        [[0.79767, 0.13519, 0.03134], [0.28804, 0.71188, 0.00009], [0.0, 0.0, 0.82491]],
        struct.pack(">4s4xH2x5i", b"para", 3, *(round(v * 65536) for v in (1.8, 1, 0, 1 / 16, 1 / 32))),
    ),
    "Display P3": (
        [[0.51512, 0.29198, 0.1571], [0.2412, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]],
        struct.pack(
            ">4s4xH2x5i",
            b"para",
            3,
            *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
        ),
    ),
}


def profile(name):
    """The smallest profile of primaries and curves that there is."""
    matrix, curve = SPACES[name]
    curve = curve.ljust(-(-len(curve) // 4) * 4, b"\0")
    xyz = [
        struct.pack(">4s4x3i", b"XYZ ", *(round(v * 65536) for v in column))
        for column in zip(*matrix, strict=True)
    ]
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    words = struct.pack(">4s4xI", b"desc", len(name) + 1) + name.encode() + b"\0"
    words = (words + bytes(78)).ljust(120, b"\0")
    names = [b"desc", b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"]
    parts = [words, white, *xyz, curve, curve, curve]
    at, table, body = 132 + 12 * len(names), b"", b""
    for tag, part in zip(names, parts, strict=True):
        table += struct.pack(">4sII", tag, at + len(body), len(part))
        body += part
    size = at + len(body)
    head = struct.pack(
        ">I4sI4s4s4s12s4s",
        size,
        b"lcms",
        0x02400000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        b"\7\352" + bytes(10),
        b"acsp",
    )
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(names)) + table + body


def colours(side=96):
    """Ramps of grey and of colours, the dark ones too, at 16 bits."""
    rng = np.random.default_rng(4)
    ramp = np.linspace(0, 65535, side * side).reshape(side, side)
    grey = np.repeat(ramp[..., None], 3, 2)
    mixed = rng.uniform(0, 1, (side, side, 3)) ** 2.5 * 65535
    return np.vstack([grey, mixed]).astype(np.uint16)


def written(path, picture, name, **more):
    tifffile.imwrite(path, picture, photometric="rgb", iccprofile=profile(name), **more)
    return path


@pytest.mark.parametrize("name", SPACES)
def test_colours_are_those_that_a_colour_engine_finds(tmp_path, name):
    path = written(tmp_path / "a.tif", colours(), name)
    (tmp_path / "s.icc").write_bytes(srgb_profile())
    how = ["-intent", "Relative", "-profile", tmp_path / "s.icc", "-depth", "16"]
    subprocess.run(["convert", path, *how, tmp_path / "b.tif"], check=True)
    wanted = tifffile.imread(tmp_path / "b.tif").astype(float) / 257
    apart = np.abs(read_picture(path).astype(float) - wanted)
    assert apart.max() < 1.5
    assert apart.mean() < 0.35
    wrong = np.abs(colours() / 257 - wanted)
    assert wrong.mean() > 2, "the space is wide enough to be seen"


def test_shadows_of_a_wide_space_have_no_bands(tmp_path):
    """By way of 8 bits the darkest tenth of ProPhoto has a third of the steps."""
    ramp = np.repeat(np.linspace(0, 6000, 600)[None, :, None], 3, 2).repeat(20, 0).astype(np.uint16)
    made = read_picture(written(tmp_path / "a.tif", ramp, "ProPhoto RGB"))
    steps = np.unique(made[0, :, 1])
    assert len(steps) == int(steps.max()) - int(steps.min()) + 1


@pytest.mark.parametrize("how", ["LZW", "ZIP", "tiles"])
def test_the_compressions_of_exports_are_read(tmp_path, how):
    plain = written(tmp_path / "a.tif", colours(), "Adobe RGB")
    if how == "tiles":
        path = written(tmp_path / "b.tif", colours(), "Adobe RGB", tile=(64, 64))
    else:
        path = tmp_path / "b.tif"
        subprocess.run(["convert", plain, "-compress", how, path], check=True)
    check_whole(path)
    assert np.array_equal(develop(path), read_picture(plain))


def test_sixteen_bits_without_a_profile_and_in_a_png_are_srgb(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", colours(), photometric="rgb")
    cv2.imwrite(str(tmp_path / "a.png"), colours()[..., ::-1])
    for name in ("a.tif", "a.png"):
        assert np.abs(read_picture(tmp_path / name) - colours() / 257).max() <= 0.51


def test_an_export_that_is_black_at_its_end_is_whole(tmp_path):
    """A portrait before black paper ends in zeros, as a copy does that allocated first."""
    picture = colours(200)
    picture[100:] = 0
    tifffile.imwrite(tmp_path / "a.tif", picture, photometric="rgb")
    check_whole(tmp_path / "a.tif")
    assert read_picture(tmp_path / "a.tif")[-1].max() == 0


def test_what_is_no_profile_of_primaries_is_left_to_others():
    assert space_of(srgb_profile()) is not None
    assert space_of(b"") is None
    whole = profile("Adobe RGB")
    assert all(space_of(whole[:end]) is None for end in range(0, len(whole) - 20, 40))
