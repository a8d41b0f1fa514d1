"""The line to the server: one request, and what went wrong with it in one sentence."""

import threading
from collections.abc import Mapping

import requests

TIMEOUT = (5.0, 120.0)
"""Seconds to connect, and to wait for the answer once the file is over there."""
FINAL = frozenset({400, 409, 410, 413, 415, 422})
"""Answers about the file itself: offering it again would change nothing."""


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


class Line:
    def __init__(self, server: str, key: str) -> None:
        self.server = server.rstrip("/")
        self._key = key
        self._local = threading.local()

    def ask(self, method: str, path: str, **more: object) -> object:
        """Send, check, and read the answer as JSON; raises SinkError."""
        return self.read(self.checked(self.send(method, path, **more)))

    def read(self, answer: requests.Response) -> object:
        try:
            found: object = answer.json()
        except ValueError:
            raise SinkError(
                f"{self.server} answers, but it is no Studio Server: check the address."
            ) from None
        return found

    def checked(self, answer: requests.Response) -> requests.Response:
        _check(self.server, answer)
        return answer

    def send(self, method: str, path: str, **more: object) -> requests.Response:
        try:
            return self._session().request(  # type: ignore[no-any-return,unused-ignore] # stubs may be absent
                method,
                f"{self.server}/api/v1/{path}",
                timeout=TIMEOUT,
                allow_redirects=False,
                **more,  # type: ignore[arg-type] # data and headers, as the sink gives them
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


def _check(server: str, answer: requests.Response) -> None:
    if answer.ok and not answer.is_redirect:
        return
    status, sentence = answer.status_code, _sentence(answer)
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        raise KeyRefused(sentence or f"{server} does not accept this key: make a new one on the server.")
    if status == requests.codes.conflict and "Upload-Offset" in answer.headers:
        raise Away(sentence)  # not about the file: about where in it we are
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
