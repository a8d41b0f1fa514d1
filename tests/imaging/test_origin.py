"""Whether a picture is the camera's own or a program's, on real files of both."""

import io
import subprocess

import pytest
from PIL import Image

from studio_server.domain.rendition import composed, is_rendition, stems
from studio_server.imaging.decoder import DECODER
from studio_server.imaging.origin import read_origin


def test_what_cameras_write_is_never_taken_for_a_rendition(data):
    """22 cameras: most leave their notes, old ones nothing at all."""
    for path in sorted((data / "camera_jpeg").iterdir()):
        origin = read_origin(path)
        assert not is_rendition(path.name, origin, None), path.name
        assert origin.of_camera or path.name.startswith("Sony_FD"), path.name


def test_what_programs_write_names_them_and_sometimes_the_raw(data):
    found = {path.name: read_origin(path) for path in (data / "portraits").rglob("*.jpg")}
    told = {name: (one.program, one.source) for name, one in found.items() if one.program}
    assert told["01_obama.jpg"] == ("Photoshop CC 2017", "P120612PS-0463.CR2")
    assert told["Cady_Coleman.jpg"] == ("Photoshop CS4", "iss027e027100.nef")
    assert all(is_rendition(name, found[name], None) for name in told)


COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
WRITTEN = {
    "Capture One 23": (["-EXIF:Software=Capture One 23 Macintosh"], "Capture One 23", ""),
    "Lightroom, in XMP alone": (
        ["-XMP-xmp:CreatorTool=Adobe Photoshop Lightroom Classic 13.1 (Windows)"],
        "Lightroom Classic 13.1",
        "",
    ),
    "darktable": (["-EXIF:Software=darktable 4.6.1"], "darktable 4.6.1", ""),
    "the RAW alone": (["-XMP-crs:RawFileName=DSC_0001.NEF"], "", "DSC_0001.NEF"),
    "an ampersand": (["-XMP-xmpMM:PreservedFileName=A &amp; B.ARW"], "", "A & B.ARW"),
    "firmware": (["-EXIF:Software=ILCE-7M3 v4.01"], "", ""),
    "a viewer that turned it": (["-EXIF:Software=Microsoft Windows Photo Viewer 6.1.7600.16385"], "", ""),
    "a composite": (
        ["-EXIF:Software=Adobe Photoshop 25.1 (Macintosh)", f"-XMP-iptcExt:DigitalSourceType={COMPOSITE}"],
        "Photoshop 25.1",
        "",
    ),
}


@pytest.mark.parametrize("case", WRITTEN)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
def test_programs_are_known_by_what_they_write_into_any_container(tmp_path, exiftool, kind, case):
    tags, program, source = WRITTEN[case]
    path = tmp_path / f"a.{kind.lower()}"
    Image.new("RGB", (64, 48)).save(path, kind)
    subprocess.run([exiftool, "-q", "-E", "-overwrite_original", *tags, str(path)], check=True)
    origin = DECODER.origin(path)
    assert (origin.program, origin.source, origin.of_camera) == (program, source, False)
    assert origin.composed == (case == "a composite")
    assert is_rendition("a.jpg", origin, None) == (case != "a composite" and bool(program or source))


def test_files_that_are_no_pictures_say_nothing(tmp_path):
    for content in (b"", b"<x:xmpmeta", b"\xff\xd8\xff\xe1" + bytes(40), b"II*\0" + bytes(9)):
        (tmp_path / "a").write_bytes(content)
        origin = DECODER.origin(tmp_path / "a")
        assert (origin.program, origin.source, origin.of_camera) == ("", "", False)


def test_an_edited_master_of_ours_is_never_the_ground_of_another_picture(tmp_path):
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    (tmp_path / "a").write_bytes(out.getvalue())
    origin = read_origin(tmp_path / "a")
    assert composed("DSC_0001-studio-library-1-Edit.jpg", origin)
    assert not composed("DSC_0001-Edit.jpg", origin)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("DSC_0001-Edit-2.tif", "dsc_0001"),
        ("DSC_0001 (3).JPG", "dsc_0001"),
        ("_MG_0633_DxO_DeepPRIME.jpg", "_mg_0633"),
        ("DSC_0001-Enhanced-NR.dng", "dsc_0001"),
        ("C:\\out\\DSC_0001 1.jpg", "dsc_0001"),
        ("DSC_0001.NEF", "dsc_0001"),
    ],
)
def test_names_lose_what_programs_add(name, wanted):
    assert stems(name)[-1] == wanted
