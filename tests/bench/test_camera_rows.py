"""What becomes of a camera's files: rows, tools that are not here, and files as a camera writes them."""

import json
import shutil
import time

import pytest
from click.testing import CliRunner

from studio_server.bench import commands, ingest, ingest_tools, look
from studio_server.bench.look import Seen
from studio_server.bench.look_files import portraits
from studio_server.domain.errors import BadInput
from studio_server.imaging.raw import camera_preview, rendered_look


@pytest.fixture(scope="module")
def negatives(tmp_path_factory):
    """One frame of a camera whose preview is as it developed, and one of a camera with a look of its own."""
    return list(portraits(tmp_path_factory.mktemp("negatives"), 2))


def test_without_tools_each_row_says_what_is_missing(negatives, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    rows = ingest.measure(negatives, tmp_path, ingest.QUICK, lambda _line: None)
    assert [row["ratio"] for row in rows] == [None] * 4
    assert "chromium" in rows[0]["why"]
    assert rows[2]["why"] == "darktable-cli could not be found: apt-get install darktable."


def test_darktable_is_named_with_and_without_its_start():
    counted, left_out = ingest._rows("proof", [(0.1, 2.0), (0.2, 3.0)], start=1.0)
    assert (counted["ratio"], left_out["ratio"]) == (17.5, 10.0)
    assert "1.00 s" in left_out["baseline"]["name"]
    (none,) = ingest._rows("proof", [], start=1.0)
    assert none["ratio"] is None


def test_a_folder_without_raws_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="no RAW file"):
        ingest.raws_in(tmp_path, tmp_path)


def test_a_file_is_written_in_pieces_and_its_last_byte_is_timed(tmp_path):
    begun = time.time()
    last = ingest.write_as_a_camera(b"x" * 1001, tmp_path / "a.cr2")
    assert (tmp_path / "a.cr2").read_bytes() == b"x" * 1001
    assert begun + 0.06 < last <= time.time()


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_a_copy_is_another_file_of_the_same_picture(negatives, tmp_path):
    source, copy = negatives[0], tmp_path / "SHOT1.DNG"
    assert ingest_tools.shot_now(source, copy, 1)
    assert copy.read_bytes() != source.read_bytes()
    assert ingest_tools.preview_option(copy)
    assert (camera_preview(copy) == camera_preview(source)).all()


def test_a_camera_with_a_look_of_its_own_is_followed(negatives):
    preview = camera_preview(negatives[1])
    size = look._size(preview)
    shown, plain, ours = (
        look._fit(each, size)
        for each in (preview, camera_preview(negatives[0]), rendered_look(negatives[1]).picture)
    )
    assert look._apart(shown, plain, look._middle(size)) > 5
    assert look._apart(shown, ours, look._middle(size)) < 2


def test_the_look_is_held_against_plain_libraw():
    seen = [Seen("a", "face", 1.0, 4.0, 0.002, 0.01), Seen("b", "middle", 2.0, 4.0)]
    colours, landmarks = look.as_rows(seen)
    assert (colours["ratio"], colours["runs"]) == (3.0, 2)
    assert (landmarks["ratio"], landmarks["runs"]) == (pytest.approx(5.0), 1)
    assert {row["ratio"] for row in look.as_rows([])} == {None}
    assert "no face" in look.as_rows([Seen("b", "middle", 2.0, 4.0)])[1]["why"]


def test_the_rows_are_json(tmp_path):
    made = look.as_rows([Seen("a", "face", 1.0, 4.0, 0.002, 0.01)])
    assert json.loads(json.dumps(made)) == made
    said = CliRunner().invoke(commands.bench, ["ingest", "--help"])
    assert "--raws" in said.output
