"""The clean plate: one shot of the session that shows nobody."""

import pytest

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import Conflict, NotFound
from studio_server.domain.session import SessionId
from studio_server.domain.shot import Flag, ShotId
from studio_server.workflow import backdrop, pages, pages_client, proofing
from studio_server.workflow.vary import _brief, _job, _sitting


@pytest.fixture
def sitting(house):
    session = house.open()
    house.agree(session)
    return session, house.shoot(4)


def sheet(house, session):
    return [proof.id for proof in pages_client.sheet_page(house.services, session.id).proofs]


def test_the_marked_shot_leaves_the_clients_sheet_and_comes_back(house, sitting):
    session, shots = sitting
    backdrop.mark_empty(house.services, session.id, shots[1], "photographer")
    page = pages_client.sheet_page(house.services, session.id)
    assert [(proof.id, proof.number) for proof in page.proofs] == [
        (shots[0], 1),
        (shots[2], 3),
        (shots[3], 4),
    ]
    assert pages.session_page(house.services, session.id).empty.number == 2
    backdrop.unmark_empty(house.services, session.id, "photographer")
    backdrop.unmark_empty(house.services, session.id, "photographer")
    assert sheet(house, session) == shots


def test_it_cannot_be_picked_and_a_pick_cannot_become_it(house, sitting):
    session, shots = sitting
    house.pick(session, shots[:1])
    with pytest.raises(Conflict, match="Unpick it first"):
        backdrop.mark_empty(house.services, session.id, shots[0], "photographer")
    backdrop.mark_empty(house.services, session.id, shots[1], "photographer")
    with pytest.raises(Conflict, match="shows the empty backdrop"):
        proofing.flag(house.services, session.id, shots[1], Flag.PICK, "client")


def test_a_shot_of_another_session_or_one_that_cannot_be_read_is_refused(house, sitting):
    session, _ = sitting
    proofing.close_session(house.services, session.id, "photographer")
    other = house.open("Bea", "B0D2")
    (foreign,) = house.shoot(1, "B0D2")
    with pytest.raises(NotFound):
        backdrop.mark_empty(house.services, session.id, foreign, "photographer")
    broken = house.send(b"\xff\xd8\xff\xe0 no picture", "DSC_0900.JPG", "B0D2").shot_id
    house.run()
    with pytest.raises(Conflict, match="cannot be the empty backdrop"):
        backdrop.mark_empty(house.services, other.id, broken, "photographer")


def test_moving_it_away_leaves_no_mark_behind(house, sitting):
    session, shots = sitting
    backdrop.mark_empty(house.services, session.id, shots[0], "photographer")
    other = house.open("Bea", "B0D2")
    proofing.claim(house.services, shots[0], other.id, "photographer")
    assert house.read("session", session.id).clean_plate is None
    assert house.read("session", other.id).clean_plate is None


def test_pictures_are_made_anew_against_it(house, sitting):
    session, shots = sitting
    house.pick(session, shots[:3])
    proofing.lock(house.services, session.id, "client")
    house.run()
    before = {made.id for made in house.read("variations", session.id)}
    backdrop.mark_empty(house.services, session.id, shots[3], "photographer")
    proofing.refit(house.services, session.id, "photographer")
    house.run()
    made = [one for one in house.read("variations", session.id) if one.id not in before]
    assert made
    assert {one.brief.clean_plate for one in made} == {shots[3]}


def test_the_painter_is_handed_its_rendition(house, sitting):
    session, shots = sitting
    backdrop.mark_empty(house.services, session.id, shots[3], "photographer")
    known = house.read("session", session.id)
    shot = house.read("shot", ShotId(shots[0]))
    here = _sitting(house.services, SessionId(session.id), "final", None)
    job = _job(house.services, here, _brief(known, shot, "library", 1), shot)
    assert job.cut.clean_plate.exists()
    assert job.cut.clean_plate_key not in ("", job.cut.rendition_key)
    assert Purpose.FACES in house.read("consents", session.id)[0].purposes
