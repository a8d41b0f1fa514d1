"""The doors for machines: the tethering agent brings shots, the plug-in fetches masters. Bearer keys only."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import IO, BinaryIO, cast
from urllib.parse import unquote

from flask import Blueprint, Response, g, jsonify, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from studio_server import __version__
from studio_server.domain.delivery import DeliveryId
from studio_server.domain.errors import BadInput, NotAllowed, NotFound, StudioError, WrongOffset
from studio_server.domain.ports import Key
from studio_server.web import wire
from studio_server.web.auth import Guard, TooManyTries, address
from studio_server.workflow import deliver, doors, ingest, marks, uploading
from studio_server.workflow.pages_deliveries import deliveries_page, master_of
from studio_server.workflow.services import Services

_MOST_ROWS = 500
_PART_TYPE = "application/partial-upload"


class LengthRequired(BadInput):
    status = 411


class NoPart(BadInput):
    status = 415


def blueprint(services: Services, guard: Guard) -> Blueprint:
    doorway = Blueprint("api", __name__, url_prefix="/api/v1")
    machine = _Machine(services)
    for rule, view, method in (
        ("/hello", machine.hello, "GET"),
        ("/shots", machine.receive_shot, "POST"),
        ("/files/<sha256>", machine.has_file, "GET"),
        ("/uploads/<sha256>", machine.upload_offset, "GET"),
        ("/uploads/<sha256>", machine.receive_part, "PATCH"),
        ("/files/<sha256>/place", machine.move_file, "POST"),
        ("/deliveries", machine.deliveries, "GET"),
        ("/deliveries/<delivery>/file", machine.master, "GET"),
        ("/deliveries/<delivery>/ack", machine.acknowledge, "POST"),
    ):
        doorway.add_url_rule(rule, view.__name__, view, methods=[method])

    @doorway.before_request
    def ask_for_key() -> None:
        guard.keys.check(address())
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        try:
            g.key = doors.key_of(services, secret.strip() if scheme.lower() == "bearer" else "")
        except NotAllowed:
            guard.keys.count(address())
            raise

    doorway.register_error_handler(StudioError, lambda error: _problem(error, guard))
    return doorway


class _Whole:
    """A body that must be as long as announced: not every server tells us when the other side hung up."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._missing = stream, size

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(min(size, self._missing) if size >= 0 else self._missing)
        self._missing -= len(chunk)
        if not chunk and self._missing and size:
            raise BadInput("The file ended before its announced length. Send it again.")
        return chunk


class _Machine:
    def __init__(self, services: Services) -> None:
        self._services = services

    def hello(self) -> Response:
        key: Key = g.key
        return jsonify({"product": "studio-server", "version": __version__, "key": key.name})

    def receive_shot(self) -> tuple[Response, int]:
        """The body is the file, read as it comes and never held in memory."""
        if request.content_length is None:
            raise LengthRequired("The file's length is missing. Send it as Content-Length.")
        body = cast("BinaryIO", _Whole(request.stream, request.content_length))
        receipt = ingest.receive(self._services, _incoming(self._services.now()), body)
        return jsonify(wire.receipt(receipt)), 201 if receipt.state == "received" else 200

    def has_file(self, sha256: str) -> Response:
        if not ingest.has_file(self._services, sha256):
            raise NotFound("This file is not here yet. Send it.")
        return jsonify({"state": "known"})

    def upload_offset(self, sha256: str) -> Response:
        """Where to go on, in the terms of draft-ietf-httpbis-resumable-upload; every sha256 may be begun."""
        return _offset(uploading.offset(self._services, sha256))

    def receive_part(self, sha256: str) -> Response | tuple[Response, int]:
        part = _part()
        body = cast("BinaryIO", _Whole(request.stream, part.size))
        incoming = replace(_incoming(self._services.now()), sha256=sha256)
        added = uploading.add(self._services, incoming, part, body)
        if isinstance(added, int):
            return _offset(added)
        return jsonify(wire.receipt(added)), 201 if added.state == "received" else 200

    def move_file(self, sha256: str) -> Response:
        said = request.get_json(silent=True)
        place, path = (said.get(name, "") if isinstance(said, dict) else None for name in ("place", "path"))
        if not isinstance(place, str) or not isinstance(path, str):
            raise BadInput('Say where the file lies: {"place": "selects", "path": "…"} as JSON.')
        return jsonify(wire.moved(marks.move(self._services, sha256, marks.place_named(place), path)))

    def deliveries(self) -> Response:
        page = deliveries_page(self._services, request.args.get("since", ""), _limit())
        return jsonify(wire.deliveries(page))

    def master(self, delivery: str) -> Response:
        one = master_of(self._services, DeliveryId(delivery))
        path = self._services.blobs.path(one.sha256)
        answer = send_file(
            path,
            mimetype="image/jpeg",
            download_name=one.name,
            etag=one.sha256,
            last_modified=None,
            max_age=0,
        )
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer

    def acknowledge(self, delivery: str) -> Response:
        said = request.get_json(silent=True)
        path = said.get("path", "") if isinstance(said, dict) else None
        if not isinstance(path, str):
            raise BadInput('Say where the master was put: {"path": "…"} as JSON.')
        deliver.acknowledge(self._services, DeliveryId(delivery), path)
        return jsonify({"state": "delivered"})


def _incoming(now: datetime) -> ingest.Incoming:
    name = _header("Name")
    if not name:
        raise BadInput("The file has no name. Send it as X-Studio-Name.")
    captured, sha256 = _header("Captured"), _header("Sha256").lower()
    at = _moment(captured) if captured else None
    path, serial, release, spot = (_header(each) for each in ("Path", "Serial", "Release", "Spot"))
    said = ingest.Incoming(name, path, serial, at, release, sha256, spot)
    place, appeared = marks.place_named(_header("Place")), _appeared(_header("Age"), now)
    return replace(said, place=place, appeared_at=appeared)


def _part() -> uploading.Part:
    if request.mimetype != _PART_TYPE:
        raise NoPart(f"A part of a file is sent as Content-Type: {_PART_TYPE}.")
    if request.content_length is None:
        raise LengthRequired("The part's length is missing. Send it as Content-Length.")
    offset, last = request.headers.get("Upload-Offset", ""), request.headers.get("Upload-Complete", "")
    if not re.fullmatch(r"\d{1,15}", offset, re.ASCII) or last not in {"?0", "?1"}:
        raise BadInput("Say where the part begins as Upload-Offset, and whether it is the last: ?0 or ?1.")
    length = request.headers.get("Upload-Length", 0, int)
    return uploading.Part(int(offset), request.content_length, last == "?1", length)


def _offset(offset: int) -> Response:
    answer = Response(status=204)
    answer.headers["Upload-Offset"] = str(offset)
    answer.headers["Upload-Complete"] = "?0"
    answer.headers["Upload-Limit"] = f"max-size={uploading.MOST_BYTES}"
    return answer


def _header(name: str) -> str:
    """Percent-encoded UTF-8; a file name that is not UTF-8 loses the bytes that are not."""
    return unquote(request.headers.get(f"X-Studio-{name}", ""), errors="replace").strip()


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("X-Studio-Captured is not a time. Send ISO 8601, or leave it out.") from None
    return at if at.tzinfo else at.astimezone()  # a camera without a zone keeps the studio's time, as we do


def _appeared(age: str, now: datetime) -> datetime | None:
    """From the seconds since the file appeared over there: the sender's own clock may be wrong."""
    if not age:
        return None
    if not re.fullmatch(r"\d{1,8}(\.\d{1,6})?", age):
        raise BadInput("X-Studio-Age is not a number of seconds. Send one, or leave it out.")
    return now - timedelta(seconds=float(age))


def _limit() -> int:
    try:
        asked = int(request.args.get("limit", "100"))
    except ValueError:
        raise BadInput(f"`limit` is a number from 1 to {_MOST_ROWS}.") from None
    return min(max(asked, 1), _MOST_ROWS)


def _problem(error: StudioError, guard: Guard) -> AnyResponse:
    answer = jsonify({"error": str(error)})
    answer.status_code = error.status
    if isinstance(error, WrongOffset):
        answer.headers["Upload-Offset"] = str(error.offset)
    if isinstance(error, TooManyTries):
        answer.headers["Retry-After"] = str(guard.keys.seconds_to_wait(address()) or 1)
    elif "key" not in g:
        answer.status_code = 401
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
