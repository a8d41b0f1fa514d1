"""SIGKILL at the worst moments of taking a shot in: what is there afterwards, and how it heals.

Real SQLite, real blobs, real Redis, real processes that die.
"""

import io
import os
import signal
import warnings

import pytest
from rq import Queue

from studio_server import bootstrap
from studio_server.domain.shot import ShotState
from studio_server.jobs import queue
from studio_server.settings import Settings
from studio_server.storage.unit_of_work import SqlWork
from studio_server.workflow import ingest

DATA = b"\xff\xd8 the bytes of one shot"


@pytest.fixture
def studio(tmp_path, redis, redis_url):
    made = bootstrap.build(Settings(data_dir=tmp_path / "data", redis_url=redis_url, engines="fake"))
    bootstrap.prepare(made)
    yield made
    made.redis.close()
    made.database.dispose()


def send(studio):
    incoming = ingest.Incoming("A.JPG", "/hot/A.JPG", "B0D1", None, "release")
    return ingest.receive(studio.services, incoming, io.BytesIO(DATA))


def killed_at(patch, studio, owner, name):
    """Receive the shot in a process that is killed as soon as it would call `name`."""

    def die(*_args):
        os.kill(os.getpid(), signal.SIGKILL)

    with patch.context() as before, warnings.catch_warnings():
        before.setattr(owner, name, die)
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: this child dies at once
        child = os.fork()
        if not child:
            send(studio)
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def stored(studio):
    blobs = studio.settings.data_dir / "blobs"
    return [path for path in blobs.rglob("*") if path.is_file()]


def facts(studio):
    with studio.services.work() as work:
        return len(work.undispatched(10))


def shots(studio):
    with studio.services.read() as seen:
        return seen.shots(None)


def queued(studio):
    return Queue("cpu", connection=studio.redis).get_job_ids()


def test_between_the_bytes_and_their_row_nothing_is_promised_and_nothing_is_lost(studio, monkeypatch):
    killed_at(monkeypatch, studio, SqlWork, "save")
    assert [path.read_bytes() for path in stored(studio)] == [DATA]
    assert (shots(studio), facts(studio)) == ([], 0)
    assert not ingest.has_file(studio.services, stored(studio)[0].name)  # so the agent sends it again
    assert send(studio).state == "received"
    assert len(shots(studio)) == len(stored(studio)) == 1


def test_between_the_rows_and_their_commit_there_is_no_half_row(studio, monkeypatch):
    killed_at(monkeypatch, studio, SqlWork, "commit")
    assert (shots(studio), facts(studio)) == ([], 0)
    assert send(studio).state == "received"
    (shot,) = shots(studio)
    assert (shot.state, len(shot.files)) == (ShotState.RECEIVED, 1)


def test_between_the_commit_and_the_queue_the_fact_waits_in_the_outbox(studio, monkeypatch):
    killed_at(monkeypatch, studio, queue, "drain")
    (shot,) = shots(studio)
    assert (facts(studio), queued(studio)) == (1, [])
    assert send(studio).state == "known"  # the agent had no answer, and asks
    assert studio.drain() == 1
    assert queued(studio) == [f"develop-{shot.id}-1"]
    assert (studio.drain(), len(shots(studio))) == (0, 1)


def test_between_the_queue_and_its_mark_the_job_is_not_queued_twice(studio, monkeypatch):
    killed_at(monkeypatch, studio, SqlWork, "mark_dispatched")
    assert (facts(studio), len(queued(studio))) == (1, 1)
    studio.drain()
    assert (facts(studio), len(queued(studio))) == (0, 1)
