"""The public verify page: anybody may ask, nothing is kept, and nobody may ask without end."""

import io

import pytest
from client_rig import PASSWORD, post, rig
from PIL import Image

from studio_server.domain.variation import Choice
from studio_server.web.app import WebSettings, create_app
from studio_server.workflow import deliver, doors, proofing


@pytest.fixture
def delivered(tmp_path):
    """(application, the bytes of a master)"""
    house = rig(tmp_path)
    doors.set_owner_password(house.services, PASSWORD)
    session = house.session("Mary")
    house.agree(session)
    shots = [house.shot(session, Image.new("RGB", (64, 80), (40 * n, 9, 9))) for n in range(3)]
    house.pick(session, *shots)
    proofing.lock(house.services, session.id, "client")
    house.fit(session)
    house.vary(session)
    proofing.choose(house.services, session.id, house.varied(session)[0].id, Choice.APPROVED, "client")
    proofing.finish(house.services, session.id, "client")
    deliver.deliver(house.services, session.id, house.board.progress("deliver-x", session.id))
    with house.services.read() as work:
        (one,) = work.deliveries(session.id)
    app = create_app(house.services, WebSettings(b"k" * 32, tmp_path, "http://studio.test", "Studio North"))
    return app, house.services.blobs.read(one.sha256)


def ask(http, data, name="A.jpg", **more):
    return post(http, "/verify", {"picture": (io.BytesIO(data), name)}, **more)


def test_a_master_is_whole_and_ours_and_says_what_it_is(delivered):
    app, master = delivered
    text = ask(app.test_client(), master).text
    assert "Whole, and ours" in text
    assert "the person is as photographed" in text
    assert "Studio North" in text


def test_one_changed_byte_is_told_and_so_is_what_was_never_signed(delivered):
    app, master = delivered
    http = app.test_client()
    changed = ask(http, master[:-9] + b"\x01" + master[-8:]).text
    assert "was changed after it was signed" in changed
    assert "person is as photographed" not in changed, "what it says of itself holds no longer"
    plain = io.BytesIO()
    Image.new("RGB", (40, 40)).save(plain, "JPEG")
    assert "carries no content credentials" in ask(http, plain.getvalue()).text


def test_machines_are_told_the_same(delivered):
    app, master = delivered
    found = ask(app.test_client(), master, headers={"Accept": "application/json"}).get_json()
    assert (found["standing"], found["intact"]) == ("ours", True)


def test_what_is_no_picture_is_refused_and_too_many_have_to_wait(delivered):
    app, _ = delivered
    http = app.test_client()
    answer = ask(http, b"x", "notes.docx")
    assert (answer.status_code, "Send a JPEG" in answer.text) == (400, True)
    assert [ask(http, b"x", "notes.docx").status_code for _ in range(60)][-1] == 429
