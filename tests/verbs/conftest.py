"""A whole house without its processes: real SQLite, real blobs, instant engines, jobs run on the spot."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select
from verbs_help import jpeg, somebody

from studio_server.domain.consent import Purpose
from studio_server.domain.likeness import LikenessId
from studio_server.domain.ports import Decision
from studio_server.domain.session import SessionId
from studio_server.domain.shot import Flag, ShotId
from studio_server.domain.variation import VariationId
from studio_server.engines.cutting import Brush, Scissors
from studio_server.engines.fake import FakeCoach, FakeFitter, FakePainter
from studio_server.engines.shelf import Shelf
from studio_server.jobs.dispatch import job_of
from studio_server.storage.blobs import FileBlobs, FileDerived
from studio_server.storage.codec import load
from studio_server.storage.folder import BesideRaw
from studio_server.storage.identity import own_signer
from studio_server.storage.migrate import migrate
from studio_server.storage.tables import DECISIONS
from studio_server.storage.unit_of_work import open_engine, opener, reader
from studio_server.storage.uploads import FileUploads
from studio_server.workflow import (
    coaching,
    consenting,
    deliver,
    developing,
    erase,
    ingest,
    layers,
    mirroring,
    proofing,
    train,
    vary,
)
from studio_server.workflow.services import Services

SERIAL = "B0D1"
CONTEXTS = ("library", "garden")


class Quiet:
    """Progress and board in memory; `cancel_after` reports it says that somebody asked to stop."""

    def __init__(self) -> None:
        self.published = []
        self.says = {}
        self.cancel_after = None
        self.reports = 0

    def report(self, done, total, text):
        self.reports += 1

    def cancelled(self):
        return self.cancel_after is not None and self.reports >= self.cancel_after

    def publish(self, session_id, kind, data):
        self.published.append((session_id, kind, dict(data)))

    def jobs(self, session_id):
        return []

    def tell(self, subject, sentence):
        self.says[subject] = sentence

    def told(self, subject):
        return self.says.get(subject, "")


@dataclass
class House:
    services: Services
    board: Quiet
    hot: Path
    clock: list[datetime]
    taken: Iterator[int] = field(default_factory=lambda: count(1))

    def open(self, name="Ada", serial=SERIAL, **more):
        return proofing.open_session(self.services, proofing.NewSession(name, CONTEXTS, serial, **more))

    def agree(self, session, *purposes):
        form = consenting.ConsentForm(frozenset(purposes or Purpose), "Ada", consenting.PNG + b"x")
        return consenting.give(self.services, session.id, form)

    def send(self, data, name, serial=SERIAL, release="", *, at=None, late=False):
        """`at` is what the camera's clock says; `late`: nobody saw the file come."""
        path = self.hot / name
        path.write_bytes(data)
        came = None if late else self.clock[0]
        incoming = ingest.Incoming(name, str(path), serial, at or self.clock[0], release, appeared_at=came)
        return ingest.receive(self.services, incoming, io.BytesIO(data))

    def shoot(self, how_many=1, serial=SERIAL):
        receipts = []
        for _ in range(how_many):
            number = next(self.taken)
            receipts.append(self.send(jpeg(number), f"DSC_{number:04d}.JPG", serial))
        self.run()
        return [receipt.shot_id for receipt in receipts]

    def pick(self, session, shots):
        for shot in shots:
            proofing.flag(self.services, session.id, shot, Flag.PICK, "client")
        self.run()

    def run(self):
        """Run what the outbox holds, as the workers would, until nothing is left."""
        ran = []
        while due := self._due():
            for job in due:
                self.job(job)
                ran.append(job.verb)
        return ran

    def _due(self):
        with self.services.work() as work:
            entries = work.undispatched(100)
            for entry in entries:
                work.mark_dispatched(entry.seq)
            work.commit()
        return [job for entry in entries if (job := job_of(entry.fact))]

    def job(self, job):
        services, board = self.services, self.board
        {
            "develop": lambda: developing.develop(services, ShotId(job.subject)),
            "coach": lambda: coaching.coach(services, ShotId(job.subject)),
            "preview": lambda: vary.preview(services, ShotId(job.subject), board),
            "train": lambda: train.train(services, LikenessId(job.subject), board),
            "vary": lambda: vary.vary(services, SessionId(job.subject), board),
            "layers": lambda: layers.make(services, VariationId(job.subject), board),
            "mirror": lambda: mirroring.copy(services, ShotId(job.subject)),
            "erase": lambda: erase.erase(services, SessionId(job.subject)),
            "deliver": lambda: deliver.deliver(services, SessionId(job.subject), board),
        }[job.verb]()

    def decisions(self, session_id):
        with self.services.read() as work:
            query = select(DECISIONS.c.body).where(DECISIONS.c.session_id == session_id)
            rows = work._connection.execute(query.order_by(DECISIONS.c.seq)).scalars()
            return [load(Decision, row) for row in rows]

    def read(self, what, *of):
        with self.services.work() as work:
            return getattr(work, what)(*of)


@pytest.fixture
def house(tmp_path) -> House:
    clock = [datetime(2026, 11, 20, 10, 0, tzinfo=UTC)]
    ids = count(1)
    hot = tmp_path / "hot"
    hot.mkdir()
    board = Quiet()
    database = open_engine(f"sqlite:///{tmp_path / 'studio.sqlite'}")
    migrate(database)
    blobs = FileBlobs(tmp_path / "blobs")
    services = Services(
        read=reader(database),
        work=opener(database, lambda: clock[0]),
        blobs=blobs,
        uploads=FileUploads(tmp_path / "uploads", blobs.adopt),
        derived=FileDerived(tmp_path / "derived"),
        board=board,
        fitter=FakeFitter(),
        painter=FakePainter({"garden": "The garden does not fit this light."}),
        cutter=Brush(Scissors(Shelf(tmp_path / "shelf"), somebody)),
        coach=FakeCoach(),
        folder=BesideRaw([hot]),
        signer=own_signer(tmp_path / "signing", "Studio North", clock[0]),
        now=lambda: clock[0],
        new_id=lambda: f"{next(ids):024x}",
    )
    return House(services, board, hot, clock)
