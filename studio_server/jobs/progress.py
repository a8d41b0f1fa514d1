"""Progress and live events on Redis. All of it may be lost at any time: pages re-read, jobs start again."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from redis import Redis, RedisError

from studio_server.domain.ports import JobState
from studio_server.domain.session import SessionId

log = logging.getLogger(__name__)

KEPT_EVENTS = 2000
KEPT_SECONDS = 86_400
HEARTBEAT_MS = 10_000
EVERY = 0.25
"""Seconds between two progress events of a job; the last one of each is always sent."""
CALM = 1.0
"""Seconds between two questions of a listener while Redis is gone."""
EVERYBODY = "all"

Event = tuple[str, str, Mapping[str, object]]


class RedisProgress:
    def __init__(
        self, board: "RedisBoard", job_id: str, session_id: SessionId | None, *, seen: bool = True
    ) -> None:
        self._board, self._job_id, self._session_id = board, job_id, session_id
        self._started, self._sent = time.time(), 0.0
        self._state = JobState(job_id, "Starting", 0, 1, None, "running")
        self._seen = seen
        if seen:
            board.show(self._state, session_id)

    def report(self, done: float, total: float, text: str) -> None:
        elapsed = time.time() - self._started
        left = elapsed / done * (total - done) if done > 0 else None
        self._state = JobState(self._job_id, text, done, total, left, "running")
        if time.time() - self._sent >= EVERY or done >= total:
            self._sent = time.time()
            self._board.show(self._state, self._session_id)

    def cancelled(self) -> bool:
        return self._board.is_cancelled(self._job_id)

    def end(self, state: str, reason: str = "") -> None:
        """finished, failed or cancelled: a failed job never stands at 100 %."""
        last = self._state
        self._board.survived(last.id)
        if state == "finished" and not self._seen:
            self._board.make_good(last.id, self._session_id)
            return
        done = last.total if state == "finished" else min(last.done, last.total * 0.99)
        text = reason or last.text
        self._board.show(JobState(last.id, text, done, last.total, None, state, reason), self._session_id)


class RedisBoard:
    def __init__(self, connect: Callable[[], Redis]) -> None:
        self._connect = connect

    def progress(self, job_id: str, session_id: SessionId | None) -> RedisProgress:
        self._try(lambda redis: redis.delete(f"studio:cancel:{job_id}"))
        return RedisProgress(self, job_id, session_id)

    def unseen(self, job_id: str, session_id: SessionId | None) -> RedisProgress:
        """Of a job that no page shows, unless it fails."""
        return RedisProgress(self, job_id, session_id, seen=False)

    def make_good(self, job_id: str, session_id: SessionId | None) -> None:
        """The same work has now been done: what an earlier try said of it holds no more."""
        same = job_id.rpartition("-")[0]
        for old in self.jobs(session_id) if session_id else ():
            if old.state == "failed" and old.id.rpartition("-")[0] == same:
                self.show(replace(old, state="finished", reason=""), session_id)

    def show(self, state: JobState, session_id: SessionId | None) -> None:
        def write(redis: Redis) -> None:
            redis.set(f"studio:job:{state.id}", json.dumps(vars(state)), ex=KEPT_SECONDS)
            redis.zadd(f"studio:jobs:{session_id}", {state.id: time.time()}, nx=True)
            redis.expire(f"studio:jobs:{session_id}", KEPT_SECONDS)

        self._try(write)
        told = {"text": state.text, "done": state.done, "total": state.total, "state": state.state}
        seen = {"job": state.id, "seconds_left": state.seconds_left, "reason": state.reason}
        self.publish(session_id, "progress", {**told, **seen})

    def job(self, job_id: str) -> JobState | None:
        text = self._try(lambda redis: redis.get(f"studio:job:{job_id}"))
        return JobState(**json.loads(text)) if text else None

    def jobs(self, session_id: SessionId) -> Sequence[JobState]:
        names: list[bytes] = self._try(lambda redis: redis.zrange(f"studio:jobs:{session_id}", 0, -1)) or []
        states = [self.job(name.decode()) for name in names]
        return [state for state in states if state is not None]

    def begun(self, job_id: str) -> int:
        """How often this job was begun without coming to any end: its process died under it."""
        key = f"studio:begun:{job_id}"
        self._try(lambda redis: redis.expire(key, KEPT_SECONDS) if redis.incr(key) else None)
        return int(self._try(lambda redis: redis.get(key)) or 1)

    def survived(self, job_id: str) -> None:
        self._try(lambda redis: redis.delete(f"studio:begun:{job_id}"))

    def bury(self, session_id: SessionId | None, verbs: Sequence[str], reason: str) -> None:
        """Jobs whose process died say so: their bars would stand still for ever."""
        for job in self.jobs(session_id) if session_id else ():
            if job.state == "running" and job.id.partition("-")[0] in verbs:
                self.show(replace(job, state="failed", reason=reason, seconds_left=None), session_id)

    def cancel(self, job_id: str) -> None:
        self._try(lambda redis: redis.set(f"studio:cancel:{job_id}", 1, ex=KEPT_SECONDS))

    def is_cancelled(self, job_id: str) -> bool:
        return bool(self._try(lambda redis: redis.exists(f"studio:cancel:{job_id}")))

    def publish(self, session_id: SessionId | None, kind: str, data: Mapping[str, object]) -> None:
        body = json.dumps({"kind": kind, "data": {**data, "session": session_id}})

        def write(redis: Redis) -> None:
            for channel in {session_id or "unclaimed", EVERYBODY}:
                redis.xadd(f"studio:live:{channel}", {"event": body}, maxlen=KEPT_EVENTS, approximate=True)

        self._try(write)

    def tell(self, subject: str, sentence: str) -> None:
        self._try(lambda redis: redis.set(f"studio:told:{subject}", sentence, ex=KEPT_SECONDS))

    def told(self, subject: str) -> str:
        kept = self._try(lambda redis: redis.get(f"studio:told:{subject}"))
        return kept.decode() if kept else ""

    def listen(self, session_id: SessionId | None, last_event_id: str) -> Iterator[Event]:
        """From `last_event_id` on, else from now on; a ping where nothing else happens."""
        stream = f"studio:live:{session_id or EVERYBODY}"
        last = last_event_id or self._newest(stream)
        while True:
            asked = time.monotonic()
            found = self._try(lambda redis, at=last: redis.xread({stream: at}, block=HEARTBEAT_MS, count=100))
            if not found:
                yield "", "ping", {}
                time.sleep(max(0, CALM - (time.monotonic() - asked)))  # only when Redis is gone
                continue
            for raw_id, fields in found[0][1]:
                last = raw_id.decode()
                event = json.loads(fields[b"event"])
                yield last, event["kind"], event["data"]

    def _newest(self, stream: str) -> str:
        newest = self._try(lambda redis: redis.xrevrange(stream, count=1))
        return newest[0][0].decode() if newest else "0-0"

    def _try(self, ask: Callable[..., Any]) -> Any:  # noqa: ANN401 - Redis answers many types
        try:
            return ask(self._connect())
        except RedisError as error:  # live events are hints: the business goes on without them
            log.warning("Redis did not answer (%s). Pages may lag until it is back.", error)
            return None
