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
from studio_server.jobs.dispatch import Job, QueueName, job_of, lanes

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
RUNS = "studio_server.worker."


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


def refill(redis: Redis, pending: Iterable[Fact], name: QueueName) -> int:
    """Fill a queue anew from what the business still owes. Call it only while its workers are down."""
    for lane in lanes(name):
        _clear(redis, Queue(lane, connection=redis))
    jobs = [job for fact in pending if (job := job_of(fact)) and job.queue == name]
    for job in jobs:
        _forget(redis, job.id(0))
        enqueue(redis, job, job.id(0))
    return len(jobs)


def _clear(redis: Redis, queue: Queue) -> None:
    stale = [*queue.get_job_ids(), *StartedJobRegistry(queue=queue).get_job_ids(cleanup=False)]
    for found in RqJob.fetch_many(stale, connection=redis):
        if found is not None:
            found.delete()
    queue.empty()


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
    """Run until told to stop. CPU jobs are forked; the engine's run here, so that its base stays loaded."""
    kind = SimpleWorker if name == "engine" else Worker
    queues = [Queue(lane, connection=redis) for lane in lanes(name)]  # the first one first, always
    worker = kind(queues, connection=redis)
    ready()
    worker.work(with_scheduler=False, logging_level="WARNING")
