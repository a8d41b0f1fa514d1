"""The doors for machines: the tethering agent brings shots, the plug-in fetches masters. Bearer keys only."""

from datetime import datetime
from typing import IO, BinaryIO, cast
from urllib.parse import unquote

from flask import Blueprint, Response, g, jsonify, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from studio_server import __version__
from studio_server.domain.delivery import DeliveryId
from studio_server.domain.errors import BadInput, NotAllowed, NotFound, StudioError
from studio_server.domain.ports import Key
from studio_server.web import wire
from studio_server.web.auth import Guard, TooManyTries, address
from studio_server.workflow import deliver, doors, ingest, marks
from studio_server.workflow.pages_deliveries import deliveries_page, master_of
from studio_server.workflow.services import Services

_MOST_ROWS = 500


class LengthRequired(BadInput):
    status = 411


def blueprint(services: Services, guard: Guard) -> Blueprint:
    doorway = Blueprint("api", __name__, url_prefix="/api/v1")
    machine = _Machine(services)
    for rule, view, method in (
        ("/hello", machine.hello, "GET"),
        ("/shots", machine.receive_shot, "POST"),
        ("/files/<sha256>", machine.has_file, "GET"),
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
        receipt = ingest.receive(self._services, _incoming(), body)
        return jsonify(wire.receipt(receipt)), 201 if receipt.state == "received" else 200

    def has_file(self, sha256: str) -> Response:
        if not ingest.has_file(self._services, sha256):
            raise NotFound("This file is not here yet. Send it.")
        return jsonify({"state": "known"})

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


def _incoming() -> ingest.Incoming:
    name = _header("Name")
    if not name:
        raise BadInput("The file has no name. Send it as X-Studio-Name.")
    captured, sha256 = _header("Captured"), _header("Sha256").lower()
    at = _moment(captured) if captured else None
    said = (_header("Path"), _header("Serial"), at, _header("Release"), sha256)
    return ingest.Incoming(name, *said, place=marks.place_named(_header("Place")))


def _header(name: str) -> str:
    """Percent-encoded UTF-8; a file name that is not UTF-8 loses the bytes that are not."""
    return unquote(request.headers.get(f"X-Studio-{name}", ""), errors="replace").strip()


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("X-Studio-Captured is not a time. Send ISO 8601, or leave it out.") from None
    return at if at.tzinfo else at.astimezone()  # a camera without a zone keeps the studio's time, as we do


def _limit() -> int:
    try:
        asked = int(request.args.get("limit", "100"))
    except ValueError:
        raise BadInput(f"`limit` is a number from 1 to {_MOST_ROWS}.") from None
    return min(max(asked, 1), _MOST_ROWS)


def _problem(error: StudioError, guard: Guard) -> AnyResponse:
    answer = jsonify({"error": str(error)})
    answer.status_code = error.status
    if isinstance(error, TooManyTries):
        answer.headers["Retry-After"] = str(guard.keys.seconds_to_wait(address()) or 1)
    elif "key" not in g:
        answer.status_code = 401
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
