"""Hands one file over, until it is answered for."""

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tethering import exif
from tethering.journal import Entry, Journal
from tethering.line import Away, Refused, SinkError, Stumbled
from tethering.pace import Changed
from tethering.sessions import Names, place_of, strongest
from tethering.settle import Stamp
from tethering.sink import Offer, Sink, sha256_of

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
STUMBLES = 4
"""Attempts with a file that the server itself fails on, before others get their turn."""

SAY_AFTER, SAY_EVERY = 2.0, 5.0

log = logging.getLogger(__name__)


class Outcome(Enum):
    ANSWERED = "the server has it"
    REFUSED = "the server does not want it"
    CHANGED = "it changed meanwhile"
    GONE = "renamed or deleted"
    CLOSED = "it cannot be read now"
    ASIDE = "the server stumbles over it"
    GIVEN_UP = "not delivered, and not tried again"
    STOPPED = "we were told to end"


@dataclass(frozen=True)
class Courier:
    folder: Path
    journal: Journal
    sink: Sink
    stopped: threading.Event
    give_up_after: int | None = None
    """Failed attempts for one file; None: never give up. One that brought some of it over has not failed."""
    names: Names = field(default_factory=Names)

    def deliver(self, path: Path, appeared: float | None = None) -> Outcome:
        """Offer the file, again and again where the server is away; say the outcome in one line.

        `appeared` is when it was seen to come, by `time.monotonic`.
        """
        way, pause, attempt = Way(self.name(path), self.stopped), FIRST_PAUSE, 0
        while not self.stopped.is_set():
            try:
                return self._offer(path, way, appeared)
            except OSError as problem:
                return Outcome.GONE if isinstance(problem, FileNotFoundError) else Outcome.CLOSED
            except Changed:
                return Outcome.CHANGED
            except SinkError as problem:
                if way.got_on():
                    pause, attempt = FIRST_PAUSE, 0
                attempt += 1
                ended = self._ended(path, problem, attempt)
                if ended:
                    return ended
                pause = self._wait(path, problem, pause)
        return Outcome.STOPPED

    def _ended(self, path: Path, problem: SinkError, attempt: int) -> Outcome | None:
        if self.give_up_after and attempt >= self.give_up_after:
            log.error("%s not delivered: %s", self.name(path), problem)
            return Outcome.GIVEN_UP
        if isinstance(problem, Stumbled) and attempt >= STUMBLES and not self.give_up_after:
            log.warning("%s is put aside: %s The others go first", self.name(path), problem)
            return Outcome.ASIDE
        return None

    def _wait(self, path: Path, problem: SinkError, pause: float) -> float:
        if self.stopped.is_set():
            return pause
        seconds = max(pause, problem.after if isinstance(problem, Away) else LONGEST_PAUSE)
        log.warning("%s waits: %s Trying again in %.1f s", self.name(path), problem, seconds)
        self.stopped.wait(seconds)
        return min(pause * 2, LONGEST_PAUSE)

    def _offer(self, path: Path, way: "Way", appeared: float | None) -> Outcome:
        stamp = Stamp.of(path)
        sha256 = sha256_of(path)
        others = self.journal.others(path, sha256)
        copies = [other for other in others if os.path.lexists(other)]
        place = strongest(place_of(each, self.folder, self.names) for each in (path, *copies))
        if self.sink.has(sha256):
            if place or (others and not copies):  # a file that was moved is still the same file
                self.sink.tell_place(sha256, path, place)
            said = f"is there already{f', now in {place}' if place else ''}"
            return self._done(Entry(path, stamp, sha256, "known"), said, way.started)
        header = exif.of_release(path)
        said_of_it = header.serial, header.captured, exif.release(path, header), exif.spot(path)
        offer = Offer(path, stamp.size, stamp.mtime_ns, sha256, *said_of_it, place, appeared)
        way.begin(stamp.size)
        try:
            answer = self.sink.offer(offer, way)
        except Refused as refusal:
            entry = Entry(path, stamp, sha256, "refused", str(refusal))
            self._done(entry, f"refused: {refusal}", way.started)
            return Outcome.REFUSED
        what = f"{answer.state} {answer.shot}".strip()
        return self._done(Entry(path, stamp, sha256, answer.state), what, way.started)

    def _done(self, entry: Entry, what: str, started: float) -> Outcome:
        """Write the journal, now that there is an answer; a file that changed meanwhile is a new version."""
        self.journal.write(entry)
        megabytes, seconds = entry.stamp.size / 1e6, time.monotonic() - started
        log.info("%s %s (%.1f MB, %.2f s)", self.name(entry.path), what, megabytes, seconds)
        try:
            changed = Stamp.of(entry.path) != entry.stamp
        except OSError:
            return Outcome.GONE
        return Outcome.CHANGED if changed else Outcome.ANSWERED

    def name(self, path: Path) -> str:
        return str(path.relative_to(self.folder))


class Way:
    """How far one file is, over all its attempts. What takes long says so, and ends when we are to end."""

    def __init__(self, name: str, stopped: threading.Event) -> None:
        self.started = time.monotonic()
        self._name, self._stopped = name, stopped
        self._size = self._at = self._kept = self._known = self._from = 0
        self._begun = self._said = self.started

    def begin(self, size: int) -> None:
        self._size, self._at, self._from = size, 0, -1
        self._begun = time.monotonic()

    def kept(self, offset: int) -> None:
        self._at = offset
        self._kept = max(self._kept, offset)
        if self._from < 0:
            self._from = offset
            if offset:
                log.info("%s goes on from %.0f %%", self._name, 100 * offset / self._size)

    def sent(self, count: int) -> None:
        if self._stopped.is_set():
            raise SinkError("We were told to end.")
        self._at += count
        now = time.monotonic()
        if now - self._begun >= SAY_AFTER and now - self._said >= SAY_EVERY:
            self._said = now
            log.info("%s is at %.0f %% of %.1f MB%s", self._name, *self._far(now))

    def got_on(self) -> bool:
        """Whether the server has kept more of it than when this was asked last."""
        known, self._known = self._known, self._kept
        return self._kept > known

    def _far(self, now: float) -> tuple[float, float, str]:
        done = self._at - max(self._from, 0)
        seconds = (now - self._begun) / done * (self._size - self._at) if done else 0
        return 100 * self._at / self._size, self._size / 1e6, f", about {seconds:.0f} s left" if done else ""
