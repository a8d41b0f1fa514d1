"""All that tethering knows of the server: hello, "do you have this?", "here it is"."""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import requests

from tethering.line import Away, Line, SinkError
from tethering.pace import Body, Changed, Pace, Witness

CHUNK = 1 << 20
LARGE = 4 << 20
"""From this size on a file goes in parts, so that a line that breaks costs one part and not the file."""
FIRST_PART, SMALLEST_PART, LARGEST_PART = 1 << 20, 256 << 10, 8 << 20
PART_SECONDS = 4.0
"""So long a part should take: what a break costs at most. A server reads a part whole before it keeps it."""


@dataclass(frozen=True)
class Offer:
    path: Path
    size: int
    mtime_ns: int
    sha256: str
    serial: str
    captured: str
    release: str
    spot: str = ""
    place: str = ""
    """The part of a Capture One session that it lies in."""
    appeared: float | None = None
    """When it was seen to come into the folder, by `time.monotonic`; None: it lay there already."""

    @property
    def headers(self) -> dict[str, str]:
        age = {} if self.appeared is None else {"X-Studio-Age": f"{time.monotonic() - self.appeared:.3f}"}
        return {
            **age,
            "X-Studio-Name": _plain(self.path.name),
            "X-Studio-Path": _plain(os.fspath(self.path)),
            "X-Studio-Serial": _plain(self.serial),
            "X-Studio-Captured": _plain(self.captured),
            "X-Studio-Sha256": self.sha256,
            "X-Studio-Release": self.release,
            "X-Studio-Spot": self.spot,
            "X-Studio-Place": self.place,
        }


@dataclass(frozen=True)
class Answer:
    state: str
    """received, known or ours."""
    shot: str
    session: str


class Sink:
    def __init__(self, server: str, key: str, pace: Pace | None = None) -> None:
        self._line, self._pace = Line(server, key), pace or Pace()
        self.server = self._line.server

    def hello(self) -> str:
        """Return the name that the server gave to our key; raises SinkError."""
        found = self._line.ask("GET", "hello")
        if not isinstance(found, dict) or found.get("product") != "studio-server":
            raise SinkError(
                f"{self.server} answers, but it is no Studio Server: check the address after --server."
            )
        return str(found.get("key", ""))

    def has(self, sha256: str) -> bool:
        """Ask whether the server has this file already, as a shot's or as a master of its own."""
        return self._found("HEAD", f"files/{sha256}") is not None

    def offer(self, offer: Offer, witness: Witness) -> Answer:
        """Send the file over, a large one from where an earlier attempt broke off.

        Raises Away, Refused, KeyRefused, Changed; OSError where the file cannot be read.
        """
        with offer.path.open("rb") as file:
            begun = self._found("HEAD", f"uploads/{offer.sha256}") if offer.size >= LARGE else None
            if begun is None:  # small, or the server is older than uploads in parts
                answer = self._whole(offer, file, witness)
            else:
                answer = self._in_parts(offer, file, _offset(begun), witness)
        found = self._line.read(self._line.checked(answer))
        if not isinstance(found, dict):
            raise Away(f"{self.server} gave an answer that makes no sense; trying again.")
        return Answer(
            str(found.get("state", "")), str(found.get("shot") or ""), str(found.get("session") or "")
        )

    def tell_place(self, sha256: str, path: Path, place: str) -> None:
        """Say where a file lies now that the server has. One that knows no such door is told nothing."""
        told = {"path": _text(path), "place": place}
        answer = self._line.send("POST", f"files/{sha256}/place", json=told)
        if answer.status_code not in (requests.codes.not_found, requests.codes.method_not_allowed):
            self._line.checked(answer)

    def _whole(self, offer: Offer, file: IO[bytes], witness: Witness) -> requests.Response:
        kind = {"Content-Type": "application/octet-stream", "Content-Length": str(offer.size)}
        body = Body(file, offer.size, self._pace, witness) if offer.size else b""
        return self._line.send("POST", "shots", data=body, headers=offer.headers | kind)

    def _in_parts(self, offer: Offer, file: IO[bytes], offset: int, witness: Witness) -> requests.Response:
        """In the terms of draft-ietf-httpbis-resumable-upload. Returns the answer to the last part."""
        size = FIRST_PART
        while True:
            witness.kept(offset)
            if os.fstat(file.fileno()).st_mtime_ns != offer.mtime_ns:
                raise Changed(f"{offer.path.name} was written to while it was being sent.")
            file.seek(offset)
            begun, size = time.monotonic(), max(0, min(size, offer.size - offset))
            answer = self._part(offer, Body(file, size, self._pace, witness), offset)
            if answer.status_code == requests.codes.conflict and _offset(answer) > offset:
                offset = _offset(answer)  # another sender of this very file was faster: go on behind it
            elif answer.status_code == requests.codes.no_content:
                offset, size = _offset(answer), _next_size(size, time.monotonic() - begun)
            else:
                return answer

    def _part(self, offer: Offer, body: Body, offset: int) -> requests.Response:
        part = {
            "Content-Type": "application/partial-upload",
            "Content-Length": str(len(body)),
            "Upload-Offset": str(offset),
            "Upload-Length": str(offer.size),
            "Upload-Complete": f"?{offset + len(body) >= offer.size:d}",
        }
        headers = offer.headers | part
        return self._line.send("PATCH", f"uploads/{offer.sha256}", data=body or b"", headers=headers)

    def _found(self, method: str, path: str) -> requests.Response | None:
        answer = self._line.send(method, path)
        return None if answer.status_code == requests.codes.not_found else self._line.checked(answer)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _offset(answer: requests.Response) -> int:
    text = answer.headers.get("Upload-Offset", "")
    return int(text) if text.isdecimal() else 0


def _next_size(size: int, seconds: float) -> int:
    """What goes in some seconds at the pace of the last part: less on a bad line, more on a good one."""
    return int(min(max(size / max(seconds, 1e-3) * PART_SECONDS, SMALLEST_PART), LARGEST_PART))


def _plain(value: str) -> str:
    """Percent-encoded, as headers carry ASCII alone; a name that is no UTF-8 keeps its bytes."""
    return quote(value.encode(errors="surrogateescape"), safe="")


def _text(path: Path) -> str:
    return os.fsencode(path).decode(errors="replace")
