"""The client's pages as JSON, for players that act without a browser; and which of the two is asked for."""

from flask import Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from studio_server.domain.ports import JobState
from studio_server.workflow.pages_client import Picture, Proof, SheetPage, VariationsPage

Wire = dict[str, object]


def wants_json() -> bool:
    accept = request.accept_mimetypes
    return accept["application/json"] > accept["text/html"]


def done(endpoint: str, ticket: str, **more: object) -> AnyResponse:
    """What a POST answers: a redirect for a browser without scripts, {"ok": true} for all others."""
    target = url_for(endpoint, ticket=ticket)
    if wants_json():
        return jsonify({"ok": True, "next": target, **more})
    return redirect(target, 303)


def state(sheet: SheetPage, made: VariationsPage, ticket: str) -> Response:
    """Everything that this client may know, in one object."""
    session = sheet.standing.session
    return jsonify(
        {
            "stage": sheet.standing.stage,
            "pick_limit": session.pick_limit,
            "picks": sheet.standing.picks,
            "contexts": list(session.contexts) if sheet.standing.composites else [],
            "purposes": sorted(sheet.standing.live),
            "shots": [_shot(proof, ticket) for proof in sheet.proofs],
            "jobs": [_job(job) for job in sheet.jobs],
            "variations": [_variation(picture, ticket) for picture in _pictures(sheet, made)],
        }
    )


def _pictures(sheet: SheetPage, made: VariationsPage) -> list[Picture]:
    looks = {look.id: look for proof in sheet.proofs for look in proof.looks}
    looks |= {look.id: look for look in made.looks}
    return [*looks.values(), *made.pictures]


def _shot(proof: Proof, ticket: str) -> Wire:
    def url(size: str) -> str:
        return url_for(".shot_picture", ticket=ticket, shot=proof.id, size=size)

    return {
        "id": proof.id,
        "number": proof.number,
        "state": proof.state.value,
        "flag": proof.flag.value,
        "thumbnail": url("thumbnail") if proof.thumbnail else "",
        "proof": url("proof") if proof.proof else "",
    }


def _variation(picture: Picture, ticket: str) -> Wire:
    return {
        "id": picture.id,
        "shot": picture.shot_id,
        "context": picture.context.id,
        "pass": picture.made_in.value,
        "whole": picture.whole,
        "proof": url_for(".variation_picture", ticket=ticket, variation=picture.id),
        "choice": picture.choice.value,
        "width": picture.width,
        "height": picture.height,
    }


def _job(job: JobState) -> Wire:
    return {
        "id": job.id,
        "text": job.text,
        "done": job.done,
        "total": job.total,
        "seconds_left": job.seconds_left,
        "state": job.state,
    }
