"""The client's side: from the PIN to the last word. Every view calls one verb or shows one page."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import BadInput, NotAllowed, NotFound, StudioError
from studio_server.domain.session import Stage
from studio_server.domain.shot import Flag, ShotId
from studio_server.domain.variation import Choice, VariationId
from studio_server.web import client_door as at
from studio_server.web.client_wire import done, state, wants_json
from studio_server.web.live import event_stream
from studio_server.web.media import picture
from studio_server.workflow import consenting, doors
from studio_server.workflow import proofing as verbs
from studio_server.workflow.pages_client import (
    Standing,
    offered_plate,
    picture_of,
    proof_of,
    sheet_page,
    standing,
    variations_page,
)
from studio_server.workflow.pages_consent import consent_page
from studio_server.workflow.services import Services

if TYPE_CHECKING:  # app.py imports this module
    from studio_server.web.app import WebSettings

_ACTOR = "client"


def blueprint(services: Services, web: "WebSettings") -> Blueprint:
    """The client's pages under /c/<ticket>."""
    pages = _Client(services, web)
    made = Blueprint("proofing", __name__, url_prefix="/c")
    for rule, view, methods in _routes(pages):
        made.add_url_rule(f"/<ticket>{rule}", view.__name__, view, methods=methods)
    made.register_error_handler(StudioError, _problem)
    return made


Route = tuple[str, Callable[..., AnyResponse | str | tuple[str, int]], list[str]]


def _routes(pages: "_Client") -> list[Route]:
    get, post = ["GET"], ["POST"]
    return [
        ("", pages.door, get),
        ("/pin", pages.pin, post),
        ("/consent", pages.consent, get),
        ("/consent", pages.sign, post),
        ("/consent/copy", pages.copy, get),
        ("/withdraw", pages.withdraw, ["GET", "POST"]),
        ("/", pages.sheet, get),
        ("/shots/<shot>", pages.viewer, get),
        ("/shots/<shot>/flag", pages.flag, post),
        ("/contexts", pages.contexts, post),
        ("/lock", pages.lock, ["GET", "POST"]),
        ("/variations", pages.variations, get),
        ("/compare/<variation>", pages.compare, get),
        ("/variations/<variation>/choice", pages.choice, post),
        ("/finish", pages.finish, ["GET", "POST"]),
        ("/next", pages.next_steps, get),
        ("/events", pages.events, get),
        ("/media/shots/<shot>/<any(thumbnail, proof):size>", pages.shot_picture, get),
        ("/media/variations/<variation>/proof", pages.variation_picture, get),
        ("/media/plates/<plate>", pages.plate_picture, get),
    ]


class _Client:
    def __init__(self, services: Services, web: "WebSettings") -> None:
        self._services = services
        self._web = web

    # -- the door

    def door(self, ticket: str) -> AnyResponse | str:
        session_id = doors.live_ticket(self._services, ticket).session_id
        if at.is_in(ticket):
            return redirect(_home(standing(self._services, session_id), ticket), 303)
        return self._show("pin", ticket)

    def pin(self, ticket: str) -> AnyResponse | tuple[str, int]:
        digits = "".join(filter(str.isdigit, request.form.get("pin", "")))
        try:
            session_id = doors.enter(self._services, ticket, digits).session_id
        except NotAllowed as error:
            if wants_json():
                raise
            doors.live_ticket(self._services, ticket)  # a dead ticket has no PIN form
            return self._show("pin", ticket, error=str(error)), error.status
        at.let_in(ticket)
        target = _home(standing(self._services, session_id), ticket)
        return jsonify({"ok": True, "next": target}) if wants_json() else redirect(target, 303)

    # -- consent

    def consent(self, ticket: str) -> str:
        session_id = at.session_behind(self._services, ticket)
        return self._show("consent", ticket, page=consent_page(self._services, session_id))

    def sign(self, ticket: str) -> AnyResponse | tuple[str, int]:
        session_id = at.session_behind(self._services, ticket)
        try:
            consenting.give(self._services, session_id, _consent_form())
        except BadInput as error:
            if wants_json():
                raise
            page = consent_page(self._services, session_id)
            return self._show("consent", ticket, page=page, error=str(error), form=request.form), error.status
        here = standing(self._services, session_id)
        return done(".sheet" if here.proofing else ".consent", ticket)

    def copy(self, ticket: str) -> Response:
        session_id = at.session_behind(self._services, ticket)
        text = consenting.copy_text(self._services, session_id)
        headers = {"Content-Disposition": 'attachment; filename="consent.txt"', "Cache-Control": "no-store"}
        return Response(text, mimetype="text/plain", headers=headers)

    def withdraw(self, ticket: str) -> AnyResponse | str:
        session_id = at.session_behind(self._services, ticket)
        if request.method == "GET":
            return self._show("withdraw", ticket, here=standing(self._services, session_id))
        consenting.withdraw(self._services, session_id, _ACTOR)
        return done(".consent", ticket)

    # -- choosing photographs

    def sheet(self, ticket: str) -> AnyResponse | str:
        session_id = at.client_of(self._services, ticket).session.id
        page = sheet_page(self._services, session_id)
        if wants_json():
            return state(page, variations_page(self._services, session_id), ticket)
        return self._show("sheet", ticket, page=page)

    def viewer(self, ticket: str, shot: str) -> str:
        page = sheet_page(self._services, at.client_of(self._services, ticket).session.id)
        proof = proof_of(page, shot)
        readable = [other for other in page.proofs if other.readable]
        place = readable.index(proof)
        beside = {"before": readable[place - 1 : place][:1], "after": readable[place + 1 :][:1]}
        return self._show("shot", ticket, page=page, proof=proof, **beside)

    def flag(self, ticket: str, shot: str) -> AnyResponse:
        here = at.client_of(self._services, ticket)
        try:
            flag = Flag(int(request.form.get("flag", "")))
        except ValueError:
            raise BadInput("A flag is 1 (pick), 0 (none) or -1 (reject). Send one of these.") from None
        verbs.flag(self._services, here.session.id, ShotId(shot), flag, _ACTOR)
        now = standing(self._services, here.session.id)
        answer = done(".sheet", ticket, picks=now.picks, flag=flag.value)
        if answer.status_code == 303 and request.form.get("back") == "shot":
            return redirect(url_for(".viewer", ticket=ticket, shot=shot), 303)
        return answer

    def contexts(self, ticket: str) -> AnyResponse:
        here = at.composites_of(self._services, ticket)
        asked = tuple(request.form.getlist("contexts"))
        chosen = verbs.choose_contexts(self._services, here.session.id, asked, _ACTOR)
        return done(".sheet", ticket, contexts=list(chosen))

    def lock(self, ticket: str) -> AnyResponse | str:
        here = at.client_of(self._services, ticket)
        if request.method == "GET":
            if not here.open_picks:
                return redirect(url_for(".variations", ticket=ticket), 303)
            return self._show("lock", ticket, page=sheet_page(self._services, here.session.id))
        verbs.lock(self._services, here.session.id, _ACTOR)
        return done(".variations", ticket)

    # -- choosing composites

    def variations(self, ticket: str) -> AnyResponse | str:
        here = at.client_of(self._services, ticket)
        page = variations_page(self._services, here.session.id)
        if wants_json():
            return state(sheet_page(self._services, here.session.id), page, ticket)
        if here.open_picks:
            return redirect(url_for(".sheet", ticket=ticket), 303)
        return self._show("variations", ticket, page=page)

    def compare(self, ticket: str, variation: str) -> str:
        here = at.composites_of(self._services, ticket)
        page = variations_page(self._services, here.session.id)
        return self._show("compare", ticket, page=page, picture=picture_of(page, variation))

    def choice(self, ticket: str, variation: str) -> AnyResponse:
        here = at.composites_of(self._services, ticket)
        seen = picture_of(variations_page(self._services, here.session.id), variation)
        try:
            choice = Choice(request.form.get("choice", ""))
        except ValueError:
            raise BadInput("A choice is approved, refused or open. Send one of these.") from None
        verbs.choose(self._services, here.session.id, seen.id, choice, _ACTOR)
        answer = done(".variations", ticket, choice=choice.value)
        if answer.status_code == 303 and request.form.get("back") == "compare":
            return redirect(url_for(".compare", ticket=ticket, variation=variation), 303)
        return answer

    def finish(self, ticket: str) -> AnyResponse | str:
        here = at.client_of(self._services, ticket)
        if request.method == "GET":
            if here.session.stage >= Stage.APPROVED:
                return redirect(url_for(".next_steps", ticket=ticket), 303)
            return self._show("finish", ticket, page=variations_page(self._services, here.session.id))
        verbs.finish(self._services, here.session.id, _ACTOR)
        return done(".next_steps", ticket)

    def next_steps(self, ticket: str) -> str:
        here = at.client_of(self._services, ticket)
        return self._show("next", ticket, page=variations_page(self._services, here.session.id))

    # -- live events and pictures

    def events(self, ticket: str) -> AnyResponse:
        session_id = at.client_of(self._services, ticket).session.id

        def allow(kind: str, data: Mapping[str, object]) -> bool:
            return at.for_client(kind, data) and at.still_open(self._services, ticket)

        return event_stream(self._services, session_id, request.headers.get("Last-Event-ID", ""), allow)

    def shot_picture(self, ticket: str, shot: str, size: str) -> AnyResponse:
        session_id = at.client_of(self._services, ticket).session.id
        with self._services.read() as work:
            found = work.shot(ShotId(shot))
        if found.session_id != session_id or not found.shown:
            raise NotFound("There is no such photograph in this session. Go back to the contact sheet.")
        return picture(self._services, found.thumbnail if size == "thumbnail" else found.proof)

    def variation_picture(self, ticket: str, variation: str) -> AnyResponse:
        session_id = at.composites_of(self._services, ticket).session.id
        with self._services.read() as work:
            found = work.variation(VariationId(variation))
        if found.session_id != session_id or not found.resemblance.accepted:
            raise NotFound("There is no such picture in this session. Go back to your composites.")
        return picture(self._services, found.proof)

    def plate_picture(self, ticket: str, plate: str) -> AnyResponse:
        at.composites_of(self._services, ticket)
        return picture(self._services, offered_plate(self._services, plate).thumbnail)

    def _show(self, name: str, ticket: str, **values: object) -> str:
        studio = self._web.studio_name
        return render_template(f"client/{name}.html", ticket=ticket, studio_name=studio, **values)


def _home(here: Standing, ticket: str) -> str:
    """The page on which a client goes on."""
    if not here.proofing:
        return url_for(".consent", ticket=ticket)
    if here.open_picks:
        return url_for(".sheet", ticket=ticket)
    done_choosing = here.session.stage >= Stage.APPROVED
    return url_for(".next_steps" if done_choosing else ".variations", ticket=ticket)


def _consent_form() -> consenting.ConsentForm:
    try:
        purposes = frozenset(Purpose(value) for value in request.form.getlist("purposes"))
    except ValueError:
        raise BadInput("One of the purposes is not known. Load the page again and sign it anew.") from None
    if not purposes:
        raise BadInput(
            "Nothing is ticked. Tick at least one purpose, or tell your photographer that you do not agree."
        )
    name = request.form.get("signed_name", "").strip()
    if not name:
        raise BadInput("Your name is missing. Type it above the signature.")
    language = request.form.get("language", "en")[:8]
    return consenting.ConsentForm(purposes, name[:200], at.drawn_signature(), language)


def _problem(error: StudioError) -> tuple[Response | str, int]:
    if wants_json():
        return jsonify({"ok": False, "error": str(error)}), error.status
    return render_template("client/problem.html", error=error, **(request.view_args or {})), error.status
