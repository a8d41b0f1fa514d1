"""The open page's ear: live events over a connection that may break, and goes on where it was."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import requests

QUIET = 60.0
"""Seconds without a byte after which a connection counts as broken; the server writes comments more often."""
OPENING = 60.0
RETRY = 2.0
"""Seconds between a broken connection and the next; as long as the server asks of a browser."""


@dataclass(frozen=True)
class Event:
    kind: str
    data: dict[str, Any]
    id: str = ""
    """The last id on the stream so far: what to ask for when the connection breaks."""


@dataclass
class Listener:
    """Watches one stream in the background, as an EventSource does, until `leave`."""

    connect: Callable[[dict[str, str]], requests.Response]
    """Open the stream with these headers."""
    hear: Callable[[Event], None]
    last_id: str = ""
    retry: float = field(default_factory=lambda: RETRY)
    refusal: str = ""
    """Why there is nothing more to hear: a page would not ask again either."""
    connections: int = 0
    _opened: threading.Event = field(default_factory=threading.Event)
    _left: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Return when the stream is open; raise ConnectionError if it does not open."""
        threading.Thread(target=self._listen, daemon=True, name="live events").start()
        if not self._opened.wait(OPENING) or self.refusal:
            why = self.refusal or f"nothing answered within {OPENING:.0f} s"
            raise ConnectionError(f"The live events did not open: {why}.")

    def leave(self) -> None:
        self._left.set()

    def _listen(self) -> None:
        while not self._left.is_set():
            with suppress(requests.RequestException):  # broken: connect again, as a page does
                if not self._stay():
                    return
            self._left.wait(self.retry)

    def _stay(self) -> bool:
        """Hear one connection to its end. Return whether there may be more to hear."""
        headers = {"Accept": "text/event-stream"}
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        with self.connect(headers) as answer:
            if answer.status_code != requests.codes.ok:
                self.refusal = f"the server answered {answer.status_code}"
                self._opened.set()
                return False
            self.connections += 1
            self._opened.set()
            for event in events(answer.iter_lines(chunk_size=1), self.last_id):
                if self._left.is_set():
                    return False
                self.last_id = event.id
                self.hear(event)
        return True


def events(lines: Iterable[bytes], last_id: str = "") -> Iterator[Event]:
    """Server-sent events from their lines (WHATWG HTML, 9.2.6); comments and unnamed ones are passed over."""
    kind, data = "", ""
    for raw in lines:
        line = raw.decode()
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            data += line[6:]
        elif line.startswith("id: "):
            last_id = line[4:]
        elif not line:
            if kind and data:
                yield Event(kind, json.loads(data), last_id)
            kind, data = "", ""
