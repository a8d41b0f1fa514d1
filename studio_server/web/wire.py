"""Domain values as JSON, for machines and for scripts that play the photographer."""

from studio_server.domain.delivery import SOURCE_TYPE_ROOT, Parent, SourceType
from studio_server.domain.likeness import FitReport, Likeness
from studio_server.domain.ports import JobState
from studio_server.domain.provenance import Finding
from studio_server.domain.readiness import Readiness
from studio_server.domain.variation import Resemblance
from studio_server.workflow.ingest import Receipt
from studio_server.workflow.marks import Moved
from studio_server.workflow.pages import Frame, Made, SessionPage
from studio_server.workflow.pages_deliveries import DeliveriesPage, DeliveryRow

Wire = dict[str, object]
_CAPTIONS = {
    SourceType.COMPOSITE: "AI composite: the person as photographed, the surroundings ({place}) generated.",
    SourceType.PLATE: "Composite: the person as photographed, the surroundings ({place}) a rendered place.",
    SourceType.PHOTOGRAPHS: "Composite of two photographs: the person, and the place ({place}).",
    SourceType.GENERATED: "AI picture ({place}): the person too is generated; nothing was photographed.",
    SourceType.CAPTURE: "Photograph.",
}


def receipt(of: Receipt) -> Wire:
    return {"shot": of.shot_id, "state": of.state, "session": of.session_id}


def finding(of: Finding) -> Wire:
    return {
        "standing": of.standing.value,
        "intact": of.intact,
        "sentence": of.sentence,
        "signed_by": of.signed_by,
        "source_type": of.source_type,
        "base": of.base,
        "captures": list(of.captures),
        "made_at": of.made_at,
    }


def moved(of: Moved) -> Wire:
    shot = of.shot
    return {"state": of.state, "shot": shot.id if shot else None, "flag": int(shot.flag) if shot else 0}


def deliveries(page: DeliveriesPage) -> Wire:
    return {"cursor": page.cursor, "more": page.more, "deliveries": [_delivery(row) for row in page.rows]}


def session(page: SessionPage) -> Wire:
    """Everything that the photographer's page shows, in one object."""
    return {
        "session": page.session.id,
        "client": page.session.client_name,
        "stage": page.session.stage.name.lower(),
        "contexts": list(page.session.contexts),
        "purposes": sorted(page.agreed),
        "picks": page.picks,
        "pick_limit": page.session.pick_limit,
        "shots": [_shot(frame) for frame in page.frames],
        "variations": [_made(made) for frame in page.frames for made in (*frame.previews, *frame.finals)],
        "likeness": _likeness(page.likeness),
        "jobs": [_job(job) for job in page.jobs],
        "deliveries": [
            {"id": one.id, "file": one.name, "delivered": one.acknowledged_at is not None}
            for one in page.deliveries
        ],
        "unclaimed": page.unclaimed,
        "ready": _ready(page.ready),
    }


def _ready(ready: Readiness | None) -> Wire | None:
    """Whether it is ready to fit; None: the picks are locked, or no shot has come yet."""
    if ready is None:
        return None
    lists = {"missing": list(ready.missing), "better": list(ready.better)}
    return {"ready": ready.ready, **lists, "no_faces": ready.why}


def _shot(frame: Frame) -> Wire:
    shot, burst = frame.shot, frame.coach.burst
    return {
        "id": shot.id,
        "number": frame.number,
        "file": shot.original.name,
        "files": [file.name for file in shot.files],
        "rendition": shot.foreground.name if shot.rendition else "",
        "state": shot.state.value,
        "reason": shot.reason,
        "flag": shot.flag.value,
        "received_at": shot.received_at.isoformat(),
        "width": shot.capture.width,
        "height": shot.capture.height,
        "notes": list(frame.coach.notes),
        "reading": frame.coach.reading,
        "burst": {"place": burst.place, "of": burst.of, "best": burst.best} if burst else None,
    }


def _made(made: Made) -> Wire:
    variation, judged = made.variation, made.variation.resemblance
    return {
        "id": variation.id,
        "shot": variation.brief.shot_id,
        "context": variation.brief.context,
        "context_title": made.context.title,
        "seed": variation.brief.seed,
        "lane": variation.brief.lane.value,
        "pass": variation.made_in.value,
        "width": variation.width,
        "height": variation.height,
        "base": variation.base,
        "accepted": judged.accepted,
        "choice": variation.choice.value,
        "overruled": variation.overruled.reason if variation.overruled else "",
        **_resemblance(judged),
        "delta_ita": judged.delta_ita,
        "measures": [
            {"name": row.name, "value": row.value, "limit": row.limit, "passed": row.passed, "why": row.why}
            for row in judged.measures
        ],
    }


def _resemblance(judged: Resemblance) -> Wire:
    return {"distance": judged.distance, "limit": judged.limit, "sentence": judged.sentence}


def _likeness(likeness: Likeness | None) -> Wire | None:
    if likeness is None:
        return None
    report = _report(likeness.report) if likeness.report else None
    return {
        "id": likeness.id,
        "learns": likeness.learns.value,
        "state": likeness.state.value,
        "reason": likeness.reason,
        "report": report,
    }


def _report(report: FitReport) -> Wire:
    return {
        "base": report.base,
        "steps": report.steps,
        "seconds": report.seconds,
        "heldout_before": report.heldout_before,
        "heldout_after": report.heldout_after,
        "resumed_at": report.resumed_at,
        "stepped_down": report.stepped_down,
        "kept_step": report.kept_step,
        "kept_for": report.kept_for,
        "light_before": report.light_before,
        "light_after": report.light_after,
        "worth": report.worth,
    }


def _job(job: JobState) -> Wire:
    return {
        "id": job.id,
        "text": job.text,
        "done": job.done,
        "total": job.total,
        "seconds_left": job.seconds_left,
        "state": job.state,
        "reason": job.reason,
    }


def _delivery(row: DeliveryRow) -> Wire:
    one, title = row.delivery, row.context.title
    return {
        "id": one.id,
        "sha256": one.sha256,
        "size": one.size,
        "file": one.name,
        "width": one.width,
        "height": one.height,
        "kind": "generated" if row.variation.whole else "ai",
        "source_type": SOURCE_TYPE_ROOT + one.source_type.value,
        "context": row.context.id,
        "context_title": title,
        "base": row.variation.base,
        "resemblance": _resemblance(row.variation.resemblance),
        "rating": one.labels.rating,
        "label": one.labels.label,
        "keywords": list(one.labels.keywords),
        "collection": list(one.labels.collection),
        "caption": _CAPTIONS[one.source_type].format(place=title.lower()),
        "consent_until": row.consent_until.isoformat(),
        "laid_path": one.laid_path,
        "parent": _parent(one.parent),
        "created_at": one.created_at.isoformat(),
    }


def _parent(parent: Parent) -> Wire:
    at = parent.captured_at
    return {
        "sha256": parent.sha256,
        "path": parent.path,
        "name": parent.name,
        "camera_serial": parent.camera_serial,
        "captured_at": at.isoformat(timespec="microseconds") if at else "",
    }
