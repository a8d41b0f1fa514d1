"""Settings -> Services; the only module that knows everybody."""

import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine

from studio_server.domain.coach import Seen
from studio_server.domain.engines import (
    Coach,
    CutJob,
    Cutter,
    FitJob,
    Fitted,
    Fitter,
    Painted,
    Painter,
    PaintJob,
    Progress,
)
from studio_server.domain.errors import StudioError
from studio_server.domain.events import Fact
from studio_server.domain.provenance import Signer
from studio_server.domain.shot import Expression
from studio_server.domain.variation import Lane
from studio_server.engines.added import AddedBases
from studio_server.engines.fake import FakeCoach, FakeFitter, FakePainter
from studio_server.engines.families.facts import family_at
from studio_server.engines.shelf import Shelf
from studio_server.imaging.scratch import sweep_scratch
from studio_server.jobs import queue
from studio_server.jobs.dispatch import QueueName
from studio_server.jobs.progress import RedisBoard
from studio_server.jobs.server import connect
from studio_server.settings import STARTER, Settings
from studio_server.storage.blobs import FileBlobs, FileDerived
from studio_server.storage.folder import BesideRaw
from studio_server.storage.identity import given_signer, own_signer
from studio_server.storage.migrate import migrate
from studio_server.storage.mirror import PlaceMirror
from studio_server.storage.places import place_at
from studio_server.storage.unit_of_work import open_engine, opener, reader
from studio_server.storage.uploads import FileUploads
from studio_server.workflow import mirroring
from studio_server.workflow.recover import pending
from studio_server.workflow.services import Services

Paint = Callable[[PaintJob], Painted]
SIGNING = "signing"
"""In the data folder: the certificate and key that the studio made for itself."""
ROOM = 64 << 20
"""Bytes that must be free before work that found the disk full is taken up again."""


class Engines:
    """Both engine ports, loaded at their first call: pages and CPU worker never pay for torch."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _loaded(self) -> tuple[Fitter, Painter, Callable[[], None], Callable[[], None], Paint]:
        if self._settings.engines == "fake":
            fake = FakePainter()
            return FakeFitter(), fake, lambda: None, lambda: None, fake.paint
        from studio_server.engines.fit import LoraFitter  # noqa: PLC0415 - imports torch: seconds, 300 MB
        from studio_server.engines.generate import LockedPainter  # noqa: PLC0415 - the same
        from studio_server.engines.person import ShelfSight  # noqa: PLC0415 - the same
        from studio_server.engines.synthetic import SyntheticPainter  # noqa: PLC0415 - the same

        models = shelf(self._settings)
        base = base_place(self._settings)
        painter = LockedPainter(base, models)
        whole = SyntheticPainter(painter.lend, ShelfSight(models))
        return LoraFitter(base, models), painter, painter.warm, painter.rest, whole.paint

    def warm(self) -> None:
        """Load and compile what the first picture needs. Raises EngineUnavailable."""
        self._loaded[2]()

    def fit(self, job: FitJob, progress: Progress) -> Fitted:
        self._loaded[3]()  # a GPU holds one large base: the painter's makes room for the fitter's
        return self._loaded[0].fit(job, progress)

    def paint(self, job: PaintJob) -> Painted:
        return self._loaded[4](job) if job.lane is Lane.SYNTHETIC else self._loaded[1].paint(job)

    def layers(self, job: PaintJob, xmp: bytes) -> bytes:
        return self._loaded[1].layers(job, xmp)

    def learn_faces(self, renditions: Sequence[tuple[str, Path]], session_faces: Path) -> None:
        self._loaded[1].learn_faces(renditions, session_faces)

    def expressions(self, session_faces: Path) -> Mapping[str, Expression]:
        return self._loaded[1].expressions(session_faces)


class Brushes:
    """The cutter's port, loaded at its first call: pages without a brush never pay for its solver."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _loaded(self) -> Cutter:
        from studio_server.engines.cutting import Brush, Scissors  # noqa: PLC0415 - a second, 150 MB

        return Brush(Scissors(shelf(self._settings)))

    def photograph(self, job: CutJob) -> bytes:
        return self._loaded.photograph(job)

    def person(self, job: CutJob) -> bytes:
        return self._loaded.person(job)


class Onlooker:
    """The coach's port, loaded at its first call: only the CPU worker pays for the detector."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def warm(self) -> None:
        """Import the detector once, before jobs are forked: it takes a second, and each job would pay it."""
        if self._settings.engines != "fake":
            from studio_server.imaging import onlooker  # noqa: F401, PLC0415 - a second, 60 MB

    @cached_property
    def _loaded(self) -> Coach:
        if self._settings.engines == "fake":
            return FakeCoach()
        from studio_server.imaging.faces import installed_models  # noqa: PLC0415 - a second, 60 MB
        from studio_server.imaging.onlooker import Models, Watcher  # noqa: PLC0415 - the same

        return Watcher(Models(installed_models(), shelf(self._settings).path("face_landmark.tflite")))

    def look(self, proof: bytes) -> Seen:
        return self._loaded.look(proof)


@dataclass(frozen=True)
class Studio:
    """A running house: what the entry points need beyond the verbs' services."""

    settings: Settings
    services: Services
    board: RedisBoard
    redis: Redis
    database: Engine
    engines: Engines
    onlooker: Onlooker

    def drain(self) -> int:
        """Enqueue what a crash between commit and queue has left in the outbox."""
        return queue.drain(self.services.work, self.redis)

    def recover(self, name: QueueName) -> int:
        """Fill a queue whose worker is down with what the business still owes."""
        return queue.refill(self.redis, lambda: self._owed(name), name)

    def top_up(self) -> int:
        """Put in what is owed where Redis has forgotten it, or where a job found no room and now there is."""
        if shutil.disk_usage(self.settings.data_dir).free < ROOM:
            return 0
        return queue.top_up(self.redis, lambda: pending(self.services))

    def tidy(self) -> None:
        """Remove what processes that were killed have left half-done."""
        FileBlobs(self.settings.data_dir / "blobs").tidy()
        sweep_scratch()

    def owe_copies(self) -> int:
        """Queue what the second place lacks, unless copies are under way. Returns how many shots it lacks.

        While something is wrong there one of them is enough to see whether it still is.
        """
        owed = mirroring.owed(self.services)
        if not queue.waiting(self.redis, "mirror"):
            trouble = self.services.board.told(mirroring.SUBJECT)
            queue.enqueue_all(self.redis, owed[: 1 if trouble else queue.MOST_AT_ONCE])
        return len(owed)

    def _owed(self, name: QueueName) -> Sequence[Fact]:
        return (
            mirroring.owed(self.services)[: queue.MOST_AT_ONCE]
            if name == "mirror"
            else pending(self.services)
        )


def build(settings: Settings) -> Studio:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.hot.mkdir(parents=True, exist_ok=True)
    redis = connect(settings.redis_url)
    board = RedisBoard(lambda: redis)
    database = open_engine(settings.database)
    engines, onlooker = Engines(settings), Onlooker(settings)
    store = opener(database, _now)
    blobs = FileBlobs(settings.data_dir / "blobs")
    services = Services(
        read=reader(database),
        work=opener(database, _now, after=lambda: queue.drain(store, redis)),
        blobs=blobs,
        uploads=FileUploads(settings.data_dir / "blobs" / "uploads", blobs.adopt),
        derived=FileDerived(settings.data_dir / "derived"),
        board=board,
        fitter=engines,
        painter=engines,
        cutter=Brushes(settings),
        coach=onlooker,
        folder=BesideRaw([settings.hot]),
        signer=signer(settings),
        now=_now,
        new_id=_new_id,
        synthetic=makes_whole_pictures(settings),
        mirror=mirror_of(settings),
    )
    return Studio(settings, services, board, redis, database, engines, onlooker)


def prepare(studio: Studio) -> None:
    """Once, before anybody works: the newest schema."""
    migrate(studio.database)


def signer(settings: Settings) -> Signer:
    """Who signs masters: the certificate that the settings name, or one of our own. Raises BadInput."""
    if settings.signing_certificate and settings.signing_key:
        return given_signer(settings.signing_certificate, settings.signing_key)
    return own_signer(settings.data_dir / SIGNING, settings.studio_name, _now())


def known_signer(settings: Settings) -> Signer | None:
    """The same, where there is one already: who only asks makes none."""
    made = settings.signing_certificate or (settings.data_dir / SIGNING).is_dir()
    return signer(settings) if made else None


def mirror_of(settings: Settings) -> PlaceMirror | None:
    """The second place of the originals that the settings name; nothing is asked of it yet."""
    if not settings.mirror:
        return None
    return PlaceMirror(place_at(settings.mirror), settings.data_dir / "mirror.lock", _new_id)


def shelf(settings: Settings) -> Shelf:
    return Shelf(settings.shelf_dir)


def added_bases(settings: Settings) -> AddedBases:
    return AddedBases(settings.shelf_dir)


def base_place(settings: Settings) -> Path:
    """Where the base is that the settings choose: a folder, or an added base by its name.

    Raises NotFound for a name that was not added, EngineUnavailable while it is not here in full.
    """
    chosen = settings.base_dir
    if len(chosen.parts) != 1 or chosen.is_dir():
        return chosen
    return STARTER if str(chosen) == "starter" else added_bases(settings).place(str(chosen))


def makes_whole_pictures(settings: Settings) -> bool:
    """Whether the base that the settings choose can learn a person. A base that is not there cannot."""
    try:
        family = family_at(base_place(settings))
    except StudioError:
        return False
    return family is not None and family.learns_person


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return secrets.token_hex(12)
