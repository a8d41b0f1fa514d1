"""EXIF and XMP of masters, with exiftool as the referee."""

import io
import json
import subprocess
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from studio_server.domain.delivery import SOURCE_TYPE_ROOT, Labels, SourceType
from studio_server.domain.errors import BadInput
from studio_server.domain.provenance import Claim
from studio_server.domain.shot import Capture
from studio_server.imaging.metadata import Marks, carry_exif, seal, xmp
from studio_server.imaging.provenance import sign
from studio_server.imaging.raw import read_capture
from studio_server.imaging.render import decode, encode_master
from studio_server.storage.identity import own_signer

KEYWORDS = ("Studio|AI composite", "Studio|Library", "Clients|Ann & Söhne <Köln>")


@pytest.fixture(scope="module")
def picture():
    return encode_master(np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8))


NOTHING = Capture()


def marks(capture=NOTHING, **changed):
    settings = {
        "labels": Labels(4, "green", KEYWORDS, ()),
        "source_type": SourceType.COMPOSITE,
        "base": "studio-starter",
        "context_title": "Library",
        "creator": "Atelier Ümit",
        "title": "STU_0001 Bücherei",
        "made_at": datetime(2026, 3, 5, 9, 8, 7, tzinfo=UTC),
    }
    return Marks(capture=capture, **(settings | changed))


def sealed(picture, original):
    return seal(picture, carry_exif(original, 120, 90), xmp(marks(read_capture(original))))


def told(exiftool, path, *options):
    ran = subprocess.run([exiftool, *options, str(path)], capture_output=True, text=True, check=True)
    return ran.stdout


def test_a_signed_master_is_valid_to_exiftool_and_keeps_every_field(picture, negative, exiftool, tmp_path):
    plain, path = tmp_path / "plain.jpg", tmp_path / "signed.jpg"
    plain.write_bytes(sealed(picture, negative()))
    at = datetime(2026, 3, 5, 9, 8, 7, tzinfo=UTC)
    claim = Claim("signed.jpg", SourceType.COMPOSITE, "Base", "A.DNG", "ab" * 32, at)
    signer = own_signer(tmp_path / "signing", "Studio", at)
    path.write_bytes(sign(plain.read_bytes(), "image/jpeg", claim, io.BytesIO(), signer))
    assert told(exiftool, path, "-validate", "-warning", "-error", "-a", "-s3").strip() == "OK"
    groups = ("-j", "-G1", "-a", "-EXIF:all", "-XMP:all")
    (before,), (after,) = (json.loads(told(exiftool, each, *groups)) for each in (plain, path))
    assert {**before, "SourceFile": ""} == {**after, "SourceFile": ""}
    (found,) = json.loads(told(exiftool, path, "-j", "-JUMBF:all"))
    assert found["JUMDLabel"] == "c2pa"


def test_exiftool_reads_a_master_and_finds_every_field(picture, negative, exiftool, tmp_path):
    path = tmp_path / "master.jpg"
    path.write_bytes(sealed(picture, negative()))
    assert told(exiftool, path, "-validate", "-warning", "-error", "-a", "-s3").strip() == "OK"
    (found,) = json.loads(told(exiftool, path, "-j", "-G1", "-a"))
    expected = {
        "IFD0:Make": "Studio",
        "IFD0:Model": "Twelve",
        "IFD0:Orientation": "Horizontal (normal)",
        "IFD0:Software": "Studio Server 0.1.0",
        "ExifIFD:LensModel": "Studio 85mm F1.8",
        "ExifIFD:ExposureTime": "1/160",
        "ExifIFD:FNumber": 4.0,
        "ExifIFD:ISO": 200,
        "ExifIFD:FocalLength": "85.0 mm",
        "ExifIFD:DateTimeOriginal": "2026:03:04 15:16:17",
        "ExifIFD:SubSecTimeOriginal": 23,
        "ExifIFD:OffsetTimeOriginal": "+02:00",
        "ExifIFD:SerialNumber": "STU-7",
        "ExifIFD:ExifImageWidth": 120,
        "ExifIFD:ExifImageHeight": 90,
        "XMP-xmp:Rating": 4,
        "XMP-xmp:Label": "Green",
        "XMP-xmp:CreatorTool": "Studio Server 0.1.0",
        "XMP-xmp:ModifyDate": "2026:03:05 09:08:07+00:00",
        "XMP-exif:DateTimeOriginal": "2026:03:04 15:16:17.230+02:00",
        "XMP-dc:Subject": ["AI composite", "Library", "Ann & Söhne <Köln>"],
        "XMP-dc:Title": "STU_0001 Bücherei",
        "XMP-lr:HierarchicalSubject": list(KEYWORDS),
        "XMP-iptcExt:DigitalSourceType": SOURCE_TYPE_ROOT + "compositeWithTrainedAlgorithmicMedia",
        "XMP-iptcExt:AISystemUsed": "Studio Server with the base studio-starter",
        "XMP-iptcExt:AISystemVersionUsed": "0.1.0",
        "ICC_Profile:ProfileDescription": "sRGB built-in",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not [name for name in found if name.startswith(("GPS", "MakerNotes", "IFD1"))]


def test_every_raw_and_camera_jpeg_gives_a_master_without_a_warning(picture, data, exiftool, tmp_path):
    originals = [*sorted((data / "raw").iterdir()), *sorted((data / "camera_jpeg").iterdir())]
    for number, original in enumerate(originals):
        (tmp_path / f"{number:02d}_{original.stem}.jpg").write_bytes(sealed(picture, original))
    said = told(exiftool, tmp_path, "-j", "-validate", "-warning", "-error", "-GPS:all", "-a")
    found = json.loads(said)
    assert len(found) == len(originals)
    assert [row for row in found if row["Validate"] != "OK" or len(row) != 2] == []


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_malformed_originals_give_a_master_without_a_warning(picture, data, exiftool, tmp_path):
    originals = sorted(path for path in (data / "malformed").glob("e*/*") if path.is_file())
    assert len(originals) > 20
    for number, original in enumerate(originals):
        (tmp_path / f"{number:03d}.jpg").write_bytes(sealed(picture, original))
    found = json.loads(told(exiftool, tmp_path, "-j", "-validate", "-warning", "-error", "-a"))
    names = {f"{number:03d}.jpg": original.name for number, original in enumerate(originals)}
    faulty = {names[row["SourceFile"][-7:]]: row for row in found if row["Validate"] != "OK"}
    assert faulty == {}


def test_sealing_changes_no_byte_of_the_picture_and_twice_is_once(picture, negative):
    once = sealed(picture, negative())
    assert once.endswith(picture[picture.index(b"\xff\xdb") :])
    assert np.array_equal(decode(once), decode(picture))
    assert seal(once, carry_exif(negative(), 120, 90), xmp(marks(read_capture(negative())))) == once


def test_xmp_that_a_jpeg_cannot_hold_is_refused(picture):
    many = tuple(f"Studio|{number:05d}" for number in range(3000))
    with pytest.raises(BadInput, match="Shorten its keywords"):
        seal(picture, b"", xmp(marks(labels=Labels(1, "red", many, ()))))


def test_metadata_is_put_into_jpeg_only():
    with pytest.raises(BadInput, match="JPEG pictures only"):
        seal(b"\x89PNG\r\n", b"", b"")


def test_text_that_xml_cannot_hold_is_left_out():
    packet = xmp(marks(title="a\x00\x0b\ud800<&>]]>b", creator=""))
    tree = ET.fromstring(packet.decode().split("?>", 1)[1].rpartition("<?")[0])
    title = tree.find(".//{http://purl.org/dc/elements/1.1/}title")
    assert "".join(title.itertext()) == "a<&>]]>b"
    assert tree.find(".//{http://purl.org/dc/elements/1.1/}creator") is None


def test_a_photograph_names_no_machine():
    packet = xmp(marks(source_type=SourceType.CAPTURE)).decode()
    assert SOURCE_TYPE_ROOT + "digitalCapture" in packet
    assert "AISystemUsed" not in packet


def test_a_plate_that_nothing_painted_is_a_composite_without_a_trained_model():
    packet = xmp(marks(source_type=SourceType.PLATE)).decode()

    assert SOURCE_TYPE_ROOT + "compositeSynthetic" in packet
    assert "AISystem" not in packet
    assert "rendered place" in packet


def test_a_zone_that_the_camera_did_not_state_is_not_made_up(data):
    canon = read_capture(data / "raw" / "canon_eos30d_IMG_5952.CR2")
    assert "<exif:DateTimeOriginal>2009-07-21T13:03:20</exif:DateTimeOriginal>" in xmp(marks(canon)).decode()
