"""A move in Capture One is a decision with its origin, and never overwrites one that was made on a page."""

import io

import pytest
from exports import export
from test_renditions import AT, RED, companion, near, send, shown
from verbs_help import one_dng

from studio_server.domain.errors import BadInput, NotFound
from studio_server.domain.shot import FileRole, Flag, Place
from studio_server.workflow import ingest, marks, proofing
from studio_server.workflow.pages import session_page


@pytest.fixture
def session(house):
    session = house.open()
    house.agree(session)
    return session


@pytest.fixture
def shot(house, session):
    (shot,) = house.shoot()
    return shot


def move(house, shot_id, place, path=""):
    moved = marks.move(house.services, house.read("shot", shot_id).original.sha256, place, path)
    house.run()
    return moved.state


def flag(house, shot_id):
    return house.read("shot", shot_id).flag


def told(house, session):
    return [(one.actor, one.verb, one.value) for one in house.decisions(session.id)]


def place(house, data, name, where, at=AT):
    incoming = ingest.Incoming(name, f"/s/{where.value}/{name}", "B0D1", at, "", place=where)
    receipt = ingest.receive(house.services, incoming, io.BytesIO(data))
    house.run()
    return receipt


def test_a_move_flags_and_moving_back_takes_the_flag_back(house, session, shot):
    for where, wanted in (
        (Place.SELECTS, Flag.PICK),
        (Place.CAPTURE, Flag.NONE),
        (Place.TRASH, Flag.REJECT),
        (Place.CAPTURE, Flag.NONE),
    ):
        assert move(house, shot, where) == "moved"
        assert move(house, shot, where) == "same"
        assert flag(house, shot) == wanted
        assert [one.id for one in house.read("shots", session.id)] == [shot], "nothing is hidden or deleted"
    assert told(house, session) == [
        ("Capture One", "move", "selects"),
        ("Capture One: moved to Selects", "flag", "1"),
        ("Capture One", "move", "capture"),
        ("Capture One: moved to Capture", "flag", "0"),
        ("Capture One", "move", "trash"),
        ("Capture One: moved to Trash", "flag", "-1"),
        ("Capture One", "move", "capture"),
        ("Capture One: moved to Capture", "flag", "0"),
    ]
    assert ("flag", {"shot": shot, "flag": -1}) in [(kind, data) for _, kind, data in house.board.published]


def test_a_pick_by_moving_has_its_first_looks(house, session, shot):
    move(house, shot, Place.SELECTS)
    assert {one.brief.shot_id for one in house.read("variations", session.id)} == {shot}


@pytest.mark.parametrize("actor", ["client", "photographer"])
@pytest.mark.parametrize("chosen", [Flag.PICK, Flag.NONE])
def test_what_was_chosen_on_a_page_stands_and_the_difference_is_said(house, session, shot, actor, chosen):
    proofing.flag(house.services, session.id, shot, Flag.PICK, actor)
    if chosen is Flag.NONE:
        proofing.flag(house.services, session.id, shot, Flag.NONE, actor)
    move(house, shot, Place.TRASH)
    assert flag(house, shot) == chosen
    (frame,) = session_page(house.services, session.id).frames
    assert frame.against == f"The {actor} chose otherwise on the page, and that stands."
    assert ("Capture One", "move", "trash") in told(house, session)
    move(house, shot, Place.CAPTURE)
    assert flag(house, shot) == chosen


def test_a_client_who_decides_after_the_move_has_the_last_word(house, session, shot):
    move(house, shot, Place.SELECTS)
    proofing.flag(house.services, session.id, shot, Flag.NONE, "client")
    move(house, shot, Place.SELECTS, "/elsewhere/Selects/A.JPG")  # an agent that starts anew tells it again
    assert flag(house, shot) is Flag.NONE
    assert house.read("shot", shot).original.path == "/elsewhere/Selects/A.JPG"


def test_more_selects_than_picks_and_locked_picks_are_said_and_lose_nothing(house):
    session = house.open(pick_limit=3)
    house.agree(session)
    shots = house.shoot(4)
    for shot in shots:
        move(house, shot, Place.SELECTS)
    assert [flag(house, shot) for shot in shots] == [Flag.PICK] * 3 + [Flag.NONE]
    assert "3 of 3 are chosen" in session_page(house.services, session.id).frames[3].against
    proofing.lock(house.services, session.id, "client")
    move(house, shots[0], Place.TRASH)
    assert flag(house, shots[0]) is Flag.PICK
    assert session_page(house.services, session.id).frames[0].against == marks.LOCKED


def test_a_shot_that_comes_from_selects_is_picked_when_it_is_developed(house, session):
    receipt = place(house, companion(), "DSC_0001.JPG", Place.SELECTS)
    assert flag(house, receipt.shot_id) is Flag.PICK
    assert told(house, session)[0] == ("Capture One", "move", "selects")


def test_before_the_client_has_agreed_nothing_is_made_of_a_pick_and_afterwards_it_is(house):
    session = house.open()
    (shot,) = house.shoot()
    marks.move(house.services, house.read("shot", shot).original.sha256, Place.SELECTS, "")
    assert (flag(house, shot), house.run()) == (Flag.PICK, [])
    house.agree(session)
    assert "preview" in house.run()
    assert house.read("variations", session.id)


def test_the_raw_says_where_the_shot_lies_not_its_companion(house, session):
    raw, beside = send(house, one_dng(), "DSC_0001.DNG"), send(house, companion(model=""), "DSC_0001.JPG")
    assert raw.shot_id == beside.shot_id
    house.run()
    one = house.read("shot", raw.shot_id)
    jpeg = next(file for file in one.files if file.role is FileRole.PICTURE)
    marks.move(house.services, jpeg.sha256, Place.TRASH, "")
    assert flag(house, one.id) is Flag.NONE
    move(house, one.id, Place.SELECTS)
    assert flag(house, one.id) is Flag.PICK


def test_an_unclaimed_shot_keeps_its_mark_for_the_session_that_claims_it(house):
    (shot,) = house.shoot()
    move(house, shot, Place.SELECTS)
    assert flag(house, shot) is Flag.NONE
    session = house.open()
    house.agree(session)
    proofing.claim(house.services, shot, session.id, "photographer")
    assert flag(house, shot) is Flag.PICK


def test_an_export_is_its_shots_rendition_whatever_it_says_of_itself(house, session):
    raw = send(house, companion(), "DSC_0001.JPG")
    receipt = place(house, export(RED, program="", at=AT), "DSC_0001.jpg", Place.OUTPUT)
    assert receipt.shot_id == raw.shot_id
    assert house.read("shot", raw.shot_id).flag is Flag.NONE
    assert near(shown(house, raw.shot_id), RED)


def test_an_export_of_nothing_known_waits_in_the_tray_where_no_client_sees_it(house, session):
    receipt = place(house, export(RED, at=AT), "Ada 1.tif", Place.OUTPUT)
    assert receipt.session_id is None
    assert house.read("shots", session.id) == []
    raw = place(house, companion(), "DSC_0001.JPG", Place.SELECTS)
    assert (raw.shot_id, raw.session_id) == (receipt.shot_id, session.id)
    assert near(shown(house, raw.shot_id), RED)


def test_a_raw_that_was_renamed_is_found_by_its_new_name(house, session):
    raw = send(house, companion(), "DSC_0001.JPG")
    move(house, raw.shot_id, Place.CAPTURE, "C:\\Sessions\\Ada\\Capture\\Ada_001.JPG")
    receipt = place(house, export(at=None, serial="", model=""), "Ada_001-2.jpg", Place.OUTPUT, at=None)
    assert receipt.shot_id == raw.shot_id


def test_what_is_not_here_and_what_is_no_place_are_refused_in_a_sentence(house, session):
    with pytest.raises(NotFound, match="not here yet"):
        marks.move(house.services, "0" * 64, Place.SELECTS, "")
    with pytest.raises(BadInput, match="no part of a session"):
        marks.place_named("attic")
