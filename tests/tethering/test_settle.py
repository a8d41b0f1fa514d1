import struct
from pathlib import Path

import pytest
from camera_files import boxes, jpeg, noise, tiff
from PIL import Image

from studio_server.domain import shot
from tethering import settle
from tethering.containers import Whole, look
from tethering.settle import Arrival, Patience, Stamp, passing, wanted, watch_on

RAWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "raw"


def judged(path, data):
    path.write_bytes(data)
    return look(path, len(data))


def _big_tiff(data):
    """The same as `tiff`, in the other order of bytes."""
    entries, start = 2, 8 + 2 + 24 + 4
    strip = struct.pack(">HHII", 273, 4, 1, start) + struct.pack(">HHII", 279, 4, 1, len(data))
    return struct.pack(">2sHIH", b"MM", 42, 8, entries) + strip + bytes(4) + data


def canon_heap(payload):
    """A CRW: 14 bytes of head, one record, the directory that names it, and where that lies."""
    directory = struct.pack("<HHII", 1, 0x2005, len(payload), 0)
    return b"II" + struct.pack("<I", 14) + b"HEAPCCDR" + payload + directory + struct.pack("<I", len(payload))


WHOLE_FILES = {
    "tiff.NEF": tiff(noise(40_000)),
    "jpeg.JPG": jpeg(),
    "boxes.CR3": boxes(noise(9_000)),
    "mmor.ORF": b"MMOR" + _big_tiff(noise(20_000))[4:],
    "heap.CRW": canon_heap(noise(9_000)),
    "sigma.X3F": b"FOVb" + noise(9_000) + b"SECd" + noise(40) + struct.pack("<I", 9_004),
    "raf.RAF": b"FUJIFILMCCD-RAW ".ljust(84, b"0")
    + b"".join(number.to_bytes(4, "big") for number in (108, 50, 158, 50, 208, 5_000))
    + noise(5_158 - 8),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_whole_file_is_known_by_its_structure(tmp_path, name):
    data = WHOLE_FILES[name]
    size = 5_208 if name.endswith("RAF") else len(data)
    assert judged(tmp_path / name, data.ljust(size, b"\1")) is Whole.YES


@pytest.mark.parametrize("name", WHOLE_FILES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_file_is_known_by_its_structure(tmp_path, name, share):
    data = WHOLE_FILES[name].ljust(5_208 if name.endswith("RAF") else 0, b"\1")
    assert judged(tmp_path / name, data[: int(len(data) * share)]) is Whole.NO


@pytest.mark.parametrize("name", ["tiff.NEF", "boxes.CR3"])
def test_a_preallocated_file_is_not_whole(tmp_path, name):
    data = WHOLE_FILES[name]
    half = len(data) // 2
    assert judged(tmp_path / name, data[:half] + bytes(len(data) - half)) is Whole.NO
    assert judged(tmp_path / name, bytes(len(data))) is Whole.NO


@pytest.mark.skipif(not RAWS.is_dir(), reason=f"there is no test data in {RAWS}")
def test_real_raws_are_whole_and_cut_ones_are_not(tmp_path):
    """All that are at hand; a file of which half is gone never counts as whole."""
    for path in sorted(RAWS.iterdir()):
        if path.suffix == ".THM":
            continue
        size = path.stat().st_size
        assert look(path, size) is Whole.YES, path.name
        with path.open("rb") as file:
            assert judged(tmp_path / path.name, file.read(size // 2)) is Whole.NO, path.name


def test_a_panasonic_raw_that_is_cut_is_known_and_a_whole_one_waits_for_quiet(tmp_path):
    """Its directory says where the sensor's data start and how many pixels there are, not where they end."""
    said = [(2, 3, 100), (3, 3, 80), (280, 4, 512)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in said)
    head = struct.pack("<4sIH", b"IIU\0", 8, len(said)) + entries + bytes(4)
    data = head.ljust(512, b"\1") + noise(100 * 80 * 16 // 14)
    assert judged(tmp_path / "A.RW2", data) is Whole.UNKNOWN
    assert judged(tmp_path / "A.RW2", data[:-800]) is Whole.NO
    assert judged(tmp_path / "A.RW2", data[:-4096] + bytes(4096)) is Whole.NO


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG", "MPO"])
def test_pillows_files_are_whole_and_their_halves_are_not(tmp_path, kind):
    path = tmp_path / f"a.{kind.lower()}"
    Image.effect_noise((200, 150), 60).convert("RGB").save(path, kind)
    data = path.read_bytes()
    assert look(path, len(data)) is Whole.YES
    assert judged(path, data[: len(data) // 2]) is Whole.NO


def test_a_jpeg_that_a_camera_padded_waits_for_quiet(tmp_path):
    assert judged(tmp_path / "a.jpg", jpeg() + bytes(12_000)) is Whole.UNKNOWN
    assert judged(tmp_path / "a.jpg", jpeg() + b"maker's own block") is Whole.UNKNOWN


def test_the_end_marker_of_an_embedded_thumbnail_is_no_end(tmp_path):
    inner = jpeg()
    data = b"\xff\xd8\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner
    assert judged(tmp_path / "a.jpg", data) is Whole.NO


def test_sidecars_end_with_their_packet(tmp_path):
    packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + " " * 90 + "</x:xmpmeta>\n"
    assert judged(tmp_path / "a.xmp", packet.encode()) is Whole.YES
    assert judged(tmp_path / "a.xmp", packet.encode("utf-16")) is Whole.YES
    assert judged(tmp_path / "a.xmp", packet[:100].encode()) is Whole.NO


def test_what_has_no_structure_is_unknown(tmp_path):
    assert judged(tmp_path / "a.crw", b"II\x1a\0" + noise(500)) is Whole.UNKNOWN


def test_a_circle_of_directories_ends(tmp_path):
    loop = b"II*\0" + (8).to_bytes(4, "little") + (0).to_bytes(2, "little") + (8).to_bytes(4, "little")
    assert judged(tmp_path / "a.dng", loop + noise(50)) is Whole.UNKNOWN


def test_quiet_time_counts_from_the_last_change(tmp_path):
    path, patience = tmp_path / "a.crw", Patience(unknown=1.0)
    path.write_bytes(noise(100))
    first = watch_on(path, Stamp.of(path), None, 10.0)
    assert not first.ready(10.9, patience)
    assert first.ready(11.0, patience)
    path.write_bytes(noise(200))
    second = watch_on(path, Stamp.of(path), first, 10.9)
    assert not second.ready(11.5, patience)
    assert watch_on(path, Stamp.of(path), second, 11.5).ready(11.9, patience)


def test_a_missing_end_and_an_empty_file_take_more_patience():
    patience = Patience()
    cut = Arrival(Stamp(100, 1, 1), 0.0, Whole.NO)
    empty = Arrival(Stamp(0, 1, 1), 0.0, Whole.NO)
    assert (cut.ready(2.9, patience), cut.ready(3.0, patience)) == (False, True)
    assert (empty.ready(29.9, patience), empty.ready(30.0, patience)) == (False, True)


@pytest.mark.parametrize(
    "name",
    [
        *("A.NEF.tmp", "A.NEF.part", "A.filepart", "A.jpg.crdownload", "A.NEF~", "~A.NEF", "._A.NEF"),
        *(".DS_Store", "Thumbs.db", ".hidden.jpg", "@eaDir/A.NEF", "CaptureOne/A.NEF", "#recycle/A.jpg"),
    ],
)
def test_temporary_hidden_and_foreign_names_are_passed_over(name):
    assert passing(Path(name))
    assert not wanted(Path(name))


@pytest.mark.parametrize("name", ["A.NEF", "a.nef", "tour.tmp/A.cr3", "B.xmp", "A-studio-lobby-1.jpg"])
def test_pictures_are_wanted(name):
    assert wanted(Path(name))


def test_the_server_and_tethering_mean_the_same_by_a_picture():
    assert settle.RAW_SUFFIXES == shot.RAW_SUFFIXES
    assert settle.PICTURE_SUFFIXES == shot.PICTURE_SUFFIXES
