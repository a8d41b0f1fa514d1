"""RAW, JPEG and sidecar of one release are one shot, in whatever order they come."""

import io
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import permutations
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from verbs_help import jpeg, one_dng

from studio_server.domain.shot import FileRole, ShotState
from studio_server.imaging.decoder import DECODER
from studio_server.workflow import developing, ingest

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * 60 + b"</x:xmpmeta>"
SPOT = "spot of STU_1 in the camera's folder"
ORDER = (FileRole.RAW, FileRole.PICTURE, FileRole.SIDECAR)
FILES = {
    "raw": ("STU_1.DNG", FileRole.RAW),
    "jpg": ("stu_1.JPG", FileRole.PICTURE),
    "xmp": ("STU_1.xmp", FileRole.SIDECAR),
}


@cache
def taken():
    """When the RAW says that it was taken: today."""
    with NamedTemporaryFile(suffix=".DNG") as file:
        file.write(one_dng())
        file.flush()
        return DECODER.capture(Path(file.name)).captured_at


@pytest.fixture
def house(house):
    house.clock[0] = datetime(2020, 1, 1, tzinfo=UTC)  # so that sessions were open then
    return house


def come(house, name, data, release="release", spot=SPOT, *, at=None):
    at = at or taken()
    known = ("B0D1", at) if release != spot else ("", None)
    incoming = ingest.Incoming(name, f"/hot/{name}", *known, release, spot=spot)
    return ingest.receive(house.services, incoming, io.BytesIO(data))


def bytes_of(kind):
    return {"raw": one_dng, "jpg": lambda: jpeg(5), "xmp": lambda: XMP}[kind]()


def only(house):
    shots = [
        *house.read("shots", None),
        *(s for o in house.read("sessions") for s in house.read("shots", o.id)),
    ]
    assert len(shots) == 1
    return shots[0]


@pytest.mark.parametrize("headless", [(), ("xmp",), ("raw", "xmp"), ("raw", "jpg", "xmp")], ids="-".join)
@pytest.mark.parametrize("order", list(permutations(FILES)), ids="-".join)
def test_in_whatever_order_they_come_they_are_one_shot(house, order, headless):
    """`headless`: files of which the agent can read no header where they come before the others."""
    session = house.open()
    seen = set()
    for kind in order:
        alone = kind in headless and not (seen - set(headless))
        name, role = FILES[kind]
        come(house, name, bytes_of(kind), SPOT if alone else "release")
        seen.add(kind)
        shot = only(house)
        best = min((FILES[one][1] for one in seen), key=ORDER.index)
        assert shot.original.role is best
        if role is best:
            assert shot.state in (ShotState.RECEIVED, ShotState.DEVELOPED)
        house.run()
        shot = only(house)
        assert shot.state is (ShotState.UNREADABLE if best is FileRole.SIDECAR else ShotState.DEVELOPED)
        assert ("has not come yet" in shot.reason) == (best is FileRole.SIDECAR)
    assert {file.role for file in shot.files} == set(ORDER)
    assert shot.session_id == session.id
    assert shot.release == ("release" if len(headless) < 3 else SPOT)


def test_a_sidecar_that_comes_alone_waits_in_the_tray_and_goes_with_its_photograph(house):
    ada = house.open("Ada", serial="B0D1")
    house.open("Grace", serial="")  # of any camera
    receipt = come(house, "STU_1.xmp", XMP, SPOT)
    assert receipt.session_id is None
    again = come(house, "STU_1.DNG", one_dng())
    assert (again.shot_id, again.session_id) == (receipt.shot_id, ada.id)


def test_a_sidecar_whose_photograph_was_moved_out_of_the_folder_still_finds_it(house):
    house.open()
    first = come(house, "STU_1.DNG", one_dng())
    assert come(house, "STU_1.xmp", XMP, SPOT).shot_id == first.shot_id


def test_a_counter_that_begins_anew_makes_another_shot(house):
    """DSC_0001 again, in the same folder: another release of the shutter, another content."""
    house.open()
    first = come(house, "DSC_0001.JPG", jpeg(1), "one")
    later = come(house, "DSC_0001.JPG", jpeg(2), "two", at=taken() + timedelta(hours=1))
    assert later.shot_id != first.shot_id
    assert {len(house.read("shot", one.shot_id).files) for one in (first, later)} == {1}


def test_what_had_no_header_is_not_taken_for_a_later_frame_of_the_same_name(house):
    """The server's own decoders may know the time of what the agent could not read."""
    house.open()
    first = come(house, "DSC_0001.DNG", one_dng(), SPOT)
    house.run()
    assert house.read("shot", first.shot_id).capture.captured_at
    other = come(house, "DSC_0001.JPG", jpeg(3), "other", at=taken() - timedelta(days=9))
    assert other.shot_id != first.shot_id


def test_the_same_content_under_a_new_name_is_no_second_shot(house):
    house.open()
    first = come(house, "DSC_0001.JPG", jpeg(1), "one")
    again = come(house, "Ada-1.JPG", jpeg(1), "other", spot="elsewhere")
    assert (again.state, again.shot_id) == ("known", first.shot_id)


def test_a_proof_of_the_jpeg_does_not_take_the_place_of_the_raws(house, monkeypatch):
    """The RAW comes while the JPEG is being developed."""
    house.open()
    first = come(house, "STU_1.JPG", jpeg(5))
    honest = developing._developed

    def slow(services, shot, white):
        monkeypatch.setattr(developing, "_developed", honest)
        made = honest(services, shot, white)
        come(house, "STU_1.DNG", one_dng())
        house.run()
        return made

    monkeypatch.setattr(developing, "_developed", slow)
    house.run()
    shot = house.read("shot", first.shot_id)
    assert (shot.original.role, shot.capture.model) == (FileRole.RAW, "Twelve")
