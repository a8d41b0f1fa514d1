"""The photographer's side: sessions, one session's desk, the unclaimed tray, keys for machines."""

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import qrcode
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask import session as cookie
from qrcode.image.svg import SvgPathImage
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.errors import BadInput, NotFound, StudioError
from studio_server.domain.session import SessionId
from studio_server.domain.shot import Flag, ShotId
from studio_server.domain.variation import VariationId
from studio_server.web import wire
from studio_server.web.auth import photographer_only, wants_data
from studio_server.web.live import event_stream, everything
from studio_server.web.media import layered, picture
from studio_server.web.words import FILTERS
from studio_server.workflow import (
    backdrop,
    bringing,
    doors,
    grey_card,
    layers,
    overruling,
    pages,
    proofing,
    recover,
    renditions,
)
from studio_server.workflow.services import Services

if TYPE_CHECKING:  # app.py imports this module
    from studio_server.web.app import WebSettings

_ACTOR = "photographer"
_TRAY = "unclaimed"
_PINS = "pins"
_PINS_KEPT = 8

View = Callable[..., AnyResponse | str]


def blueprint(services: Services, web: "WebSettings") -> Blueprint:
    """The photographer's pages; behind the login, every one."""
    made = Blueprint("studio", __name__)
    made.before_request(photographer_only)
    made.app_context_processor(lambda: {"words": FILTERS})
    for rule, view, method in _routes(_Studio(services, web)):
        made.add_url_rule(rule, view.__name__, view, methods=[method])
    return made


def _routes(desk: "_Studio") -> list[tuple[str, View, str]]:
    return [
        ("/", desk.sessions, "GET"),
        ("/sessions", desk.open_session, "POST"),
        ("/sessions/<session>", desk.session, "GET"),
        ("/sessions/<session>/ticket", desk.new_ticket, "POST"),
        ("/sessions/<session>/shots", desk.bring, "POST"),
        ("/sessions/<session>/close", desk.close, "POST"),
        ("/sessions/<session>/refit", desk.refit, "POST"),
        ("/sessions/<session>/again", desk.again, "POST"),
        ("/sessions/<session>/retouch", desk.retouch, "POST"),
        ("/sessions/<session>/empty", desk.mark_empty, "POST"),
        ("/sessions/<session>/grey-card", desk.mark_card, "POST"),
        ("/sessions/<session>/shot-for", desk.use_shot, "POST"),
        ("/variations/<variation>/overrule", desk.overrule, "POST"),
        ("/variations/<variation>/layers", desk.want_layers, "POST"),
        ("/media/variations/<variation>/layers", desk.layers, "GET"),
        ("/unclaimed", desk.unclaimed, "GET"),
        ("/sessions/<session>/move", desk.move_on, "POST"),
        ("/shots/<shot>/move", desk.move, "POST"),
        ("/shots/<shot>/flag", desk.flag, "POST"),
        ("/shots/<shot>/rendition", desk.use_rendition, "POST"),
        ("/jobs/<job>/cancel", desk.cancel, "POST"),
        ("/keys", desk.keys, "GET"),
        ("/keys", desk.make_key, "POST"),
        ("/keys/<key>/revoke", desk.revoke_key, "POST"),
        ("/events", desk.all_events, "GET"),
        ("/sessions/<session>/events", desk.session_events, "GET"),
        ("/media/shots/<shot>/<any(thumbnail, proof):size>", desk.shot_picture, "GET"),
        ("/media/variations/<variation>/<any(proof, picture):size>", desk.variation_picture, "GET"),
    ]


class _Studio:
    def __init__(self, services: Services, web: "WebSettings") -> None:
        self._services, self._web = services, web

    # -- sessions

    def sessions(self) -> str:
        return render_template("studio/sessions.html", page=pages.sessions_page(self._services))

    def open_session(self) -> AnyResponse:
        """Opens the session and its first link, so that the client's QR code is there at once."""
        session = proofing.open_session(self._services, _new_session())
        ticket, pin = doors.issue_ticket(self._services, session.id)
        _remember(ticket.id, pin)
        return _done(session.id, 201, session=session.id, **self._way_in(ticket.id, pin))

    def session(self, session: str) -> AnyResponse | str:
        page = pages.session_page(self._services, SessionId(session))
        if wants_data():
            return jsonify(wire.session(page))
        link = self._link(page.ticket.id) if page.ticket else ""
        pin = _pin_of(page.ticket.id) if page.ticket else ""
        return render_template("studio/session.html", page=page, link=link, pin=pin, qr=_qr(link))

    def new_ticket(self, session: str) -> AnyResponse:
        ticket, pin = doors.issue_ticket(self._services, SessionId(session))
        _remember(ticket.id, pin)
        return _done(session, 201, ticket=ticket.id, **self._way_in(ticket.id, pin))

    def bring(self, session: str) -> AnyResponse:
        """One file or several; of several that are refused, the first says why, and the others are kept."""
        files = [file for file in request.files.getlist("photographs") if file.filename]
        if not files:
            raise BadInput("No photograph was sent. Choose some, or drop them onto the page.")
        state, refused = "", []
        for file in files:
            try:
                name, stream = file.filename or "", file.stream
                state = bringing.bring(self._services, SessionId(session), name, stream, _ACTOR).state
            except StudioError as error:
                refused.append(error)
        if refused:
            raise refused[0]
        return _done(session, 201 if state == "received" else 200, state=state)

    def close(self, session: str) -> AnyResponse:
        proofing.close_session(self._services, SessionId(session), _ACTOR)
        return _done(session)

    def refit(self, session: str) -> AnyResponse:
        likeness = proofing.refit(self._services, SessionId(session), _ACTOR)
        return _done(session, likeness=likeness.id)

    def again(self, session: str) -> AnyResponse:
        recover.again(self._services, SessionId(session))
        return _done(session)

    def retouch(self, session: str) -> AnyResponse:
        proofing.set_retouch(self._services, SessionId(session), _number("amount", 0), _ACTOR)
        return _done(session)

    def mark_empty(self, session: str) -> AnyResponse:
        """`shot`: the frame of the empty backdrop; left out, there is none any more."""
        if shot := request.form.get("shot", ""):
            backdrop.mark_empty(self._services, SessionId(session), ShotId(shot), _ACTOR)
        else:
            backdrop.unmark_empty(self._services, SessionId(session), _ACTOR)
        return _done(session)

    def mark_card(self, session: str) -> AnyResponse:
        """`shot`: the frame of the grey card; left out, the camera's white balance holds."""
        if shot := request.form.get("shot", ""):
            grey_card.mark_card(self._services, SessionId(session), ShotId(shot), _ACTOR)
        else:
            grey_card.unmark_card(self._services, SessionId(session), _ACTOR)
        return _done(session)

    def use_shot(self, session: str) -> AnyResponse:
        place, shot = request.form.get("context", ""), ShotId(request.form.get("shot", ""))
        overruling.use_shot(self._services, SessionId(session), place, shot)
        return _done(session)

    def flag(self, shot: str) -> AnyResponse:
        """`session`: the shot's; `flag`: 1 pick, 0 none, -1 reject."""
        session, flag = SessionId(request.form.get("session", "")), request.form.get("flag", "")
        if flag not in {"1", "0", "-1"}:
            raise BadInput("Say which flag: 1 is a pick, 0 is none, -1 is a reject.")
        proofing.flag(self._services, session, ShotId(shot), Flag(int(flag)), _ACTOR)
        return _done(session)

    def use_rendition(self, shot: str) -> AnyResponse:
        """`file`: sha256 of the photographer's rendition to use; empty: ours."""
        used = renditions.use(self._services, ShotId(shot), request.form.get("file", ""), _ACTOR)
        return _done(used.session_id or "")

    def overrule(self, variation: str) -> AnyResponse:
        reason = request.form.get("reason", "")
        made = overruling.overrule(self._services, VariationId(variation), reason)
        return _done(made.session_id)

    def want_layers(self, variation: str) -> AnyResponse:
        return _done(layers.want(self._services, VariationId(variation)).session_id)

    def layers(self, variation: str) -> Response:
        return layered(self._services, *layers.name_of(self._services, VariationId(variation)))

    def cancel(self, job: str) -> AnyResponse:
        state = self._services.board.job(job)
        if state is None or state.state not in {"waiting", "running"}:
            raise NotFound("This job is not running any more. Load the page again to see how it ended.")
        self._services.board.cancel(job)
        return _done(request.form.get("session", ""))

    # -- the unclaimed tray

    def unclaimed(self) -> str:
        return render_template("studio/unclaimed.html", page=pages.unclaimed_page(self._services))

    def move(self, shot: str) -> AnyResponse:
        target = request.form.get("session", "")
        if not target:
            raise BadInput("Choose the session that this shot belongs to.")
        proofing.claim(self._services, ShotId(shot), SessionId(target), _ACTOR)
        return jsonify({"ok": True}) if wants_data() else redirect(url_for(".unclaimed"), 303)

    def move_on(self, session: str) -> AnyResponse:
        """`shot`: those that are marked on the contact sheet; `to`: another session, or the tray."""
        marked, target = request.form.getlist("shot"), request.form.get("to", "")
        if not marked:
            raise BadInput("No photograph is marked. Mark those that belong elsewhere, then choose where to.")
        if not target:
            raise BadInput("Choose where the marked photographs belong.")
        goal = None if target == _TRAY else SessionId(target)
        proofing.move_on(self._services, SessionId(session), [ShotId(one) for one in marked], goal, _ACTOR)
        return _done(session)

    # -- keys of machines

    def keys(self) -> str:
        return self._keys_page()

    def make_key(self) -> AnyResponse | str:
        name = request.form.get("name", "").strip()[:80]
        if not name:
            raise BadInput("The key needs a name, so that you know later what it was for.")
        secret = doors.make_key(self._services, name)
        if wants_data():
            return _answer(201, name=name, key=secret)
        return self._keys_page(name=name, secret=secret)

    def revoke_key(self, key: str) -> AnyResponse:
        doors.revoke_key(self._services, key)
        return _answer(200) if wants_data() else redirect(url_for(".keys"), 303)

    def _keys_page(self, **fresh: str) -> str:
        known = doors.keys(self._services)
        return render_template("studio/keys.html", server=self._web.public_url, keys=known, **fresh)

    # -- live events and pictures

    def all_events(self) -> Response:
        return event_stream(self._services, None, _last_event(), everything)

    def session_events(self, session: str) -> Response:
        with self._services.read() as work:
            known = work.session(SessionId(session))
        return event_stream(self._services, known.id, _last_event(), everything)

    def shot_picture(self, shot: str, size: str) -> Response:
        found = pages.shot_of(self._services, ShotId(shot))
        return picture(self._services, found.thumbnail if size == "thumbnail" else found.proof)

    def variation_picture(self, variation: str, size: str) -> Response:
        found = pages.variation_of(self._services, VariationId(variation))
        return picture(self._services, found.proof if size == "proof" else found.picture)

    def _link(self, ticket: str) -> str:
        return f"{self._web.public_url.rstrip('/')}/c/{ticket}"

    def _way_in(self, ticket: str, pin: str) -> dict[str, str]:
        """What a client needs; the path beside the link, for players that reach us by another name."""
        return {"link": self._link(ticket), "client_url": f"/c/{ticket}", "pin": pin}


def _new_session() -> proofing.NewSession:
    form = request.form
    return proofing.NewSession(
        client_name=form.get("name", "")[:200],
        contexts=tuple(form.getlist("contexts")),
        camera_serial=form.get("camera_serial", "")[:80],
        days_kept=_number("days_kept", 30),
        pick_limit=_number("pick_limit", 10),
    )


def _number(name: str, usual: int) -> int:
    text = request.form.get(name, "").strip()
    if text and not text.isdecimal():
        raise BadInput(f"“{text[:20]}” is not a number. Write it in digits.")
    return int(text[:6]) if text else usual


def _done(session_id: str, status: int = 200, **more: object) -> AnyResponse:
    target = url_for(".session", session=session_id) if session_id else url_for(".sessions")
    return _answer(status, next=target, **more) if wants_data() else redirect(target, 303)


def _answer(status: int, **fields: object) -> AnyResponse:
    answer = jsonify({"ok": True, **fields})
    answer.status_code = status
    return answer


def _remember(ticket: str, pin: str) -> None:
    """Only a hash of the PIN is stored; in this browser it is shown for as long as the login lasts."""
    kept = dict(list(cookie.get(_PINS, {}).items())[-(_PINS_KEPT - 1) :])
    cookie[_PINS] = {**kept, ticket: pin}


def _pin_of(ticket: str) -> str:
    return str(cookie.get(_PINS, {}).get(ticket, ""))


def _last_event() -> str:
    return request.headers.get("Last-Event-ID", "")


def _qr(link: str) -> str:
    """The link as a QR code: an SVG picture in a data URL."""
    if not link:
        return ""
    out = io.BytesIO()
    qrcode.make(link, image_factory=SvgPathImage, border=2).save(out)
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()
