"""The shelf of plates: a photograph is sent, its horizon is set, and clients are offered it."""

import io
from dataclasses import replace

import numpy as np
import pytest
from client_rig import PASSWORD, jpeg, post, served
from PIL import Image, ImageDraw

from studio_server.domain.plate import Side
from studio_server.domain.shot import Flag
from studio_server.workflow import plates, proofing


def lobby(width=1600, height=1200):
    """A bright room whose lines run to a horizon at 40 %."""
    picture = Image.new("RGB", (width, height), (150, 148, 144))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, int(height * 0.4)), (212, 212, 208))
    point = (width // 2, int(height * 0.4))
    for number in range(-12, 13):
        draw.line((*point, width // 2 + number * 220, height), (70 + 5 * abs(number),) * 3, 5)
        draw.line((*point, width // 2 + number * 180, 0), (235 - 6 * abs(number),) * 3, 5)
    draw.rectangle((width * 0.42, height * 0.3, width * 0.58, height * 0.5), (182, 180, 178))
    grain = np.random.default_rng(3).normal(0, 3, (height, width, 1))
    return Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))


def known(house):
    with house.services.read() as seen:
        return list(seen.plates())


def test_without_scripts_a_refused_photograph_keeps_what_was_typed(house, desk):
    form = {"title": "Our lobby", "photograph": (io.BytesIO(jpeg(lobby(640, 480))), "small.jpg")}
    answer = post(desk, "/plates", form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "at least 1200" in page
    assert 'value="Our lobby"' in page
    assert known(house) == []
    form = {"title": "Our lobby", "photograph": (io.BytesIO(jpeg(lobby())), "lobby.jpg")}
    answer = post(desk, "/plates", form)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/plates/{known(house)[0].id}")


@pytest.mark.parametrize("horizon", ["", "high", "nan", "inf", "1e9"])
def test_a_number_that_is_none_is_refused(house, desk, horizon):
    plate = house.plate()
    form = {"title": "X", "horizon": horizon, "light": "left", "kelvin": "5000", "behind_m": "4"}
    assert post(desk, f"/plates/{plate.id}", form).status_code == 400
    assert known(house) == [plate]


def test_a_form_without_login_is_not_even_read(app, house):
    large = {"data": b"x" * 3_000_000, "content_type": "multipart/form-data; boundary=x"}
    assert app.test_client().post("/plates", **large).status_code == 413
    assert known(house) == []


def test_the_desk_says_whose_photograph_stands_behind_the_client(house, desk):
    plate = house.plate("Our lobby")
    session = house.session("Mary", (plate.id, "library"))
    house.agree(session)
    house.pick(session, *(house.shot(session, Image.new("RGB", (64, 80), (40 * n, 9, 9))) for n in range(3)))
    proofing.lock(house.services, session.id, "client")
    house.fit(session)
    house.vary(session)
    page = desk.get(f"/sessions/{session.id}").get_data(as_text=True)
    assert page.count("Composite, your photograph of the place") == 2
    assert "your photograph of the place, nothing generated" in page
    assert f"/media/plates/{plate.id}/thumbnail" in page
    plates.remove(house.services, plate.id)
    page = desk.get(f"/sessions/{session.id}").get_data(as_text=True)
    assert "“Our lobby” was taken off the shelf" in page
    assert page.count("Composite, your photograph of the place") == 2


def test_the_client_chooses_it_from_its_picture_and_is_told_what_it_is(house, app):
    plate = house.plate("Our lobby")
    session = house.session("Mary", ("library",))
    ticket, pin = house.ticket(session)
    house.agree(session)
    tablet = app.test_client()
    post(tablet, f"/c/{ticket.id}/pin", {"pin": pin})
    sheet = tablet.get(f"/c/{ticket.id}/").get_data(as_text=True)
    address = f"/c/{ticket.id}/media/plates/{plate.id}"
    assert address in sheet
    with tablet.get(address) as shown:
        assert shown.mimetype == "image/jpeg"
    answer = post(tablet, f"/c/{ticket.id}/contexts", {"contexts": [plate.id]})
    assert answer.status_code == 303
    shot = house.shot(session, Image.new("RGB", (64, 80), (90, 9, 9)))
    proofing.flag(house.services, session.id, shot.id, Flag.PICK, "client")
    house.first_look(session, shot)
    with house.services.read() as seen:
        (look,) = seen.variations(session.id)
    compared = tablet.get(f"/c/{ticket.id}/compare/{look.id}").get_data(as_text=True)
    assert "photograph of the place" in compared
    plates.remove(house.services, plate.id)
    assert tablet.get(address).status_code == 404
    assert post(tablet, f"/c/{ticket.id}/contexts", {"contexts": [plate.id]}).status_code == 400


def come_in(page, port):
    page.set_default_timeout(30_000)
    page.goto(f"http://127.0.0.1:{port}/login")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.get_by_role("link", name="Plates").click()


def send(page, tmp_path):
    """A photograph that is too small first: its sentence stands there, and what was typed too."""
    lobby(500, 400).save(tmp_path / "tiny.jpg")
    lobby().save(tmp_path / "DSC_0042.jpg", quality=90)
    page.get_by_text("None yet.").wait_for()
    page.locator("#photograph").set_input_files(tmp_path / "tiny.jpg")
    page.get_by_label("Name of the place").fill("Our lobby")
    page.get_by_role("button", name="Add it").click()
    page.get_by_text("at least 1200 ").last.wait_for()
    page.locator("#add-error:not([hidden])").wait_for()
    assert page.get_by_label("Name of the place").input_value() == "Our lobby"
    page.locator("#photograph").set_input_files(tmp_path / "DSC_0042.jpg")
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url("**/plates/own-our-lobby-*")


def set_horizon(page):
    """By keyboard, by drag, and by keyboard again. Returns where it was left."""
    horizon = page.get_by_role("slider", name="Horizon")
    before = float(horizon.input_value())
    assert before == pytest.approx(40, abs=1)
    horizon.focus()
    for _ in range(4):
        page.keyboard.press("ArrowUp")
    assert float(horizon.input_value()) == before - 2  # up on the picture
    assert float(page.locator(".p-line line").first.get_attribute("y1")) == before - 2
    frame = page.locator("[data-horizon-frame]")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 0.45 * box["height"], steps=4)
    page.mouse.up()
    assert float(horizon.input_value()) == pytest.approx(45, abs=1)
    page.keyboard.press("ArrowDown")
    return float(horizon.input_value()) / 100


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [(1024, 1366), (390, 844)], ids=["tablet", "phone"])
def test_a_photograph_is_sent_its_horizon_set_and_sessions_are_offered_it(
    browser, house, app, tmp_path, size
):
    with served(app, house.board) as port:
        context = browser.new_context(viewport=dict(zip(("width", "height"), size, strict=True)))
        page = context.new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        come_in(page, port)
        send(page, tmp_path)
        horizon = set_horizon(page)
        assert fits(page)
        page.get_by_label("the right").check()
        page.get_by_role("button", name="Confirm and offer it").click()
        page.get_by_text("offered to clients").wait_for()
        assert fits(page)
        (plate,) = known(house)
        assert (plate.horizon, plate.light, plate.settled) == (pytest.approx(horizon), Side.RIGHT, True)

        page.get_by_role("link", name="Sessions").click()
        page.get_by_label("Our lobby").check()
        page.get_by_label("Client's name").fill("Ada")
        page.get_by_role("button", name="Open the session").click()
        page.wait_for_url("**/sessions/*")
        assert page.locator(".s-chips img").last.evaluate("img => img.naturalWidth") > 100
        assert page.locator(".s-chips").inner_text().endswith("Our lobby")
        context.close()
        assert not complaints


def test_what_is_taken_off_the_shelf_can_be_put_back(browser, house, app):
    house.plate("Our lobby")
    with served(app, house.board) as port:
        page = browser.new_page()
        come_in(page, port)
        page.get_by_role("button", name="Take off the shelf: Our lobby").click()
        page.get_by_text("None yet.").wait_for()
        page.locator("#gone summary").click()
        page.get_by_role("button", name="Put back: Our lobby").click()
        page.get_by_text("offered to clients").wait_for()
        page.close()


def test_a_photograph_may_be_dropped_onto_the_page(browser, house, app):
    with served(app, house.board) as port:
        context = browser.new_context()
        page = context.new_page()
        come_in(page, port)
        data = list(jpeg(lobby()))
        page.evaluate(
            """data => {
              const held = new DataTransfer();
              held.items.add(new File([new Uint8Array(data)], "north_foyer.jpg", { type: "image/jpeg" }));
              document.body.dispatchEvent(
                new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
            }""",
            data,
        )
        assert page.get_by_label("Name of the place").input_value() == "north foyer"
        page.get_by_role("button", name="Add it").click()
        page.wait_for_url("**/plates/own-north-foyer-*")
        context.close()
    assert [plate.title for plate in known(house)] == ["north foyer"]
    assert replace(known(house)[0], settled=True).offered
