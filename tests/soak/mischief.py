"""What is done to the house while it takes shots in: parts are killed, its disk is filled, Redis forgets."""

import contextlib
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field

from redis import RedisError

from tests.soak.house import UP_SECONDS, House

TARGETS = ("agent", "server", "cpu worker", "everything", "engine worker")
FULL_SECONDS = 3.0
BITE_SECONDS = 45.0
"""How long somebody is waited for who says that the disk is full."""
QUEUE_SECONDS = 20.0
"""How long a queue with something in it is waited for; a fast machine may have none."""
FULL = ("No space left", "disk is full")


@dataclass(frozen=True)
class Deed:
    at: float
    """Seconds after the first shot."""
    what: str


@dataclass(frozen=True)
class Done:
    at: float
    what: str
    seconds: float
    """Until the part was there again, the disk was free again, or Redis was empty."""
    bit: bool
    """Whether it hit: a living process died, something found no room, a queue had jobs to lose."""


def plan(kills: int, seconds: float, seed: int, *, disk: bool) -> list[Deed]:
    """Each deed in a slot of its own, at a random moment of it: the tree may die five times a minute."""
    dice = random.Random(seed)
    rounds: list[str] = []
    while len(rounds) < kills:
        rounds += dice.sample(TARGETS, len(TARGETS))
    whats = [*rounds[:kills], "flush", *(["disk"] if disk else [])]
    dice.shuffle(whats)
    slot = seconds / len(whats)
    return [Deed((index + dice.uniform(0.05, 0.75)) * slot, what) for index, what in enumerate(whats)]


@dataclass
class Mischief:
    house: House
    deeds: list[Deed]
    done: list[Done] = field(default_factory=list)
    begun: int = 0
    """How many deeds; the last one may still be at work."""
    error: BaseException | None = None
    _thread: threading.Thread | None = None
    _start: float = 0.0

    def begin(self) -> None:
        self._start = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="mischief", daemon=True)
        self._thread.start()

    def nearly_over(self) -> bool:
        """Whether nothing more is going to begin."""
        return self.begun == len(self.deeds) or self.over()

    def over(self) -> bool:
        return self._thread is not None and not self._thread.is_alive()

    def _run(self) -> None:
        try:
            for deed in self.deeds:
                time.sleep(max(0.0, self._start + deed.at - time.monotonic()))
                begun = time.monotonic()
                self.begun += 1
                bit = self._do(deed.what)
                self.done.append(Done(begun - self._start, deed.what, time.monotonic() - begun, bit))
        except BaseException as error:  # noqa: BLE001 - told by the report, which nobody else would write
            self.error = error

    def _do(self, what: str) -> bool:
        if what == "flush":
            return self._flush()
        if what == "disk":
            return self._fill()
        return self._kill_all() if what == "everything" else self._kill(what)

    def _kill(self, name: str) -> bool:
        before = _until(lambda: self.house.part(name), UP_SECONDS)
        if before is None:
            return False
        before.send_signal(signal.SIGKILL)

        def another() -> bool:
            found = self.house.part(name)
            return found is not None and found.pid != before.pid

        return bool(_until(another, UP_SECONDS))

    def _kill_all(self) -> bool:
        """As a power cut, but for the disk's own memory: the kernel ends the children with their parent."""
        process = self.house.process
        assert process
        process.send_signal(signal.SIGKILL)
        died = process.wait(UP_SECONDS) == -signal.SIGKILL
        self.house.start()
        return died

    def _flush(self) -> bool:
        """Forget everything, at a moment when that loses jobs, if there is such a moment."""

        def waiting() -> bool:
            with contextlib.suppress(RedisError, AssertionError), self.house.redis() as redis:
                return redis.llen("rq:queue:cpu") > 0
            return False

        _until(waiting, QUEUE_SECONDS)
        with self.house.redis() as redis:
            lost, _ = redis.pipeline().llen("rq:queue:cpu").flushall().execute()
        return lost > 0

    def _fill(self) -> bool:
        """Full for some seconds, and until somebody has said so; then there is room again."""
        before, begun = self._complaints(), time.monotonic()
        ballast = self.house.disk / "ballast"
        bit = False
        with ballast.open("wb", buffering=0) as file:
            while time.monotonic() < begun + FULL_SECONDS or not bit:
                with contextlib.suppress(OSError):
                    while True:
                        file.write(os.urandom(1 << 12) * 256)
                bit = self._complaints() > before
                if time.monotonic() > begun + BITE_SECONDS:
                    break
                time.sleep(0.05)
        ballast.unlink()
        return bit

    def _complaints(self) -> int:
        said = self.house.said()
        return sum(said.count(word) for word in FULL)


def _until(found, seconds: float):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if it := found():
            return it
        time.sleep(0.05)
    return None
