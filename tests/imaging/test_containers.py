"""What containers say of their completeness: of makers whose whole files could not be had, by their rules."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_server.domain.errors import Unreadable
from studio_server.imaging.completeness import fault
from studio_server.imaging.containers import is_picture, previews, states_white
from studio_server.imaging.raw import check_whole

PIXELS = bytes(range(1, 256)) * 200
SHOWN = b"\xff\xd8\xff\xe0" + bytes(range(1, 200)) + b"\xff\xd9"


def tiff(*directories, after=b"", magic=b"II*\0", order="<"):
    """A chain of directories of long integers, and what follows it."""
    made, at = magic + struct.pack(order + "I", 8), 8
    for number, tags in enumerate(directories, 1):
        at += 2 + 12 * len(tags) + 4
        made += struct.pack(order + "H", len(tags))
        for tag, value in sorted(tags.items()):
            made += struct.pack(order + "HHII", tag, 4, 1, value)
        made += struct.pack(order + "I", at if number < len(directories) else 0)
    return made + after


def nikon(order="<"):
    """A directory with a preview, and one with the sensor's data in one strip."""
    at = 8 + 2 * (2 + 4) + 12 * (2 + 3)
    shown = {513: at, 514: len(SHOWN)}
    sensor = {262: 32803, 273: at + len(SHOWN), 279: len(PIXELS)}
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return tiff(shown, sensor, after=SHOWN + PIXELS, magic=magic, order=order)


def panasonic():
    at = 8 + 2 + 12 * 3 + 4
    return tiff({2: 175, 3: 255, 280: at}, after=PIXELS, magic=b"IIU\0")


def fujifilm():
    starts = [160, 160 + len(SHOWN), 160 + len(SHOWN) + 40]
    lengths = [len(SHOWN), 40, len(PIXELS)]
    head = b"FUJIFILMCCD-RAW ".ljust(84, b"0")
    table = b"".join(struct.pack(">II", *pair) for pair in zip(starts, lengths, strict=True))
    return (head + table).ljust(160, b"1") + SHOWN + bytes(range(40)) + PIXELS


def canon_boxes():
    return (
        struct.pack(">I4s4s4x", 16, b"ftyp", b"crx ")
        + struct.pack(">I4s", 24, b"moov").ljust(24, b"1")
        + struct.pack(">I4sQ", 1, b"mdat", 16 + len(PIXELS))
        + PIXELS
    )


def canon_heap():
    start, table = 26, len(PIXELS)
    records = struct.pack("<HHII", 1, 0x2005, len(PIXELS), 0)
    head = b"II" + struct.pack("<I", start) + b"HEAPCCDR" + bytes(12)
    return head + PIXELS + records + struct.pack("<I", table)


def sigma():
    return b"FOVb" + PIXELS + b"SECd" + bytes(range(60)) + struct.pack("<I", 4 + len(PIXELS))


WHOLE = {
    "nikon": nikon(),
    "big-endian": nikon(">"),
    "panasonic": panasonic(),
    "fujifilm": fujifilm(),
    "canon boxes": canon_boxes(),
    "canon heap": canon_heap(),
    "sigma": sigma(),
    "jpeg": b"\xff\xd8\xff\xe0\0\4ab\xff\xda\0\4ab" + PIXELS[:250] + b"\xff\0\xff\xd0" + b"ab\xff\xd9",
    "webp": b"RIFF" + struct.pack("<I", 4 + len(PIXELS)) + b"WEBP" + PIXELS,
}


@pytest.mark.parametrize("maker", WHOLE)
def test_a_whole_container_misses_nothing(maker):
    assert fault(WHOLE[maker]) == ""


@pytest.mark.parametrize("maker", WHOLE)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_cut_container_says_so(maker, share):
    cut = WHOLE[maker][: int(len(WHOLE[maker]) * share)]
    assert fault(cut).startswith(("the file ends", "its directory"))


@pytest.mark.parametrize("maker", sorted(set(WHOLE) - {"webp"}))
def test_a_container_whose_end_is_zeros_says_so(maker):
    whole = WHOLE[maker]
    assert fault(whole[: len(whole) // 4] + bytes(len(whole) - len(whole) // 4)) != ""


def test_trailing_blocks_of_a_camera_after_a_whole_jpeg_are_no_fault():
    assert fault(WHOLE["jpeg"] + b"SEFT and more") == ""
    assert fault(WHOLE["jpeg"] + bytes(5000)) == ""


def test_previews_are_found_without_a_decoder():
    assert previews(nikon()) == [SHOWN]
    assert previews(fujifilm()) == [SHOWN]
    assert previews(nikon()[: -len(PIXELS)]) == [SHOWN]
    assert previews(canon_heap()) == []


@pytest.mark.parametrize("maker", WHOLE)
def test_raws_are_told_from_pictures_by_their_content(maker):
    assert is_picture(WHOLE[maker]) == (maker in ("jpeg", "webp"))


def test_a_plain_tiff_is_a_picture_and_a_dng_is_none():
    plain = {262: 2, 273: 8, 279: 1}
    assert is_picture(tiff(plain))
    assert not is_picture(tiff(plain | {50706: 0x00000401}))
    assert is_picture(tiff(plain | {330: 8}))
    assert states_white(tiff(plain | {50706: 0x00000401}))
    assert not states_white(tiff(plain))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_damaged_containers_raise_nothing(maker, drawn):
    damaged = bytearray(WHOLE[maker][: drawn.draw(st.integers(0, 600))])
    for _ in range(drawn.draw(st.integers(0, 12))):
        if damaged:
            damaged[drawn.draw(st.integers(0, len(damaged) - 1))] = drawn.draw(st.integers(0, 255))
    content = bytes(damaged)
    assert isinstance(fault(content), str)
    assert isinstance(previews(content), list)
    assert is_picture(content) in (True, False)
    assert states_white(content) in (True, False)


@pytest.mark.parametrize("share", [0.1, 0.6, 0.97])
def test_real_raws_that_are_cut_are_refused(data, tmp_path, share):
    for original in sorted((data / "raw").iterdir()):
        if original.name.startswith(("gopro", "nikon")):  # never developed; and a JPEG of several pictures
            continue
        whole = original.read_bytes()
        for name, content in (
            ("cut", whole[: int(len(whole) * share)]),
            ("allocated", whole[: int(len(whole) * share)].ljust(len(whole), b"\0")),
        ):
            path = tmp_path / f"{name}{original.suffix}"
            path.write_bytes(content)
            with pytest.raises(Unreadable):
                check_whole(path)
