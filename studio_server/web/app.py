"""The server's face: one Flask application over the services; its doors are for people and for machines."""

from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, jsonify, render_template, request
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.errors import StudioError, disk_is_full
from studio_server.web import api, auth, brush, plates, proofing, studio, verify
from studio_server.workflow.services import Services

_LARGEST_FORM = 2_000_000
_LARGEST_PHOTOGRAPH = 150_000_000
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # a client's address is half of their key
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SENTENCES = {
    404: "There is nothing at this address. It may have been erased, or the address is incomplete.",
    405: "This address does not take that. Go back and use the buttons of the page.",
    413: "That is more than this form takes, and nothing of it was kept. Send less: a photograph as a JPEG.",
    507: "The disk is full, so this was not kept. Nothing kept before is lost. Make room, try again.",
    500: "Something went wrong in the server. Nothing that you did is lost; try again, or look into its log.",
}


@dataclass(frozen=True)
class WebSettings:
    secret_key: bytes
    data_dir: Path
    public_url: str
    """What a tablet on the studio's network reaches us by, without a slash at the end."""
    studio_name: str
    cookie_secure: bool = False


def create_app(services: Services, web: WebSettings) -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=web.secret_key,
        SESSION_COOKIE_NAME="studio",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=web.cookie_secure,
        MAX_FORM_MEMORY_SIZE=_LARGEST_FORM,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["csrf_token"] = auth.csrf_token
    app.context_processor(lambda: {"studio_name": web.studio_name})
    guard = auth.Guard(services)
    app.before_request(_limit_forms)  # first: the check of the token reads the form
    guard.watch(app)
    app.after_request(_seal)
    app.register_blueprint(auth.blueprint(services, guard))
    app.register_blueprint(studio.blueprint(services, web))
    app.register_blueprint(brush.blueprint(services, web))
    app.register_blueprint(plates.blueprint(services, web))
    app.register_blueprint(proofing.blueprint(services, web))
    app.register_blueprint(verify.blueprint(services))
    app.register_blueprint(api.blueprint(services, guard))
    app.register_error_handler(StudioError, lambda error: _problem(str(error), error.status))
    app.register_error_handler(HTTPException, _http_problem)
    return app


def _limit_forms() -> None:
    """Only the machines' door takes files without end; photographs come from the desk and to be verified."""
    if request.blueprint != "api":
        sends = request.endpoint in {"plates.add", "studio.bring"} and current_user.is_authenticated
        asks = request.endpoint == "verify.check"
        request.max_content_length = _LARGEST_PHOTOGRAPH if sends or asks else _LARGEST_FORM


def _seal(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.vary.add("Cookie")
    return response


def _http_problem(error: HTTPException) -> AnyResponse | tuple[Response | str, int]:
    if error.code is None or error.code < 400:
        return error.get_response()
    cause = getattr(error, "original_exception", None)
    if cause is not None and disk_is_full(cause):  # the database's own words for it; the agent waits then
        return _problem(_SENTENCES[507], 507)
    sentence = _SENTENCES.get(error.code) or error.description or error.name
    return _problem(sentence, error.code)


def _problem(sentence: str, status: int) -> tuple[Response | str, int]:
    if auth.wants_data():
        return jsonify({"error": sentence}), status
    return render_template("problem.html", sentence=sentence, status=status), status
