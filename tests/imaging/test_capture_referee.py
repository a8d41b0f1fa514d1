"""What is read of the capture of real RAWs, with exiftool as the referee."""

import json
import subprocess
from datetime import datetime

import pytest

from studio_server.imaging.raw import read_capture

RAWS = (".cr2", ".cr3", ".crw", ".dng", ".gpr", ".kdc", ".nef", ".raf", ".rw2", ".orf", ".arw")
TAGS = ("Make", "Model", "LensModel", "SerialNumber", "DateTimeOriginal", "SubSecTimeOriginal")
NUMBERS = ("ExposureTime", "FNumber", "FocalLength")


@pytest.fixture(scope="module")
def stated(data, exiftool):
    """(path, what exiftool says) of each RAW."""
    paths = [path for path in sorted((data / "raw").iterdir()) if path.suffix.lower() in RAWS]
    assert len(paths) >= 10
    asked = [f"-{tag}" for tag in (*TAGS, "OffsetTimeOriginal")] + [f"-{tag}#" for tag in NUMBERS]
    told = subprocess.run([exiftool, "-j", *asked, *map(str, paths)], capture_output=True, check=True)
    return list(zip(paths, json.loads(told.stdout), strict=True))


@pytest.mark.parametrize(
    ("field", "tag"),
    [("make", "Make"), ("model", "Model"), ("lens", "LensModel"), ("serial", "SerialNumber")],
)
def test_camera_lens_and_serial_are_what_the_file_says(stated, field, tag):
    wrong = [
        (path.name, ours, said.get(tag))
        for path, said in stated
        if (ours := getattr(read_capture(path), field)) != str(said.get(tag, "")).strip()
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("field", "tag"),
    [("exposure_seconds", "ExposureTime"), ("f_number", "FNumber"), ("focal_length_mm", "FocalLength")],
)
def test_exposure_and_focal_length_are_what_the_file_says(stated, field, tag):
    for path, said in stated:
        if tag in said:  # of a CRW each reader works them out from another record: 1/50 s is 0.0194 or 0.0198
            near = 0.07 if path.suffix == ".CRW" else 1e-3
            assert getattr(read_capture(path), field) == pytest.approx(float(said[tag]), rel=near), path.name


def test_the_capture_time_is_the_files_with_sub_seconds_and_zone(stated):
    for path, said in stated:
        ours = read_capture(path).captured_at
        if "DateTimeOriginal" not in said:
            assert ours is None, path.name
            continue
        text = said["DateTimeOriginal"] + f".{said.get('SubSecTimeOriginal', 0):0<6}"
        zone = said.get("OffsetTimeOriginal", "")
        moment = datetime.strptime(text + zone, "%Y:%m:%d %H:%M:%S.%f" + ("%z" if zone else ""))
        assert (ours, ours.utcoffset()) == (moment, moment.utcoffset()), path.name
