"""The machines' door: the agent's uploads and the plug-in's pulls, over HTTP."""

import hashlib
import io
from datetime import timedelta
from urllib.parse import quote

import pytest
from client_rig import jpeg, post
from PIL import Image
from sqlalchemy.exc import OperationalError
from test_doors import House

from studio_server.storage.unit_of_work import SqlWork
from studio_server.workflow import consenting, doors


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def machine(house):
    return Machine(house)


class Machine:
    def __init__(self, house):
        self.http = house.app.test_client()
        self.headers = {"Authorization": f"Bearer {house.key}"}

    def get(self, path, **more):
        return self.http.get(f"/api/v1{path}", headers=self.headers, **more)

    def post(self, path, **more):
        headers = self.headers | more.pop("headers", {})
        return self.http.post(f"/api/v1{path}", headers=headers, **more)

    def shot(self, data, name="IMG_0001.JPG", **headers):
        said = {"X-Studio-Name": quote(name), "X-Studio-Path": quote(f"/hot/{name}")}
        said |= {f"X-Studio-{key}": quote(value) for key, value in headers.items()}
        return self.post("/shots", data=data, headers=said)


def picture(colour=(1, 2, 3)):
    return jpeg(Image.new("RGB", (64, 80), colour))


def test_a_machine_is_greeted_by_the_name_of_its_key(machine):
    assert machine.get("/hello").get_json() == {
        "product": "studio-server",
        "version": "0.1.0",
        "key": "Lightroom",
    }


def test_a_shot_is_kept_byte_for_byte_and_offered_twice_it_is_known(house, machine):
    data = picture()
    first = machine.shot(data, "Zoë & Søn 1.JPG", Captured=house.rig.clock[0].isoformat(), Serial="77")
    assert first.status_code == 201
    assert first.get_json()["state"] == "received"
    again = machine.shot(data, "Zoë & Søn 1.JPG")
    assert (again.status_code, again.get_json()["state"]) == (200, "known")
    assert again.get_json()["shot"] == first.get_json()["shot"]
    with house.rig.services.work() as work:
        shot = work.shot(first.get_json()["shot"])
    assert shot.original.name == "Zoë & Søn 1.JPG"
    assert shot.capture.serial == "77"
    assert house.rig.services.blobs.read(shot.original.sha256) == data


def test_a_known_file_is_found_by_its_sha256_without_sending_it(machine):
    data = picture()
    name = hashlib.sha256(data).hexdigest()
    assert machine.http.head(f"/api/v1/files/{name}", headers=machine.headers).status_code == 404
    machine.shot(data)
    assert machine.http.head(f"/api/v1/files/{name}", headers=machine.headers).status_code == 200


def test_a_master_of_ours_is_not_taken_for_a_shot(machine):
    row = machine.get("/deliveries").get_json()["deliveries"][0]
    with machine.get(f"/deliveries/{row['id']}/file") as master:
        data = master.data
    answer = machine.shot(data, row["file"])
    assert (answer.status_code, answer.get_json()["state"]) == (200, "ours")


def test_what_is_no_picture_is_refused_with_a_sentence(machine):
    answer = machine.shot(b"hello", "notes.txt")
    assert answer.status_code == 415
    assert "notes.txt" in answer.get_json()["error"]
    assert machine.shot(picture(), Captured="yesterday").status_code == 400
    assert machine.shot(picture(), Age="-3").status_code == 400
    assert machine.shot(picture(), Age="1e400").status_code == 400


def test_a_file_that_ends_early_is_not_kept(house, machine):
    headers = machine.headers | {"X-Studio-Name": "IMG_0002.JPG"}
    said = {"CONTENT_LENGTH": "5000"}
    answer = machine.http.post(
        "/api/v1/shots", input_stream=io.BytesIO(b"half"), headers=headers, environ_overrides=said
    )
    assert answer.status_code == 400
    with house.rig.services.work() as work:
        assert work.shot_with_file(hashlib.sha256(b"half").hexdigest()) is None


def test_deliveries_carry_what_a_catalog_needs_and_a_cursor_that_ends(machine):
    page = machine.get("/deliveries?limit=1").get_json()
    (row,) = page["deliveries"]
    assert row["source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert row["kind"] == "ai"
    assert row["parent"]["path"].startswith("/Volumes/Secret")
    assert row["consent_until"] > row["created_at"]
    assert set(row["resemblance"]) == {"distance", "limit", "sentence"}
    rest = machine.get(f"/deliveries?since={page['cursor']}").get_json()
    assert rest == {"cursor": page["cursor"], "more": False, "deliveries": []}
    assert machine.get("/deliveries?since=x").status_code == 400
    assert machine.get("/deliveries?limit=x").status_code == 400


def test_a_master_is_fetched_whole_and_acknowledged_twice(machine):
    row = machine.get("/deliveries").get_json()["deliveries"][0]
    with machine.get(f"/deliveries/{row['id']}/file") as master:
        assert hashlib.sha256(master.data).hexdigest() == row["sha256"] == master.headers["ETag"].strip('"')
        assert int(master.headers["Content-Length"]) == row["size"]
    for _ in range(2):
        answer = machine.post(f"/deliveries/{row['id']}/ack", json={"path": "/Pictures/a.jpg"})
        assert answer.get_json() == {"state": "delivered"}
    assert machine.post(f"/deliveries/{row['id']}/ack", data="no json").status_code == 400
    assert machine.get("/deliveries/d-unknown/file").status_code == 404


def test_a_client_who_withdraws_is_delivered_no_more(house, machine):
    row = machine.get("/deliveries").get_json()["deliveries"][0]
    consenting.withdraw(house.rig.services, house.session.id, "client")
    page = machine.get("/deliveries").get_json()
    assert page["deliveries"] == []
    gone = machine.get(f"/deliveries/{row['id']}/file")
    assert gone.status_code == 410
    assert "withdrawn" in gone.get_json()["error"]


def test_a_master_whose_bytes_were_erased_is_gone_and_says_so(house, machine):
    row = machine.get("/deliveries").get_json()["deliveries"][0]
    house.rig.services.blobs.path(row["sha256"]).unlink()
    assert machine.get(f"/deliveries/{row['id']}/file").status_code == 410


def test_keys_cannot_be_tried_for_ever(house):
    http = house.app.test_client()
    wrong = {"Authorization": "Bearer wrong"}
    answers = [http.get("/api/v1/hello", headers=wrong) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"
    assert int(answers[-1].headers["Retry-After"]) > 0
    house.rig.clock[0] += timedelta(minutes=2)
    good = {"Authorization": f"Bearer {house.key}"}
    assert http.get("/api/v1/hello", headers=good).status_code == 200


def test_the_page_of_keys_makes_one_that_works(house):
    http = house.browser("photographer")
    made = post(http, "/keys", {"name": "Agent"}, headers={"Accept": "application/json"})
    assert doors.key_of(house.rig.services, made.get_json()["key"]).name == "Agent"


def test_a_revoked_key_is_refused_and_no_longer_listed(house, machine):
    http = house.browser("photographer")
    key = doors.key_of(house.rig.services, house.key)
    assert f"/keys/{key.id}/revoke" in http.get("/keys").text
    assert machine.get("/hello").status_code == 200
    for _ in range(2):
        assert post(http, f"/keys/{key.id}/revoke").status_code == 303
    assert machine.get("/hello").status_code == 401
    assert f"/keys/{key.id}/revoke" not in http.get("/keys").text
    assert post(http, "/keys/unknown/revoke").status_code == 404


def test_a_database_without_room_says_so_and_the_agent_waits(house, machine, monkeypatch):
    full = OperationalError("COMMIT", {}, Exception("database or disk is full"))

    def no_room(*_args):
        raise full

    monkeypatch.setattr(SqlWork, "commit", no_room)
    answer = machine.shot(picture((9, 9, 9)))
    assert answer.status_code == 507
    assert "The disk is full" in answer.get_json()["error"]
    monkeypatch.undo()
    assert machine.shot(picture((9, 9, 9))).status_code == 201


@pytest.mark.parametrize("name", ["caf%E9.NEF", "%C3%BC" * 125 + "a.NEF"], ids=["no UTF-8", "255 bytes"])
def test_any_name_that_a_file_system_can_have_is_taken(house, machine, name):
    said = {"X-Studio-Name": name, "X-Studio-Path": f"/hot/{name}", "X-Studio-Release": "one"}
    answer = machine.post("/shots", data=b"II*\0 the bytes", headers=said)
    assert answer.status_code == 201
    with house.rig.services.read() as seen:
        shot = seen.shot(answer.get_json()["shot"])
    assert shot.original.name in ("caf\ufffd.NEF", "ü" * 125 + "a.NEF")
