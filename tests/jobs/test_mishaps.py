"""Engines that fail on purpose: one clear sentence on the page, nothing half written, and the next job runs.

Real SQLite, real blobs, real Redis, RQ's own worker, the real worker functions, and the rendered page.
"""

import errno
import html
import io
import json
import logging
import os
import re
import signal
import tempfile
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy.exc import OperationalError

from studio_server import bootstrap, worker
from studio_server.domain.consent import Purpose
from studio_server.domain.errors import in_words
from studio_server.domain.likeness import LikenessState
from studio_server.domain.session import Stage
from studio_server.domain.shot import Flag, ShotState
from studio_server.domain.variation import Choice, Pass
from studio_server.engines.bases import load_base
from studio_server.engines.fake import FakeFitter, FakePainter
from studio_server.engines.shelf import Shelf
from studio_server.jobs.dispatch import VERBS, job_of, lanes
from studio_server.settings import Settings
from studio_server.web.app import WebSettings, create_app
from studio_server.workflow import consenting, doors, ingest, pages, proofing
from studio_server.workflow.recover import pending

PASSWORD = "a long enough password"
FULL = OSError(errno.ENOSPC, "No space left on device")


class Failing:
    """The instant engines, until one of them is told to fail; it does so as often as it is told."""

    def __init__(self):
        self._painter, self._fitter = FakePainter(), FakeFitter()
        self.painting = self.fitting = lambda: None

    def paint(self, job):
        self.painting()
        return self._painter.paint(job)

    def fit(self, job, progress):
        self.fitting()
        return self._fitter.fit(job, progress)

    def learn_faces(self, renditions, session_faces):
        self._painter.learn_faces(renditions, session_faces)

    def expressions(self, session_faces):
        return self._painter.expressions(session_faces)


class House:
    def __init__(self, folder, url, redis):
        self.engines, self.folder, self.redis = Failing(), folder, redis
        built = bootstrap.build(Settings(data_dir=folder / "data", redis_url=url, engines="fake"))
        bootstrap.prepare(built)
        self.services = replace(built.services, painter=self.engines, fitter=self.engines)
        self.studio = replace(built, services=self.services)
        doors.set_owner_password(self.services, PASSWORD)
        settings = WebSettings(b"k" * 32, folder, "http://studio.test", "Studio North")
        self.http = create_app(self.services, settings).test_client()
        self.post("/login", password=PASSWORD)

    def post(self, address, **form):
        with self.http.session_transaction() as cookie:
            token = cookie.setdefault("csrf", "token-of-tests")
        return self.http.post(address, data={"csrf_token": token, **form})

    def session(self, name="Ada"):
        """An open session with three developed picks, its consent signed."""
        session = proofing.open_session(self.services, proofing.NewSession(name, ("library",), name))
        png = consenting.PNG + b"x"
        consenting.give(self.services, session.id, consenting.ConsentForm(frozenset(Purpose), name, png))
        shots = [self.shoot(name, number) for number in range(3)]
        self.run("cpu")
        for shot in shots:
            proofing.flag(self.services, session.id, shot, Flag.PICK, "client")
        self.run("engine")
        return session

    def shoot(self, serial, number):
        noise = np.random.default_rng([number, len(serial), ord(serial[0])])
        out = io.BytesIO()
        Image.fromarray(noise.integers(0, 255, (60, 45, 3), np.uint8)).resize((450, 600)).save(out, "JPEG")
        path = self.studio.settings.hot / f"{serial}{number}.JPG"
        path.write_bytes(out.getvalue())
        incoming = ingest.Incoming(path.name, str(path), serial, None, f"{serial}-{number}")
        return ingest.receive(self.services, incoming, io.BytesIO(out.getvalue())).shot_id

    def run(self, *queues):
        """What lies in the queues, by RQ's own worker in this process."""
        waiting = [Queue(name, connection=self.redis) for name in queues]
        SimpleWorker(waiting, connection=self.redis).work(burst=True, logging_level="ERROR")

    def read(self, what, *of):
        with self.services.read() as seen:
            return getattr(seen, what)(*of)

    def page(self, session):
        """The words of the part of the page that says how work goes."""
        text = self.http.get(f"/sessions/{session.id}").get_data(as_text=True)
        part = re.search(r'<section id="work".*?</section>', text, re.DOTALL)[0]
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())

    def blobs(self):
        root = self.folder / "data" / "blobs"
        assert not list((root / "incoming").iterdir()), "half a blob was left"
        return {path.name for path in root.rglob("*") if path.is_file()}

    def unnamed(self):
        """Pictures of variations that are not there in full."""
        sessions = self.read("sessions")
        made = [one for session in sessions for one in self.read("variations", session.id)]
        return {sha for one in made for sha in (one.picture, one.proof)} - self.blobs()


@pytest.fixture(scope="module")
def house(tmp_path_factory, redis_url):
    log = logging.getLogger("studio_server.worker")
    with Redis.from_url(redis_url) as redis, pytest.MonkeyPatch.context() as patch:
        redis.flushall()
        made = House(tmp_path_factory.mktemp("house"), redis_url, redis)
        patch.setattr(worker, "studio", lambda: made.studio)
        log.setLevel(logging.CRITICAL)
        yield made
        log.setLevel(logging.NOTSET)
        made.studio.database.dispose()
        made.studio.redis.close()


@pytest.fixture(scope="module")
def two(house):
    """Two sessions whose variations are made; either may be fitted again, as often as one likes."""
    sessions = house.session("Ada"), house.session("Grace")
    for session in sessions:
        proofing.lock(house.services, session.id, "client")
    house.run("engine")
    return sessions


def fail(error):
    def now(*_args):
        raise error

    return now


def no_weights(tmp_path):
    Shelf(tmp_path / "bare shelf").path("u2net.onnx")


def no_base(tmp_path):
    load_base(tmp_path / "no base")


def no_gpu(tmp_path):
    """A base whose weights are too large for main memory alone, on a machine without a GPU."""
    folder = tmp_path / "large"
    (folder / "unet").mkdir(parents=True, exist_ok=True)
    (folder / "studio.json").write_text(json.dumps({"family": "sdxl", "name": "Large"}))
    with (folder / "unet" / "weights.safetensors").open("wb") as file:
        file.truncate(8_000_000_000)  # a hole: it takes no room on the disk
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        load_base(folder)


def short_of(error):
    return lambda _tmp_path: fail(error)()


MISHAPS = {
    "memory": (short_of(MemoryError()), "memory is too small", "Close other programs"),
    "the card's memory": (
        short_of(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")),
        "memory is too small",
        "Close other programs",
    ),
    "the disk": (short_of(FULL), "the disk is full", "Make room"),
    "a file": (short_of(PermissionError(errno.EACCES, "Permission denied")), "Permission denied", "See that"),
    "the database": (
        short_of(OperationalError("INSERT", {}, Exception("database or disk is full"))),
        "the disk is full",
        "Make room",
    ),
    "weights": (no_weights, "is not on the shelf yet", "Run `studio models pull`"),
    "a base": (no_base, "There is no base in", "Install the product again"),
    "a GPU": (no_gpu, "needs a GPU", "Use the starter base"),
    "a bug": (short_of(KeyError("surprise")), "a fault in the server (KeyError)", "Start it again"),
}


def only_once(mishap):
    """The first call fails, later ones do nothing."""
    left = [mishap]

    def call():
        if left:
            left.pop()()

    return call


def finals(house, session):
    return [one for one in house.read("variations", session.id) if one.made_in is Pass.FINAL]


@pytest.mark.parametrize("name", MISHAPS)
def test_a_painter_that_fails_says_so_on_the_page_and_the_next_job_runs(house, two, tmp_path, name):
    mishap, happened, next_step = MISHAPS[name]
    session, other = two
    before, beside = finals(house, session), finals(house, other)
    for one in two:
        assert house.post(f"/sessions/{one.id}/refit").status_code == 303
    house.engines.painting = only_once(lambda: mishap(tmp_path))
    house.run("engine")

    said = house.page(session)
    assert "Making variations: failed." in said
    assert happened in said
    assert next_step in said
    assert finals(house, session) == before
    assert house.unnamed() == set()
    assert len(finals(house, other)) == len(beside) + 2  # the next job ran
    assert "failed" not in house.page(other)

    assert "Start again" in said
    assert house.post(f"/sessions/{session.id}/again").status_code == 303
    house.run("engine")
    assert len(finals(house, session)) == len(before) + 2
    assert "failed" not in house.page(session)


@pytest.mark.parametrize("name", MISHAPS)
def test_a_fitter_that_fails_says_so_on_the_page_and_can_be_started_again(house, two, tmp_path, name):
    mishap, happened, next_step = MISHAPS[name]
    session, other = two
    before, beside = finals(house, session), finals(house, other)
    for one in two:
        house.post(f"/sessions/{one.id}/refit")
    house.engines.fitting = only_once(lambda: mishap(tmp_path))
    house.run("engine")

    said = house.page(session)
    assert "Fitting the session: failed." in said
    assert happened in said
    assert next_step in said
    ended = house.read("likenesses", session.id)[-1]
    assert (ended.state, ended.adapter, ended.report) == (LikenessState.FAILED, "", None)
    assert finals(house, session) == before
    assert len(finals(house, other)) == len(beside) + 2  # the next job ran

    assert "Fit again" in said
    assert house.post(f"/sessions/{session.id}/refit").status_code == 303
    house.run("engine")
    assert len(finals(house, session)) == len(before) + 2
    assert "failed" not in house.page(session)


def test_a_first_look_that_fails_is_made_when_it_is_started_again(house):
    session = house.session("Rosa")
    looks = len(house.read("variations", session.id))
    house.engines.painting = fail(MemoryError())
    shot = house.shoot("Rosa", 9)
    house.run("cpu")
    proofing.flag(house.services, session.id, shot, Flag.PICK, "client")
    house.run("engine")
    assert "First looks: failed. This stopped because the machine's memory" in house.page(session)
    house.engines.painting = lambda: None
    house.post(f"/sessions/{session.id}/again")
    house.run("engine")
    assert len(house.read("variations", session.id)) == looks + 1
    assert "failed" not in house.page(session)


def test_a_disk_that_fills_up_while_a_proof_is_made(house):
    session = house.session("Emmy")
    shot = house.shoot("Emmy", 7)
    before = house.blobs()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: fail(FULL)())
        house.run("cpu")
    said = house.page(session)
    assert "Developing a shot: failed. The file could not be stored: No space left on device." in said
    assert "Free some space" in said
    assert house.read("shot", shot).state is ShotState.RECEIVED
    assert house.blobs() == before
    house.post(f"/sessions/{session.id}/again")
    house.run("cpu")
    assert house.read("shot", shot).state is ShotState.DEVELOPED
    assert "failed" not in house.page(session)


def test_a_shot_that_found_the_disk_full_is_developed_when_there_is_room_again(house):
    """One in the tray, which has no page that could start it again."""
    shot = house.shoot("Nobody's", 5)
    house.run("cpu")
    house.studio.top_up()
    shot = house.shoot("Nobody's", 6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: fail(FULL)())
        house.run("cpu")
        patch.setattr(bootstrap, "ROOM", 1 << 60)
        assert house.studio.top_up() == 0  # it is full still
    assert house.read("shot", shot).state is ShotState.RECEIVED
    assert house.studio.top_up() >= 1
    house.run("cpu")
    assert house.read("shot", shot).state is ShotState.DEVELOPED


def test_the_healing_goes_on_after_a_chore_that_failed(monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL, "studio_server.worker")
    done = []
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(worker, "CHORES", {fail(OSError("full")): 0.0, lambda: done.append(1): 0.0})
    monkeypatch.setattr(worker.time, "sleep", lambda _: 1 / (3 - len(done)))
    with pytest.raises(ZeroDivisionError):  # the only way out
        worker._sweep()
    assert len(done) == 3


@pytest.mark.parametrize("call", ["fsync", "mkstemp"])
def test_a_disk_that_fills_up_while_pictures_and_masters_are_written(house, call):
    session = house.session(call)
    proofing.lock(house.services, session.id, "client")
    module = os if call == "fsync" else tempfile

    def run_on_a_full_disk(queue):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, call, lambda *_a, **_more: fail(FULL)())
            house.run(queue)

    run_on_a_full_disk("engine")
    likeness = house.read("likenesses", session.id)[-1]
    assert likeness.state is LikenessState.FAILED
    assert "No space left on device. Free some space" in house.page(session)
    house.post(f"/sessions/{session.id}/refit")
    house.run("engine")
    made = house.read("variations", session.id)[-1]
    proofing.choose(house.services, session.id, made.id, Choice.APPROVED, "client")
    proofing.finish(house.services, session.id, "client")
    run_on_a_full_disk("cpu")
    assert "Writing masters: failed. The file could not be stored: No space left" in house.page(session)
    assert house.read("deliveries", session.id) == []
    assert house.unnamed() == set()
    house.post(f"/sessions/{session.id}/again")
    house.run("cpu")
    (delivery,) = house.read("deliveries", session.id)
    assert house.services.blobs.read(delivery.sha256)[:2] == b"\xff\xd8"
    assert "failed" not in house.page(session)


def test_an_erasure_that_fails_is_not_forgotten(house):
    session = house.session("Marie")
    faces = house.services.derived.directory(f"{session.id}/faces")
    (faces / "face.npz").write_bytes(b"measured")
    consenting.withdraw(house.services, session.id, "client")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.rmtree", fail(PermissionError(errno.EACCES, "Permission denied")))
        house.run("cpu")
    assert "Erasing: failed. This stopped because a file could not be" in house.page(session)
    assert faces.exists()
    house.post(f"/sessions/{session.id}/again")
    house.run("cpu")
    assert not faces.exists()
    assert "failed" not in house.page(session)


def die():
    """As the kernel ends a process that takes too much memory: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash(house, queue):
    """A worker dies in the middle of its job; at the next one's start the queue is filled anew."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: this child ends at once
        child = os.fork()
    if not child:
        house.run(queue)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    worker._bury_the_dead(queue)
    house.studio.recover(queue)


def test_a_job_of_which_the_process_dies_is_left_alone_after_two_deaths(house):
    session = house.session("Lise")
    likeness = proofing.lock(house.services, session.id, "client")
    house.engines.fitting = die
    crash(house, "engine")
    assert "died in the middle of it" in house.page(session)
    assert house.read("likeness", likeness.id).state is LikenessState.FITTING
    crash(house, "engine")
    other = house.session("Irene")  # its first looks stand behind the job that kills
    assert house.read("likeness", likeness.id).state is LikenessState.FAILED
    said = house.page(session)
    assert "has died of it twice" in said
    assert "Start it again" in said
    assert house.read("variations", other.id)
    house.engines.fitting = lambda: None
    house.post(f"/sessions/{session.id}/refit")
    house.run("engine")
    assert house.read("session", session.id).stage is Stage.VARIED
    assert pending(house.services)  # only what open picks are owed, whose looks are made
    assert "died" not in house.page(session)


def test_the_coach_looks_by_the_worker_that_develops_when_no_proof_is_waited_for(house):
    session = house.session("Hertha")
    page = pages.session_page(house.services, session.id)
    assert {frame.coach.reading for frame in page.frames} == {""}
    house.run(*lanes("cpu"))
    page = pages.session_page(house.services, session.id)
    assert {frame.coach.reading for frame in page.frames} == {"facing the camera, calm"}
    assert "coach" not in {job.id.partition("-")[0] for job in page.jobs}


def test_the_two_lists_of_verbs_agree():
    from studio_server.domain import events  # noqa: PLC0415 - its names are all that is asked for

    for fact in (
        events.ShotReceived("h", None), events.Flagged("h", "s"), events.PicksLocked("s", "k"),
        events.LikenessReady("s", "k"), events.Approved("s"), events.ConsentChanged("s"),
        events.ProofReady("h", "s"),
    ):  # fmt: skip
        job = job_of(fact)
        assert job.verb in VERBS[job.queue]


def test_every_sentence_says_what_happened_why_and_what_to_do():
    for error in (MemoryError(), FULL, OSError("gone"), ValueError("x")):
        first, second, third = re.split(r"(?<=\.) ", in_words(error))
        assert first.startswith("This stopped because ")
        assert second == "Nothing that was kept is lost."
        assert "start" in third.lower()
