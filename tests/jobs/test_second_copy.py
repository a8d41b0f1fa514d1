"""The second copy's own worker: real Redis, RQ's worker, the real worker functions."""

import os
import signal
import warnings

import pytest
from redis import Redis
from rq import Queue, SimpleWorker

from studio_server import bootstrap, worker
from studio_server.settings import Settings
from studio_server.storage.places import FolderPlace
from studio_server.workflow import ingest, mirroring


@pytest.fixture
def studio(tmp_path, redis_url, monkeypatch):
    (tmp_path / "second").mkdir()
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    settings = Settings(
        data_dir=tmp_path / "data", redis_url=redis_url, engines="fake", mirror=str(tmp_path / "second")
    )
    made = bootstrap.build(settings)
    bootstrap.prepare(made)
    monkeypatch.setattr(worker, "studio", lambda: made)
    return made


def send(studio, name):
    incoming = ingest.Incoming(name, name, "77", None, name)
    data = (studio.settings.data_dir / name).write_bytes(os.urandom(5000))
    assert data
    with (studio.settings.data_dir / name).open("rb") as stream:
        return ingest.receive(studio.services, incoming, stream).shot_id


def run(studio):
    SimpleWorker([Queue("mirror", connection=studio.redis)], connection=studio.redis).work(
        burst=True, logging_level="ERROR"
    )


def queued(studio, name="mirror"):
    return Queue(name, connection=studio.redis).get_job_ids()


def test_a_shot_is_queued_for_its_proof_and_apart_from_that_for_its_copy(studio, tmp_path):
    shot = send(studio, "A.NEF")
    assert queued(studio, "cpu") == [f"develop-{shot}-1"]
    assert queued(studio) == [f"mirror-{shot}-2"]
    run(studio)
    assert list((tmp_path / "second").rglob("A.NEF"))
    assert studio.owe_copies() == 0


def test_what_was_owed_when_redis_was_lost_is_queued_again_at_the_start(studio, tmp_path):
    shots = [send(studio, f"{number}.NEF") for number in range(3)]
    studio.redis.flushall()
    assert studio.recover("mirror") == 3
    assert sorted(queued(studio)) == sorted(f"mirror-{shot}-0" for shot in shots)
    run(studio)
    assert len(list((tmp_path / "second").rglob("*.NEF"))) == 3


def test_while_something_is_wrong_one_shot_is_tried_and_all_when_it_is_good(studio, tmp_path):
    for number in range(3):
        send(studio, f"{number}.NEF")
    assert studio.owe_copies() == 3
    assert len(queued(studio)) == 3  # they are under way: nothing is queued beside them
    second = (tmp_path / "second").rename(tmp_path / "away")
    run(studio)
    assert studio.owe_copies() == 0  # it is away: what is owed cannot be asked
    assert "takes no copies now" in studio.board.told(mirroring.SUBJECT)
    second.rename(tmp_path / "second")
    assert studio.owe_copies() == 3
    assert len(queued(studio)) == 1
    run(studio)
    assert studio.board.told(mirroring.SUBJECT) == ""
    assert studio.owe_copies() == 2
    run(studio)
    assert studio.owe_copies() == 0


def test_a_worker_that_is_killed_in_the_middle_of_a_copy_leaves_it_to_the_next(studio, tmp_path):
    send(studio, "A.NEF")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: this child ends at once
        child = os.fork()
    if not child:
        FolderPlace.move = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        run(studio)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    worker._bury_the_dead("mirror")
    assert studio.recover("mirror") == 1
    run(studio)
    assert [path.name for path in (tmp_path / "second").rglob("*.NEF")] == ["A.NEF"]
    assert not list((tmp_path / "second").rglob("*.part"))


def test_the_thread_that_tries_again_waits_longer_while_nothing_gets_better(monkeypatch):
    owed = iter([5, 5, 5, 3, 0, RuntimeError("locked"), 2, StopIteration])
    waits = []

    class Studio:
        def owe_copies(self):
            found = next(owed)
            if found is StopIteration:
                raise KeyboardInterrupt
            if isinstance(found, Exception):
                raise found
            return found

    monkeypatch.setattr(worker, "studio", Studio)
    monkeypatch.setattr(worker.time, "sleep", waits.append)
    with pytest.raises(KeyboardInterrupt):
        worker._keep_copying()
    assert waits == [15, 15, 30, 60, 15, 15, 15, 15]
