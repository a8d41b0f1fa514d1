"""The brush: one pick cut out of its photograph, mended by strokes."""

import json
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.errors import BadInput
from studio_server.domain.shot import ShotId
from studio_server.domain.stroke import Stroke, StrokeKind
from studio_server.web.auth import photographer_only, wants_data
from studio_server.web.words import FILTERS
from studio_server.workflow import brushing
from studio_server.workflow.services import Services

if TYPE_CHECKING:  # app.py imports this module
    from studio_server.web.app import WebSettings

_UNREADABLE = "This stroke cannot be read. Load the page again and draw it once more."


def blueprint(services: Services, _web: "WebSettings") -> Blueprint:
    """Behind the photographer's login, every page."""
    made = Blueprint("brush", __name__)
    made.before_request(photographer_only)
    made.app_context_processor(lambda: {"words": FILTERS})
    desk = _Brush(services)
    made.add_url_rule("/shots/<shot>/brush", view_func=desk.page)
    made.add_url_rule("/shots/<shot>/brush", view_func=desk.draw, methods=["POST"])
    made.add_url_rule("/shots/<shot>/brush/again", view_func=desk.again, methods=["POST"])
    made.add_url_rule("/media/shots/<shot>/cut/<any(person, photograph):which>", view_func=desk.media)
    return made


class _Brush:
    def __init__(self, services: Services) -> None:
        self._services = services

    def page(self, shot: str) -> str:
        page = brushing.brush_page(self._services, ShotId(shot))
        return render_template("studio/brush.html", page=page)

    def draw(self, shot: str) -> Response:
        """`kind`: keep or remove, with `width` and `points` ([[x, y], …] in shares); undo; redo."""
        return _state(brushing.draw(self._services, ShotId(shot), _stroke()))

    def again(self, shot: str) -> AnyResponse:
        session = brushing.make_again(self._services, ShotId(shot))
        target = url_for("studio.session", session=session.id)
        return jsonify({"ok": True, "next": target}) if wants_data() else redirect(target, 303)

    def media(self, shot: str, which: str) -> Response:
        made = brushing.person if which == "person" else brushing.photograph
        kind = "image/webp" if which == "person" else "image/jpeg"
        return Response(made(self._services, ShotId(shot)), mimetype=kind)


def _state(page: brushing.BrushPage) -> Response:
    return jsonify({"strokes": page.strokes, "undone": page.undone, "state": page.digest})


def _stroke() -> Stroke:
    form = request.form
    try:
        kind = StrokeKind(form.get("kind", ""))
        if kind in {StrokeKind.UNDO, StrokeKind.REDO}:
            return Stroke(kind)
        return Stroke.drawn(kind, float(form.get("width", "")), json.loads(form.get("points", "")))
    except (ValueError, TypeError):
        raise BadInput(_UNREADABLE) from None
