"""A studio in a folder: real SQLite, real blobs, instant engines, and a board in memory."""

import io
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
from people import coarse, drawn
from PIL import Image
from waitress import wasyncore
from waitress.server import create_server

from studio_server.domain.consent import Purpose
from studio_server.domain.likeness import LikenessState
from studio_server.domain.plate import OwnPlate
from studio_server.domain.ports import JobState
from studio_server.domain.session import Stage
from studio_server.domain.shot import Capture, FileRole, Flag, Shot, ShotFile, ShotId, ShotState
from studio_server.domain.variation import Pass, Resemblance, Variation, VariationId
from studio_server.engines.cutting import Brush, Scissors
from studio_server.engines.fake import FakeCoach, FakeFitter, FakePainter
from studio_server.engines.shelf import Shelf
from studio_server.storage.blobs import FileBlobs, FileDerived
from studio_server.storage.folder import BesideRaw
from studio_server.storage.identity import own_signer
from studio_server.storage.migrate import migrate
from studio_server.storage.unit_of_work import open_engine, opener, reader
from studio_server.storage.uploads import FileUploads
from studio_server.workflow import consenting, doors, plates, proofing, train, vary
from studio_server.workflow.services import Services

PASSWORD = "a long enough password"
PNG = b"\x89PNG\r\n\x1a\n" + b"signature"
EVERYTHING = frozenset(Purpose)
START = datetime(2026, 11, 2, 10, tzinfo=UTC)


class MemoryProgress:
    def __init__(self, board, job_id, session_id):
        self._board, self._job_id, self._session_id = board, job_id, session_id

    def report(self, done, total, text):
        self._board.show(JobState(self._job_id, text, done, total, None, "running"), self._session_id)

    def cancelled(self):
        return False


class MemoryBoard:
    def __init__(self):
        self._jobs: dict[str, tuple[JobState, str]] = {}
        self._listeners: list[tuple[str | None, queue.Queue]] = []
        self._says: dict[str, str] = {}
        self._closed = False

    def progress(self, job_id, session_id):
        return MemoryProgress(self, job_id, session_id)

    def show(self, state: JobState, session_id):
        self._jobs[state.id] = (state, session_id)
        told = {"job": state.id, "text": state.text, "done": state.done, "total": state.total}
        more = {"seconds_left": state.seconds_left, "state": state.state}
        self.publish(session_id, "progress", told | more)

    def job(self, job_id):
        return self._jobs[job_id][0] if job_id in self._jobs else None

    def jobs(self, session_id):
        return [job for job, owner in self._jobs.values() if owner == session_id]

    def tell(self, subject, sentence):
        self._says[subject] = sentence

    def told(self, subject):
        return self._says.get(subject, "")

    def cancel(self, job_id):
        del self._jobs[job_id]

    def publish(self, session_id, kind: str, data: Mapping[str, object]):
        for wanted, events in list(self._listeners):
            if wanted in (None, session_id):
                events.put((kind, data))

    def hang_up(self):
        self._closed = True
        for _, events in list(self._listeners):
            events.put(None)

    def listen(self, session_id, last_event_id) -> Iterator[tuple[str, str, Mapping[str, object]]]:
        events: queue.Queue = queue.Queue()
        self._listeners.append((session_id, events))
        number = 0
        while not self._closed:
            try:
                event = events.get(timeout=1)
            except queue.Empty:
                yield "", "ping", {}
                continue
            if event is None:
                return
            kind, data = event
            number += 1
            yield f"{number}-0", kind, data


@dataclass
class Rig:
    services: Services
    board: MemoryBoard
    clock: list[datetime]

    def session(self, name="Mary", contexts=("library", "garden")):
        return proofing.open_session(self.services, proofing.NewSession(name, contexts))

    def ticket(self, session):
        return doors.issue_ticket(self.services, session.id)

    def agree(self, session, purposes=EVERYTHING):
        form = consenting.ConsentForm(frozenset(purposes), session.client_name, PNG)
        consenting.give(self.services, session.id, form)

    def shot(self, session, picture: Image.Image, **changes) -> Shot:
        """A shot whose proof is this picture."""
        data = jpeg(picture)
        kept = self.services.blobs.put_bytes(data)
        small = picture.copy()
        small.thumbnail((480, 480))
        shot_id = self.services.new_id()
        file = ShotFile(
            kept.sha256, FileRole.PICTURE, f"{shot_id}.jpg", f"/Volumes/Secret/{shot_id}.jpg", kept.size
        )
        shot = Shot(
            ShotId(shot_id),
            session.id,
            shot_id,
            (file,),
            self.services.now(),
            ShotState.DEVELOPED,
            capture=Capture(
                captured_at=self.clock[0],
                width=picture.width,
                height=picture.height,
            ),
            proof=kept.sha256,
            thumbnail=self.services.blobs.put_bytes(jpeg(small)).sha256,
        )
        shot = replace(shot, **changes)
        self.clock[0] += timedelta(seconds=2)
        with self.services.work() as work:
            work.save(shot)
            work.commit()
        self.board.publish(session.id, "shot", {"shot": shot.id, "state": shot.state.value})
        return shot

    def pick(self, session, *shots):
        for shot in shots:
            proofing.flag(self.services, session.id, shot.id, Flag.PICK, "client")

    def first_look(self, session, shot):
        vary.preview(self.services, shot.id, self.board.progress(f"preview-{shot.id}", session.id))

    def fit(self, session):
        with self.services.work() as work:
            likeness = [one for one in work.likenesses(session.id) if one.state is LikenessState.FITTING][-1]
        train.train(self.services, likeness.id, self.board.progress(f"train-{likeness.id}", session.id))
        return likeness

    def vary(self, session):
        vary.vary(self.services, session.id, self.board.progress(f"vary-{session.id}", session.id))

    def varied(self, session):
        with self.services.work() as work:
            return [one for one in work.variations(session.id) if one.made_in is Pass.FINAL]

    def refuse_by_judge(self, session, variation: Variation) -> Variation:
        refused = Resemblance(
            accepted=False, sentence="Old backdrop left over.", distance=None, limit=0.5, delta_ita=None
        )
        made = replace(variation, id=VariationId(self.services.new_id()), resemblance=refused)
        with self.services.work() as work:
            work.save(made)
            work.commit()
        return made

    def plate(self, title="Our lobby", picture=None) -> OwnPlate:
        """A photograph of a place that the photographer has looked at."""
        data = io.BytesIO(jpeg(picture or Image.linear_gradient("L").resize((1500, 1100)).convert("RGB")))
        added = plates.add(self.services, data, title, "Team page")
        said = plates.Settled(title, "Team page", 0.4, "left", 5200, 4.0, soft=False)
        return plates.settle(self.services, added.id, said)

    def stage(self, session) -> Stage:
        with self.services.work() as work:
            return work.session(session.id).stage


def post(http, address, form=None, **more):
    """A form of a page of ours: it carries the token of this browser."""
    with http.session_transaction() as cookie:
        token = cookie.setdefault("csrf", "token-of-tests")
    return http.post(address, data={"csrf_token": token, **(form or {})}, **more)


def drawn_head(picture):
    """The coarse mask of `people.drawn`, whatever the picture's size."""
    return cv2.resize(coarse(drawn(240)[1]), picture.shape[1::-1])


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def rig(folder: Path, painter=None, *, synthetic=False) -> Rig:
    clock = [START]
    numbers = iter(range(1, 1_000_000))
    database = open_engine(f"sqlite:///{folder / 'studio.db'}")
    migrate(database)
    board = MemoryBoard()
    blobs = FileBlobs(folder / "blobs")
    services = Services(
        read=reader(database),
        work=opener(database, lambda: clock[0]),
        blobs=blobs,
        uploads=FileUploads(folder / "uploads", blobs.adopt),
        derived=FileDerived(folder / "derived"),
        board=board,
        fitter=FakeFitter(),
        painter=painter or FakePainter(),
        cutter=Brush(Scissors(Shelf(folder / "shelf"), drawn_head)),
        coach=FakeCoach(),
        folder=BesideRaw([folder]),
        signer=own_signer(folder / "signing", "Studio North", clock[0]),
        now=lambda: clock[0],
        new_id=lambda: f"{next(numbers):024x}",
        synthetic=synthetic,
    )
    return Rig(services, board, clock)


@contextmanager
def served(app, board) -> Iterator[int]:
    """The port of the production server. Its tasks end first, then its own loop closes it.

    A waitress that is closed under a running task, or woken through its own pipe while it closes that, writes
    a byte into whatever file has got the pipe's number since, and that was the next test's database.
    """
    server = create_server(app, host="127.0.0.1", port=0, threads=12)
    over = threading.Event()

    def run():
        while not over.is_set():
            wasyncore.loop(timeout=0.05, map=server._map, count=1)
        wasyncore.close_all(server._map)

    loop = threading.Thread(target=run, daemon=True)
    loop.start()
    yield server.effective_port
    board.hang_up()
    server.task_dispatcher.shutdown()
    assert not server.task_dispatcher.threads
    over.set()
    loop.join(10)
    assert not loop.is_alive()
