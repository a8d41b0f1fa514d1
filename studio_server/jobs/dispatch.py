"""Which fact starts which job."""

from dataclasses import dataclass
from typing import Literal

from studio_server.domain import events

QueueName = Literal["cpu", "engine", "mirror"]


VERBS: dict[QueueName, tuple[str, ...]] = {
    "cpu": ("develop", "deliver", "erase", "coach"),
    "mirror": ("mirror",),
    "engine": ("preview", "train", "vary", "layers"),
}


def lanes(queue: QueueName) -> tuple[str, str]:
    """The names under which a queue lies in Redis: what is done first, and what waits for that."""
    return queue, f"{queue}-calm"


@dataclass(frozen=True)
class Job:
    verb: str
    subject: str
    queue: QueueName
    seconds: int
    """After so long it is held for hung."""
    again: bool = False
    """Whether the same verb may be due again for the same subject; its id then carries the fact's number."""

    calm: bool = False
    """Whether it waits until its queue has nothing else: no proof is late because the coach looks."""

    @property
    def lane(self) -> str:
        return lanes(self.queue)[self.calm]

    def id(self, seq: int) -> str:
        return f"{self.verb}-{self.subject}-{seq}" if self.again else f"{self.verb}-{self.subject}"


def job_of(fact: events.Fact) -> Job | None:
    return _of_a_shot(fact) or _of_the_rest(fact)


def _of_a_shot(fact: events.Fact) -> Job | None:
    match fact:
        case events.ShotReceived():
            return Job("develop", fact.shot_id, "cpu", 300, again=True)
        case events.ProofReady() if fact.session_id is not None:
            return Job("coach", fact.shot_id, "cpu", 120, again=True, calm=True)
        case events.Flagged():
            return Job("preview", fact.shot_id, "engine", 900, again=True)
        case _:
            return None


def _of_the_rest(fact: events.Fact) -> Job | None:
    job: Job | None = None
    match fact:
        case events.PicksLocked():
            job = Job("train", fact.likeness_id, "engine", 6 * 3600)
        case events.LikenessReady():
            job = Job("vary", fact.session_id, "engine", 6 * 3600, again=True)
        case events.LayersWanted():
            job = Job("layers", fact.variation_id, "engine", 900, again=True)
        case events.Approved():
            job = Job("deliver", fact.session_id, "cpu", 3600, again=True)
        case events.ConsentChanged():
            job = Job("erase", fact.session_id, "cpu", 300, again=True)
        case _:
            job = _copying(fact)
    return job


def _copying(fact: events.Fact) -> Job | None:
    if isinstance(fact, events.CopyOwed):
        return Job("mirror", fact.shot_id, "mirror", 3600, again=True)
    return None
