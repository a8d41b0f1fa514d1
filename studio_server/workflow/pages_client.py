"""What the client's pages show: one frozen value a page, read in one transaction.

Nothing here knows a path on the photographer's machine, another session, or a variation that the
judge refused: what a page cannot hold, a page cannot show.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from studio_server.domain.consent import WHOLE_PICTURES, ConsentEvent, Purpose, allowed
from studio_server.domain.errors import NotFound
from studio_server.domain.plate import OwnPlate, PlateId
from studio_server.domain.ports import JobState, Reading
from studio_server.domain.readiness import FEWEST_PICKS
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Flag, Shot, ShotId, ShotState
from studio_server.domain.variation import Choice, Context, Pass, Variation, VariationId, replaced
from studio_server.workflow.places import offered, places
from studio_server.workflow.services import Services


@dataclass(frozen=True)
class Standing:
    """Where a session stands: what every page of its client knows."""

    session: Session
    live: frozenset[Purpose]
    withdrawn: bool
    """The newest consent record is a withdrawal."""
    picks: int

    @property
    def proofing(self) -> bool:
        return Purpose.PROOFING in self.live

    @property
    def composites(self) -> bool:
        """Whether composites may be shown: no generation without its own consent."""
        return self.proofing and Purpose.GENERATION in self.live

    @property
    def whole_pictures(self) -> bool:
        return self.live >= WHOLE_PICTURES

    @property
    def lockable(self) -> bool:
        """Whether the client agreed to what follows a lock: the fit and the composites."""
        return self.composites and Purpose.FITTING in self.live

    @property
    def open_picks(self) -> bool:
        return self.session.stage < Stage.LOCKED

    @property
    def stage(self) -> str:
        return self.session.stage.name.lower()

    @property
    def full(self) -> bool:
        return self.picks >= self.session.pick_limit


@dataclass(frozen=True)
class Picture:
    """A composite that the judge accepted."""

    id: VariationId
    shot_id: ShotId
    number: int
    """Of its photograph, on the contact sheet."""
    context: Context
    made_in: Pass
    choice: Choice
    width: int
    height: int
    two_photographs: bool = False
    """Whether its surroundings are a photograph of the studio's own."""
    whole: bool = False
    """Generated as a whole, the face too."""


@dataclass(frozen=True)
class Proof:
    id: ShotId
    number: int
    state: ShotState
    flag: Flag
    width: int
    height: int
    thumbnail: bool
    proof: bool
    looks: tuple[Picture, ...]
    looking: bool
    """First looks of this pick are being made."""
    version: str = ""
    """Of its picture: another one has another address, so that no browser goes on showing the old."""

    @property
    def picked(self) -> bool:
        return self.flag is Flag.PICK

    @property
    def readable(self) -> bool:
        """Whether it can be picked."""
        return self.state is ShotState.DEVELOPED

    @property
    def unreadable(self) -> bool:
        return self.state is ShotState.UNREADABLE


@dataclass(frozen=True)
class ContextCard:
    context: Context
    chosen: bool


@dataclass(frozen=True)
class SheetPage:
    standing: Standing
    proofs: tuple[Proof, ...]
    contexts: tuple[ContextCard, ...]
    jobs: tuple[JobState, ...]

    @property
    def chosen(self) -> tuple[ContextCard, ...]:
        return tuple(card for card in self.contexts if card.chosen)

    @property
    def ready(self) -> bool:
        """Whether the picks may be locked."""
        return self.standing.lockable and not self.missing and bool(self.chosen)

    @property
    def missing(self) -> int:
        """How many picks are missing for a fit."""
        return max(0, FEWEST_PICKS - self.standing.picks)


@dataclass(frozen=True)
class Group:
    context: Context
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class VariationsPage:
    standing: Standing
    groups: tuple[Group, ...]
    """Finished composites by context."""
    looks: tuple[Picture, ...]
    """First looks, for as long as nothing is finished."""
    jobs: tuple[JobState, ...]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(picture for group in self.groups for picture in group.pictures)

    @property
    def approved(self) -> int:
        return sum(picture.choice is Choice.APPROVED for picture in self.pictures)

    @property
    def undecided(self) -> int:
        return sum(picture.choice is Choice.OPEN for picture in self.pictures)

    @property
    def waiting(self) -> bool:
        return self.standing.session.stage in (Stage.LOCKED, Stage.FITTED)

    @property
    def job(self) -> JobState | None:
        """What to show as progress: the running one, else the last that did not finish well."""
        long = [job for job in self.jobs if job.id.startswith(("train-", "vary-"))]
        running = [job for job in long if job.state in ("running", "waiting")]
        stopped = [job for job in long if job.state in ("failed", "cancelled")]
        return next(iter((running or stopped)[-1:]), None)


def standing(services: Services, session_id: SessionId) -> Standing:
    with services.read() as work:
        return _standing(services, work, work.session(session_id))


def sheet_page(services: Services, session_id: SessionId) -> SheetPage:
    jobs = _jobs(services, session_id)
    with services.read() as work:
        here = _standing(services, work, work.session(session_id))
        shots = work.shots(session_id) if here.proofing else ()
        pictures = _accepted(work, here, shots)
        choice = offered(work)
    proofs = tuple(
        _proof(number, shot, pictures, here.composites and _runs(jobs, f"preview-{shot.id}"))
        for number, shot in enumerate(shots, 1)
        if shot.id != here.session.clean_plate
    )
    chosen = frozenset(here.session.contexts)
    cards = (ContextCard(known, known.id in chosen) for known in choice)
    return SheetPage(here, proofs, tuple(cards) if here.composites else (), jobs)


def variations_page(services: Services, session_id: SessionId) -> VariationsPage:
    jobs = _jobs(services, session_id)
    with services.read() as work:
        here = _standing(services, work, work.session(session_id))
        pictures = _accepted(work, here, work.shots(session_id))
        every = places(work).values()
    finals = [picture for picture in pictures if picture.made_in is Pass.FINAL]
    groups = (Group(known, tuple(p for p in finals if p.context == known)) for known in every)
    looks = () if finals else tuple(pictures)
    return VariationsPage(here, tuple(group for group in groups if group.pictures), looks, jobs)


def proof_of(page: SheetPage, shot_id: str) -> Proof:
    """One photograph of the sheet. Raises NotFound for one that is not this client's, or not readable."""
    for proof in page.proofs:
        if proof.id == shot_id and proof.readable:
            return proof
    raise NotFound("There is no such photograph in this session. Go back to the contact sheet.")


def picture_of(page: VariationsPage, variation_id: str) -> Picture:
    """One composite of the session. Raises NotFound for one that this client may not see."""
    for picture in (*page.pictures, *page.looks):
        if picture.id == variation_id:
            return picture
    raise NotFound("There is no such picture in this session. Go back to your composites.")


def offered_plate(services: Services, plate_id: str) -> OwnPlate:
    """A plate of the studio's own that clients may choose. Raises NotFound."""
    with services.read() as work:
        plate = work.plate(PlateId(plate_id))
    if not plate.offered:
        raise NotFound("This place is not offered any more. Go back to the contact sheet.")
    return plate


def is_for_client(job_id: str) -> bool:
    return job_id.startswith(("preview-", "train-", "vary-"))


def _jobs(services: Services, session_id: SessionId) -> tuple[JobState, ...]:
    """The jobs that a client may follow; why one stopped is told to the photographer alone."""
    jobs = (job for job in services.board.jobs(session_id) if is_for_client(job.id))
    stopped = ("failed", "cancelled")
    return tuple(replace(job, text="Stopped", reason="") if job.state in stopped else job for job in jobs)


def _standing(services: Services, work: Reading, session: Session) -> Standing:
    records = work.consents(session.id)
    live = allowed(records, services.now())
    withdrawn = bool(records) and records[-1].event is ConsentEvent.WITHDRAWN
    picks = sum(shot.flag is Flag.PICK for shot in work.shots(session.id))
    return Standing(session, live, withdrawn, picks)


def _accepted(work: Reading, here: Standing, shots: Sequence[Shot]) -> list[Picture]:
    if not here.composites:
        return []
    numbers = {shot.id: number for number, shot in enumerate(shots, 1)}
    variations, known = work.variations(here.session.id), places(work)
    gone = replaced(variations)
    shown = [v for v in variations if v.shown and v.brief.shot_id in numbers and v.id not in gone]
    return [_picture(v, numbers, known) for v in shown if here.whole_pictures or not v.whole]


def _picture(variation: Variation, numbers: dict[ShotId, int], known: Mapping[str, Context]) -> Picture:
    return Picture(
        id=variation.id,
        shot_id=variation.brief.shot_id,
        number=numbers[variation.brief.shot_id],
        context=known[variation.brief.context],
        made_in=variation.made_in,
        choice=variation.choice,
        width=variation.width,
        height=variation.height,
        two_photographs=variation.two_photographs,
        whole=variation.whole,
    )


def _proof(number: int, shot: Shot, pictures: Iterable[Picture], looking: bool) -> Proof:  # noqa: FBT001 - a field
    looks = (p for p in pictures if p.shot_id == shot.id and p.made_in is Pass.PREVIEW)
    return Proof(
        id=shot.id,
        number=number,
        state=shot.state,
        flag=shot.flag,
        width=shot.capture.width or 4,
        height=shot.capture.height or 5,
        thumbnail=shot.shown,
        proof=shot.shown,
        looks=tuple(looks) if shot.flag is Flag.PICK else (),
        looking=looking,
        version=shot.proof[:8],
    )


def _runs(jobs: Iterable[JobState], job_id: str) -> bool:
    return any(job.id == job_id and job.state in ("waiting", "running") for job in jobs)
