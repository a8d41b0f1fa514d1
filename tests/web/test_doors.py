"""Every route, as everybody: who gets in, who is turned away, and with what status."""

import re

import pytest
from client_rig import PASSWORD, post, rig
from PIL import Image

from studio_server.domain.shot import Flag
from studio_server.domain.variation import Choice
from studio_server.web.app import WebSettings, create_app
from studio_server.workflow import deliver, doors, proofing

ROLES = ("anonymous", "stranger", "client", "photographer", "machine")
"""`stranger`: the client of another session, at this client's addresses."""

# status by role, in the order of ROLES; 303 for a person without a login means: to the login or the PIN
EXPECTED = {
    "GET /login": (200, 200, 200, 302, 200),
    "GET /": (303, 303, 303, 200, 303),
    "POST /sessions": (401, 401, 401, 303, 403),
    "GET /sessions/<session>": (303, 303, 303, 200, 303),
    "POST /sessions/<session>/ticket": (401, 401, 401, 303, 403),
    "POST /sessions/<session>/close": (401, 401, 401, 303, 403),
    "POST /sessions/<session>/refit": (401, 401, 401, 409, 403),
    "POST /sessions/<session>/again": (401, 401, 401, 303, 403),
    "POST /sessions/<session>/retouch": (401, 401, 401, 409, 403),
    "POST /sessions/<session>/empty": (401, 401, 401, 303, 403),
    "POST /sessions/<session>/grey-card": (401, 401, 401, 303, 403),
    "POST /sessions/<session>/shot-for": (401, 401, 401, 409, 403),
    "POST /variations/<variation>/overrule": (401, 401, 401, 400, 403),
    "GET /unclaimed": (303, 303, 303, 200, 303),
    "POST /sessions/<session>/shots": (401, 401, 401, 400, 403),
    "POST /sessions/<session>/move": (401, 401, 401, 400, 403),
    "POST /shots/<shot>/move": (401, 401, 401, 303, 403),
    "POST /shots/<shot>/flag": (401, 401, 401, 400, 403),
    "POST /shots/<shot>/rendition": (401, 401, 401, 409, 403),
    "POST /jobs/<job>/cancel": (401, 401, 401, 404, 403),
    "GET /plates": (303, 303, 303, 200, 303),
    "POST /plates": (401, 401, 401, 400, 403),
    "GET /plates/<plate>": (303, 303, 303, 200, 303),
    "POST /plates/<plate>": (401, 401, 401, 303, 403),
    "POST /plates/<plate>/remove": (401, 401, 401, 303, 403),
    "POST /plates/<plate>/put-back": (401, 401, 401, 303, 403),
    "GET /media/plates/<plate>/thumbnail": (303, 303, 303, 200, 303),
    "GET /media/plates/<plate>/picture": (303, 303, 303, 200, 303),
    "GET /c/<ticket>/media/plates/<plate>": (403, 403, 200, 403, 403),
    "GET /shots/<shot>/brush": (303, 303, 303, 409, 303),
    "POST /shots/<shot>/brush": (401, 401, 401, 400, 403),
    "POST /shots/<shot>/brush/again": (401, 401, 401, 409, 403),
    "GET /media/shots/<shot>/cut/person": (303, 303, 303, 409, 303),
    "GET /media/shots/<shot>/cut/photograph": (303, 303, 303, 409, 303),
    "POST /variations/<variation>/layers": (401, 401, 401, 303, 403),
    "GET /media/variations/<variation>/layers": (303, 303, 303, 404, 303),
    "GET /keys": (303, 303, 303, 200, 303),
    "POST /keys": (401, 401, 401, 200, 403),
    "POST /keys/<key>/revoke": (401, 401, 401, 303, 403),
    "GET /events": (303, 303, 303, 200, 303),
    "GET /sessions/<session>/events": (303, 303, 303, 200, 303),
    "GET /media/shots/<shot>/thumbnail": (303, 303, 303, 200, 303),
    "GET /media/shots/<shot>/proof": (303, 303, 303, 200, 303),
    "GET /media/variations/<variation>/proof": (303, 303, 303, 200, 303),
    "GET /media/variations/<variation>/picture": (303, 303, 303, 200, 303),
    "GET /c/<ticket>": (200, 200, 303, 200, 200),
    "POST /c/<ticket>/pin": (403, 403, 403, 403, 403),
    "GET /c/<ticket>/consent": (303, 303, 200, 303, 303),
    "POST /c/<ticket>/consent": (403, 403, 400, 403, 403),
    "GET /c/<ticket>/consent/copy": (303, 303, 200, 303, 303),
    "GET /c/<ticket>/withdraw": (303, 303, 200, 303, 303),
    "GET /c/<ticket>/": (303, 303, 200, 303, 303),
    "GET /c/<ticket>/shots/<shot>": (303, 303, 200, 303, 303),
    "POST /c/<ticket>/shots/<shot>/flag": (403, 403, 409, 403, 403),
    "POST /c/<ticket>/contexts": (403, 403, 409, 403, 403),
    "GET /c/<ticket>/lock": (303, 303, 303, 303, 303),
    "POST /c/<ticket>/lock": (403, 403, 409, 403, 403),
    "GET /c/<ticket>/variations": (303, 303, 200, 303, 303),
    "GET /c/<ticket>/compare/<variation>": (303, 303, 200, 303, 303),
    "POST /c/<ticket>/variations/<variation>/choice": (403, 403, 409, 403, 403),
    "GET /c/<ticket>/finish": (303, 303, 303, 303, 303),
    "POST /c/<ticket>/finish": (403, 403, 303, 403, 403),
    "GET /c/<ticket>/next": (303, 303, 200, 303, 303),
    "GET /c/<ticket>/events": (403, 403, 200, 403, 403),
    "GET /c/<ticket>/media/shots/<shot>/thumbnail": (403, 403, 200, 403, 403),
    "GET /c/<ticket>/media/shots/<shot>/proof": (403, 403, 200, 403, 403),
    "GET /c/<ticket>/media/variations/<variation>/proof": (403, 403, 200, 403, 403),
    "GET /api/v1/hello": (401, 401, 401, 401, 200),
    "POST /api/v1/shots": (401, 401, 401, 401, 411),
    "GET /api/v1/files/<sha256>": (401, 401, 401, 401, 200),
    "GET /api/v1/uploads/<sha256>": (401, 401, 401, 401, 204),
    "PATCH /api/v1/uploads/<sha256>": (401, 401, 401, 401, 415),
    "POST /api/v1/files/<sha256>/place": (401, 401, 401, 401, 400),
    "GET /api/v1/deliveries": (401, 401, 401, 401, 200),
    "GET /api/v1/deliveries/<delivery>/file": (401, 401, 401, 401, 200),
    "POST /api/v1/deliveries/<delivery>/ack": (401, 401, 401, 401, 200),
    "POST /logout": (303, 303, 303, 303, 403),
    "POST /c/<ticket>/withdraw": (403, 403, 303, 403, 403),
    "GET /verify": (200, 200, 200, 200, 200),
    "POST /verify": (400, 400, 400, 400, 403),
    "POST /login": (403, 403, 403, 403, 403),
}
FORMS = {
    "POST /plates": {"title": "No photograph comes with this"},
    "POST /plates/<plate>": {
        "title": "Lobby of ours",
        "horizon": "40",
        "light": "left",
        "kelvin": "5000",
        "behind_m": "4",
    },
    "POST /sessions": {"name": "New", "contexts": "library"},
    "POST /shots/<shot>/move": {"session": "<session>"},
    "POST /keys": {"name": "Lightroom"},
    "POST /c/<ticket>/shots/<shot>/flag": {"flag": "0"},
    "POST /c/<ticket>/contexts": {"contexts": "library"},
    "POST /c/<ticket>/variations/<variation>/choice": {"choice": "open"},
}


class House:
    """A delivered session, another client with a link of their own, and a browser for each role."""

    def __init__(self, folder):
        self.rig = rig(folder)
        services = self.rig.services
        doors.set_owner_password(services, PASSWORD)
        self.app = create_app(services, WebSettings(b"k" * 32, folder, "http://studio.test", "Studio North"))
        self.session, self.ticket, self.pin = self.client_of("Mary")
        shots = [self.rig.shot(self.session, Image.new("RGB", (64, 80), (40 * n, 9, 9))) for n in range(3)]
        self.rig.pick(self.session, *shots)
        proofing.lock(services, self.session.id, "client")
        self.rig.fit(self.session)
        self.rig.vary(self.session)
        made = self.rig.varied(self.session)[0]
        proofing.choose(services, self.session.id, made.id, Choice.APPROVED, "client")
        proofing.finish(services, self.session.id, "client")
        deliver.deliver(services, self.session.id, self.rig.board.progress("deliver-x", self.session.id))
        self.key = doors.make_key(services, "Lightroom")
        other = doors.make_key(services, "Another Lightroom")
        self.names = {
            "session": self.session.id,
            "ticket": self.ticket,
            "shot": shots[0].id,
            "variation": made.id,
            "delivery": f"d-{made.id}",
            "sha256": shots[0].original.sha256,
            "job": "train-nothing",
            "plate": self.rig.plate("Lobby of ours").id,
            "key": doors.key_of(services, other).id,
        }

    def client_of(self, name):
        session = self.rig.session(name)
        ticket, pin = self.rig.ticket(session)
        self.rig.agree(session)
        return session, ticket.id, pin

    def browser(self, role):
        http = self.app.test_client()
        if role == "photographer":
            assert post(http, "/login", {"password": PASSWORD}).status_code == 303
        if role == "client":
            assert post(http, f"/c/{self.ticket}/pin", {"pin": self.pin}).status_code == 303
        if role == "stranger":
            _, ticket, pin = self.client_of("Ada")
            assert post(http, f"/c/{ticket}/pin", {"pin": pin}).status_code == 303
        return http

    def address(self, rule):
        return re.sub(r"<(\w+)>", lambda found: self.names[found[1]], rule)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def ask(house, http, role, route):
    method, rule = route.split()
    address = house.address(rule)
    headers = {"Accept": "text/html"}
    if role == "machine":
        headers["Authorization"] = f"Bearer {house.key}"
    if method == "GET":
        answer = http.get(address, headers=headers, buffered=False)
    elif role == "machine" or rule.startswith("/api/"):
        body = {"json": {"path": "/a.jpg"}} if rule.endswith("ack") else {}
        answer = http.open(address, method=method, headers=headers, **body)
    else:
        form = {name: house.address(value) for name, value in FORMS.get(route, {}).items()}
        answer = post(http, address, form, headers=headers)
    answer.close()
    return answer.status_code


@pytest.mark.parametrize("role", ROLES)
def test_every_route_answers_every_role_as_it_should(house, role):
    http = house.browser(role)
    got = {route: ask(house, http, role, route) for route in sorted(EXPECTED, key=dangerous)}
    wanted = {route: statuses[ROLES.index(role)] for route, statuses in EXPECTED.items()}
    assert {r: s for r, s in got.items() if s != wanted[r]} == {}


def dangerous(route):
    """What ends a role's own access comes last."""
    ends = ["POST /c/<ticket>/withdraw", "POST /sessions/<session>/ticket", "POST /logout", "POST /login"]
    return ends.index(route) + 1 if route in ends else 0


def test_the_table_names_every_route_of_the_application(house):
    named = {(route.split()[0], re.sub(r"<\w+>", "<>", route.split()[1])) for route in EXPECTED}
    for rule in house.app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        sizes = re.search(r"<any\(([\w, ]+)\):\w+>", rule.rule)
        for size in sizes[1].split(", ") if sizes else [""]:
            path = re.sub(r"<any[^>]+>", size, rule.rule)
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                assert (method, re.sub(r"<\w+>", "<>", path)) in named, f"{method} {rule.rule} is untested"


def test_a_dead_link_shows_no_picture_any_more(house):
    http = house.browser("client")
    address = house.address("/c/<ticket>/media/shots/<shot>/proof")
    with http.get(address) as first:
        assert first.status_code == 200
        assert first.headers["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": first.headers["ETag"]}
    with http.get(address, headers=known) as second:
        assert second.status_code == 304
    doors.issue_ticket(house.rig.services, house.session.id)
    assert http.get(address, headers=known).status_code == 403


def test_a_client_sees_nothing_that_the_judge_refused(house):
    http = house.browser("client")
    refused = house.rig.refuse_by_judge(house.session, house.rig.varied(house.session)[0])
    for address in ("/c/<ticket>/media/variations/{}/proof", "/c/<ticket>/compare/{}"):
        assert http.get(house.address(address.format(refused.id))).status_code == 404
    with house.browser("photographer").get(f"/media/variations/{refused.id}/proof") as seen:
        assert seen.status_code == 200


def test_no_page_of_a_client_names_a_path_of_the_photographer(house):
    http = house.browser("client")
    for path in ("", "variations", "next", "consent", "consent/copy", house.address("shots/<shot>")):
        assert "/Volumes/Secret" not in http.get(f"/c/{house.ticket}/{path}").text


def test_pages_carry_the_headers_that_browsers_are_told_by(house):
    answer = house.browser("photographer").get(f"/sessions/{house.session.id}")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", answer.text)
    cookie = next(one for one in house.app.test_client().get("/login").headers.getlist("Set-Cookie"))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_form_without_the_token_is_refused(house):
    http = house.browser("photographer")
    assert http.post("/sessions", data={"name": "X", "contexts": "library"}).status_code == 403
    stale = {"name": "X", "contexts": "library", "csrf_token": "of another"}
    assert http.post("/sessions", data=stale).status_code == 403


def test_passwords_cannot_be_tried_for_ever(house):
    http = house.app.test_client()
    statuses = [post(http, "/login", {"password": "wrong"}).status_code for _ in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    assert post(http, "/login", {"password": PASSWORD}).status_code == 429


def test_a_new_password_ends_every_login(house):
    http = house.browser("photographer")
    doors.set_owner_password(house.rig.services, "another long password")
    assert http.get("/").status_code == 303


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "evil"])
def test_a_login_leads_only_to_pages_of_ours(house, target):
    http = house.app.test_client()
    assert post(http, f"/login?next={target}", {"password": PASSWORD}).location == "/"


def test_a_pick_cannot_be_set_in_another_session(house):
    other, ticket, pin = house.client_of("Caroline")
    shot = house.rig.shot(other, Image.new("RGB", (64, 80)))
    http = house.browser("client")
    answer = post(http, f"/c/{house.ticket}/shots/{shot.id}/flag", {"flag": "1"})
    assert answer.status_code in {404, 409}
    with house.rig.services.work() as work:
        assert work.shot(shot.id).flag is Flag.NONE
    assert ticket
    assert pin


def test_a_form_of_somebody_unknown_is_not_read_beyond_its_limit(house):
    head = b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
    sent = {
        "data": head + b"x" * 3_000_000 + b"\r\n--b--\r\n",
        "content_type": "multipart/form-data; boundary=b",
    }
    assert house.app.test_client().post("/login", **sent).status_code == 413


def test_scripts_are_told_a_new_session_and_its_way_in(house):
    http = house.browser("photographer")
    data = {"Accept": "application/json"}
    made = post(http, "/sessions", {"name": "Ada", "contexts": "library"}, headers=data)
    assert made.status_code == 201
    opened = made.get_json()
    assert opened["link"] == f"http://studio.test{opened['client_url']}"
    again = post(http, f"/sessions/{opened['session']}/ticket", headers=data)
    assert again.status_code == 201
    assert http.get(opened["client_url"]).status_code == 403
    client = house.app.test_client()
    assert (
        post(client, f"{again.get_json()['client_url']}/pin", {"pin": again.get_json()["pin"]}).status_code
        == 303
    )


@pytest.mark.parametrize(("sent", "heard"), [("12-0", "12-0"), ("nonsense", ""), ("-1", ""), ("", "")])
def test_only_an_event_id_of_ours_says_where_a_stream_goes_on(house, monkeypatch, sent, heard):
    asked = []
    monkeypatch.setattr(house.rig.board, "listen", lambda session, last: iter(asked.append(last) or []))
    http = house.browser("photographer")
    assert http.get("/events", headers={"Last-Event-ID": sent}).text == "retry: 2000\n\n"
    assert asked == [heard]
