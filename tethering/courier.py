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
from tethering.sessions import Names, place_of, strongest
from tethering.settle import Stamp
from tethering.sink import Away, Offer, Refused, Sink, SinkError, Stumbled, sha256_of

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
STUMBLES = 4
"""Attempts with a file that the server itself fails on, before others get their turn."""

log = logging.getLogger(__name__)


class Outcome(Enum):
    ANSWERED = "the server has it"
    REFUSED = "the server does not want it"
    CHANGED = "answered for, but it changed meanwhile"
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
    """Failed attempts for one file; None: never give up."""
    names: Names = field(default_factory=Names)

    def deliver(self, path: Path) -> Outcome:
        """Offer the file, again and again where the server is away; say the outcome in one line."""
        started, pause, attempt = time.monotonic(), FIRST_PAUSE, 0
        while not self.stopped.is_set():
            try:
                return self._offer(path, started)
            except OSError as problem:
                return Outcome.GONE if isinstance(problem, FileNotFoundError) else Outcome.CLOSED
            except SinkError as problem:
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
        seconds = max(pause, problem.after if isinstance(problem, Away) else LONGEST_PAUSE)
        log.warning("%s waits: %s Trying again in %.1f s", self.name(path), problem, seconds)
        self.stopped.wait(seconds)
        return min(pause * 2, LONGEST_PAUSE)

    def _offer(self, path: Path, started: float) -> Outcome:
        stamp = Stamp.of(path)
        sha256 = sha256_of(path)
        others = self.journal.others(path, sha256)
        copies = [other for other in others if os.path.lexists(other)]
        place = strongest(place_of(each, self.folder, self.names) for each in (path, *copies))
        if self.sink.has(sha256):
            if place or (others and not copies):  # a file that was moved is still the same file
                self.sink.tell_place(sha256, path, place)
            said = f"is there already{f', now in {place}' if place else ''}"
            return self._done(Entry(path, stamp, sha256, "known"), said, started)
        header = exif.of_release(path)
        offer = Offer(
            path, stamp.size, sha256, header.serial, header.captured, exif.release(path, header), place
        )
        try:
            answer = self.sink.offer(offer)
        except Refused as refusal:
            self._done(Entry(path, stamp, sha256, "refused", str(refusal)), f"refused: {refusal}", started)
            return Outcome.REFUSED
        what = f"{answer.state} {answer.shot}".strip()
        return self._done(Entry(path, stamp, sha256, answer.state), what, started)

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
