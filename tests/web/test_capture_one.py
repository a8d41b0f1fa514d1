"""A session of Capture One, the real agent, the real server, and the photographer's page in Chromium."""

import io
import threading
import time
from dataclasses import dataclass
from datetime import datetime

import piexif
import pytest
from client_rig import PASSWORD, served
from PIL import Image
from playwright.sync_api import Locator

from studio_server.domain.session import Session
from studio_server.domain.shot import Flag, ShotState
from studio_server.web.app import WebSettings, create_app
from studio_server.workflow import developing, doors
from studio_server.workflow.services import Services
from tethering.agent import Agent, Options
from tethering.journal import Journal
from tethering.sink import Sink

CAPTURED = datetime(2026, 11, 2, 10, 5, 8).astimezone()

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning"),
]


def picture(colour, software, note=b""):
    exif = {
        "0th": {piexif.ImageIFD.Model: "Studio Camera", piexif.ImageIFD.Software: software},
        "Exif": {
            piexif.ExifIFD.DateTimeOriginal: "2026:11:02 10:05:07",
            piexif.ExifIFD.SubSecTimeOriginal: "25",
            piexif.ExifIFD.BodySerialNumber: "77",
        },
    }
    if note:
        exif["Exif"][piexif.ExifIFD.MakerNote] = note
    out = io.BytesIO()
    Image.new("RGB", (600, 800), colour).save(out, "JPEG", exif=piexif.dump(exif))
    return out.getvalue()


@pytest.fixture
def desk(house, tmp_path):
    """(folder of the Capture One session, session of ours, address of the server)."""
    rig = house
    session = rig.session()
    rig.agree(session)
    rig.clock[0] = CAPTURED  # tethered: a shot appears when it is taken
    folder = tmp_path / "Ada"
    for name in ("Capture", "Selects", "Trash", "Output"):
        (folder / name).mkdir(parents=True)
    (folder / "Ada.cosessiondb").touch()
    app = create_app(rig.services, WebSettings(b"k" * 32, tmp_path, "http://studio.test", "Studio North"))
    with served(app, rig.board) as port:
        url = f"http://127.0.0.1:{port}"
        journal = Journal(tmp_path / "journal.sqlite")
        agent = Agent(Options(folder), journal, Sink(url, doors.make_key(rig.services, "agent")))
        thread = threading.Thread(target=agent.run)
        thread.start()
        yield folder, session, url
        agent.stop()
        thread.join()
        journal.close()


def eventually(check, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.05)
    return check()


@dataclass
class Watched:
    """The one shot of the session, and its card on the photographer's page."""

    services: Services
    session: Session
    card: Locator

    @property
    def shot(self):
        with self.services.read() as work:
            return next(iter(work.shots(self.session.id)), None)

    def develop(self):
        developing.develop(self.services, self.shot.id)


@pytest.fixture
def watched(house, desk, browser):
    _, session, url = desk
    page = browser.new_page()
    page.goto(f"{url}/login")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    page.goto(f"{url}/sessions/{session.id}")
    yield Watched(house.services, session, page.locator("#sheet > li"))
    page.close()


def test_a_shot_is_selected_exported_trashed_and_taken_out_again(desk, watched):
    folder, _, _ = desk
    card, name = watched.card, "DSC_0001.JPG"
    (folder / "Capture" / name).write_bytes(picture((90, 140, 90), "Ver.1.00", b"Maker\0note"))
    assert eventually(lambda: watched.shot)
    watched.develop()
    old = card.locator("img").get_attribute("src")

    (folder / "Capture" / name).rename(folder / "Selects" / name)
    card.get_by_text("Capture One: moved to Selects.").wait_for()
    assert watched.shot.flag is Flag.PICK

    (folder / "Output" / "DSC_0001 1.jpg").write_bytes(picture((180, 60, 40), "Capture One 16 Macintosh"))
    assert eventually(lambda: watched.shot.renditions)
    watched.develop()
    card.get_by_text("Your rendition from Capture One 16").wait_for()
    card.locator(f'img:not([src="{old}"])').wait_for()  # the new proof has an address of its own

    (folder / "Selects" / name).rename(folder / "Trash" / name)
    card.get_by_text("Rejected", exact=True).wait_for()
    assert watched.shot.state is ShotState.DEVELOPED
    card.get_by_role("button", name="Not rejected").click()
    card.get_by_text("The photographer chose otherwise on the page").wait_for()
    assert watched.shot.flag is Flag.NONE


def test_another_rendition_is_chosen_on_the_page(desk, watched):
    folder, _, _ = desk
    (folder / "Output" / "DSC_0001.jpg").write_bytes(picture((180, 60, 40), "Capture One 16 Macintosh"))
    (folder / "Capture" / "DSC_0001.JPG").write_bytes(picture((90, 140, 90), "Ver.1.00", b"Maker\0note"))
    assert eventually(lambda: watched.shot and len(watched.shot.files) == 2)
    watched.develop()
    card = watched.card
    card.get_by_text("Use another rendition").click()
    choice, use = card.get_by_role("combobox"), card.get_by_role("button", name="Use this rendition")
    assert all(control.bounding_box()["height"] >= 44 for control in (choice, use))
    choice.select_option("")
    use.press("Enter")
    assert eventually(lambda: not watched.shot.rendition)
    watched.develop()
    card.get_by_text("As the camera made it", exact=True).first.wait_for()
