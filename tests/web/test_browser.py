"""The client's trip in real Chromium: signing, picking, locking, approving, and a bad network."""

from dataclasses import dataclass

import numpy as np
import pytest
from client_rig import Rig, rig, served
from PIL import Image
from skimage import data

from studio_server.domain.consent import Purpose, allowed
from studio_server.domain.session import Session, Stage
from studio_server.domain.shot import Flag
from studio_server.web.app import WebSettings, create_app

SIZES = [(1024, 1366), (390, 844)]


@dataclass
class Studio:
    rig: Rig
    session: Session
    address: str
    pin: str

    def flags(self):
        with self.rig.services.work() as work:
            return [shot.flag for shot in work.shots(self.session.id)]


def frame(number):
    """The portrait that ships inside scikit-image, lit differently from shot to shot."""
    lit = np.clip(data.astronaut()[:, 60:470] * (0.8 + 0.08 * number), 0, 255)
    return Image.fromarray(lit.astype(np.uint8))


@pytest.fixture
def studio(tmp_path):
    made = rig(tmp_path)
    session = made.session("Mary Miller", ("library", "garden"))
    ticket, pin = made.ticket(session)
    app = create_app(made.services, WebSettings(b"k" * 32, tmp_path, "http://studio.test", "Studio North"))
    with served(app, made.board) as port:
        yield Studio(made, session, f"http://127.0.0.1:{port}/c/{ticket.id}", pin)


@pytest.fixture(params=SIZES, ids=["tablet", "phone"])
def page(browser, request):
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    yield page
    context.close()
    assert not complaints


def enter(page, studio):
    page.goto(studio.address)
    page.get_by_label("PIN").fill(studio.pin)
    page.get_by_role("button", name="Open").tap()


def sign(page):
    for box in page.locator("input[name=purposes]").all():
        box.check()
    pad = page.locator("#signature-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + 30 + 20 * step, box["y"] + 60 + 25 * (step % 2))
    page.mouse.up()
    page.get_by_role("button", name="I agree").tap()
    page.wait_for_selector("#sheet", state="attached")


def pick(page, number):
    with page.expect_response("**/flag") as answer:
        page.get_by_role("button", name=f"Pick photograph {number}", exact=True).tap()
    assert answer.value.ok


def test_a_client_goes_from_the_pin_to_the_last_page(page, studio):
    enter(page, studio)
    page.get_by_role("button", name="I agree").tap()
    assert page.locator("#sign-error").is_visible()
    sign(page)
    with studio.rig.services.work() as work:
        records = work.consents(studio.session.id)
    assert allowed(records, studio.rig.clock[0]) == frozenset(Purpose) - {Purpose.SYNTHETIC}
    assert len(studio.rig.services.blobs.read(records[-1].signature)) > 1000

    for number in range(4):
        studio.rig.shot(studio.session, frame(number))
    page.wait_for_selector("img[alt='Photograph 4']")  # came by itself
    for number in (1, 2, 4):
        pick(page, number)
    assert studio.flags() == [Flag.PICK, Flag.PICK, Flag.NONE, Flag.PICK]
    assert page.locator("#count").inner_text().startswith("3 of 10 picks")

    page.get_by_role("link", name="Continue").tap()
    page.get_by_text("cannot be undone").wait_for()
    page.get_by_role("button", name="Lock 3 picks").tap()
    page.wait_for_selector("progress")
    studio.rig.fit(studio.session)
    studio.rig.vary(studio.session)
    page.wait_for_selector(".c-picture >> nth=3")  # came by themselves
    assert page.locator(".c-picture .c-mark-made").count() == 4

    with page.expect_response("**/choice") as answer:
        page.get_by_role("button", name="Approve").first.tap()
    assert answer.value.ok
    page.get_by_role("link", name="I am done").tap()
    page.get_by_role("button", name="Send them").tap()
    page.wait_for_url("**/next")
    assert studio.rig.stage(studio.session) is Stage.APPROVED


def test_the_slider_follows_finger_and_keys(page, studio):
    studio.rig.agree(studio.session)
    shots = [studio.rig.shot(studio.session, frame(number)) for number in range(3)]
    studio.rig.pick(studio.session, *shots)
    studio.rig.first_look(studio.session, shots[0])
    enter(page, studio)
    page.get_by_role("img", name="Composite of photograph 1: Library").tap()
    slide, both = page.get_by_role("slider"), page.locator("#compare")
    slide.press("ArrowRight")
    assert slide.input_value() == "51"
    box = both.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    assert 18 <= int(slide.input_value()) <= 22
    split = both.evaluate("it => getComputedStyle(it).getPropertyValue('--split')")
    assert split == f"{slide.input_value()}%"


def test_a_pick_made_without_a_network_arrives_later(page, studio):
    studio.rig.agree(studio.session)
    for number in range(3):
        studio.rig.shot(studio.session, frame(number))
    enter(page, studio)
    page.wait_for_selector("img[alt='Photograph 3']")
    page.wait_for_load_state("load")  # before its scripts run, a tap sends the form as a page of its own
    page.context.set_offline(True)
    page.get_by_role("button", name="Pick photograph 2", exact=True).tap()
    page.wait_for_selector("#offline:visible")
    assert page.get_by_role("button", name="Pick photograph 2").get_attribute("aria-pressed") == "true"
    assert Flag.PICK not in studio.flags()
    with page.expect_response("**/flag", timeout=20_000):
        page.context.set_offline(False)
    page.wait_for_selector("#offline", state="hidden")
    assert studio.flags() == [Flag.NONE, Flag.PICK, Flag.NONE]


def test_whatever_is_touched_is_large_enough(page, studio):
    studio.rig.agree(studio.session)
    shots = [studio.rig.shot(studio.session, frame(number)) for number in range(3)]
    studio.rig.pick(studio.session, *shots)
    enter(page, studio)
    page.wait_for_selector("#sheet", state="attached")
    page.wait_for_load_state()  # with its style sheet
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=hidden]), summary, a.c-button")]
            .filter((it) => it.offsetParent && !it.closest("[hidden]"))
            .map((it) => [it.outerHTML.slice(0, 80), it.getBoundingClientRect()])
            .filter(([, box]) => box.width < 44 || box.height < 44).map(([html]) => html)"""
    )
    assert small == []
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
