"""The brush: strokes on a page, by finger, mouse and keyboard, and what the server makes of them."""

import io

import numpy as np
import pytest
from client_rig import PASSWORD, post, served
from people import drawn
from PIL import Image

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import Mishap
from studio_server.workflow import brushing

SIDE = 640
MISSED = (0.12, 0.3)
"""On the paper, far from the drawn head."""


@pytest.fixture
def pick(house):
    session = house.session("Mary")
    house.agree(session)
    shot = house.shot(session, Image.fromarray(drawn(SIDE)[0]))
    house.pick(session, shot)
    return shot


def alpha(house, shot):
    """What the page would show now."""
    return np.asarray(Image.open(io.BytesIO(brushing.person(house.services, shot.id))))[..., 3]


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "paint"},
        {"kind": "keep", "width": "0.1", "points": "[[0.5]]"},
        {"kind": "keep", "width": "wide", "points": "[[0.5, 0.5]]"},
        {"kind": "keep", "width": "0.1", "points": "[[NaN, 0.5]]"},
        {"kind": "keep", "width": "0.1", "points": "{"},
        {"kind": "keep", "width": "0.1", "points": "7"},
        {"kind": "keep", "width": "0.1", "points": '[["a", "b"]]'},
    ],
)
def test_what_nobody_can_have_drawn_is_refused_and_not_kept(house, desk, pick, form):
    answer = post(desk, f"/shots/{pick.id}/brush", form, headers={"Accept": "application/json"})
    assert (answer.status_code, "draw it once more" in answer.json["error"]) == (400, True)
    with house.services.read() as seen:
        assert seen.shot(pick.id).brush == ()


def test_only_the_photographer_sees_a_cut(app, house, pick):
    http = app.test_client()
    for which in ("person", "photograph"):
        assert (
            http.get(f"/media/shots/{pick.id}/cut/{which}", headers={"Accept": "image/webp"}).status_code
            == 401
        )
    assert post(http, f"/shots/{pick.id}/brush", {"kind": "undo"}).status_code == 401


def come_in(page, port, pick):
    page.set_default_timeout(30_000)
    page.goto(f"http://127.0.0.1:{port}/login?next=/sessions/{pick.session_id}")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.get_by_role("link", name="Mend the outline of photograph 1").click()
    page.get_by_text("As the machine cut it out.").wait_for()


def draw(page, *points):
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=3)
    page.mouse.up()


def seen_at(page, x, y):
    """Opacity (0-255) of the picture that the page shows, there."""
    return page.locator("[data-cut]").evaluate(
        """(image, [x, y]) => {
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          const pen = canvas.getContext("2d");
          pen.drawImage(image, 0, 0);
          return pen.getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3];
        }""",
        [x, y],
    )


@pytest.mark.parametrize("size", [(1024, 1366), (390, 844)], ids=["tablet", "phone"])
def test_a_stroke_mends_the_cut_on_the_page_and_is_undone_and_done_again(browser, house, app, pick, size):
    x, y = MISSED
    with served(app, house.board) as port:
        context = browser.new_context(viewport=dict(zip(("width", "height"), size, strict=True)))
        page = context.new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        come_in(page, port, pick)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.get_by_role("button", name="Make its pictures anew").is_disabled()
        assert seen_at(page, x, y) == 0
        draw(page, (x, y), (x + 0.05, y))
        page.get_by_text("1 stroke, all kept.").wait_for()
        assert seen_at(page, x, y) == alpha(house, pick)[round(y * SIDE), round(x * SIDE)] == 255
        page.keyboard.press("Control+z")
        page.get_by_text("As the machine cut it out.").wait_for()
        assert seen_at(page, x, y) == 0
        page.keyboard.press("Control+Shift+Z")
        page.get_by_text("1 stroke, all kept.").wait_for()
        page.reload()
        page.get_by_text("1 stroke, all kept.").wait_for()
        assert seen_at(page, x, y) == 255
        page.get_by_role("button", name="Make its pictures anew").click()
        page.wait_for_url(f"**/sessions/{pick.session_id}")
        context.close()
        assert not complaints


def test_the_keyboard_alone_can_draw_and_choose(browser, house, app, pick):
    with served(app, house.board) as port:
        page = browser.new_page()
        come_in(page, port, pick)
        assert seen_at(page, 0.5, 0.5) == 255
        page.keyboard.press("r")
        assert page.get_by_label("Remove").is_checked()
        before = page.locator("#size").input_value()
        page.keyboard.press("]")
        assert int(page.locator("#size").input_value()) > int(before)
        page.locator("canvas").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        page.get_by_text("1 stroke, all kept.").wait_for()
        assert seen_at(page, 0.5, 0.5) == 0
        page.close()


def test_while_zoomed_the_stroke_lands_where_the_pen_is(browser, house, app, pick):
    with served(app, house.board) as port:
        page = browser.new_page(viewport={"width": 800, "height": 700})
        come_in(page, port, pick)
        for _ in range(3):
            page.get_by_role("button", name="Zoom in").click()
        page.locator("[data-scroll]").evaluate("box => box.scrollTo(0, 0)")
        wide = page.locator("canvas").bounding_box()["width"]
        assert wide > 2 * page.locator("[data-scroll]").bounding_box()["width"]
        draw(page, (0.1, 0.1), (0.12, 0.1))
        page.get_by_text("1 stroke, all kept.").wait_for()
        with house.services.read() as seen:
            (stroke,) = seen.shot(pick.id).brush
        assert np.allclose(stroke.points[0], (0.1, 0.1), atol=0.01)
        page.close()


def test_a_refusal_and_a_failure_are_read_out_and_the_page_goes_on(browser, house, app, pick, monkeypatch):
    with served(app, house.board) as port:
        page = browser.new_page()
        come_in(page, port, pick)
        with monkeypatch.context() as patch:

            def full(*_):
                raise Mishap("The disk is full. Make room, then draw this stroke again.")

            patch.setattr(house.services.cutter, "person", full)
            draw(page, MISSED)
            page.get_by_text("The disk is full.").wait_for()
        draw(page, (0.2, 0.2))
        page.get_by_text("2 strokes, all kept.").wait_for()
        with house.services.read() as seen:
            session = seen.session(pick.session_id)
        house.agree(session, {Purpose.PROOFING})
        draw(page, (0.3, 0.2))
        page.get_by_text("The client has not agreed to this").wait_for()
        page.close()


def test_the_photograph_lies_under_the_cut_in_the_same_frame(desk, pick):
    person, under = (desk.get(f"/media/shots/{pick.id}/cut/{which}") for which in ("person", "photograph"))
    assert person.mimetype == "image/webp"
    cut, whole = (Image.open(io.BytesIO(answer.data)) for answer in (person, under))
    assert (cut.size, cut.mode, whole.size) == ((SIDE, SIDE), "RGBA", (SIDE, SIDE))
    middle = np.s_[300:340, 300:340]
    assert np.abs(np.asarray(cut)[middle][..., :3].astype(int) - np.asarray(whole)[middle]).mean() < 6
