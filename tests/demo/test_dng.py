"""What the demo's camera writes, read by LibRaw, exiftool and Pillow."""

import io
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
import rawpy
from PIL import Image, ImageOps

from studio_server.demo import portraits, sensor
from studio_server.demo.dng import Exposure, companion, dng, encode

SIZE = (1200, 1600)
TAKEN = datetime(2026, 3, 4, 5, 6, 7, 890_000, timezone(timedelta(hours=-3, minutes=-30)))
QUIET = sensor.Light(noise=0)
TURNED = {1: 0, 3: 180, 6: 270, 8: 90}


def upright():
    """The portrait as an sRGB picture, straight from the scene: what every development has to look like."""
    view = portraits.aim(portraits.Framing(), SIZE)
    mosaic = sensor.record(portraits.portrait(), view, SIZE, QUIET, 1)
    return sensor.develop(mosaic, sensor.NEUTRAL, half=True)


def negative(orientation=6, light=QUIET, preview=True):
    view = portraits.stored(portraits.aim(portraits.Framing(), SIZE), SIZE, orientation)
    turned = SIZE[::-1] if orientation in (6, 8) else SIZE
    mosaic = sensor.record(portraits.portrait(), view, turned, light, 1)
    picture = sensor.develop(mosaic, light.neutral, half=True) if preview else None
    return dng(mosaic, Exposure(TAKEN, orientation, serial="SER-7", iso=400), picture, light.neutral)


def libraw(path, **more):
    with rawpy.imread(str(path)) as raw:
        return raw.postprocess(
            use_camera_wb=True, no_auto_bright=True, adjust_maximum_thr=0, gamma=(2.4, 12.92), **more
        )


def difference(one, other):
    """Mean difference at a quarter of the size: red and blue lie in a cell's corners, which turn with it."""
    assert one.shape == other.shape
    small = [np.asarray(Image.fromarray(np.asarray(each)).reduce(4), float) for each in (one, other)]
    return float(np.abs(small[0] - small[1]).mean())


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_libraw_develops_it_right_side_up_in_the_right_colours(tmp_path, orientation):
    (tmp_path / "a.dng").write_bytes(negative(orientation))
    assert difference(libraw(tmp_path / "a.dng", half_size=True), upright()) < 2.5


def test_white_balance_as_shot_takes_the_lights_colour_out(tmp_path):
    (tmp_path / "a.dng").write_bytes(negative(light=sensor.Light(neutral=(0.58, 1.0, 0.52), noise=0)))
    assert difference(libraw(tmp_path / "a.dng", half_size=True), upright()) < 2.5


def test_the_camera_develops_the_colours_of_the_portrait_itself():
    known = np.array([[[200, 120, 90], [30, 60, 160]], [[128, 128, 128], [250, 250, 245]]], np.uint8)
    patches = np.repeat(np.repeat(known, 40, axis=0), 40, axis=1)
    mosaic = sensor.record(sensor.seen(patches), np.eye(2, 3), (80, 80), sensor.Light(noise=0), 1)
    developed = sensor.develop(mosaic, sensor.NEUTRAL, half=True)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert np.abs(developed[20 * row + 10, 20 * column + 10] - known[row, column].astype(int)).max() <= 2


def test_the_preview_is_found_and_turned_as_the_sensor_is(tmp_path):
    (tmp_path / "a.dng").write_bytes(negative(8))
    with rawpy.imread(str(tmp_path / "a.dng")) as raw:
        thumb = raw.extract_thumb()
    assert thumb.format is rawpy.ThumbFormat.JPEG
    with Image.open(io.BytesIO(thumb.data)) as image:
        picture = np.asarray(image.rotate(TURNED[8], expand=True))
    assert difference(picture, upright()) < 3


def test_some_files_have_no_preview(tmp_path):
    (tmp_path / "a.dng").write_bytes(negative(preview=False))
    with rawpy.imread(str(tmp_path / "a.dng")) as raw, pytest.raises(rawpy.LibRawNoThumbnailError):
        raw.extract_thumb()
    assert difference(libraw(tmp_path / "a.dng", half_size=True), upright()) < 2.5


def test_a_cut_file_keeps_its_preview_and_loses_its_sensor_data(tmp_path):
    data = negative()
    (tmp_path / "a.dng").write_bytes(data[: int(len(data) * 0.5)])
    with rawpy.imread(str(tmp_path / "a.dng")) as raw:
        assert Image.open(io.BytesIO(raw.extract_thumb().data)).size == (800, 600)
    with pytest.raises(rawpy.LibRawIOError):
        libraw(tmp_path / "a.dng")


@pytest.mark.parametrize("preview", [True, False])
def test_exiftool_finds_nothing_to_complain_of_in_a_negative(tmp_path, exiftool, preview):
    (tmp_path / "a.dng").write_bytes(negative(preview=preview))
    found = exiftool(tmp_path / "a.dng", "-validate", "-warning", "-error")
    assert found["ExifTool:Validate"] == "OK"


def test_exiftool_reads_what_the_camera_knew(tmp_path, exiftool):
    (tmp_path / "a.dng").write_bytes(negative(6))
    found = exiftool(tmp_path / "a.dng")
    assert found["IFD0:Make"] == "Studio"
    assert found["IFD0:Model"] == "Twelve"
    assert found["IFD0:Orientation"] == "Rotate 90 CW"
    assert found["IFD0:AsShotNeutral"] == "0.5 1 0.65"
    assert found["ExifIFD:SerialNumber"] == "SER-7"
    assert found["ExifIFD:LensModel"] == "Studio 85mm F1.8"
    assert found["ExifIFD:ExposureTime"] == "1/160"
    assert found["ExifIFD:ISO"] == 400
    assert found["Composite:SubSecDateTimeOriginal"] == "2026:03:04 05:06:07.89-03:30"
    assert "SubIFD1:PreviewImage" in found


def test_the_companion_is_the_same_release_in_jpeg(tmp_path, exiftool):
    view = portraits.stored(portraits.aim(portraits.Framing(), SIZE), SIZE, 8)
    mosaic = sensor.record(portraits.portrait(), view, SIZE[::-1], sensor.Light(noise=0), 1)
    picture = sensor.develop(mosaic, sensor.NEUTRAL, half=False)
    path = tmp_path / "a.jpg"
    path.write_bytes(companion(encode(picture), SIZE[::-1], Exposure(TAKEN, 8, serial="SER-7")))
    with Image.open(path) as image:
        turned = np.asarray(ImageOps.exif_transpose(image).resize((600, 800), Image.Resampling.BOX))
    assert difference(turned, upright()) < 3
    found = exiftool(
        path, "-validate", "-warning", "-datetimeoriginal", "-subsecdatetimeoriginal", "-serialnumber"
    )
    assert found["ExifTool:Validate"] == "OK"
    assert found["Composite:SubSecDateTimeOriginal"] == "2026:03:04 05:06:07.89-03:30"
    assert found["ExifIFD:SerialNumber"] == "SER-7"
