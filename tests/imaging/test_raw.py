"""RAWs and pictures, whole, cut and malformed."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage.color import deltaE_ciede2000, rgb2lab

from studio_server.domain.errors import Unreadable
from studio_server.imaging.pictures import MOST_PIXELS, turned
from studio_server.imaging.raw import check_whole, develop, first_look, read_capture

RAWS = (".CR2", ".CRW", ".KDC", ".GPR", ".dng")
NOT_DEVELOPED = ("gopro_hero7_GOPR8508.GPR", "nikon_z9_jxl.dng")
"""VC-5 and JPEG XL, which LibRaw does not decode."""


def small(picture):
    return cv2.resize(picture, (60, 60), interpolation=cv2.INTER_AREA)


def difference(one, other):
    """Median CIEDE2000 between two pictures of the same view."""
    return float(np.median(deltaE_ciede2000(rgb2lab(small(one) / 255), rgb2lab(small(other) / 255))))


def raws(data):
    found = [path for path in sorted((data / "raw").iterdir()) if path.suffix in RAWS]
    assert len(found) >= 10
    return found


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_preview_and_rendition_are_right_side_up_and_agree(negative, orientation):
    path = negative(orientation)
    look, rendition = first_look(path), develop(path)
    assert look.source == "embedded"
    assert rendition.shape[:2] == ((4000, 3000) if orientation > 4 else (3000, 4000))
    assert difference(look.picture, rendition) < 1.5
    upside_down = np.ascontiguousarray(rendition[::-1, ::-1])
    assert difference(look.picture, upside_down) > 5


def test_without_a_preview_the_first_look_is_a_half_size_development(negative):
    path = negative(6, preview=False)
    look = first_look(path)
    assert look.source == "half-size"
    assert look.picture.shape == (2000, 1500, 3)
    assert difference(look.picture, develop(path)) < 1


def test_two_developments_are_equal(negative):
    assert np.array_equal(develop(negative()), develop(negative()))


def test_rendition_looks_like_the_cameras_own_picture(negative, camera_jpeg):
    assert difference(develop(negative()), develop(camera_jpeg)) < 1.5


def test_a_whole_raw_passes_without_a_suffix(negative, tmp_path):
    path = tmp_path / "3b5d"
    path.write_bytes(negative().read_bytes())
    check_whole(path)
    assert first_look(path).source == "embedded"
    assert read_capture(path).model == "Twelve"


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.4, 0.9, 0.999])
@pytest.mark.parametrize("preview", [True, False])
def test_a_cut_raw_is_refused_in_one_sentence_and_never_developed(negative, tmp_path, share, preview):
    whole = negative(6, preview=preview).read_bytes()
    path = tmp_path / "cut.DNG"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Unreadable, match=r"^This .*[a-z]: .*Copy it again from the card\.$"):
        check_whole(path)
    with pytest.raises(Unreadable):
        develop(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_raw_that_a_copier_allocated_and_did_not_fill_is_refused(negative, tmp_path, share):
    whole = negative(6, preview=False).read_bytes()
    filled = int(len(whole) * share)
    path = tmp_path / "allocated.DNG"
    path.write_bytes(whole[:filled] + bytes(len(whole) - filled))
    with pytest.raises(Unreadable, match="zeros"):
        check_whole(path)


def test_rows_that_are_missing_in_the_middle_are_found(negative, tmp_path):
    whole = bytearray(negative(6, preview=False).read_bytes())
    at = len(whole) // 2
    whole[at : at + 60_000] = bytes(60_000)
    path = tmp_path / "hole.DNG"
    path.write_bytes(whole)
    with pytest.raises(Unreadable, match="rows are missing"):
        check_whole(path)


def test_the_preview_of_a_cut_raw_may_still_be_shown(negative, data):
    cut = data / "malformed" / "truncated_raw" / "sony_slt-a55v_cut.ARW"
    assert first_look(cut).picture.shape == (1080, 1616, 3)
    with pytest.raises(Unreadable, match="ends before its picture does"):
        check_whole(cut)


def test_every_cut_raw_of_the_test_data_is_refused(data):
    cut = sorted((data / "malformed" / "truncated_raw").iterdir())
    assert len(cut) >= 14
    for path in cut:
        with pytest.raises(Unreadable, match=r"\.$"):
            check_whole(path)


LIBRAW_SHOWS_MORE = 0.02
"""Of each side: rows and columns at the frame's edge that no camera's own picture has."""


def test_every_whole_raw_of_the_test_data_is_developed_at_nearly_the_size_that_its_capture_says(data):
    for path in raws(data):
        capture = read_capture(path)
        assert capture.width > 0, path.name
        if path.name in NOT_DEVELOPED:
            with pytest.raises(Unreadable, match="cannot be developed here"):
                check_whole(path)
            continue
        check_whole(path)
        rendition = develop(path)
        stated = (capture.height, capture.width)
        assert rendition.shape[:2] == pytest.approx(stated, rel=LIBRAW_SHOWS_MORE), path.name
        assert difference(first_look(path).picture, rendition) < 12, path.name


def test_capture_agrees_with_exiftool(data, exiftool):
    told = subprocess.run(
        [exiftool, "-j", "-n", "-fast", "-Make", "-Model", "-DateTimeOriginal", "-OffsetTimeOriginal"]
        + ["-SubSecTimeOriginal", "-LensModel", "-ExposureTime", "-FNumber", "-FocalLength"]
        + [str(path) for path in raws(data)],
        capture_output=True,
        check=True,
    )
    for row in json.loads(told.stdout):
        name = Path(row["SourceFile"]).name
        capture = read_capture(Path(row["SourceFile"]))
        assert capture.make == row["Make"], name
        assert capture.model == row["Model"], name
        assert capture.captured_at == moment(row), name
        assert capture.lens == row.get("LensModel", capture.lens), name
        for ours, theirs in (
            (capture.exposure_seconds, "ExposureTime"),
            (capture.f_number, "FNumber"),
            (capture.focal_length_mm, "FocalLength"),
        ):
            assert ours == pytest.approx(row[theirs], rel=0.08), f"{name} {theirs}"


def moment(row):
    if "DateTimeOriginal" not in row:
        return None
    zone = row.get("OffsetTimeOriginal") or ""
    sub = str(row.get("SubSecTimeOriginal", 0)).ljust(6, "0")
    return datetime.strptime(
        f"{row['DateTimeOriginal']}.{sub}{zone}", "%Y:%m:%d %H:%M:%S.%f" + ("%z" if zone else "")
    )


def test_capture_of_a_raw_and_of_its_companion_are_the_same(negative, camera_jpeg):
    capture = read_capture(negative())
    assert capture == read_capture(camera_jpeg)
    assert capture.serial == "STU-7"
    assert capture.iso == 200
    assert (capture.width, capture.height, capture.orientation) == (3000, 4000, 6)
    assert capture.captured_at == datetime(2026, 3, 4, 13, 16, 17, 230_000, UTC)
    assert capture.captured_at.utcoffset() == timedelta(hours=2)


def test_canon_cr3_says_when_and_with_which_lens(data):
    capture = read_capture(data / "malformed" / "truncated_raw" / "filetype_fixture.cr3")
    assert capture.model == "Canon EOS R"
    assert capture.lens == "EF24-105mm f/4L IS USM"
    assert capture.serial == "085023000606"
    assert capture.captured_at == datetime(2019, 12, 5, 5, 32, 49, 540_000, UTC)


def test_a_file_that_is_away_is_named_as_such(tmp_path):
    for read in (first_look, check_whole, develop):
        with pytest.raises(Unreadable, match="cannot be opened"):
            read(tmp_path / "away.DNG")
    assert read_capture(tmp_path / "away.DNG").width == 0


def test_a_cut_jpeg_is_refused(camera_jpeg, tmp_path):
    whole = camera_jpeg.read_bytes()
    for name, content in (("cut", whole[:-1000]), ("allocated", whole[:-90_000] + bytes(90_000))):
        path = tmp_path / f"{name}.JPG"
        path.write_bytes(content)
        with pytest.raises(Unreadable, match="incomplete"):
            check_whole(path)


def test_a_jpeg_named_as_a_raw_is_refused(camera_jpeg, tmp_path):
    path = tmp_path / "renamed.NEF"
    path.write_bytes(camera_jpeg.read_bytes())
    with pytest.raises(Unreadable, match="holds a JPEG only"):
        check_whole(path)


def test_a_picture_in_another_colour_space_is_converted(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 5000)).tobytes()
    path = tmp_path / "lab.tif"
    Image.new("LAB", (64, 48), (128, 128, 128)).save(path, icc_profile=lab)
    colour = develop(path)[0, 0].astype(int)
    assert np.abs(colour - 119).max() <= 2, "L* = 50 is 119 in sRGB"


def test_a_tiff_of_sixteen_bits_and_a_transparent_png_become_plain_srgb(tmp_path):
    deep = tmp_path / "deep.tif"
    cv2.imwrite(str(deep), np.full((40, 60, 3), (0, 128 * 257, 255 * 257), np.uint16))
    assert develop(deep)[0, 0].tolist() == [255, 128, 0]
    glass = tmp_path / "glass.png"
    Image.new("RGBA", (60, 40), (255, 0, 0, 0)).save(glass)
    assert develop(glass)[0, 0].tolist() == [255, 255, 255]


def test_a_picture_in_adobe_rgb_without_a_profile_is_converted(tmp_path):
    image = Image.new("RGB", (32, 32), (200, 140, 110))
    exif = image.getexif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    path = tmp_path / "adobe.jpg"
    image.save(path, exif=exif, quality=100, subsampling=0)
    assert np.abs(develop(path)[8, 8].astype(int) - (220, 141, 109)).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_exif_says(tmp_path, orientation):
    corner = np.zeros((40, 60, 3), np.uint8)
    corner[:20, :30] = (250, 10, 10)
    image = Image.fromarray(corner)
    exif = image.getexif()
    exif[274] = orientation
    path = tmp_path / "turned.png"
    image.save(path, exif=exif)
    assert np.array_equal(develop(path), turned(corner, orientation))


def test_a_picture_that_claims_too_many_pixels_is_refused(tmp_path):
    side = int(MOST_PIXELS**0.5) + 10
    path = tmp_path / "bomb.png"
    Image.new("1", (side, side)).save(path)
    for read in (first_look, check_whole, develop):
        with pytest.raises(Unreadable, match=r"pixels.* than any camera"):
            read(path)


LOOP = """
import sys
from pathlib import Path
from studio_server.domain.errors import Unreadable
from studio_server.imaging import exif, raw
for path in sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file()):
    print(path, flush=True)
    exif.carry_exif(path, 10, 10)
    for read in (raw.read_capture, raw.first_look, raw.check_whole, raw.develop):
        try:
            read(path)
        except Unreadable as refused:
            assert str(refused).endswith("."), refused
print("done")
"""


def test_malformed_files_raise_nothing_but_unreadable_and_kill_no_process(data):
    ended = subprocess.run(
        [sys.executable, "-c", LOOP, str(data / "malformed")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,  # a crash is named below
    )
    last = ended.stdout.splitlines()[-1]
    assert ended.returncode == 0, f"{last}\n{ended.stderr[-2000:]}"
    assert last == "done"
    assert ended.stdout.count("\n") > 250
