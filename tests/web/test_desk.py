"""The photographer's desk: what its pages say, and that they fill by themselves in real Chromium."""

import html
import io
import re
from dataclasses import replace

import pytest
from client_rig import PASSWORD, jpeg, post, served
from PIL import Image
from PIL.ExifTags import Base
from test_doors import House

from studio_server.domain.ports import JobState
from studio_server.domain.shot import Quality, ShotState
from studio_server.engines.fake import FakeCoach
from studio_server.workflow import coaching, developing, ingest, layers, proofing

DATA = {"Accept": "application/json"}
PICTURE = Image.new("RGB", (64, 80), (90, 60, 30))


class Nowhere:
    """No session: for a shot in the tray."""

    id = None


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def desk(house):
    return house.browser("photographer")


def text(answer):
    return html.unescape(answer.text)


def test_a_new_session_shows_its_link_and_pin_to_who_made_it_and_the_pin_to_nobody_else(house, desk):
    made = post(desk, "/sessions", {"name": "Caroline Herschel", "contexts": ["library", "garden"]})
    page = text(desk.get(made.location))
    pin = page.split('class="s-pin">')[1].split("<")[0]
    link = page.split('class="s-url"><a href="')[1].split('"')[0]
    assert page.count("data:image/svg+xml;base64,") == 1
    client = house.app.test_client()
    assert post(client, f"{link.removeprefix('http://studio.test')}/pin", {"pin": pin}).status_code == 303
    elsewhere = text(house.browser("photographer").get(made.location))
    assert 's-pin">' not in elsewhere
    assert link in elsewhere


def test_a_session_without_a_name_or_a_context_is_refused_with_a_sentence(desk):
    assert "needs the client's name" in text(post(desk, "/sessions", {"name": " ", "contexts": "library"}))
    assert "at least one context" in text(post(desk, "/sessions", {"name": "Ada"}))
    form = {"name": "Ada", "contexts": "library", "days_kept": "a month"}
    assert "not a number" in text(post(desk, "/sessions", form))


def test_an_unreadable_shot_is_listed_with_its_reason_and_the_coach_speaks(house, desk):
    soft = Quality(12, 0.5, 0.0, ("Soft: nothing is in focus.",))
    house.rig.shot(house.session, PICTURE, quality=soft)
    house.rig.shot(house.session, PICTURE, state=ShotState.UNREADABLE, reason="The file ends too early.")
    page = text(desk.get(f"/sessions/{house.session.id}"))
    assert "Soft: nothing is in focus." in page
    assert "The file ends too early." in page.split('id="unreadable"')[1]


def test_the_rendition_in_use_is_named_and_another_can_be_chosen(house, desk):
    """An older variation stays, and says that it is of another rendition."""
    services, session = house.rig.services, house.client_of("Caroline")[0]
    shots = [house.rig.shot(session, Image.new("RGB", (64, 80), (40 * n, 9, 9))) for n in range(3)]
    house.rig.pick(session, *shots)
    proofing.lock(services, session.id, "client")
    house.rig.fit(session)
    house.rig.vary(session)
    parent = next(one for one in shots if one.id == house.rig.varied(session)[0].brief.shot_id)
    release = parent.release
    incoming = ingest.Incoming("X.jpg", "", "", None, release)
    ingest.receive(services, incoming, io.BytesIO(exported(9, 9, 160)))
    developing.develop(services, parent.id)
    card = text(desk.get(f"/sessions/{session.id}")).split(f'id="shot-{parent.id}"')[1].split("</li>")[0]
    assert f"Your rendition from Capture One 16, {services.now().astimezone():%H:%M}" in card
    page = text(desk.get(f"/sessions/{session.id}"))
    assert page.count("Made from another rendition") == len(
        [one for one in house.rig.varied(session) if one.brief.shot_id == parent.id]
    )
    answer = post(desk, f"/shots/{parent.id}/rendition", {"file": ""})
    assert answer.location == f"/sessions/{session.id}"
    developing.develop(services, parent.id)
    page = text(desk.get(f"/sessions/{session.id}"))
    assert "As the camera made it" in page.split(f'id="shot-{parent.id}"')[1].split("</li>")[0]
    assert "Made from another rendition" not in page
    assert post(desk, f"/shots/{parent.id}/rendition", {"file": "0" * 64}).status_code == 404


def exported(*colour):
    out = io.BytesIO()
    exif = Image.Exif()
    exif[Base.Software] = "Capture One 16 Windows"
    Image.new("RGB", (64, 80), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


class ShutEyes:
    def look(self, _proof):
        return replace(FakeCoach().look(b""), lids=0.1)


def coached(house):
    """A session whose client has agreed, with a burst of three that was looked at; the second blinks."""
    session = house.rig.session("Hertha")
    house.rig.agree(session)
    shots = [house.rig.shot(session, PICTURE, quality=Quality(50.0, 0.4, 0.0)) for _ in range(3)]
    for shot, eyes in zip(shots, (FakeCoach(), ShutEyes(), FakeCoach()), strict=True):
        coaching.coach(replace(house.rig.services, coach=eyes), shot.id)
    return session, shots


def test_the_coach_says_notes_bursts_and_readiness_and_hides_no_shot(house, desk):
    session, shots = coached(house)
    page = text(desk.get(f"/sessions/{session.id}"))
    cards = [page.split(f'id="shot-{shot.id}"')[1].split("</li>")[0] for shot in shots]
    assert "Best of 3" in cards[0]
    assert "eyes closed or nearly" in cards[1]
    assert "2 of 3 alike" in cards[1]
    assert "facing the camera, calm" in cards[2]
    assert all('type="checkbox"' in card and "Empty backdrop" in card for card in cards)
    box = page.split('id="ready"')[1].split("</form>")[0]
    assert "Not ready to fit yet." in box
    assert "Two sharp, open-eyed shots so far: at least five are needed." in box
    seen = desk.get(f"/sessions/{session.id}", headers=DATA).get_json()
    assert [shot["burst"]["best"] for shot in seen["shots"]] == [shots[0].id] * 3
    assert seen["shots"][1]["notes"] == ["eyes closed or nearly"]
    assert seen["ready"]["ready"] is False
    assert "Nothing from the left yet." in seen["ready"]["better"]


def test_what_the_coach_says_of_a_face_is_never_on_the_client_s_pages(house):
    session, _ = coached(house)
    ticket, pin = house.rig.ticket(session)
    client = house.app.test_client()
    assert post(client, f"/c/{ticket.id}/pin", {"pin": pin}).status_code == 303
    page = text(client.get(f"/c/{ticket.id}/"))
    assert "Photograph 1" in page
    assert "eyes closed" not in page
    assert "Best of" not in page


def test_a_grey_card_is_marked_and_taken_back_in_one_gesture_each(house, desk):
    session, _, _ = house.client_of("Ada")
    card = house.rig.shot(session, Image.new("RGB", (400, 500), (150, 125, 100)))
    busy = house.rig.shot(session, Image.effect_noise((400, 500), 90).convert("RGB"))
    where = f"/sessions/{session.id}/grey-card"
    refused = post(desk, where, {"shot": busy.id}, headers=DATA)
    assert "Let it fill a tenth of the frame" in refused.get_json()["error"]
    assert post(desk, where, {"shot": card.id}).status_code == 303
    assert "Set by the grey card on photograph 1" in text(desk.get(f"/sessions/{session.id}"))
    assert post(desk, where).status_code == 303
    assert "As the camera set it." in text(desk.get(f"/sessions/{session.id}"))


def test_what_the_judge_held_back_stands_beside_its_shot_with_the_sentence(house, desk):
    refused = house.rig.refuse_by_judge(house.session, house.rig.varied(house.session)[0])
    page = text(desk.get(f"/sessions/{house.session.id}"))
    card = page.split(f'id="variation-{refused.id}"')[1].split("</li>")[0]
    assert "Old backdrop left over." in card
    assert "Held back" in card
    seen = desk.get(f"/sessions/{house.session.id}", headers=DATA).get_json()
    assert {made["id"]: made["accepted"] for made in seen["variations"]}[refused.id] is False


def test_a_running_job_can_be_cancelled_and_one_that_ended_cannot(house, desk):
    state = JobState("train-x", "Step 4 of 10", 4, 10, 95.0, "running")
    house.rig.board.show(state, house.session.id)
    page = text(desk.get(f"/sessions/{house.session.id}"))
    assert "about 2 minutes left" in page
    asked = []
    house.rig.board.cancel = asked.append
    back = post(desk, "/jobs/train-x/cancel", {"session": house.session.id})
    assert back.location == f"/sessions/{house.session.id}"
    assert asked == ["train-x"]
    assert post(desk, "/jobs/train-y/cancel").status_code == 404


def test_a_job_that_failed_is_shown_until_it_was_tried_again(house, desk):
    failed = JobState("train-a", "Step 4", 4, 10, None, "failed", "The memory ran out.")
    house.rig.board.show(failed, house.session.id)
    assert "The memory ran out." in text(desk.get(f"/sessions/{house.session.id}"))
    house.rig.board.show(JobState("train-b", "Step 1", 1, 10, None, "running"), house.session.id)
    assert "The memory ran out." not in text(desk.get(f"/sessions/{house.session.id}"))


def test_an_unclaimed_shot_is_moved_to_its_session(house, desk):
    shot = house.rig.shot(Nowhere, PICTURE)
    assert f'id="shot-{shot.id}"' in desk.get("/unclaimed").text
    assert "Choose the session" in text(post(desk, f"/shots/{shot.id}/move"))
    assert post(desk, f"/shots/{shot.id}/move", {"session": house.session.id}).location == "/unclaimed"
    assert f'id="shot-{shot.id}"' not in desk.get("/unclaimed").text
    assert f'id="shot-{shot.id}"' in desk.get(f"/sessions/{house.session.id}").text


def test_an_unknown_address_says_so_and_leads_back(desk):
    answer = desk.get("/sessions/unknown")
    assert answer.status_code == 404
    assert "There is no such session" in text(answer)
    assert 'href="/"' in answer.text
    told = desk.get("/sessions/unknown", headers=DATA).get_json()
    assert told["error"].startswith("There is no such session")
    assert "nothing at this address" in text(desk.get("/nowhere"))


@pytest.fixture
def undecided(house):
    """A session whose pictures are made and whose client has not finished."""
    session, _, _ = house.client_of("Caroline")
    shots = [house.rig.shot(session, PICTURE) for _ in range(3)]
    house.rig.pick(session, *shots)
    proofing.lock(house.rig.services, session.id, "client")
    house.rig.fit(session)
    house.rig.vary(session)
    return session, shots


def test_a_held_back_picture_is_shown_by_the_photographers_word_and_the_reason_stands_beside_it(
    house, desk, undecided
):
    session, _ = undecided
    refused = house.rig.refuse_by_judge(session, house.rig.varied(session)[0])
    page = text(desk.get(f"/sessions/{session.id}"))
    address = f"/variations/{refused.id}/overrule"
    assert f'action="{address}"' in page
    assert "a few words" in text(post(desk, address, {"reason": ""}))
    assert post(desk, address, {"reason": "That is her own scarf."}).location == f"/sessions/{session.id}"
    card = (
        text(desk.get(f"/sessions/{session.id}")).split(f'id="variation-{refused.id}"')[1].split("</li>")[0]
    )
    assert "That is her own scarf." in card
    assert "Held back" not in card
    assert "Old backdrop left over." in card
    seen = desk.get(f"/sessions/{session.id}", headers=DATA).get_json()
    told = {made["id"]: (made["accepted"], made["overruled"]) for made in seen["variations"]}
    assert told[refused.id] == (False, "That is her own scarf.")


def test_another_shot_is_chosen_for_a_context_on_the_page(house, desk, undecided):
    session, shots = undecided
    address = f"/sessions/{session.id}/shot-for"
    assert f'action="{address}"' in text(desk.get(f"/sessions/{session.id}"))
    post(desk, address, {"context": "library", "shot": shots[2].id})
    page = text(desk.get(f"/sessions/{session.id}"))
    assert "1 chosen by you" in page
    assert f'value="{shots[2].id}" selected' in page.split('id="use-library"')[1].split("</select>")[0]
    assert "no such context" in text(post(desk, address, {"context": "moon", "shot": shots[2].id}))


@pytest.fixture
def complaints():
    """What the browser complains of: nothing, when a test ends."""
    return []


@pytest.fixture
def page(browser, house, complaints):
    with served(house.app, house.rig.board) as port:
        opened = browser.new_page(
            viewport={"width": 1024, "height": 1366}, base_url=f"http://127.0.0.1:{port}"
        )
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield opened
        opened.close()
    assert complaints == []


def test_photographs_are_chosen_or_dropped_onto_the_page_and_what_is_refused_can_be_sent_again(
    house, page, complaints
):
    session, _, _ = house.client_of("Caroline")
    page.goto(f"/login?next=/sessions/{session.id}")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/*")
    files = [
        {
            "name": f"CARD_{number}.JPG",
            "mimeType": "image/jpeg",
            "buffer": jpeg(Image.new("RGB", (300, 400), tone)),
        }
        for number, tone in enumerate(("#445", "#544", "#454"))
    ]
    page.get_by_label("Add photographs").set_input_files(files)
    page.locator("#sheet .s-card").nth(2).wait_for()
    page.locator(".s-brought").wait_for(state="hidden")
    page.evaluate(
        """() => {
          const held = new DataTransfer();
          held.items.add(new File(["no picture"], "notes.docx"));
          const drop = new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true });
          document.body.dispatchEvent(drop);
        }"""
    )
    refused = page.locator(".s-brought li")
    refused.get_by_text("not a kind of file that a shot is made of").wait_for()
    refused.get_by_role("button", name="Send notes.docx again").click()
    refused.get_by_text("not a kind of file that a shot is made of").wait_for()
    refused.get_by_role("button", name="Leave notes.docx").click()
    page.locator(".s-brought").wait_for(state="hidden")
    with house.rig.services.read() as work:
        assert {shot.original.name for shot in work.shots(session.id)} == {one["name"] for one in files}
    assert all("415" in said for said in complaints)  # the browser's own word on what was refused
    complaints.clear()


def test_marked_photographs_are_moved_in_one_gesture_and_stay_marked_while_the_page_fills(house, page):
    session, _, _ = house.client_of("Caroline")
    other, _, _ = house.client_of("Grace")
    shots = [house.rig.shot(session, Image.new("RGB", (64, 80), tone)) for tone in ("red", "green", "blue")]
    page.goto(f"/login?next=/sessions/{session.id}")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator("dialog").wait_for(state="attached")  # the script runs
    for number in (1, 3):
        page.get_by_label(f"Mark photograph {number}").check()
    proofing.flag(house.rig.services, session.id, shots[0].id, 1, "client")
    page.locator(f"#shot-{shots[0].id}").get_by_text("Pick", exact=True).wait_for(timeout=10_000)
    assert page.get_by_label("Mark photograph 1").is_checked()
    page.get_by_label("Marked photographs belong to").select_option(other.id)
    page.get_by_role("button", name="Move them").click()
    page.get_by_label("Mark photograph 2").wait_for(state="detached")
    with house.rig.services.read() as work:
        assert [shot.id for shot in work.shots(session.id)] == [shots[1].id]
        assert {shot.id for shot in work.shots(other.id)} == {shots[0].id, shots[2].id}


def test_moving_asks_what_and_where_and_only_moves_what_is_there(house, desk):
    session, _, _ = house.client_of("Caroline")
    shot = house.rig.shot(session, PICTURE)
    address = f"/sessions/{session.id}/move"
    assert "No photograph is marked" in text(post(desk, address, {"to": "unclaimed"}))
    assert "Choose where" in text(post(desk, address, {"shot": shot.id}))
    foreign = house.rig.shot(house.session, PICTURE)
    answer = post(desk, address, {"shot": [shot.id, foreign.id], "to": "unclaimed"})
    assert "no such picture in this session" in text(answer)
    with house.rig.services.read() as work:
        assert [one.id for one in work.shots(session.id)] == [shot.id]  # all of them, or none
    assert post(desk, address, {"shot": shot.id, "to": "unclaimed"}).status_code == 303
    with house.rig.services.read() as work:
        assert [one.id for one in work.shots(None)] == [shot.id]


def test_without_scripts_photographs_are_sent_as_a_form_and_the_readable_ones_are_kept(house, desk):
    session, _, _ = house.client_of("Caroline")
    address = f"/sessions/{session.id}/shots"
    assert post(desk, address, {}).status_code == 400
    pictures = [
        (io.BytesIO(jpeg(Image.new("RGB", (300, 400), tone))), f"{tone}.jpg") for tone in ("red", "blue")
    ]
    assert post(desk, address, {"photographs": pictures}).status_code == 303
    mixed = [(io.BytesIO(b"x"), "notes.docx"), (io.BytesIO(jpeg(Image.new("RGB", (300, 400)))), "black.jpg")]
    answer = post(desk, address, {"photographs": mixed})
    assert answer.status_code == 415
    assert "notes.docx is not a kind of file" in text(answer)
    with house.rig.services.read() as work:
        assert len(work.shots(session.id)) == 3


def test_the_contact_sheet_fills_by_itself_and_shows_what_the_client_does(house, page):
    session, _, _ = house.client_of("Caroline")
    page.goto(f"/login?next=/sessions/{session.id}")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("No shots yet").wait_for()
    page.locator("dialog").wait_for(state="attached")  # the script runs
    shot = house.rig.shot(session, PICTURE)
    card = page.locator(f"#shot-{shot.id}")
    card.locator("img").wait_for(timeout=10_000)
    proofing.flag(house.rig.services, session.id, shot.id, 1, "client")
    card.get_by_text("Pick", exact=True).wait_for(timeout=10_000)
    state = JobState("train-x", "Step 4 of 10", 4, 10, 95.0, "running")
    house.rig.board.show(state, session.id)
    page.get_by_text("Step 4 of 10").wait_for(timeout=10_000)
    card.locator("a[data-large]").click()
    page.locator("dialog img").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="hidden")


@pytest.mark.parametrize("width", [1024, 390])
def test_nothing_overflows_and_everything_touched_is_large_enough(house, page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/login")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    house.rig.shot(Nowhere, PICTURE)
    for address in ("/", f"/sessions/{house.session.id}", "/unclaimed", "/keys"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, summary, select, input, nav a, a.s-button")]
                .filter((it) => it.checkVisibility() && it.type !== "hidden" && it.type !== "checkbox")
                .filter((it) => {
                    const box = it.getBoundingClientRect();
                    return box.height < 44 || box.width < 44;
                })
                .map((it) => it.outerHTML.slice(0, 90))"""
        )
        assert small == [], address


def test_the_layers_of_a_picture_are_asked_for_and_saved_from_its_card(house, desk):
    one = house.rig.varied(house.session)[0]
    address = f"/sessions/{house.session.id}"
    assert "Save the layered TIFF" not in text(desk.get(address))
    assert post(desk, f"/variations/{one.id}/layers").location.endswith(address)
    progress = house.rig.board.progress(f"layers-{one.id}-7", house.session.id)
    progress.report(0, 1, "Taking the picture apart")
    assert "The layered TIFF is being made." in text(desk.get(address))
    layers.make(house.rig.services, one.id, progress)
    assert text(desk.get(address)).count("Save the layered TIFF") == 1
    with desk.get(f"/media/variations/{one.id}/layers") as saved:
        assert saved.mimetype == "image/tiff"
        assert re.search(r"attachment; filename=\S+-studio-\S+\.tif", saved.headers["Content-Disposition"])
        assert saved.data[:4] == b"II*\0"
