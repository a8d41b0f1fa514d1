"""What the photographer sees of the second copies: on each shot, for the session, and when it goes wrong."""

from dataclasses import replace

import pytest
from client_rig import PASSWORD, post, served
from PIL import Image

from studio_server.domain.shot import ShotState
from studio_server.storage.mirror import PlaceMirror
from studio_server.storage.places import place_at
from studio_server.workflow import mirroring


@pytest.fixture
def house(house, tmp_path):
    (tmp_path / "second").mkdir()
    mirror = PlaceMirror(place_at(str(tmp_path / "second")), tmp_path / "lock", house.services.new_id)
    house.services = replace(house.services, mirror=mirror)
    return house


def shoot(house, session, *tones, **more):
    return [house.shot(session, Image.new("RGB", (64, 80), tone), **more) for tone in tones]


def test_each_shot_says_whether_it_is_safe_and_the_client_is_told_nothing_of_it(house, app, desk):
    session = house.session()
    first, *_ = shoot(house, session, "red", "green")
    (cut,) = shoot(house, session, "blue", state=ShotState.UNREADABLE, reason="The file ends too early.")
    mirroring.copy(house.services, first.id)
    mirroring.copy(house.services, cut.id)
    page = desk.get(f"/sessions/{session.id}").text
    assert "2 of 3 are safe in both places." in page
    assert page.count("Safe: two copies") == 2
    assert page.count("Received: one copy") == 1
    ticket, pin = house.ticket(session)
    house.agree(session)
    client = app.test_client()
    post(client, f"/c/{ticket.id}/pin", {"pin": pin})
    assert "two copies" not in client.get(f"/c/{ticket.id}/").text


def test_a_second_place_that_is_away_is_one_sentence_on_each_page(house, desk, tmp_path):
    session = house.session()
    (shot,) = shoot(house, session, "red")
    (tmp_path / "second").rename(tmp_path / "unplugged")
    mirroring.copy(house.services, shot.id)
    for address in ("/", f"/sessions/{session.id}"):
        page = desk.get(address).text
        assert page.count("takes no copies now (it is not there: connect its disk, or make the folder)") == 1
    assert "0 of 1 are safe in both places." in page
    (tmp_path / "unplugged").rename(tmp_path / "second")
    mirroring.copy(house.services, shot.id)
    assert "takes no copies now" not in desk.get("/").text


def test_shots_in_the_tray_say_it_too(house, desk):
    (shot,) = shoot(house, replace(house.session(), id=None), "red")
    assert "Received: one copy" in desk.get("/unclaimed").text
    mirroring.copy(house.services, shot.id)
    assert "Safe: two copies" in desk.get("/unclaimed").text


def test_the_mark_changes_on_the_open_page(house, app, browser):
    session = house.session()
    shots = shoot(house, session, "red", "green")
    with served(app, house.board) as port:
        page = browser.new_page(viewport={"width": 1024, "height": 1366}, base_url=f"http://127.0.0.1:{port}")
        page.goto(f"/login?next=/sessions/{session.id}")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_text("0 of 2 are safe in both places.").wait_for()
        for number, shot in enumerate(shots):
            mirroring.copy(house.services, shot.id)
            page.locator(f"#shot-{shot.id}").get_by_text("Safe: two copies").wait_for()
            said = ("1 of 2 is safe in both places.", "All 2 are safe in both places.")[number]
            page.get_by_text(said).wait_for()
        page.close()
