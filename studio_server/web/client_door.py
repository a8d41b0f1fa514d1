"""The client's door: who stands before it, and whether they may come in. Asked anew at every request."""

import base64
import binascii
from collections.abc import Mapping

from flask import redirect, request, url_for
from flask import session as cookie
from werkzeug.exceptions import abort

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import BadInput, ConsentMissing, NotAllowed
from studio_server.domain.session import SessionId
from studio_server.web.client_wire import wants_json
from studio_server.workflow.doors import live_ticket
from studio_server.workflow.pages_client import Standing, is_for_client, standing
from studio_server.workflow.services import Services

_COOKIE = "tickets"
_SHOWN = frozenset(["shot", "flag", "stage", "choice", "ping"])
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_SIGNATURE = 400_000


def let_in(ticket: str) -> None:
    """Remember in this browser's signed cookie that the PIN was right."""
    known = [other for other in _tickets() if other != ticket]
    cookie[_COOKIE] = [*known, ticket][-4:]


def is_in(ticket: str) -> bool:
    return ticket in _tickets()


def session_behind(services: Services, ticket: str) -> SessionId:
    """The session of a live ticket whose PIN was given here. Raises NotAllowed for a dead ticket."""
    session_id = live_ticket(services, ticket).session_id
    if not is_in(ticket):
        if wants_json() or request.endpoint in _PICTURES or request.method == "POST":
            raise NotAllowed("This tablet has not given the PIN of the link yet. Open the link and give it.")
        abort(redirect(url_for(".door", ticket=ticket), 303))
    return session_id


_PICTURES = frozenset(
    ["proofing.shot_picture", "proofing.variation_picture", "proofing.plate_picture", "proofing.events"]
)


def client_of(services: Services, ticket: str) -> Standing:
    """As `session_behind`, for what is behind the consent to proofing: without it, only the consent page."""
    here = standing(services, session_behind(services, ticket))
    if here.proofing:
        return here
    if request.method == "GET" and not wants_json() and request.endpoint not in _PICTURES:
        abort(redirect(url_for(".consent", ticket=ticket), 303))
    raise ConsentMissing("Nothing is shown here without consent to it. Open the consent page and sign it.")


def composites_of(services: Services, ticket: str) -> Standing:
    """As `client_of`, for pictures that were generated."""
    here = client_of(services, ticket)
    if not here.composites or Purpose.GENERATION not in here.live:
        raise ConsentMissing("No composites are shown without consent to them. It is on the consent page.")
    return here


def for_client(kind: str, data: Mapping[str, object]) -> bool:
    """Which live events a tablet may hear: nothing of deliveries, and nothing of what the judge refused."""
    if kind == "variation":
        return data.get("accepted") is True
    if kind == "progress":  # the reason of a failure is for the photographer
        return is_for_client(str(data.get("job"))) and data.get("state") in ("waiting", "running", "finished")
    return kind in _SHOWN


def still_open(services: Services, ticket: str) -> bool:
    """For a stream that outlives its request: whether the ticket and the consent are still alive."""
    try:
        return standing(services, live_ticket(services, ticket).session_id).proofing
    except NotAllowed:
        return False


def drawn_signature() -> bytes:
    """The PNG from the canvas (a data URL) or, without scripts, from the file field. Raises BadInput."""
    upload = request.files.get("signature_file")
    url = request.form.get("signature", "")
    try:
        data = _from_url(url) if url else (upload.read(_LARGEST_SIGNATURE + 1) if upload else b"")
    except (binascii.Error, ValueError):
        data = b""
    if not data.startswith(_PNG) or len(data) > _LARGEST_SIGNATURE:
        raise BadInput("The signature is missing. Draw it in the field with a finger, a pen or the mouse.")
    return data


def _from_url(url: str) -> bytes:
    head, _, body = url.partition(",")
    if head != "data:image/png;base64":
        return b""
    return base64.b64decode(body, validate=True)


def _tickets() -> list[str]:
    return list(cookie.get(_COOKIE, []))
