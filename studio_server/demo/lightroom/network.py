"""LrHttp on a real network: the answer, or the error that Lightroom would name."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEFAULT_SECONDS = 30.0


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    error: str = ""
    """Lightroom's errorCode; empty if there was an answer."""
    reason: str = ""


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    seconds: float = DEFAULT_SECONDS


ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "cannotFindHost"),
    (ssl.SSLCertVerificationError, "serverCertificateHasUnknownRoot"),
    (ssl.SSLError, "securityError"),
    (TimeoutError, "timedOut"),
    (ConnectionRefusedError, "cannotConnectToHost"),
    (http.client.BadStatusLine, "badServerResponse"),
    (http.client.InvalidURL, "badURL"),
    (ValueError, "badURL"),
    (OSError, "networkConnectionLost"),
    (http.client.HTTPException, "badServerResponse"),
)


def send(request: Request) -> Reply:
    """One exchange, without following redirects. A body that breaks off comes as far as it came."""
    try:
        return _exchange(request)
    except tuple(kind for kind, _ in ERRORS) as error:
        code = next(code for kind, code in ERRORS if isinstance(error, kind))
        return Reply(error=code, reason=str(error) or code)


def _exchange(request: Request) -> Reply:
    parts = urlsplit(request.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(request.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=request.seconds)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(request.method, target, body=request.body, headers=dict(request.headers))
        answer = connection.getresponse()
        return Reply(_read(answer), answer.status, tuple(answer.getheaders()))
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read()
    except http.client.IncompleteRead as broken:
        return broken.partial
