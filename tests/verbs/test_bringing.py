"""Shots that are brought to a session by hand."""

import io
from pathlib import Path

import pytest
from verbs_help import jpeg, later, one_dng

from studio_server.domain.errors import BadInput, Conflict, NotFound
from studio_server.domain.session import SessionId
from studio_server.domain.shot import FileRole, ShotState
from studio_server.imaging.decoder import DECODER
from studio_server.workflow import bringing, proofing
from tethering import exif


def bring(house, session, data, name):
    return bringing.bring(house.services, session.id, name, io.BytesIO(data), "photographer")


def test_a_shot_of_another_camera_and_another_day_joins_the_session_it_is_brought_to(house):
    house.open("Grace")
    session = house.open("Ada", serial="ANOTHER")
    later(house, days=400)
    proofing.close_session(house.services, session.id, "photographer")
    receipt = bring(house, session, one_dng(), "C:\\card\\STU_1.DNG")
    house.run()
    (shot,) = house.read("shots", session.id)
    assert (receipt.state, receipt.shot_id, shot.state) == ("received", shot.id, ShotState.DEVELOPED)
    assert shot.original.name == "STU_1.DNG"


@pytest.mark.parametrize("first", ["agent", "hand"])
def test_what_the_agent_sends_and_what_is_brought_of_one_release_are_one_shot(house, tmp_path, first):
    """Both reckon the key of a release alike, from the file itself."""
    session = house.open()
    path = tmp_path / "STU_1.DNG"
    path.write_bytes(one_dng())
    release = exif.release(path, exif.of_release(path))
    assert bringing.release_of(DECODER.capture(path), path.name, session.id) == release

    def sent():
        house.send(jpeg(1), "STU_1.JPG", release=release)

    for way in (sent, lambda: bring(house, session, path.read_bytes(), "stu_1.dng"))[
        :: 1 if first == "agent" else -1
    ]:
        way()
    (shot,) = house.read("shots", session.id)
    assert {file.role for file in shot.files} == {FileRole.RAW, FileRole.PICTURE}


def test_without_a_capture_time_files_of_one_name_are_one_shot_of_the_session(house):
    ada, grace = house.open("Ada"), house.open("Grace", serial="X")
    for session in (ada, grace):
        bring(house, session, jpeg(1 if session is ada else 2), "A.JPG")
    with pytest.raises(Conflict, match=r"B\.xmp belongs to no shot of this session\. Send its RAW"):
        bring(house, ada, b"<x:xmpmeta/>", "B.xmp")
    bring(house, ada, b"<x:xmpmeta/>", "a.xmp")
    (shot,) = house.read("shots", ada.id)
    assert [file.role for file in shot.files] == [FileRole.PICTURE, FileRole.SIDECAR]
    assert len(house.read("shots", grace.id)) == 1


def test_what_lies_unclaimed_is_claimed_and_what_another_session_has_stays_there(house):
    grace = house.open("Grace", serial="X")
    lying = house.send(jpeg(1), "A.JPG", serial="NOBODY")
    assert lying.session_id is None
    receipt = bring(house, grace, jpeg(1), "A.JPG")
    assert (receipt.state, receipt.session_id) == ("known", grace.id)
    assert [shot.id for shot in house.read("shots", grace.id)] == [lying.shot_id]
    assert bring(house, grace, jpeg(1), "A.JPG").state == "known"
    ada = house.open("Ada")
    with pytest.raises(Conflict, match=r"A\.JPG is in the session of Grace already"):
        bring(house, ada, jpeg(1), "A.JPG")
    assert house.read("shots", ada.id) == []


def test_what_is_no_picture_and_what_goes_nowhere_is_refused(house):
    with pytest.raises(BadInput, match="not a kind of file"):
        bring(house, house.open(), b"x", "notes.docx")
    with pytest.raises(NotFound):
        bringing.bring(house.services, SessionId("none"), "A.JPG", io.BytesIO(jpeg(1)), "photographer")


def test_what_we_delivered_is_no_photograph(house):
    session = house.open()
    with house.services.work() as work:
        work.mark_ours(house.services.blobs.put_bytes(jpeg(5)).sha256)
        work.commit()
    with pytest.raises(Conflict, match="no photograph of a camera"):
        bring(house, session, jpeg(5), "A.JPG")


def test_a_file_of_which_nothing_can_be_read_says_nothing_of_its_capture(tmp_path):
    (tmp_path / "a.nef").write_bytes(b"nothing")
    assert DECODER.capture(tmp_path / "a.nef").captured_at is None
    assert DECODER.capture(Path("nowhere.nef")).serial == ""
