"""All that tethering knows of the server: hello, "do you have this?", "here it is"."""

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests

TIMEOUT = (5.0, 120.0)
"""Seconds to connect, and to wait for the answer once the file is over there."""
FINAL = frozenset({400, 409, 410, 413, 415, 422})
"""Answers about the file itself: offering it again would change nothing."""
CHUNK = 1 << 20


class SinkError(Exception):
    """One sentence for the person at the studio's computer."""


class Away(SinkError):
    """Not now: the server is down, full or busy. Try again, not before `after` seconds."""

    def __init__(self, sentence: str, after: float = 0.0) -> None:
        super().__init__(sentence)
        self.after = after


class Stumbled(Away):
    """The server failed on this very file, as far as we can see: others may fare better."""


class KeyRefused(SinkError):
    """The server does not accept this key."""


class Refused(SinkError):
    """The server does not want this file, and says why."""


@dataclass(frozen=True)
class Offer:
    path: Path
    size: int
    sha256: str
    serial: str
    captured: str
    release: str
    place: str = ""
    """The part of a Capture One session that it lies in."""


@dataclass(frozen=True)
class Answer:
    state: str
    """received, known or ours."""
    shot: str
    session: str


class Sink:
    def __init__(self, server: str, key: str) -> None:
        self.server = server.rstrip("/")
        self._key = key
        self._local = threading.local()

    def hello(self) -> str:
        """Return the name that the server gave to our key; raises SinkError."""
        found = self._ask("GET", "hello")
        if not isinstance(found, dict) or found.get("product") != "studio-server":
            raise SinkError(
                f"{self.server} answers, but it is no Studio Server: check the address after --server."
            )
        return str(found.get("key", ""))

    def has(self, sha256: str) -> bool:
        """Ask whether the server has this file already, as a shot's or as a master of its own."""
        answer = self._send("HEAD", f"files/{sha256}")
        if answer.status_code == requests.codes.not_found:
            return False
        _check(self.server, answer)
        return True

    def offer(self, offer: Offer) -> Answer:
        """Stream the file over. Raises Away, Refused, KeyRefused; OSError where the file cannot be read."""
        headers = {
            "X-Studio-Name": _plain(offer.path.name),
            "X-Studio-Path": _plain(os.fspath(offer.path)),
            "X-Studio-Serial": _plain(offer.serial),
            "X-Studio-Captured": _plain(offer.captured),
            "X-Studio-Sha256": offer.sha256,
            "X-Studio-Release": offer.release,
            "X-Studio-Place": offer.place,
            "Content-Type": "application/octet-stream",
            "Content-Length": str(offer.size),
        }
        with offer.path.open("rb") as file:
            found = self._ask("POST", "shots", data=file if offer.size else b"", headers=headers)
        if not isinstance(found, dict):
            raise Away(f"{self.server} gave an answer that makes no sense; trying again.")
        return Answer(
            str(found.get("state", "")), str(found.get("shot") or ""), str(found.get("session") or "")
        )

    def tell_place(self, sha256: str, path: Path, place: str) -> None:
        """Say where a file lies now that the server has. One that knows no such door is told nothing."""
        answer = self._send("POST", f"files/{sha256}/place", json={"path": _text(path), "place": place})
        if answer.status_code not in (requests.codes.not_found, requests.codes.method_not_allowed):
            _check(self.server, answer)

    def _ask(self, method: str, path: str, **more: object) -> object:
        answer = self._send(method, path, **more)
        _check(self.server, answer)
        try:
            found: object = answer.json()
        except ValueError:
            raise SinkError(
                f"{self.server} answers, but it is no Studio Server: check the address."
            ) from None
        return found

    def _send(self, method: str, path: str, **more: object) -> requests.Response:
        try:
            return self._session().request(  # type: ignore[no-any-return,unused-ignore] # stubs may be absent
                method,
                f"{self.server}/api/v1/{path}",
                timeout=TIMEOUT,
                allow_redirects=False,
                **more,  # type: ignore[arg-type] # data and headers, as the two callers above give them
            )
        except requests.RequestException as problem:
            raise Away(f"{self.server} does not answer ({_reason(problem)}).") from problem

    def _session(self) -> requests.Session:
        """One connection for each thread: requests does not promise to share one."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.headers["Authorization"] = f"Bearer {self._key}"
        session: requests.Session = self._local.session
        return session


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _plain(value: str) -> str:
    """Percent-encoded, as headers carry ASCII alone; a name that is no UTF-8 keeps its bytes."""
    return quote(value.encode(errors="surrogateescape"), safe="")


def _text(path: Path) -> str:
    return os.fsencode(path).decode(errors="replace")


def _check(server: str, answer: requests.Response) -> None:
    if answer.ok and not answer.is_redirect:
        return
    status, sentence = answer.status_code, _sentence(answer)
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        raise KeyRefused(sentence or f"{server} does not accept this key: make a new one on the server.")
    if status in FINAL:
        raise Refused(sentence or f"The server refused the file ({status}).")
    kind = Stumbled if status == requests.codes.server_error else Away
    raise kind(sentence or f"{server} answered {status}.", _retry_after(answer.headers))


def _sentence(answer: requests.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After", "")
    return min(float(value), 300.0) if value.isdigit() else 0.0


def _reason(problem: requests.RequestException) -> str:
    if isinstance(problem, requests.Timeout):
        return "no answer in time"
    if isinstance(problem, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    return "no connection" if isinstance(problem, requests.ConnectionError) else type(problem).__name__
