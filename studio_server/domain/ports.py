"""What the workflow needs of the outside world. Adapters implement these; tests fake them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from studio_server.domain.consent import ConsentRecord
from studio_server.domain.delivery import Delivery, DeliveryId
from studio_server.domain.events import Fact
from studio_server.domain.likeness import FitReport, Learns, Likeness, LikenessId
from studio_server.domain.plate import OwnPlate, PlateId
from studio_server.domain.session import Session, SessionId
from studio_server.domain.shot import Expression, Shot, ShotId
from studio_server.domain.stroke import Stroke
from studio_server.domain.variation import Lane, Pass, Resemblance, Variation, VariationId

Saved = Session | Shot | Likeness | Variation | Delivery | ConsentRecord | OwnPlate


@dataclass(frozen=True)
class BlobRef:
    sha256: str
    size: int


class Blobs(Protocol):
    """Written once, read often, named by their sha256."""

    def put(self, stream: BinaryIO) -> BlobRef:
        """Keep all of `stream`; the same bytes twice are kept once. Hashed while it is read."""
        ...

    def put_bytes(self, data: bytes) -> BlobRef: ...

    def open(self, sha256: str) -> BinaryIO:
        """Raises NotFound."""
        ...

    def read(self, sha256: str) -> bytes: ...

    def path(self, sha256: str) -> Path:
        """A local path for readers that need one (LibRaw, sendfile). Raises NotFound."""
        ...

    def erase(self, sha256: str) -> None:
        """For what the consent no longer covers. What is not there is no error."""
        ...


class Derived(Protocol):
    """Files that can be made again, by a key of what they were made from."""

    def directory(self, key: str) -> Path:
        """A directory for this key, made if missing."""
        ...

    def erase(self, key: str, prefix: str) -> Sequence[str]:
        """Remove the directories under `key` whose names begin so; returns their names."""
        ...


@dataclass(frozen=True)
class Decision:
    """Who chose what, appended and never edited."""

    session_id: SessionId
    actor: str
    verb: str
    subject: str
    value: str
    at: datetime


@dataclass(frozen=True)
class Ticket:
    """A client's way in: an unguessable id in the link, a short PIN beside it."""

    id: str
    session_id: SessionId
    pin_hash: str
    expires_at: datetime
    revoked_at: datetime | None = None
    tries: int = 0


@dataclass(frozen=True)
class Key:
    """A machine's way in: the agent's or the plugin's."""

    id: str
    name: str
    secret_hash: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Owner:
    id: str
    name: str
    password_hash: str


@dataclass(frozen=True)
class OutboxEntry:
    seq: int
    fact: Fact
    at: datetime


class Reading(Protocol):
    """One look at the store, as it is at one moment: `with services.read() as seen: ...`."""

    def session(self, session_id: SessionId) -> Session: ...
    def sessions(self) -> Sequence[Session]: ...
    def shot(self, shot_id: ShotId) -> Shot: ...
    def shots(self, session_id: SessionId | None) -> Sequence[Shot]:
        """In the order of capture; None: the unclaimed tray."""
        ...

    def shot_with_file(self, sha256: str) -> Shot | None: ...
    def shot_of_release(self, release: str) -> Shot | None: ...
    def consents(self, session_id: SessionId) -> Sequence[ConsentRecord]: ...
    def likeness(self, likeness_id: LikenessId) -> Likeness: ...
    def likenesses(self, session_id: SessionId) -> Sequence[Likeness]: ...
    def variation(self, variation_id: VariationId) -> Variation: ...
    def variations(self, session_id: SessionId) -> Sequence[Variation]: ...
    def delivery(self, delivery_id: DeliveryId) -> Delivery: ...
    def deliveries(self, session_id: SessionId) -> Sequence[Delivery]: ...
    def deliveries_since(self, cursor: str, limit: int) -> tuple[Sequence[Delivery], str]:
        """The next deliveries in the order in which they became ready, and the cursor after them."""
        ...

    def is_ours(self, sha256: str) -> bool:
        """Whether this file is a master of ours, delivered or about to be."""
        ...

    def plate(self, plate_id: PlateId) -> OwnPlate: ...
    def plates(self) -> Sequence[OwnPlate]:
        """The studio's own, the oldest first; those that were taken off the shelf too."""
        ...

    def ticket(self, ticket_id: str) -> Ticket: ...
    def tickets(self, session_id: SessionId) -> Sequence[Ticket]: ...
    def key_by_hash(self, secret_hash: str) -> Key | None: ...
    def machine_keys(self) -> Sequence[Key]: ...
    def owner(self) -> Owner | None: ...


class UnitOfWork(Reading, Protocol):
    """One transaction: `with services.work() as work: ...; work.commit(Fact(...))`."""

    def save(self, thing: Saved | Ticket | Key | Owner) -> None: ...
    def mark_ours(self, sha256: str) -> None: ...
    def append(self, decision: Decision) -> None: ...
    def commit(self, *facts: Fact) -> None: ...

    def undispatched(self, limit: int) -> Sequence[OutboxEntry]: ...
    def mark_dispatched(self, seq: int) -> None: ...


class Progress(Protocol):
    """How far a job is; `cancelled` turns true when somebody asked it to stop."""

    def report(self, done: float, total: float, text: str) -> None: ...
    def cancelled(self) -> bool: ...


@dataclass(frozen=True)
class JobState:
    """What a page shows of a running job."""

    id: str
    text: str
    done: float
    total: float
    seconds_left: float | None
    state: str
    """waiting, running, finished, failed, cancelled"""
    reason: str = ""


class Board(Protocol):
    """Progress and live events; losing it loses nothing of the business."""

    def progress(self, job_id: str, session_id: SessionId | None) -> Progress: ...
    def job(self, job_id: str) -> JobState | None: ...
    def jobs(self, session_id: SessionId) -> Sequence[JobState]: ...
    def cancel(self, job_id: str) -> None: ...
    def publish(self, session_id: SessionId | None, kind: str, data: Mapping[str, object]) -> None: ...
    def listen(
        self, session_id: SessionId | None, last_event_id: str
    ) -> Iterator[tuple[str, str, Mapping[str, object]]]:
        """(event id, kind, data) as they come; ("", "ping", {}) at least every 15 s. None: all sessions."""
        ...


@dataclass(frozen=True)
class FitJob:
    """What a fit is made from. `scratch` holds checkpoints; a fit that was killed goes on from there."""

    picks: Sequence[Path]
    """Renditions of the picks as JPEG or TIFF files; the last one is held out."""
    scratch: Path
    seed: int
    learns: Learns = Learns.SURROUNDINGS
    """PERSON only for clients who have agreed to it, face processing included: the fit looks for faces."""


@dataclass(frozen=True)
class Fitted:
    adapter: bytes
    report: FitReport


class Fitter(Protocol):
    def fit(self, job: FitJob, progress: Progress) -> Fitted:
        """Raises Cancelled, EngineUnavailable."""
        ...


@dataclass(frozen=True)
class PlateFile:
    """A photograph of the studio's own that is to stand behind the person, and what is known of it."""

    path: Path
    plate: OwnPlate


@dataclass(frozen=True)
class CutJob:
    """The person of one shot, cut out of it."""

    rendition: Path
    """The chosen rendition of the shot (JPEG, PNG or TIFF), right side up, sRGB."""
    rendition_key: str
    """sha256 of what the rendition was made from; caches are keyed by it."""
    cache: Path
    """Where cuts are kept, per shot, size, backdrop and strokes."""
    clean_plate: Path | None = None
    """The rendition of the shot of the empty backdrop, and its key."""
    clean_plate_key: str = ""
    strokes: tuple[Stroke, ...] = ()
    """By which the photographer mends the cut, in their order."""


@dataclass(frozen=True)
class PaintJob:
    """One shot in one context."""

    cut: CutJob
    context: str
    seed: int
    adapter: Path | None
    """The session's LoRA; None: the unfitted base."""
    made_in: Pass
    look_for_faces: bool
    """Whether the client has agreed to face processing."""
    session_faces: Path
    """A directory where the judge keeps this session's embeddings (erased with the session)."""
    focal_length_mm: float | None = None
    f_number: float | None = None
    retouch: int = 0
    """0 (off: the skin's pixels are the camera's) to 100; needs the consent to face processing."""
    plate: PlateFile | None = None
    """Instead of the context's own plates; no base paints over it."""
    lane: Lane = Lane.LOCKED
    shots: Sequence[tuple[str, Path]] = ()
    """Synthetic lane: the session's picks (key, rendition), which the judge holds the picture against."""


@dataclass(frozen=True)
class Painted:
    picture: bytes
    """JPEG (q 95, 4:4:4, sRGB ICC), as large as the rendition; for a preview at most 1600 px."""
    proof: bytes
    """JPEG, at most 1600 px on the long side."""
    width: int
    height: int
    base: str
    resemblance: Resemblance


class Painter(Protocol):
    def paint(self, job: PaintJob) -> Painted:
        """Raises EngineUnavailable, Unreadable."""
        ...

    def layers(self, job: PaintJob, xmp: bytes) -> bytes:
        """The same picture as a layered TIFF: surroundings, and over them the person, masked by the alpha.

        Locked lane only. Raises EngineUnavailable, Unreadable.
        """
        ...

    def learn_faces(self, renditions: Sequence[tuple[str, Path]], session_faces: Path) -> None:
        """Measure the session's own faces (key, rendition), so that the judge is calibrated on them."""
        ...

    def expressions(self, session_faces: Path) -> Mapping[str, Expression]:
        """What was read off those faces, by key; shots without a face are missing."""
        ...


class Cutter(Protocol):
    """What the brush works on, at the size of a preview (at most 1600 px on the long side)."""

    def photograph(self, job: CutJob) -> bytes:
        """The rendition as JPEG. Raises EngineUnavailable, Unreadable."""
        ...

    def person(self, job: CutJob) -> bytes:
        """The person cut out, after the strokes: WebP with alpha. Raises EngineUnavailable, Unreadable."""
        ...


class Folder(Protocol):
    """Where masters are laid beside their RAW."""

    def lay_beside(self, parent_path: str, name: str, data: bytes) -> str:
        """Write `data` as `name` in the folder of `parent_path` if that folder is ours to write.

        Returns the path, or "" where the folder is not on this machine. Never overwrites another file.
        """
        ...


Clock = Callable[[], datetime]
NewId = Callable[[], str]
Read = Callable[[], AbstractContextManager[Reading]]
Work = Callable[[], AbstractContextManager[UnitOfWork]]
