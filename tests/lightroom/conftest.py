import pytest
from studio_of_tests import KEY, PLUGIN, SERIAL, Studio, serve

from studio_server.demo.lightroom import Catalog
from studio_server.demo.lightroom.runner import machine_for


@pytest.fixture
def plugin():
    return PLUGIN


@pytest.fixture
def studio():
    studio = Studio()
    end = serve(studio)
    yield studio
    end()


@pytest.fixture
def catalog():
    return Catalog()


@pytest.fixture
def machine(studio, catalog, tmp_path):
    """A computer with Lightroom, the plug-in, and settings that fit the test's server."""
    return machine_for(studio.url, KEY, catalog, PLUGIN, tmp_path / "home")


@pytest.fixture
def raw(tmp_path, catalog):
    """A function that makes a RAW on the disk and in the catalog."""

    def make(name="DSC_0001.NEF", folder="shoot", captured="2026-11-20T10:30:15.25", serial=SERIAL):
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sensor data")
        catalog.import_capture(path, captured, serial)
        return path

    return make
