"""Who may come in: the photographer by password; forms by their token; nobody by trying a thousand times."""

import hashlib
import hmac
import secrets
from collections import defaultdict, deque
from datetime import datetime, timedelta
from threading import Lock

from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import (
    LoginManager,
    current_user,
    login_user,
    logout_user,
)
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.errors import NotAllowed, StudioError
from studio_server.domain.ports import Clock, Owner
from studio_server.workflow.doors import check_owner
from studio_server.workflow.services import Services

_MOST_ADDRESSES = 10_000


class TooManyTries(StudioError):
    status = 429


class NotKnown(NotAllowed):
    """Nobody has said yet who they are."""

    status = 401


class Tries:
    """Counts failures per address in a sliding window; lost with the process, which is harmless."""

    def __init__(self, most: int, within: timedelta, now: Clock) -> None:
        self._most, self._within, self._now = most, within, now
        self._seen: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._lock = Lock()

    def check(self, who: str) -> None:
        """Raises TooManyTries; `seconds_to_wait` says how long."""
        if wait := self.seconds_to_wait(who):
            raise TooManyTries(f"Too many tries from here. Wait {wait} seconds, then try again.")

    def seconds_to_wait(self, who: str) -> int:
        with self._lock:
            seen, now = self._recent(who), self._now()
            if len(seen) < self._most:
                return 0
            return max(1, round((seen[0] + self._within - now).total_seconds()))

    def count(self, who: str) -> None:
        with self._lock:
            if len(self._seen) > _MOST_ADDRESSES:
                self._seen.clear()  # an attacker with that many addresses must not fill our memory
            self._recent(who).append(self._now())

    def _recent(self, who: str) -> deque[datetime]:
        seen, oldest = self._seen[who], self._now() - self._within
        while seen and seen[0] < oldest:
            seen.popleft()
        return seen


class Guard:
    """What is asked of every request before a view sees it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.passwords = Tries(10, timedelta(minutes=5), services.now)
        self.pins = Tries(30, timedelta(minutes=5), services.now)
        self.keys = Tries(20, timedelta(minutes=1), services.now)

    def watch(self, app: Flask) -> None:
        manager = LoginManager(app)
        manager.user_loader(self._user)
        app.before_request(require_token)
        app.before_request(self._check_pin_tries)
        app.after_request(self._count_pin_tries)

    def _user(self, fingerprint: str) -> "Photographer | None":
        with self._services.read() as work:
            owner = work.owner()
        user = Photographer(owner) if owner else None
        return user if user and hmac.compare_digest(user.get_id(), fingerprint) else None

    def _check_pin_tries(self) -> None:
        if request.endpoint == "proofing.pin":
            self.pins.check(address())

    def _count_pin_tries(self, response: Response) -> Response:
        if request.endpoint == "proofing.pin" and response.status_code == 403:
            self.pins.count(address())
        return response


class Photographer:
    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, owner: Owner) -> None:
        self.name = owner.name
        self._fingerprint = hashlib.sha256(f"{owner.id}|{owner.password_hash}".encode()).hexdigest()

    def get_id(self) -> str:
        """Changes with the password, so that a new password ends every older login."""
        return self._fingerprint


def blueprint(services: Services, guard: Guard) -> Blueprint:
    doors = Blueprint("auth", __name__)

    @doors.get("/login")
    def login_page() -> AnyResponse | str:
        return redirect(_next()) if current_user.is_authenticated else render_template("studio/login.html")

    @doors.post("/login")
    def login() -> AnyResponse | tuple[str, int]:
        guard.passwords.check(address())
        owner = check_owner(services, request.form.get("password", ""))
        if owner is None:
            guard.passwords.count(address())
            error = "That is not the password. Look at the terminal in which the server was first started."
            if wants_data():
                raise NotAllowed(error)
            return render_template("studio/login.html", error=error), 403
        cookie.clear()  # a new identity gets a new token
        login_user(Photographer(owner))
        return jsonify({"ok": True}) if wants_data() else redirect(_next(), 303)

    @doors.post("/logout")
    def logout() -> AnyResponse:
        logout_user()
        cookie.clear()
        return redirect(url_for("auth.login_page"), 303)

    return doors


def photographer_only() -> AnyResponse | None:
    """For a blueprint's before_request."""
    if current_user.is_authenticated:
        return None
    page = not request.accept_mimetypes or request.accept_mimetypes.accept_html
    if request.method == "GET" and page and not wants_data():
        back = request.full_path.rstrip("?")
        return redirect(url_for("auth.login_page", next=None if back == "/" else back), 303)
    raise NotKnown("This is the photographer's. Log in first.")


def csrf_token() -> str:
    """The token that every form of this browser carries."""
    if "csrf" not in cookie:
        cookie["csrf"] = secrets.token_urlsafe(24)
    return str(cookie["csrf"])


def require_token() -> None:
    """Machines prove themselves by their key; every other POST by the token of a page that we made."""
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.endpoint is None or request.blueprint == "api":
        return
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not hmac.compare_digest(given.encode(), str(cookie.get("csrf", "")).encode()) or not given:
        raise NotAllowed("This page is too old to be sent. Go back, load it again, and send it anew.")


def wants_data() -> bool:
    """Whether the one who asks is a script or a machine."""
    accept = request.accept_mimetypes
    return request.path.startswith("/api/") or accept["application/json"] > accept["text/html"]


def address() -> str:
    return request.remote_addr or "unknown"


def _next() -> str:
    """Only ever a path of our own: browsers read a backslash as a slash, and two slashes as a host."""
    target = request.args.get("next", "")
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if ours else url_for("studio.sessions")
