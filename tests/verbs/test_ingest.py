import io
from datetime import UTC, datetime

import pytest
from verbs_help import jpeg, later, one_dng

from studio_server.domain.errors import BadInput, Conflict
from studio_server.domain.shot import FileRole, Flag, ShotState
from studio_server.workflow import ingest, proofing


def test_the_same_bytes_twice_are_one_shot(house):
    house.open()
    (shot,) = house.shoot()
    data = (house.hot / "DSC_0001.JPG").read_bytes()
    again = house.send(data, "COPY.JPG")
    assert (again.state, again.shot_id) == ("known", shot)
    assert house.run() == []


@pytest.mark.parametrize("order", [("jpg", "dng"), ("dng", "jpg")])
def test_raw_and_companion_are_one_shot_developed_from_the_raw(house, order):
    session = house.open()
    files = {"jpg": (jpeg(99), "STU_1.JPG"), "dng": (one_dng(), "STU_1.DNG")}
    for kind in order:
        house.send(*files[kind], release="one")
        house.run()
    (shot,) = house.read("shots", session.id)
    assert {file.role for file in shot.files} == {FileRole.RAW, FileRole.PICTURE}
    assert shot.original.name == "STU_1.DNG"
    assert shot.state is ShotState.DEVELOPED
    assert shot.capture.model


def test_a_cut_raw_is_kept_listed_and_explained_and_cannot_be_picked(house):
    session = house.open()
    house.agree(session)
    data = one_dng()
    receipt = house.send(data[: len(data) * 2 // 3], "CUT.DNG")
    house.run()
    shot = house.read("shot", receipt.shot_id)
    assert shot.state is ShotState.UNREADABLE
    assert shot.reason.endswith(".")
    assert house.services.blobs.read(shot.original.sha256) == data[: len(data) * 2 // 3]
    with pytest.raises(Conflict, match="cannot be picked"):
        proofing.flag(house.services, session.id, shot.id, Flag.PICK, "client")


def test_what_is_no_picture_is_refused_in_a_sentence(house):
    incoming = ingest.Incoming("notes.docx", "/x/notes.docx", "", None, "")
    with pytest.raises(BadInput, match="not a kind of file"):
        ingest.receive(house.services, incoming, io.BytesIO(b"x"))


def test_a_shot_of_another_camera_or_before_the_session_is_unclaimed(house):
    house.open()
    assert house.send(jpeg(1), "A.JPG", serial="OTHER").session_id is None
    before = house.clock[0].replace(hour=9)
    assert house.send(jpeg(2), "B.JPG", at=before).session_id is None


def test_where_two_sessions_could_take_a_shot_nobody_gets_it(house):
    house.open("Ada", serial="")
    house.open("Grace", serial="")
    assert house.send(jpeg(99), "A.JPG").session_id is None


def test_the_session_of_that_camera_wins_over_one_for_any_camera(house):
    house.open("Ada", serial="")
    grace = house.open("Grace", serial="B0D1")
    assert house.send(jpeg(99), "A.JPG").session_id == grace.id


def test_a_closed_session_takes_no_later_shot(house):
    session = house.open()
    proofing.close_session(house.services, session.id, "photographer")
    later(house, minutes=1)
    assert house.send(jpeg(99), "A.JPG").session_id is None


def test_moving_a_shot_takes_its_flag_away(house):
    ada, grace = house.open("Ada"), house.open("Grace", serial="X")
    house.agree(ada)
    (shot,) = house.shoot()
    house.pick(ada, [shot])
    proofing.claim(house.services, shot, grace.id, "photographer")
    moved = house.read("shot", shot)
    assert (moved.session_id, moved.flag) == (grace.id, Flag.NONE)
    assert house.read("shots", ada.id) == []


def test_a_shot_whose_sender_could_not_read_its_camera_finds_its_session_when_it_is_developed(house):
    house.clock[0] = datetime(2020, 1, 1, tzinfo=UTC)  # before the camera wrote its file, which is today
    house.open("Grace", serial="X")
    ada = house.open("Ada")
    receipt = house.send(one_dng(), "STU_1.DNG", serial="")
    assert receipt.session_id is None
    house.run()
    shot = house.read("shot", receipt.shot_id)
    assert (shot.session_id, shot.capture.serial) == (ada.id, "B0D1")
    assert any(kind == "shot" and session == ada.id for session, kind, _ in house.board.published)


def test_a_shot_of_a_camera_that_no_session_takes_stays_unclaimed(house):
    house.open("Grace", serial="X")
    receipt = house.send(one_dng(), "STU_1.DNG", serial="")
    house.run()
    assert house.read("shot", receipt.shot_id).session_id is None
