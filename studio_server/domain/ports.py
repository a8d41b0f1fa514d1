"""What the workflow needs of the outside world. Adapters implement these; tests fake them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from studio_server.domain.consent import ConsentRecord
from studio_server.domain.delivery import Delivery, DeliveryId
from studio_server.domain.engines import Progress
from studio_server.domain.events import Fact
from studio_server.domain.likeness import Likeness, LikenessId
from studio_server.domain.mirror import Copy
from studio_server.domain.plate import OwnPlate, PlateId
from studio_server.domain.session import Session, SessionId
from studio_server.domain.shot import Shot, ShotId
from studio_server.domain.variation import Variation, VariationId

Saved = Session | Shot | Likeness | Variation | Delivery | ConsentRecord | OwnPlate


@dataclass(frozen=True)
class BlobRef:
    sha256: str
    size: int


class Blobs(Protocol):
    """Written once, read often, named by their sha256."""

    def put(self, stream: IO[bytes]) -> BlobRef:
        """Keep all of `stream`; the same bytes twice are kept once. Hashed while it is read."""
        ...

    def put_bytes(self, data: bytes) -> BlobRef: ...

    def open(self, sha256: str) -> IO[bytes]:
        """Raises NotFound."""
        ...

    def read(self, sha256: str) -> bytes: ...

    def path(self, sha256: str) -> Path:
        """A local path for readers that need one (LibRaw, sendfile). Raises NotFound."""
        ...

    def erase(self, sha256: str) -> None:
        """For what the consent no longer covers. What is not there is no error."""
        ...


class Uploads(Protocol):
    """Files on their way in parts, each under the sha256 that its sender announced."""

    def offset(self, sha256: str) -> int:
        """How many of its bytes are here. Raises NotFound for what is no sha256."""
        ...

    def append(self, sha256: str, offset: int, stream: IO[bytes]) -> int:
        """Add a part, and return the offset after it; raises WrongOffset where it does not follow.

        Of a part that breaks off, what came is kept: it is the file's own beginning.
        """
        ...

    def finish(self, sha256: str, size: int) -> BlobRef:
        """Make the whole file a blob. Raises WrongOffset; bytes that turn out to be others are dropped."""
        ...

    def drop_idle(self, before: datetime) -> int:
        """Remove what nobody has gone on with since; returns how many that were."""
        ...


class Mirror(Protocol):
    """The second place of the originals. Whatever keeps a copy from being made there raises MirrorTrouble."""

    words: str
    """How a person calls it."""

    def id(self) -> str:
        """Return what its mark says; raises Unmarked where it is there and has none."""
        ...

    def begin(self) -> str:
        """Put a mark there, and return its id."""
        ...

    def keep(self, original: Path, sha256: str, wanted: str) -> str:
        """Have a copy there that was read back and is equal; returns its path. Twice makes one.

        Nothing is written over: a name that other bytes have gets a number. Raises Damaged where the original
        itself is not what its sha256 says.
        """
        ...

    def whole(self, path: str, sha256: str) -> bool:
        """Read a copy through. False: it is gone, or not what it was."""
        ...

    def give_up(self, path: str) -> None:
        """A file there is no copy any more: it stays as it is, and off the list."""
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
    def sighted(self, serial: str, near: datetime, most: int) -> Sequence[Shot]:
        """Shots of this camera whose appearing was seen: those nearest to `near` by the camera's own time."""
        ...

    def shot_of_spot(self, spot: str) -> Shot | None:
        """The newest shot of this folder and stem."""
        ...

    def shots_like(self, taken: datetime | None, stems: Sequence[str]) -> Sequence[Shot]:
        """Those taken in this second by their camera's clock, or whose original has one of these names."""
        ...

    def copied(self, session_id: SessionId | None) -> frozenset[str]:
        """The files of its shots that have a copy in the second place, by sha256; None: of the unclaimed."""
        ...

    def copied_ever(self) -> bool: ...
    def copies(self, mirror: str) -> Sequence[Copy]: ...
    def has_copy(self, mirror: str, sha256: str) -> bool: ...
    def uncopied(self, mirror: str) -> Sequence[Shot]:
        """Shots of which this mirror lacks a file, the oldest first."""
        ...

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
    def add_copy(self, copy: Copy) -> None: ...
    def drop_copy(self, copy: Copy) -> None: ...
    def drop_copies(self) -> None:
        """Count no copy any more, wherever it was made."""
        ...

    def mark_ours(self, sha256: str) -> None: ...
    def append(self, decision: Decision) -> None: ...
    def commit(self, *facts: Fact) -> None: ...

    def undispatched(self, limit: int) -> Sequence[OutboxEntry]: ...
    def mark_dispatched(self, seq: int) -> None: ...


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
    def tell(self, subject: str, sentence: str) -> None:
        """Keep what the photographer's pages say of this until it is told anew; empty: nothing."""
        ...

    def told(self, subject: str) -> str: ...
    def listen(
        self, session_id: SessionId | None, last_event_id: str
    ) -> Iterator[tuple[str, str, Mapping[str, object]]]:
        """(event id, kind, data) as they come; ("", "ping", {}) at least every 15 s. None: all sessions."""
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
