"""The brush: strokes that say where the person is, and the pictures that are made anew by them."""

from dataclasses import dataclass, replace

from studio_server.domain import consent
from studio_server.domain.consent import Purpose
from studio_server.domain.engines import CutJob
from studio_server.domain.errors import BadInput, Conflict
from studio_server.domain.events import Fact, Flagged, LikenessReady
from studio_server.domain.likeness import Learns
from studio_server.domain.ports import Decision, Reading
from studio_server.domain.session import Session, Stage
from studio_server.domain.shot import Flag, Shot, ShotId
from studio_server.domain.stroke import MOST_STROKES, Stroke, StrokeKind, digest, standing, undone
from studio_server.workflow import whole
from studio_server.workflow.renditions import key_of, rendition
from studio_server.workflow.services import Services

ACTOR = "photographer"


@dataclass(frozen=True)
class BrushPage:
    session: Session
    shot: Shot
    number: int
    """Of the shot, on the contact sheet."""
    unclaimed: int

    @property
    def strokes(self) -> int:
        return len(standing(self.shot.strokes))

    @property
    def undone(self) -> int:
        return len(undone(self.shot.strokes))

    @property
    def digest(self) -> str:
        """Names the state of the cut, so that a browser never shows an older one."""
        return digest(standing(self.shot.strokes)) or "machine"


def brush_page(services: Services, shot_id: ShotId) -> BrushPage:
    """Raises Conflict, in words, where this shot has no cut that could be mended."""
    with services.read() as work:
        shot = work.shot(shot_id)
        session = _mendable(services, work, shot)
        ids = [one.id for one in work.shots(session.id)]
        return BrushPage(session, shot, ids.index(shot_id) + 1, len(work.shots(None)))


def draw(services: Services, shot_id: ShotId, stroke: Stroke) -> BrushPage:
    """Append a stroke, or an undo or redo, to the shot's log. Raises BadInput, Conflict."""
    with services.work() as work:
        shot = work.shot(shot_id)
        session = _mendable(services, work, shot)
        back = stroke.kind in {StrokeKind.UNDO, StrokeKind.REDO}  # still possible when the log is full
        if len(shot.brush) >= MOST_STROKES * (1 + back):
            raise BadInput(f"{MOST_STROKES} strokes are drawn, and no more are kept for one photograph.")
        work.save(replace(shot, brush=(*shot.brush, replace(stroke, rendition=shot.rendition))))
        work.append(Decision(session.id, ACTOR, "brush", shot_id, stroke.kind.value, services.now()))
        work.commit()
    return brush_page(services, shot_id)


def make_again(services: Services, shot_id: ShotId) -> Session:
    """Have this shot's pictures made anew with the strokes; what was chosen already stays. Twice is fine."""
    with services.work() as work:
        shot = work.shot(shot_id)
        session = _mendable(services, work, shot)
        work.commit(*_owed(work, session, shot))
    return session


def person(services: Services, shot_id: ShotId) -> bytes:
    """The person cut out as the strokes stand now: WebP with alpha, at most 1600 px."""
    return services.cutter.person(_job(services, shot_id))


def photograph(services: Services, shot_id: ShotId) -> bytes:
    """The same frame as it was photographed: JPEG, at most 1600 px."""
    return services.cutter.photograph(_job(services, shot_id))


def _mendable(services: Services, work: Reading, shot: Shot) -> Session:
    if shot.session_id is None or shot.flag is not Flag.PICK or not shot.pickable:
        raise Conflict("Only picks are cut out of their photograph. Let the client pick this one first.")
    session = work.session(shot.session_id)
    if session.stage >= Stage.APPROVED:
        raise Conflict("The client has finished: these pictures are being delivered as they are.")
    consent.require(work.consents(session.id), Purpose.GENERATION, services.now())
    return session


def _owed(work: Reading, session: Session, shot: Shot) -> list[Fact]:
    """Before the lock the first looks; later the finished pictures; while the fit runs nothing yet."""
    if session.stage < Stage.LOCKED:
        return [Flagged(shot.id, session.id)]
    fitted = whole.ready(work, session.id, Learns.SURROUNDINGS)
    return [LikenessReady(session.id, one.id) for one in fitted[-1:]]


def _job(services: Services, shot_id: ShotId) -> CutJob:
    with services.read() as work:
        shot = work.shot(shot_id)
        session = _mendable(services, work, shot)
        clean = work.shot(ShotId(session.clean_plate)) if session.clean_plate else None
    return cut_job(services, session, shot, clean)


def cut_job(services: Services, session: Session, shot: Shot, clean: Shot | None) -> CutJob:
    """How the person of a shot is cut out: before which backdrop, after which strokes."""
    return CutJob(
        rendition=rendition(services, shot),
        rendition_key=key_of(shot),
        cache=services.derived.directory(f"{session.id}/cut-{key_of(shot)}"),
        clean_plate=rendition(services, clean) if clean else None,
        clean_plate_key=key_of(clean) if clean else "",
        strokes=standing(shot.strokes),
    )
