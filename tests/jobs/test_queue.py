"""From the outbox into real queues: once, whatever dies between."""

import multiprocessing
import os
import signal
import time

import pytest
from redis import Redis, RedisError
from rq import Queue, SimpleWorker
from rq.job import Job as RqJob
from rq.registry import StartedJobRegistry

from studio_server.domain.events import (
    Approved,
    Flagged,
    LikenessReady,
    PicksLocked,
    ProofReady,
    ShotReceived,
)
from studio_server.domain.likeness import LikenessId
from studio_server.domain.session import SessionId
from studio_server.domain.shot import ShotId
from studio_server.jobs import queue
from studio_server.jobs.dispatch import job_of, lanes

SESSION = SessionId("s1")
LOCKED = PicksLocked(SESSION, LikenessId("k1"))


def tell(work, *facts):
    with work() as unit:
        unit.commit(*facts)


def queued(redis, name):
    return Queue(name, connection=redis).get_job_ids()


def test_each_fact_goes_into_the_queue_of_its_worker(work, redis):
    shot = ShotId("h1")
    facts = [ShotReceived(shot, None), ProofReady(shot, None), Flagged(shot, SESSION), LOCKED]
    tell(work, *facts, LikenessReady(SESSION, LikenessId("k1")), Approved(SESSION))
    assert queue.drain(work, redis) == 6
    assert queued(redis, "cpu") == ["develop-h1-1", "deliver-s1-6"]
    assert queued(redis, "engine") == ["preview-h1-3", "train-k1", "vary-s1-5"]


def test_the_coach_waits_until_no_proof_is_waited_for(work, redis):
    tell(work, ProofReady(ShotId("h1"), SESSION), ShotReceived(ShotId("h2"), SESSION))
    queue.drain(work, redis)
    assert (queued(redis, "cpu"), queued(redis, "cpu-calm")) == (["develop-h2-2"], ["coach-h1-1"])
    in_turn = [Queue(name, connection=redis) for name in lanes("cpu")]
    first, _ = Queue.dequeue_any(in_turn, None, connection=redis)
    assert first.id == "develop-h2-2"
    redis.flushall()
    assert queue.refill(redis, lambda: [ProofReady(ShotId("h1"), SESSION)], "cpu") == 1
    assert queue.refill(redis, lambda: [ProofReady(ShotId("h1"), SESSION)], "cpu") == 1
    assert queued(redis, "cpu-calm") == ["coach-h1-0"]


def test_a_second_drain_finds_nothing(work, redis):
    tell(work, LOCKED)
    assert [queue.drain(work, redis), queue.drain(work, redis)] == [1, 0]
    assert queued(redis, "engine") == ["train-k1"]


def test_a_crash_between_the_queue_and_the_commit_enqueues_nothing_twice(work, redis):
    tell(work, LOCKED, ShotReceived(ShotId("h1"), None))
    with work() as unit:  # as drain does, up to where it would have committed
        for entry in unit.undispatched(10):
            job = job_of(entry.fact)
            queue.enqueue(redis, job, job.id(entry.seq))
    assert queue.drain(work, redis) == 2
    assert queued(redis, "engine") == ["train-k1"]
    assert queued(redis, "cpu") == ["develop-h1-2"]


def test_a_dead_redis_leaves_the_facts_in_the_outbox(work, redis, dead_redis):
    tell(work, LOCKED)
    assert queue.drain(work, dead_redis) == 0
    assert queue.drain(work, redis) == 1
    assert queued(redis, "engine") == ["train-k1"]


def test_a_flushed_redis_is_filled_from_what_is_owed(work, redis):
    owed = [LOCKED, ShotReceived(ShotId("h1"), None)]
    tell(work, *owed)
    queue.drain(work, redis)
    redis.flushall()
    assert queue.refill(redis, lambda: owed, "engine") == 1
    assert queue.refill(redis, lambda: owed, "cpu") == 1
    assert (queued(redis, "engine"), queued(redis, "cpu")) == (["train-k1"], ["develop-h1-0"])


def test_what_comes_in_while_a_queue_is_filled_anew_stays_in_it(work, redis):
    """It is not owed yet when the business is asked, or was asked: it stands in the queue all the same."""
    tell(work, ShotReceived(ShotId("h1"), None))
    queue.drain(work, redis)

    def owed():
        tell(work, ShotReceived(ShotId("h2"), None))
        queue.drain(work, redis)
        return [ShotReceived(ShotId("h1"), None)]

    queue.refill(redis, owed, "cpu")
    assert queued(redis, "cpu") == ["develop-h2-2", "develop-h1-0"]


def test_a_redis_that_forgot_is_topped_up_while_its_workers_work(work, redis):
    owed = [ShotReceived(ShotId("h1"), None), ShotReceived(ShotId("h2"), None), LOCKED]
    tell(work, *owed)
    queue.drain(work, redis)
    redis.flushall()
    tell(work, ShotReceived(ShotId("h2"), None))
    queue.drain(work, redis)
    assert queue.top_up(redis, lambda: owed) == 2
    assert queued(redis, "cpu") == ["develop-h2-4", "develop-h1-0"]
    assert queued(redis, "engine") == ["train-k1"]
    assert queue.top_up(redis, lambda: owed) == 0  # not even asked: nothing was forgotten since


def test_what_is_doubted_is_asked_for_again_and_so_is_what_could_not_be_filled(redis):
    assert queue.top_up(redis, list) == 0
    owed = [ShotReceived(ShotId("h1"), None)]
    assert queue.top_up(redis, lambda: owed) == 0
    queue.doubt(redis)
    with pytest.raises(ZeroDivisionError):
        queue.top_up(redis, lambda: 1 // 0)
    assert queue.top_up(redis, lambda: owed) == 1


def _hang(_subject, job_id, *, url):
    with Redis.from_url(url) as redis:
        redis.set("hanging", job_id)
    time.sleep(60)


def _work_until_killed(url):
    with Redis.from_url(url) as redis:
        RqJob.perform = lambda job: _hang(*job.args, url=url)
        SimpleWorker([Queue("engine", connection=redis)], connection=redis).work(logging_level="ERROR")


def test_what_a_killed_worker_had_begun_is_begun_again(work, redis, redis_url):
    tell(work, LOCKED)
    queue.drain(work, redis)
    worker = multiprocessing.get_context("spawn").Process(target=_work_until_killed, args=(redis_url,))
    worker.start()
    deadline = time.monotonic() + 20
    while not redis.get("hanging"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    started = StartedJobRegistry("engine", connection=redis)
    assert started.get_job_ids(cleanup=False) == ["train-k1"]
    assert queued(redis, "engine") == []
    assert queue.refill(redis, lambda: [LOCKED], "engine") == 1
    assert started.get_job_ids(cleanup=False) == []
    assert queued(redis, "engine") == ["train-k1"]
    assert RqJob.fetch("train-k1", connection=redis).get_status() == "queued"


def test_a_refill_drops_what_is_owed_no_more(work, redis):
    tell(work, LOCKED)
    queue.drain(work, redis)
    assert queue.refill(redis, list, "engine") == 0
    assert queued(redis, "engine") == []


def test_a_job_that_failed_is_taken_up_at_the_next_start(work, redis):
    tell(work, LOCKED)
    queue.drain(work, redis)
    job = RqJob.fetch("train-k1", connection=redis)
    job.set_status("failed")
    redis.lrem("rq:queue:engine", 0, "train-k1")
    assert queue.refill(redis, lambda: [LOCKED], "engine") == 1
    assert queued(redis, "engine") == ["train-k1"]


@pytest.mark.parametrize("fact", [LOCKED, Approved(SESSION), ShotReceived(ShotId("h1"), None)])
def test_every_job_names_a_verb_of_the_worker(fact):
    from studio_server import worker  # noqa: PLC0415 - only here is the whole house needed

    assert callable(getattr(worker, job_of(fact).verb))


def test_a_redis_that_is_not_there_is_said_so_by_redis(dead_redis):
    with pytest.raises(RedisError):
        dead_redis.ping()
