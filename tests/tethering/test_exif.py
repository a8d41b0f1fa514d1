import hashlib
import sqlite3
from pathlib import Path

import pytest
from camera_files import jpeg, noise, tiff

from tethering import exif
from tethering.exif import Header
from tethering.journal import Entry, Journal
from tethering.settle import Stamp

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TAKEN = {"serial": "SER-7", "captured": "2026:03:04 05:06:07", "sub": "89", "zone": "-03:30"}


def test_serial_sub_seconds_and_zone_are_read(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg(**TAKEN))
    assert exif.read(tmp_path / "a.jpg") == Header("SER-7", "2026-03-04T05:06:07.89-03:30")


def test_what_is_not_there_is_empty(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "b.nef").write_bytes(tiff())
    (tmp_path / "c.raf").write_bytes(noise(900))
    (tmp_path / "d.jpg").write_bytes(jpeg(serial="SER-7", captured="0000:00:00 00:00:00"))
    assert [exif.read(tmp_path / name).captured for name in ("a.jpg", "b.nef", "c.raf", "d.jpg")] == [""] * 4


@pytest.mark.parametrize(
    "impossible",
    [
        {"captured": "2026:13:04 05:06:07"},
        {"captured": "2026:02:30 05:06:07"},
        {"captured": "2026:03:04 25:06:07"},
        {"captured": "2026:03:04 05:06:07", "zone": "+99:99"},
    ],
)
def test_a_time_that_no_calendar_has_is_left_out_lest_the_frame_be_refused(tmp_path, impossible):
    (tmp_path / "a.jpg").write_bytes(jpeg(serial="SER-7", **impossible))
    assert exif.read(tmp_path / "a.jpg") == Header("SER-7", "")


def test_the_release_is_the_contracts_key():
    header = Header("SER-7", "2026-03-04T05:06:07.89-03:30")
    expected = hashlib.sha256(b"SER-7|2026-03-04T05:06:07|dsc_0001").hexdigest()[:32]
    assert exif.release(Path("/x/DSC_0001.NEF"), header) == expected
    assert exif.release(Path("/y/dsc_0001.jpg"), header) == expected


def test_unicode_forms_of_one_stem_are_one_release():
    header = Header("S", "2026-03-04T05:06:07")
    assert exif.release(Path("Andre\u0301.NEF"), header) == exif.release(Path("Andr\u00e9.JPG"), header)


def test_a_counter_that_rolled_over_is_another_release():
    first, later = Header("S", "2026-03-04T05:06:07"), Header("S", "2026-03-04T09:00:00")
    assert exif.release(Path("DSC_0001.NEF"), first) != exif.release(Path("DSC_0001.NEF"), later)


def test_without_a_capture_time_the_folder_tells_releases_apart():
    nothing = Header()
    assert exif.release(Path("/a/1.NEF"), nothing) == exif.release(Path("/a/1.JPG"), nothing)
    assert exif.release(Path("/a/1.NEF"), nothing) != exif.release(Path("/b/1.NEF"), nothing)


def test_a_sidecar_belongs_to_the_release_of_its_companion(tmp_path):
    (tmp_path / "a.JPG").write_bytes(jpeg(**TAKEN))
    (tmp_path / "A.xmp").write_text("<x:xmpmeta/>")
    header = exif.of_release(tmp_path / "A.xmp")
    assert header == exif.read(tmp_path / "a.JPG")


@pytest.mark.skipif(not DATA.is_dir(), reason="the test data is not on this machine")
def test_an_older_body_has_its_serial_in_the_makers_notes():
    assert exif.read(DATA / "raw" / "canon_eos30d_IMG_5952.CR2").serial == "1530910263"
    assert exif.read(DATA / "camera_jpeg" / "Nikon_D3100_DSC_0008.JPG").serial == "3685428"


@pytest.mark.skipif(not DATA.is_dir(), reason="the test data is not on this machine")
def test_nothing_in_a_malformed_file_raises():
    files = [path for path in (DATA / "malformed").rglob("*") if path.is_file()]
    assert len(files) > 200
    assert all(len(exif.release(path, exif.read(path))) == 32 for path in files)


# the journal


def test_the_journal_remembers_across_restarts(tmp_path):
    path, stamp = tmp_path / "a.nef", Stamp(9, 8, 7)
    first = Journal(tmp_path / "state" / "j.sqlite")
    assert not first.knows(path, stamp)
    first.write(Entry(path, stamp, "0" * 64, "received"))
    first.close()
    second = Journal(tmp_path / "state" / "j.sqlite")
    assert second.knows(path, stamp)
    assert not second.knows(path, Stamp(10, 8, 7))
    assert not second.knows(path, Stamp(9, 9, 7))
    assert second.knows(path, Stamp(9, 8, 1)), "a share may number its files anew"
    second.close()


def test_a_broken_journal_begins_anew(tmp_path, caplog):
    file = tmp_path / "j.sqlite"
    file.write_bytes(noise(5_000))
    journal = Journal(file)
    journal.write(Entry(tmp_path / "a", Stamp(1, 1, 1), "", "received"))
    assert journal.knows(tmp_path / "a", Stamp(1, 1, 1))
    journal.close()
    assert "begins anew" in caplog.text


def test_a_journal_that_cannot_be_written_stops_nothing(tmp_path, caplog):
    journal = Journal(tmp_path / "j.sqlite")
    with sqlite3.connect(tmp_path / "j.sqlite") as other:
        other.execute("drop table offered")
    other.close()
    journal.write(Entry(tmp_path / "a", Stamp(1, 1, 1), "", "received"))
    assert not journal.knows(tmp_path / "a", Stamp(1, 1, 1))
    journal.close()
    assert "cannot be written" in caplog.text
