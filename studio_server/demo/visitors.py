"""The people and machines of a session, each with a browser or a key of their own. HTTP is all they know."""

import base64
import io
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import requests
from PIL import Image, ImageDraw

from studio_server.demo.live import QUIET, Event, Listener

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
BOX = re.compile(r"<input\b[^>]*>")
VALUE = re.compile(r'value="([\w-]+)"')
JSON = {"Accept": "application/json"}
SECONDS = 60


class Refused(Exception):
    """The server said no; the text is its sentence, `status` what HTTP calls it."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass
class Browser:
    """Cookies, a CSRF token, and a server."""

    base_url: str
    web: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def open(self, path: str) -> str:
        answer = self.web.get(urljoin(self.base_url, path), timeout=SECONDS)
        text = _checked(answer).text
        if found := TOKEN.search(text):
            self.token = found[1]
        return text

    def ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return _checked(self.web.get(urljoin(self.base_url, path), headers=JSON, timeout=SECONDS)).json()

    def fetch(self, path: str) -> bytes:
        return _checked(self.web.get(urljoin(self.base_url, path), timeout=SECONDS)).content

    def send(self, path: str, **form: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
        headers = {**JSON, "X-CSRF-Token": self.token}
        answer = self.web.post(urljoin(self.base_url, path), data=form, headers=headers, timeout=SECONDS)
        return _checked(answer).json()


def _checked(answer: requests.Response) -> requests.Response:
    if answer.ok:
        return answer
    try:
        sentence = str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        sentence = f"{answer.request.method} {answer.url} answered {answer.status_code}"
    raise Refused(sentence, answer.status_code)


@dataclass
class Photographer:
    browser: Browser
    session: str = ""

    def log_in(self, password: str) -> None:
        self.browser.open("/login")
        headers = {"X-CSRF-Token": self.browser.token}
        url = urljoin(self.browser.base_url, "/login")
        _checked(self.browser.web.post(url, data={"password": password}, headers=headers, timeout=SECONDS))
        self.browser.open("/")

    def open_session(self, name: str, contexts: Iterable[str], serial: str) -> tuple[str, str]:
        """Returns the client's link and PIN."""
        form = {"name": name, "contexts": list(contexts), "camera_serial": serial, "days_kept": "30"}
        made = self.browser.send("/sessions", **form)
        self.session = made["session"]
        return str(made["link"]), str(made["pin"])

    def contexts(self) -> list[str]:
        """The places that are ticked beforehand on the form for a new session."""
        return ticked(self.browser.open("/"))

    def make_key(self, name: str) -> str:
        return str(self.browser.send("/keys", name=name)["key"])

    def sees(self) -> dict[str, Any]:
        return dict(self.browser.ask(f"/sessions/{self.session}"))

    def proof(self, shot: str) -> bytes:
        return self.browser.fetch(f"/media/shots/{shot}/proof")

    def picture(self, variation: str) -> bytes:
        return self.browser.fetch(f"/media/variations/{variation}/picture")


@dataclass
class Client:
    browser: Browser
    door: str
    """The path of the link: /c/<ticket>."""
    heard: dict[str, float] = field(default_factory=dict)
    """Shot id -> time.time() of the live event that its proof is there."""
    listener: Listener | None = None

    def come_in(self, pin: str) -> None:
        self.browser.open(self.door)
        self.browser.send(f"{self.door}/pin", pin=pin)
        self.browser.open(f"{self.door}/consent")

    def consent(self, name: str, purposes: Iterable[str]) -> None:
        form = {
            "purposes": list(purposes),
            "signed_name": name,
            "signature": drawn_signature(),
            "language": "en",
        }
        self.browser.send(f"{self.door}/consent", **form)

    def sees(self) -> dict[str, Any]:
        return dict(self.browser.ask(f"{self.door}/"))

    def flag(self, shot: str, flag: int) -> None:
        self.browser.send(f"{self.door}/shots/{shot}/flag", flag=str(flag))

    def offered_contexts(self) -> list[str]:
        """The places that the contact sheet's own form offers."""
        return [value for value, _ in _places(self.browser.open(f"{self.door}/"))]

    def choose_contexts(self, contexts: Iterable[str]) -> None:
        self.browser.send(f"{self.door}/contexts", contexts=list(contexts))

    def lock(self) -> None:
        self.browser.send(f"{self.door}/lock", confirm="yes")

    def choose(self, variation: str, choice: str) -> None:
        self.browser.send(f"{self.door}/variations/{variation}/choice", choice=choice)

    def finish(self) -> None:
        self.browser.send(f"{self.door}/finish", confirm="yes")

    def listen(self) -> None:
        """Watch the live events in the background, as the open page does. Raises ConnectionError."""
        self.listener = Listener(self._connect, self._hear)
        self.listener.start()

    def leave(self) -> None:
        if self.listener:
            self.listener.leave()

    def _connect(self, headers: dict[str, str]) -> requests.Response:
        url, cookies = urljoin(self.browser.base_url, f"{self.door}/events"), self.browser.web.cookies
        # a connection of its own: the browser's others go on beside it
        return requests.get(url, headers=headers, cookies=cookies, stream=True, timeout=QUIET)

    def _hear(self, event: Event) -> None:
        if event.kind == "shot" and event.data.get("state") in ("developed", "unreadable"):
            self.heard.setdefault(str(event.data["shot"]), time.time())


@dataclass
class Machine:
    """A program with a key, as the plug-in is one."""

    base_url: str
    key: str

    def ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return self._get(path).json()

    def fetch(self, path: str) -> bytes:
        return self._get(path).content

    def _get(self, path: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        return _checked(requests.get(urljoin(self.base_url, path), headers=headers, timeout=SECONDS))


def ticked(page: str) -> list[str]:
    """The places whose boxes are ticked on a page with a form of places."""
    return [value for value, checked in _places(page) if checked]


def _places(page: str) -> list[tuple[str, bool]]:
    boxes = [box for box in BOX.findall(page) if 'name="contexts"' in box]
    values = [(VALUE.search(box), " checked" in box) for box in boxes]
    return [(value[1], checked) for value, checked in values if value]


def drawn_signature() -> str:
    """A few strokes as a data: URI, as the tablet's canvas sends them."""
    paper = Image.new("RGBA", (600, 200), (0, 0, 0, 0))
    stroke = [(40, 140), (90, 40), (130, 150), (180, 80), (230, 150), (300, 90), (380, 150), (540, 70)]
    ImageDraw.Draw(paper).line(stroke, fill=(20, 20, 30, 255), width=5, joint="curve")
    png = io.BytesIO()
    paper.save(png, "PNG")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
