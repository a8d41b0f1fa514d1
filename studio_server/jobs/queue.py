"""RQ, and nothing but RQ: from the outbox into the queues, and the two kinds of worker."""

import logging
from collections.abc import Callable, Iterable

from redis import Redis, RedisError
from rq import Queue, Retry, SimpleWorker, Worker
from rq.exceptions import DuplicateJobError
from rq.job import Job as RqJob
from rq.job import JobStatus
from rq.registry import StartedJobRegistry

from studio_server.domain.events import Fact
from studio_server.domain.ports import Work
from studio_server.jobs.dispatch import VERBS, Job, QueueName, job_of, lanes

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
RUNS = "studio_server.worker."
FILLED = "studio:filled"
"""Is in Redis while its queues hold all that the business owes: it goes with all else that Redis forgets."""


def drain(work: Work, redis: Redis) -> int:
    """Enqueue what the outbox holds. Two drains at once wait for each other at the database."""
    sent = 0
    try:
        with work() as unit:
            for entry in unit.undispatched(MOST_AT_ONCE):
                if job := job_of(entry.fact):
                    enqueue(redis, job, job.id(entry.seq))
                unit.mark_dispatched(entry.seq)
                sent += 1
            if sent:
                unit.commit()
    except RedisError as error:
        log.warning("The queue did not answer (%s). Jobs wait in the outbox until it is back.", error)
    return sent


def enqueue(redis: Redis, job: Job, job_id: str) -> None:
    _forget_ended(redis, job_id)
    try:
        Queue(job.lane, connection=redis).enqueue(
            f"{RUNS}{job.verb}",
            args=(job.subject, job_id),
            job_id=job_id,
            unique=True,
            job_timeout=job.seconds,
            result_ttl=600,
            failure_ttl=86_400,
            retry=Retry(max=2),  # for workers that die: every verb may run twice
        )
    except DuplicateJobError:
        log.info("%s is queued already", job_id)


def refill(redis: Redis, pending: Callable[[], Iterable[Fact]], name: QueueName) -> int:
    """Fill a queue anew from what the business still owes. Call it only while its workers are down.

    The business is asked when the queue is empty: what comes in meanwhile is in the one, or in both.
    """
    for lane in lanes(name):
        for job_id in _standing(redis, lane):
            _forget(redis, job_id)
            Queue(lane, connection=redis).remove(job_id)
    jobs = [job for fact in pending() if (job := job_of(fact)) and job.queue == name]
    for job in jobs:
        _forget(redis, job.id(0))
        enqueue(redis, job, job.id(0))
    return len(jobs)


def top_up(redis: Redis, pending: Callable[[], Iterable[Fact]]) -> int:
    """Put in what is owed and stands in no queue; workers may be at work. Nothing while FILLED is there."""
    try:
        if not redis.set(FILLED, 1, nx=True):  # first: whatever is forgotten from now on is seen next time
            return 0
        standing = (_standing(redis, lane) for name in VERBS for lane in lanes(name))
        known = {tuple(job_id.split("-")[:2]) for job_ids in standing for job_id in job_ids}
        jobs = [job for fact in pending() if (job := job_of(fact)) and (job.verb, job.subject) not in known]
        for job in jobs:
            enqueue(redis, job, job.id(0))
    except BaseException:
        doubt(redis)
        raise
    return len(jobs)


def doubt(redis: Redis) -> None:
    """Something that is owed has left its queue undone: the next `top_up` puts it in again."""
    try:
        redis.delete(FILLED)
    except RedisError as error:  # then it has forgotten that mark as well, or will be asked again
        log.warning("The queue did not answer (%s).", error)


def _standing(redis: Redis, lane: str) -> list[str]:
    queue = Queue(lane, connection=redis)
    return [*queue.get_job_ids(), *StartedJobRegistry(queue=queue).get_job_ids(cleanup=False)]


def enqueue_all(redis: Redis, owed: Iterable[Fact]) -> None:
    for fact in owed:
        if job := job_of(fact):
            enqueue(redis, job, job.id(0))


def waiting(redis: Redis, name: QueueName) -> int:
    return sum(int(Queue(lane, connection=redis).count) for lane in lanes(name))


def _forget_ended(redis: Redis, job_id: str) -> None:
    """A job that has failed keeps its name for a day, and would stand in the way of its second try."""
    for known in RqJob.fetch_many([job_id], connection=redis):
        if known is not None and known.get_status() in {
            JobStatus.FAILED,
            JobStatus.FINISHED,
            JobStatus.STOPPED,
        }:
            known.delete()


def _forget(redis: Redis, job_id: str) -> None:
    for known in RqJob.fetch_many([job_id], connection=redis):
        if known is not None:
            known.delete()


def work_on(redis: Redis, name: QueueName, ready: Callable[[], None]) -> None:
    """Run until told to stop. CPU jobs are forked; the others run here: a base stays loaded."""
    kind = Worker if name == "cpu" else SimpleWorker
    queues = [Queue(lane, connection=redis) for lane in lanes(name)]  # the first one first, always
    worker = kind(queues, connection=redis)
    ready()
    worker.work(with_scheduler=False, logging_level="WARNING")
