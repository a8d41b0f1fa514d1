"""Pictures for the tests of this room: made here, or from the folder of test data beside the repository."""

import os
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from studio_server.bootstrap import shelf
from studio_server.demo.camera import Frame, expose
from studio_server.demo.dng import Exposure, companion, dng
from studio_server.demo.portraits import Framing
from studio_server.settings import Settings

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def data():
    """The folder of test data; its files never come into the repository."""
    if not DATA.is_dir():
        pytest.skip(f"there is no test data in {DATA}")
    return DATA


@pytest.fixture(scope="session")
def exiftool():
    found = shutil.which("exiftool")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("exiftool is the referee of these tests: install it (Debian: libimage-exiftool-perl)")
        pytest.skip("exiftool is not installed")
    return found


@pytest.fixture(scope="session")
def mesh_model():
    """Where the face mesh's model lies."""
    name, kept = "face_landmark.tflite", shelf(Settings())
    if name in kept.missing():
        if os.environ.get("CI"):
            pytest.fail("The face mesh model is missing: run `make models`.")
        pytest.skip("The face mesh model is missing: run `make models`.")
    return kept.path(name)


@pytest.fixture(scope="session")
def exposed():
    """One frame of twelve megapixels, held upright, as the demo's camera records it."""
    return expose(Frame(Framing(222, -6, 400, 0.8), companion="before"), seed=1)


@pytest.fixture(scope="session")
def negative(tmp_path_factory, exposed):
    """Write that frame as a DNG with a preview, held so that it has to be turned by `orientation`."""
    folder = tmp_path_factory.mktemp("negatives")

    def write(orientation=6, *, preview=True):
        path = folder / f"{orientation}{preview}.DNG"
        if not path.exists():
            taken = replace(exposure(), orientation=orientation)
            path.write_bytes(dng(exposed.mosaic, taken, exposed.preview if preview else None))
        return path

    return write


@pytest.fixture(scope="session")
def camera_jpeg(tmp_path_factory, exposed):
    path = tmp_path_factory.mktemp("jpegs") / "STU_0001.JPG"
    path.write_bytes(companion(exposed.jpeg, exposed.size, exposure()))
    return path


def exposure():
    moment = datetime.fromisoformat("2026-03-04T15:16:17.230000+02:00")
    return Exposure(moment, orientation=6, seconds=(1, 160), iso=200, serial="STU-7")
