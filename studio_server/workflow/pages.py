"""What the photographer's pages and the plug-ins show: one frozen value a page, read in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio_server.domain.consent import ConsentEvent, ConsentRecord, Purpose, allowed
from studio_server.domain.delivery import Delivery
from studio_server.domain.likeness import Likeness, LikenessState
from studio_server.domain.plate import OwnPlate, PlateId
from studio_server.domain.ports import JobState, Reading, Ticket
from studio_server.domain.readiness import Readiness
from studio_server.domain.session import Session, SessionId, Stage
from studio_server.domain.shot import Flag, Shot, ShotId, ShotState
from studio_server.domain.variation import CONTEXTS, Choice, Context, Pass, Variation, VariationId, replaced
from studio_server.workflow import mirroring
from studio_server.workflow.marks import against
from studio_server.workflow.pages_coach import Advice, coach_page
from studio_server.workflow.places import offered, place_of, places, still_there
from studio_server.workflow.routing import CameraClock, clocks
from studio_server.workflow.services import Services


@dataclass(frozen=True)
class SessionRow:
    session: Session
    shots: int
    picks: int
    approved: int
    unreadable: int
    cover: ShotId | None
    job: JobState | None


@dataclass(frozen=True)
class SessionsPage:
    rows: tuple[SessionRow, ...]
    unclaimed: int
    trouble: str = ""
    """What keeps copies from being made in the second place."""
    contexts: tuple[Context, ...] = CONTEXTS


@dataclass(frozen=True)
class Made:
    """A variation beside what the page says of it."""

    variation: Variation
    context: Context
    replaced: bool = False
    """A later picture of the same place is shown instead."""
    older: bool = False
    """Another rendition of its shot is in use now."""


@dataclass(frozen=True)
class Frame:
    """A shot with everything that was made from it."""

    shot: Shot
    number: int
    previews: tuple[Made, ...]
    finals: tuple[Made, ...]
    coach: Advice
    against: str = ""
    """Why the flag that the photographer's folders say is not followed."""

    @property
    def older(self) -> bool:
        """Whether a finished picture that stands was made from another rendition than the one in use."""
        return any(made.older and not made.replaced for made in self.finals)


@dataclass(frozen=True)
class SessionPage:
    session: Session
    ticket: Ticket | None
    """The link that works now."""
    agreed: frozenset[Purpose]
    signed: ConsentRecord | None
    """The newest record that the client signed."""
    frames: tuple[Frame, ...]
    likeness: Likeness | None
    """The newest."""
    deliveries: tuple[Delivery, ...]
    jobs: tuple[JobState, ...]
    unclaimed: int
    places: tuple[Context, ...] = ()
    """Its contexts, as they are called now."""
    gone: tuple[Context, ...] = ()
    """Those of them that were taken off the shelf: no new picture is made there."""
    synthetic: bool = False
    """Whether this studio's base can make whole pictures of a person."""
    safe: frozenset[ShotId] | None = None
    """The shots of which every file has a verified copy in the second place; None: there is no such place."""
    trouble: str = ""
    """What keeps copies from being made now."""
    others: tuple[Session, ...] = ()
    """The sessions that a shot may be moved to: the newest first."""
    ready: Readiness | None = None
    """Whether it is ready to fit, in words; None: the picks are locked, or there are none to be."""

    def number_of(self, shot_id: ShotId) -> int:
        """The number that a shot has on this page."""
        return next((frame.number for frame in self.frames if frame.shot.id == shot_id), 0)

    @property
    def unreadable(self) -> tuple[Frame, ...]:
        return tuple(frame for frame in self.frames if frame.shot.state is ShotState.UNREADABLE)

    @property
    def sheet(self) -> tuple[Frame, ...]:
        return tuple(frame for frame in self.frames if frame.shot.state is not ShotState.UNREADABLE)

    @property
    def empty(self) -> Frame | None:
        """The frame of the empty backdrop."""
        return next((frame for frame in self.frames if frame.shot.id == self.session.clean_plate), None)

    @property
    def card(self) -> Frame | None:
        """The frame of the grey card."""
        card = self.session.grey_card
        return next((frame for frame in self.frames if card and frame.shot.id == card.shot_id), None)

    @property
    def picks(self) -> int:
        return sum(frame.shot.flag is Flag.PICK for frame in self.frames)

    @property
    def varied(self) -> tuple[Frame, ...]:
        """The shots that finished variations were made from."""
        return tuple(frame for frame in self.frames if frame.finals)

    @property
    def finals(self) -> tuple[Made, ...]:
        """The finished variations that none has replaced."""
        return tuple(made for frame in self.frames for made in frame.finals if not made.replaced)

    @property
    def accepted(self) -> int:
        """Shown to the client, by the judge's word or the photographer's."""
        return sum(made.variation.shown for made in self.finals)

    @property
    def pickable(self) -> tuple[Frame, ...]:
        """What a context may be given instead of the pick that suits it."""
        return tuple(frame for frame in self.frames if frame.shot.flag is Flag.PICK)

    @property
    def approved(self) -> int:
        return sum(made.variation.choice is Choice.APPROVED for made in self.finals)

    @property
    def running(self) -> tuple[JobState, ...]:
        return tuple(job for job in self.jobs if job.state in {"waiting", "running"})

    @property
    def stopped(self) -> tuple[JobState, ...]:
        """Jobs that ended badly and that no later one has made good."""
        ended = {"failed", "cancelled"}
        rest = ((job, self.jobs[number:]) for number, job in enumerate(self.jobs, 1) if job.state in ended)
        return tuple(job for job, later in rest if not _tried_again(job, later))

    @property
    def owed_again(self) -> bool:
        """Whether anything stopped that starts again without a new fit."""
        return any(not job.id.startswith(("train-", "layers-")) for job in self.stopped)

    @property
    def layering(self) -> frozenset[str]:
        """The variations whose layered TIFF is being made."""
        return frozenset(job.id.split("-")[1] for job in self.running if job.id.startswith("layers-"))

    @property
    def refittable(self) -> bool:
        fitting = self.likeness is not None and self.likeness.state is LikenessState.FITTING
        return self.session.stage >= Stage.LOCKED and self.session.stage < Stage.APPROVED and not fitting


@dataclass(frozen=True)
class UnclaimedPage:
    shots: tuple[Shot, ...]
    sessions: tuple[Session, ...]
    """Those that a shot may be moved to: the newest first."""
    clocks: tuple[CameraClock, ...] = ()
    """Of the cameras that these shots are from."""
    safe: frozenset[ShotId] | None = None

    @property
    def unclaimed(self) -> int:
        return len(self.shots)


def sessions_page(services: Services) -> SessionsPage:
    with services.read() as work:
        sessions = work.sessions()
        read = [(session, work.shots(session.id), work.variations(session.id)) for session in sessions]
        unclaimed, choice = len(work.shots(None)), offered(work)
    rows = (_row(session, shots, made, services.board.jobs(session.id)) for session, shots, made in read)
    trouble = services.board.told(mirroring.SUBJECT) if services.mirror else ""
    return SessionsPage(tuple(rows), unclaimed, trouble, choice)


def session_page(services: Services, session_id: SessionId) -> SessionPage:
    jobs = tuple(services.board.jobs(session_id))
    now = services.now()
    with services.read() as work:
        session = work.session(session_id)
        records = work.consents(session_id)
        live = [one for one in work.tickets(session_id) if one.revoked_at is None and now < one.expires_at]
        known = places(work)
        there = still_there(work, session.contexts)
        shots = work.shots(session_id)
        unfollowed = {
            shot.id: against(work, shot) for shot in shots if shot.mark not in {shot.flag, Flag.NONE}
        }
        live_now = allowed(records, now)
        advised = coach_page(services, session, shots, live_now)
        given = [record for record in records if record.event is ConsentEvent.GIVEN]
        return SessionPage(
            session=session,
            ticket=live[-1] if live else None,
            agreed=live_now,
            signed=given[-1] if given else None,
            frames=_frames(shots, work.variations(session_id), known, (advised.shots, unfollowed)),
            ready=advised.ready,
            likeness=next(reversed(work.likenesses(session_id)), None),
            deliveries=tuple(work.deliveries(session_id)),
            jobs=jobs,
            unclaimed=len(work.shots(None)),
            places=tuple(place_of(work, one) for one in session.contexts),
            gone=tuple(place_of(work, one) for one in session.contexts if one not in there),
            synthetic=services.synthetic,
            safe=_safe(services, work, session_id),
            trouble=services.board.told(mirroring.SUBJECT) if services.mirror else "",
            others=tuple(one for one in work.sessions() if one.id != session_id),
        )


def unclaimed_page(services: Services) -> UnclaimedPage:
    with services.read() as work:
        shots, safe = tuple(work.shots(None)), _safe(services, work, None)
        return UnclaimedPage(shots, tuple(work.sessions()), clocks(work, shots), safe)


def shot_of(services: Services, shot_id: ShotId) -> Shot:
    with services.read() as work:
        return work.shot(shot_id)


def variation_of(services: Services, variation_id: VariationId) -> Variation:
    with services.read() as work:
        return work.variation(variation_id)


def plate_of(services: Services, plate_id: PlateId) -> OwnPlate:
    with services.read() as work:
        return work.plate(plate_id)


def _safe(services: Services, work: Reading, session_id: SessionId | None) -> frozenset[ShotId] | None:
    if services.mirror is None:
        return None
    return mirroring.safe(work.shots(session_id), work.copied(session_id))


def _row(
    session: Session, shots: Sequence[Shot], made: Sequence[Variation], jobs: Sequence[JobState]
) -> SessionRow:
    states = Counter(shot.state for shot in shots)
    readable = [
        shot
        for shot in shots
        if shot.thumbnail and shot.state is ShotState.DEVELOPED and shot.id != session.clean_plate
    ]
    picks = [shot for shot in readable if shot.flag is Flag.PICK]
    cover = (picks or readable)[:1]
    return SessionRow(
        session=session,
        shots=len(shots),
        picks=len(picks),
        approved=sum(one.choice is Choice.APPROVED for one in made),
        unreadable=states[ShotState.UNREADABLE],
        cover=cover[0].id if cover else None,
        job=next((job for job in jobs if job.state == "running"), None),
    )


def _tried_again(job: JobState, later: Sequence[JobState]) -> bool:
    """Whether the same verb ran again: for the session, or, where it is about one shot, for that shot."""
    verb, _, subject = job.id.partition("-")
    again = (
        f"{verb}-{subject.partition('-')[0]}"
        if verb in {"develop", "preview", "layers", "mirror", "coach"}
        else f"{verb}-"
    )
    return any(one.id.startswith(again) for one in later)


def _older(one: Variation, used: str | None) -> bool:
    return not one.whole and used is not None and one.brief.rendition != used


def _frames(
    shots: Sequence[Shot],
    variations: Sequence[Variation],
    known: Mapping[str, Context],
    said: tuple[Mapping[ShotId, Advice], Mapping[ShotId, str]],
) -> tuple[Frame, ...]:
    advice, unfollowed = said
    gone = replaced(variations)
    used = {shot.id: shot.rendition for shot in shots}
    made = [
        Made(one, known[one.brief.context], one.id in gone, _older(one, used.get(one.brief.shot_id)))
        for one in variations
    ]

    def of(shot: Shot, which: Pass) -> tuple[Made, ...]:
        mine = [one for one in made if one.variation.brief.shot_id == shot.id]
        return tuple(one for one in mine if one.variation.made_in is which)

    return tuple(
        Frame(
            shot,
            number,
            of(shot, Pass.PREVIEW),
            of(shot, Pass.FINAL),
            advice[shot.id],
            unfollowed.get(shot.id, ""),
        )
        for number, shot in enumerate(shots, 1)
    )
