"""Live events over HTTP: server-sent events with ids, so that a tablet that slept goes on where it was."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from flask import Response

from studio_server.domain.session import SessionId
from studio_server.workflow.services import Services

Allow = Callable[[str, Mapping[str, object]], bool]
_RETRY_MS = 2000
_EVENT_ID = re.compile(r"\d{1,20}-\d{1,20}")


def event_stream(
    services: Services, session_id: SessionId | None, last_event_id: str, allow: Allow
) -> Response:
    """Everything that `allow` lets through; None: of all sessions. Ends when the browser goes away."""
    headers = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
    last = last_event_id if _EVENT_ID.fullmatch(last_event_id) else ""  # anybody can send any header
    lines = _lines(services, session_id, last, allow)
    return Response(lines, mimetype="text/event-stream", headers=headers)


def everything(_kind: str, _data: Mapping[str, object]) -> bool:
    return True


def _lines(
    services: Services, session_id: SessionId | None, last_event_id: str, allow: Allow
) -> Iterator[str]:
    yield f"retry: {_RETRY_MS}\n\n"  # at once: the browser knows that it is connected
    for event_id, kind, data in services.board.listen(session_id, last_event_id):
        if allow(kind, data):
            yield _event(event_id, kind, data)


def _event(event_id: str, kind: str, data: Mapping[str, object]) -> str:
    number = f"id: {event_id}\n" if event_id else ""
    return f"{number}event: {kind}\ndata: {json.dumps(data)}\n\n"
