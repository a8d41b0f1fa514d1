"""The studio's public verify page: anybody may ask whether a picture is as it was signed. Nothing is kept."""

from datetime import timedelta

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.errors import BadInput, StudioError
from studio_server.web import wire
from studio_server.web.auth import Tries, address, wants_data
from studio_server.web.words import FILTERS
from studio_server.workflow.services import Services
from studio_server.workflow.verifying import verify


def blueprint(services: Services) -> Blueprint:
    made = Blueprint("verify", __name__)
    made.app_context_processor(lambda: {"words": FILTERS})
    tries = Tries(60, timedelta(minutes=5), services.now)

    @made.get("/verify")
    def page() -> str:
        return render_template("verify.html")

    @made.post("/verify")
    def check() -> AnyResponse | str | tuple[str, int]:
        tries.check(address())
        tries.count(address())
        file = request.files.get("picture")
        try:
            if file is None or not file.filename:
                raise BadInput("No picture was sent. Choose one, or drop it onto the field.")
            finding = verify(services.signer, file.stream, file.filename)
        except StudioError as error:
            if wants_data():
                raise
            return render_template("verify.html", error=str(error)), error.status
        if wants_data():
            return jsonify(wire.finding(finding))
        return render_template("verify.html", finding=finding, name=file.filename)

    return made
