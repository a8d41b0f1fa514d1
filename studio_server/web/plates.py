"""The photographer's plates: the shelf of places, and the studio's own photographs on it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.errors import BadInput, StudioError
from studio_server.domain.plate import PlateId
from studio_server.web.auth import photographer_only, wants_data
from studio_server.web.media import picture
from studio_server.web.words import FILTERS
from studio_server.workflow import pages, plates
from studio_server.workflow.services import Services

if TYPE_CHECKING:  # app.py imports this module
    from studio_server.web.app import WebSettings

View = Callable[..., AnyResponse | str | tuple[str, int]]


def blueprint(services: Services, _web: "WebSettings") -> Blueprint:
    """Behind the photographer's login, every page."""
    made = Blueprint("plates", __name__)
    made.before_request(photographer_only)
    made.app_context_processor(lambda: {"words": FILTERS})
    for rule, view, method in _routes(_Plates(services)):
        made.add_url_rule(rule, view.__name__, view, methods=[method])
    return made


def _routes(shelf: "_Plates") -> list[tuple[str, View, str]]:
    return [
        ("/plates", shelf.shelf, "GET"),
        ("/plates", shelf.add, "POST"),
        ("/plates/<plate>", shelf.plate, "GET"),
        ("/plates/<plate>", shelf.settle, "POST"),
        ("/plates/<plate>/remove", shelf.remove, "POST"),
        ("/plates/<plate>/put-back", shelf.put_back, "POST"),
        ("/media/plates/<plate>/<any(thumbnail, picture):size>", shelf.media, "GET"),
    ]


class _Plates:
    def __init__(self, services: Services) -> None:
        self._services = services

    def shelf(self) -> str:
        return render_template("studio/plates.html", page=plates.plates_page(self._services))

    def add(self) -> AnyResponse | tuple[str, int]:
        """What was typed stays in the form where the photograph is refused."""
        form, file = request.form, request.files.get("photograph")
        try:
            if file is None or not file.filename:
                raise BadInput("No photograph was sent. Choose one, or drop it onto the page.")
            added = plates.add(self._services, file.stream, form.get("title", ""), form.get("purpose", ""))
        except StudioError as error:
            if wants_data():
                raise
            page = plates.plates_page(self._services)
            return render_template("studio/plates.html", page=page, error=str(error), form=form), error.status
        return _done(url_for(".plate", plate=added.id), 201, plate=added.id)

    def plate(self, plate: str) -> str:
        page = plates.plate_page(self._services, PlateId(plate))
        return render_template("studio/plate.html", page=page)

    def settle(self, plate: str) -> AnyResponse:
        plates.settle(self._services, PlateId(plate), _settled())
        return _done(url_for(".shelf"))

    def remove(self, plate: str) -> AnyResponse:
        plates.remove(self._services, PlateId(plate))
        return _done(url_for(".shelf"))

    def put_back(self, plate: str) -> AnyResponse:
        plates.put_back(self._services, PlateId(plate))
        return _done(url_for(".shelf"))

    def media(self, plate: str, size: str) -> Response:
        found = pages.plate_of(self._services, PlateId(plate))
        return picture(self._services, found.thumbnail if size == "thumbnail" else found.picture)


def _settled() -> plates.Settled:
    form = request.form
    return plates.Settled(
        title=form.get("title", ""),
        purpose=form.get("purpose", ""),
        horizon=_number("horizon") / 100,
        light=form.get("light", ""),
        kelvin=round(_number("kelvin")),
        behind_m=_number("behind_m"),
        soft="soft" in form,
    )


def _number(name: str) -> float:
    text = request.form.get(name, "").strip().replace(",", ".")
    try:
        value = float(text[:12])
    except ValueError:
        raise BadInput(f"“{text[:20]}” is not a number. Write it in digits.") from None
    if value != value or abs(value) > 1e6:  # noqa: PLR0124 - only NaN differs from itself
        raise BadInput(f"“{text[:20]}” is not a number that can be used here. Write it in digits.")
    return value


def _done(target: str, status: int = 200, **more: str) -> AnyResponse:
    if not wants_data():
        return redirect(target, 303)
    answer = jsonify({"ok": True, "next": target, **more})
    answer.status_code = status
    return answer
