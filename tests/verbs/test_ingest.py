import io
import time
from datetime import UTC, datetime

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base
from verbs_help import jpeg, later, one_dng

from studio_server.domain.errors import BadInput, Conflict
from studio_server.domain.shot import FileRole, Flag, ShotState
from studio_server.domain.variation import Choice, Pass
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


def test_a_proof_is_shown_before_the_file_was_looked_through_to_its_end(house, monkeypatch):
    """What is cut off at its end is seen first and explained then; nobody could pick it meanwhile."""
    session = house.open()
    data = one_dng()
    receipt = house.send(data[: len(data) - 40_000], "CUT.DNG")
    seen = []

    def publish(session_id, kind, told):
        shot = house.read("shot", receipt.shot_id)
        seen.append((session_id, kind, told["state"], shot.shown, shot.pickable, shot.capture.model != ""))

    monkeypatch.setattr(house.board, "publish", publish)
    house.run()
    assert [one for one in seen if one[1] == "shot"] == [
        (session.id, "shot", "received", True, False, False),  # shown before its EXIF is read
        (session.id, "shot", "unreadable", False, False, True),
    ]


def test_a_file_that_is_written_anew_is_a_new_version_and_the_old_one_is_kept(house):
    """What was taken while a slow program still wrote it is offered again when it is whole."""
    session = house.open()
    data = one_dng()
    half = data[: len(data) * 2 // 3]
    receipt = house.send(half, "STU_1.DNG", release="one")
    house.run()
    assert house.read("shot", receipt.shot_id).state is ShotState.UNREADABLE
    again = house.send(data, "stu_1.dng", release="one")
    house.run()
    (shot,) = house.read("shots", session.id)
    assert (again.shot_id, shot.state, shot.reason) == (shot.id, ShotState.DEVELOPED, "")
    assert [house.services.blobs.read(one.sha256) for one in shot.versions(shot.original)] == [half, data]


@pytest.mark.parametrize("names", [("STU_1.NEF", "STU_1.DNG"), ("STU_1.DNG", "STU_1.NEF")])
def test_of_three_files_with_one_stem_the_raw_that_came_first_is_the_original(house, names):
    session = house.open()
    for number, name in enumerate((names[0], "STU_1.JPG", names[1])):
        data = jpeg(number) if name.endswith("JPG") else one_dng() + bytes(number)
        house.send(data, name, release="one")
    (shot,) = house.read("shots", session.id)
    assert shot.original.name == names[0]
    assert len(shot.files) == 3


def test_two_senders_of_one_file_make_one_shot(house, monkeypatch):
    """Both ask before either has sent."""
    session = house.open()
    monkeypatch.setattr(ingest, "receipt_of", lambda *_: None)
    first = house.send(jpeg(1), "A.JPG", release="one")
    second = house.send(jpeg(1), "B.JPG", release="other")
    assert (second.state, second.shot_id) == ("known", first.shot_id)
    assert len(house.read("shots", session.id)) == 1


@pytest.fixture
def new_york(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("new_york")
def test_a_camera_that_states_no_zone_has_the_studios_time(house):
    house.clock[0] = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)  # ten o'clock in the studio
    session = house.open()
    exif = Image.Exif()
    exif[Base.Make] = "Maker"
    exif.get_ifd(IFD.Exif).update(
        {Base.DateTimeOriginal: "2026:07:01 10:05:00", Base.BodySerialNumber: session.camera_serial or "B0D1"}
    )
    out = io.BytesIO()
    Image.new("RGB", (300, 400), (90, 90, 90)).save(out, "JPEG", exif=exif)
    receipt = house.send(out.getvalue(), "A.JPG", serial="")
    house.run()
    shot = house.read("shot", receipt.shot_id)
    assert (shot.capture.captured_at, shot.session_id) == (datetime(2026, 7, 1, 10, 5), session.id)


def test_what_is_no_picture_is_refused_in_a_sentence(house):
    incoming = ingest.Incoming("notes.docx", "/x/notes.docx", "", None, "")
    with pytest.raises(BadInput, match="not a kind of file"):
        ingest.receive(house.services, incoming, io.BytesIO(b"x"))


def test_a_shot_of_another_camera_or_before_the_session_is_unclaimed(house):
    house.open()
    assert house.send(jpeg(1), "A.JPG", serial="OTHER").session_id is None
    before = house.clock[0].replace(hour=9)
    assert house.send(jpeg(2), "B.JPG", at=before).session_id is None


def test_a_shot_in_the_very_second_of_the_opening_belongs_to_the_session(house):
    """Cameras write whole seconds."""
    later(house, milliseconds=700)
    session = house.open()
    later(house, milliseconds=200)
    whole = house.clock[0].replace(microsecond=0)
    assert house.send(jpeg(1), "A.JPG", at=whole).session_id == session.id


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


def test_moving_a_shot_leaves_nothing_of_it_to_be_shown_or_delivered(house):
    """A frame of somebody else was picked, made into a picture and approved before anybody saw it."""
    ada = house.open("Ada")
    house.agree(ada)
    shots = house.shoot(3)
    house.pick(ada, shots)
    proofing.lock(house.services, ada.id, "client")
    house.run()
    made = [one for one in house.read("variations", ada.id) if one.made_in is Pass.FINAL and one.shown]
    wrong = made[0].brief.shot_id
    for one in made:
        proofing.choose(house.services, ada.id, one.id, Choice.APPROVED, "client")
    made = house.read("variations", ada.id)
    proofing.claim(house.services, wrong, None, "photographer")
    proofing.claim(house.services, wrong, None, "photographer")
    assert {one.choice for one in house.read("variations", ada.id) if one.brief.shot_id == wrong} == {
        Choice.REFUSED
    }
    kept = [one for one in house.read("variations", ada.id) if one.brief.shot_id != wrong]
    assert kept == [one for one in made if one.brief.shot_id != wrong]
    assert Choice.APPROVED in {one.choice for one in kept}
    assert wrong in [shot.id for shot in house.read("shots", None)]
    assert house.read("shot", wrong).flag is Flag.NONE


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
