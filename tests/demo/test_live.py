"""What a tablet hears of the session, over connections that break."""

import threading
import time

import pytest
from demo_fakes import say, serving

from studio_server.demo import live
from studio_server.demo.live import Event, events
from studio_server.demo.visitors import Browser, Client


def frame(number, shot, state="developed"):
    return f'id: {number}-0\nevent: shot\ndata: {{"shot": "{shot}", "state": "{state}"}}\n\n'.encode()


class Stream:
    """Answers each connection with the next of `scripts`, then breaks it off."""

    def __init__(self, *scripts):
        self.scripts, self.asked, self.over = list(scripts), [], threading.Event()

    def __call__(self, handler):
        self.asked.append(handler.headers.get("Last-Event-ID"))
        script = self.scripts.pop(0) if self.scripts else 204
        if isinstance(script, int):
            say(handler, script)
            self.over.set()
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", "100000")  # never reached: so the connection breaks
        handler.end_headers()
        handler.wfile.write(script)


def listening(base):
    client = Client(Browser(base), "/c/ticket")
    client.listen()
    return client


def until(true, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(live, "RETRY", 0.01)


def test_events_are_read_from_their_lines_and_comments_passed_over():
    lines = b"""retry: 2000

: keep the line open

id: 7
event: shot
data: {"shot": "a",
data: "state": "developed"}

data: {"nameless": 1}

event: ping
data: {}

id: 8
event: shot
data: {"shot": "cut off"}""".split(b"\n")
    heard = [Event("shot", {"shot": "a", "state": "developed"}, "7"), Event("ping", {}, "7")]
    assert list(events(lines)) == heard


def test_an_id_is_kept_over_connections_until_another_comes():
    assert [event.id for event in events([b"event: ping", b"data: {}", b""], "41-0")] == ["41-0"]


def test_a_broken_connection_is_opened_again_from_the_last_event_on():
    stream = Stream(frame(1, "a") + frame(2, "b") + b"id: 3-0\nevent: shot\ndata: {", frame(3, "c"))
    with serving(stream) as base:
        client = listening(base)
        until(stream.over.is_set)
        until(lambda: client.listener.refusal)
    assert stream.asked == [None, "2-0", "3-0"]
    assert set(client.heard) == {"a", "b", "c"}
    assert client.listener.connections == 2


def test_a_shot_that_is_told_twice_is_timed_once():
    stream = Stream(frame(1, "a"), frame(1, "a"))
    with serving(stream) as base:
        client = listening(base)
        until(lambda: client.heard)
        first = dict(client.heard)
        until(lambda: client.listener.refusal)
    assert client.heard == first


def test_a_shot_that_was_only_received_is_not_yet_a_proof():
    stream = Stream(frame(1, "a", "received") + frame(2, "b", "unreadable"))
    with serving(stream) as base:
        client = listening(base)
        until(lambda: client.listener.refusal)
    assert set(client.heard) == {"b"}


def test_a_stream_that_is_refused_is_said_and_not_asked_for_again():
    stream = Stream(403)
    with (
        serving(stream) as base,
        pytest.raises(ConnectionError, match="did not open: the server answered 403"),
    ):
        listening(base)
    assert len(stream.asked) == 1


def test_a_client_who_has_left_does_not_connect_again():
    stream = Stream(frame(1, "a"), *[b""] * 1000)
    with serving(stream) as base:
        client = listening(base)
        until(lambda: len(stream.asked) > 2)
        client.leave()
        time.sleep(0.1)
        asked = len(stream.asked)
        time.sleep(0.2)
    assert len(stream.asked) == asked
