"""The client's side over HTTP, as a browser without scripts and as a player that speaks JSON."""

import base64
import html
import re
from datetime import timedelta

import pytest
from client_rig import EVERYTHING, PNG, rig
from PIL import Image

from studio_server.domain.consent import NOTICE, Purpose, offered
from studio_server.domain.likeness import Learns
from studio_server.domain.session import Stage
from studio_server.domain.shot import ShotState
from studio_server.web import client_door
from studio_server.web.app import WebSettings, create_app
from studio_server.workflow import doors, proofing

JSON = {"Accept": "application/json"}
SIGNED = "data:image/png;base64," + base64.b64encode(PNG).decode()


class Tablet:
    """A browser at one link."""

    def __init__(self, app, ticket):
        self.http = app.test_client()
        self.root = f"/c/{ticket}"

    def get(self, path="", **more):
        return self.fetch(self.root + path, **more)

    def fetch(self, address, **more):
        with self.http.get(address, **more) as answer:
            answer.get_data()  # before its file is closed
            return answer

    def token(self):
        with self.http.session_transaction() as cookie:
            return cookie.setdefault("csrf", "token-of-tests")

    def post(self, path, form=None, **more):
        return self.http.post(self.root + path, data={"csrf_token": self.token(), **(form or {})}, **more)

    def state(self):
        return self.get("/", headers=JSON).get_json()


class Room:
    def __init__(self, folder, *, synthetic=False):
        self.rig = rig(folder, synthetic=synthetic)
        self.app = create_app(
            self.rig.services, WebSettings(b"k" * 32, folder, "http://studio.test", "Studio North")
        )
        self.session = self.rig.session()
        self.ticket, self.pin = self.rig.ticket(self.session)
        self.tablet = Tablet(self.app, self.ticket.id)

    def entered(self, purposes=EVERYTHING):
        assert self.tablet.post("/pin", {"pin": self.pin}).status_code == 303
        if purposes:
            self.rig.agree(self.session, purposes)
        return self.tablet

    def shots(self, count, **changes):
        return [
            self.rig.shot(self.session, Image.new("RGB", (64, 80), (40 * n, 90, 90)), **changes)
            for n in range(count)
        ]

    def locked(self):
        tablet, shots = self.entered(), self.shots(3)
        self.rig.pick(self.session, *shots)
        proofing.lock(self.rig.services, self.session.id, "client")
        return tablet, shots

    def varied(self):
        tablet, shots = self.locked()
        self.rig.fit(self.session)
        self.rig.vary(self.session)
        return tablet, shots


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path)


def test_a_pin_opens_the_link_and_a_wrong_one_does_not(room):
    wrong = "0000" if room.pin != "0000" else "1111"
    answer = room.tablet.post("/pin", {"pin": wrong})
    assert answer.status_code == 403
    assert "not the PIN" in answer.text
    assert 'inputmode="numeric"' in answer.text
    assert room.tablet.get("/").location.endswith(room.tablet.root)
    good = room.tablet.post("/pin", {"pin": room.pin})
    assert good.location.endswith("/consent")


def test_without_the_token_of_a_page_nothing_is_taken(room):
    tablet = room.entered()
    (shot,) = room.shots(1)
    assert tablet.http.post(f"{tablet.root}/shots/{shot.id}/flag", data={"flag": "1"}).status_code == 403
    assert tablet.state()["shots"][0]["flag"] == 0


def test_before_consent_there_is_only_the_consent_page(room):
    tablet = room.entered(purposes=None)
    (shot,) = room.shots(1)
    assert tablet.get("/").location.endswith("/consent")
    page = html.unescape(tablet.get("/consent").text)
    assert all(NOTICE[purpose] in page for purpose in offered(synthetic=False))
    assert page.count("Without it") == len(offered(synthetic=False))
    assert NOTICE[Purpose.SYNTHETIC] not in page
    for path in (f"/media/shots/{shot.id}/proof", "/events", f"/media/variations/{shot.id}/proof"):
        assert tablet.get(path).status_code == 403
    assert tablet.get("/", headers=JSON).status_code == 403
    assert tablet.post(f"/shots/{shot.id}/flag", {"flag": "1"}).status_code == 403


def test_consent_is_signed_and_copied(room):
    tablet = room.entered(purposes=None)
    form = {
        "purposes": ["proofing", "generation"],
        "signed_name": "Mary Miller",
        "signature": SIGNED,
        "language": "en",
    }
    answer = tablet.post("/consent", form, headers=JSON)
    assert answer.get_json()["ok"] is True
    with room.rig.services.work() as work:
        (record,) = work.consents(room.session.id)
    assert record.purposes == {Purpose.PROOFING, Purpose.GENERATION}
    assert room.rig.services.blobs.read(record.signature) == PNG
    copy = tablet.get("/consent/copy")
    assert copy.mimetype == "text/plain"
    assert "attachment" in copy.headers["Content-Disposition"]
    assert "Mary Miller" in copy.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"signature": ""}, "signature is missing"),
        ({"signature": "data:image/png;base64,!!"}, "signature is missing"),
        ({"signature": "data:text/html;base64,PGI+"}, "signature is missing"),
        ({"signed_name": " "}, "name is missing"),
        ({"purposes": []}, "Nothing is ticked"),
        ({"purposes": ["everything"]}, "not known"),
    ],
)
def test_a_consent_that_is_not_whole_is_refused_in_a_sentence(room, change, sentence):
    tablet = room.entered(purposes=None)
    form = {"purposes": ["proofing"], "signed_name": "Mary", "signature": SIGNED} | change
    answer = tablet.post("/consent", form)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert tablet.post("/consent", form, headers=JSON).get_json()["ok"] is False
    with room.rig.services.work() as work:
        assert not work.consents(room.session.id)


def test_whole_pictures_are_asked_for_where_the_base_can_make_them_and_marked_on_every_page(tmp_path):
    room = Room(tmp_path, synthetic=True)
    tablet = room.entered(purposes=None)
    asked = html.unescape(tablet.get("/consent").text)
    assert NOTICE[Purpose.SYNTHETIC] in asked
    assert "checked" not in asked
    form = {"purposes": ["proofing", "synthetic"], "signed_name": "Mary", "signature": SIGNED}
    assert "Tick these as well" in tablet.post("/consent", form).text
    room.rig.agree(room.session)
    shots = room.shots(3)
    room.rig.pick(room.session, *shots)
    proofing.lock(room.rig.services, room.session.id, "client")
    for _ in Learns:  # first the surroundings and their composites, then the person
        room.rig.fit(room.session)
        assert ("More pictures are being made" in tablet.get("/variations").text) is bool(
            room.rig.varied(room.session)
        )
        room.rig.vary(room.session)
    whole = next(one for one in room.rig.varied(room.session) if one.whole)
    for page in (tablet.get("/variations").text, tablet.get(f"/compare/{whole.id}").text):
        assert "</svg>Fully generated</span>" in page
    told = {one["id"]: one["whole"] for one in tablet.state()["variations"]}
    assert told[whole.id]
    assert sum(told.values()) == 2
    tablet.post(f"/variations/{whole.id}/choice", {"choice": "approved"})
    assert "</svg>Fully generated</span>" in tablet.get("/finish").text


def test_the_sheet_shows_what_can_be_picked_and_says_what_cannot_be_read(room):
    tablet = room.entered()
    (good,) = room.shots(1)
    (cut,) = room.shots(
        1, state=ShotState.UNREADABLE, reason="/Volumes/Secret is cut", proof="", thumbnail=""
    )
    page = tablet.get("/").text
    assert f"/shots/{good.id}/flag" in page
    assert f"/shots/{cut.id}/flag" not in page
    assert "This picture could not be read" in page
    assert "Secret" not in page
    state = tablet.state()
    assert [shot["state"] for shot in state["shots"]] == ["developed", "unreadable"]
    assert state["shots"][1]["thumbnail"] == ""
    assert tablet.get(f"/media/shots/{cut.id}/thumbnail").status_code == 404


def test_a_pick_counts_and_the_limit_is_said(room):
    room.session = proofing.open_session(
        room.rig.services, proofing.NewSession("Ann", ("library",), pick_limit=3)
    )
    ticket, room.pin = room.rig.ticket(room.session)
    room.tablet = Tablet(room.app, ticket.id)
    tablet, shots = room.entered(), room.shots(4)
    for number, shot in enumerate(shots[:3], 1):
        answer = tablet.post(f"/shots/{shot.id}/flag", {"flag": "1"}, headers=JSON).get_json()
        assert answer["picks"] == number
    refused = tablet.post(f"/shots/{shots[3].id}/flag", {"flag": "1"}, headers=JSON)
    assert refused.status_code == 409
    assert "Unpick one" in refused.get_json()["error"]
    assert tablet.post(f"/shots/{shots[0].id}/flag", {"flag": "0"}).status_code == 303
    assert tablet.state()["picks"] == 2
    assert tablet.post(f"/shots/{shots[0].id}/flag", {"flag": "7"}).status_code == 400


def test_first_looks_stand_under_their_pick_as_composites(room):
    tablet, shots = room.entered(), room.shots(3)
    room.rig.pick(room.session, shots[0])
    room.rig.first_look(room.session, shots[0])
    page = tablet.get("/").text
    assert page.count('alt="Composite of photograph 1') == 2
    looks = tablet.state()["variations"]
    assert {(look["shot"], look["pass"]) for look in looks} == {(shots[0].id, "preview")}
    assert tablet.fetch(looks[0]["proof"]).mimetype == "image/jpeg"
    assert tablet.post(f"/variations/{looks[0]['id']}/choice", {"choice": "approved"}).status_code == 404


def test_without_consent_to_composites_there_are_none_and_the_page_says_why(room):
    tablet, shots = room.varied()
    made = room.rig.varied(room.session)[0]
    room.rig.agree(room.session, {Purpose.PROOFING})
    assert "You have not agreed to composites" in tablet.get("/variations").text
    assert tablet.state()["variations"] == []
    assert tablet.get(f"/media/variations/{made.id}/proof").status_code == 403
    assert tablet.post("/contexts", {"contexts": "garden"}).status_code == 403
    assert tablet.get(f"/media/shots/{shots[0].id}/proof").status_code == 200


def test_contexts_are_chosen_from_pictures(room):
    tablet = room.entered()
    page = tablet.get("/").text
    assert page.count("/static/contexts/") == 16
    assert tablet.fetch("/static/contexts/garden.jpg").status_code == 200
    answer = tablet.post("/contexts", {"contexts": ["brick", "stage"]}, headers=JSON)
    assert answer.get_json()["contexts"] == ["brick", "stage"]
    assert tablet.state()["contexts"] == ["brick", "stage"]
    assert tablet.post("/contexts", {"contexts": "moon"}, headers=JSON).status_code == 400


def test_locking_asks_first_and_then_shows_the_wait(room):
    tablet, shots = room.entered(), room.shots(3)
    room.rig.pick(room.session, *shots)
    assert "cannot be undone" in tablet.get("/lock").text
    assert room.rig.stage(room.session) is Stage.PROOFING
    assert tablet.post("/lock").location.endswith("/variations")
    assert tablet.state()["stage"] == "locked"
    assert "<progress" in tablet.get("/variations").text
    assert tablet.post(f"/shots/{shots[0].id}/flag", {"flag": "0"}).status_code == 409
    assert "/flag" not in tablet.get("/").text


def test_composites_are_approved_compared_and_sent(room):
    tablet, _ = room.varied()
    made = tablet.state()["variations"]
    assert len(made) == 4
    assert {picture["context"] for picture in made} == {"library", "garden"}
    page = tablet.get("/variations").text
    assert page.count("</svg>Composite</span>") == 4
    one = made[0]["id"]
    compare = tablet.get(f"/compare/{one}").text
    assert 'type="range"' in compare
    assert "</svg>Photograph</span>" in compare
    assert "</svg>Composite</span>" in compare
    assert tablet.post("/finish", headers=JSON).status_code == 409
    assert tablet.post(f"/variations/{one}/choice", {"choice": "approved"}).status_code == 303
    assert tablet.post(f"/variations/{one}/choice", {"choice": "maybe"}).status_code == 400
    assert tablet.get("/variations", headers=JSON).get_json()["variations"][0]["choice"] == "approved"
    assert "cannot be undone" in tablet.get("/finish").text
    assert tablet.post("/finish").location.endswith("/next")
    assert "You approved 1 picture" in tablet.get("/next").text
    assert tablet.state()["stage"] == "approved"


def test_what_the_judge_refused_is_nowhere(room):
    tablet, _ = room.varied()
    refused = room.rig.refuse_by_judge(room.session, room.rig.varied(room.session)[0])
    assert refused.id not in tablet.get("/variations").text
    assert refused.id not in tablet.get("/", headers=JSON).text
    assert tablet.get(f"/media/variations/{refused.id}/proof").status_code == 404
    assert tablet.get(f"/compare/{refused.id}").status_code == 404
    assert tablet.post(f"/variations/{refused.id}/choice", {"choice": "approved"}).status_code == 404


def test_another_session_is_nowhere(room):
    tablet = room.entered()
    other = Room.__new__(Room)
    other.rig, other.session = room.rig, room.rig.session("Other")
    room.rig.agree(other.session)
    theirs = other.shots(3)
    room.rig.pick(other.session, *theirs)
    proofing.lock(room.rig.services, other.session.id, "client")
    room.rig.fit(other.session)
    room.rig.vary(other.session)
    made = room.rig.varied(other.session)[0]
    for path in (
        f"/media/shots/{theirs[0].id}/proof",
        f"/shots/{theirs[0].id}",
        f"/media/variations/{made.id}/proof",
        f"/compare/{made.id}",
    ):
        assert tablet.get(path).status_code == 404
    assert tablet.post(f"/shots/{theirs[0].id}/flag", {"flag": "1"}).status_code == 404
    assert tablet.state()["shots"] == []


def test_every_address_dies_with_its_ticket(room):
    tablet, shots = room.varied()
    made = room.rig.varied(room.session)[0]
    paths = [
        "/",
        "/variations",
        "/consent",
        "/consent/copy",
        "/withdraw",
        "/lock",
        "/finish",
        "/next",
        "/events",
    ]
    paths += [f"/media/shots/{shots[0].id}/{size}" for size in ("proof", "thumbnail")]
    paths += [f"/media/variations/{made.id}/proof", f"/compare/{made.id}", f"/shots/{shots[0].id}", ""]
    doors.issue_ticket(room.rig.services, room.session.id)
    assert {path: tablet.get(path).status_code for path in paths} == dict.fromkeys(paths, 403)


def test_every_address_dies_when_the_ticket_expires(room):
    tablet, shots = room.entered(), room.shots(1)
    assert tablet.get(f"/media/shots/{shots[0].id}/proof").status_code == 200
    room.rig.clock[0] += timedelta(days=15)
    assert tablet.get(f"/media/shots/{shots[0].id}/proof").status_code == 403


def test_a_picture_needs_the_cookie_of_the_pin_and_is_never_kept_unasked(room):
    tablet, shots = room.entered(), room.shots(1)
    path = f"/media/shots/{shots[0].id}/proof"
    answer = tablet.get(path)
    assert "no-cache" in answer.headers["Cache-Control"]
    assert Tablet(room.app, room.ticket.id).get(path).status_code == 403
    assert Tablet(room.app, "nobody").get(path).status_code == 404


def test_withdrawing_asks_first_and_then_shows_nothing(room):
    tablet, shots = room.varied()
    made = room.rig.varied(room.session)[0]
    assert "Withdraw my consent" in tablet.get("/withdraw").text
    assert tablet.get("/variations").status_code == 200
    assert tablet.post("/withdraw").location.endswith("/consent")
    assert tablet.get("/variations").location.endswith("/consent")
    assert "You have withdrawn" in tablet.get("/consent").text
    for path in (f"/media/shots/{shots[0].id}/proof", f"/media/variations/{made.id}/proof"):
        assert tablet.get(path).status_code == 403
    assert tablet.state() == {"ok": False, "error": tablet.state()["error"]}


def test_a_tablet_hears_nothing_of_what_was_refused_or_delivered(room):
    allowed = client_door.for_client
    assert allowed("shot", {"shot": "1"})
    assert allowed("progress", {"job": "train-1", "state": "running"})
    assert not allowed("progress", {"job": "train-1", "state": "failed", "reason": "/home/photographer"})
    assert not allowed("progress", {"job": "deliver-1", "state": "running"})
    assert allowed("variation", {"variation": "1", "accepted": True})
    assert not allowed("variation", {"variation": "1", "accepted": False})
    assert not allowed("variation", {"variation": "1"})
    assert not allowed("delivery", {"delivery": "1"})


def test_a_stream_falls_silent_with_its_ticket(room):
    room.entered()
    assert client_door.still_open(room.rig.services, room.ticket.id)
    room.rig.agree(room.session, {Purpose.FACES})
    assert not client_door.still_open(room.rig.services, room.ticket.id)
    room.rig.agree(room.session)
    doors.issue_ticket(room.rig.services, room.session.id)
    assert not client_door.still_open(room.rig.services, room.ticket.id)


def test_a_job_that_stopped_keeps_its_reason_from_the_client(room):
    tablet, _ = room.locked()
    job = room.rig.board.progress("train-x", room.session.id)
    job.report(1, 2, "Fitting: step 1 of 2")
    assert "Fitting: step 1 of 2" in tablet.get("/variations").text
    state, owner = room.rig.board._jobs["train-x"]
    stopped = type(state)("train-x", "no memory at /srv", 1, 2, None, "failed", "no memory at /srv")
    room.rig.board._jobs["train-x"] = (stopped, owner)
    page = tablet.get("/variations").text
    assert "The work has stopped" in page
    assert "/srv" not in page
    assert "/srv" not in tablet.get("/", headers=JSON).text


def test_pages_hold_no_inline_script_or_style(room):
    tablet, shots = room.varied()
    made = room.rig.varied(room.session)[0]
    paths = [
        "/",
        "/variations",
        "/consent",
        "/withdraw",
        "/next",
        f"/compare/{made.id}",
        f"/shots/{shots[0].id}",
    ]
    for path in paths:
        page = tablet.get(path).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page), path
        assert page.count('name="csrf-token"') == 1
