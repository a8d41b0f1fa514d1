"""watch -> settle -> journal -> sink, until told to stop."""

import heapq
import itertools
import logging
import os
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tethering.courier import Courier, Outcome
from tethering.journal import Journal
from tethering.sessions import Names
from tethering.settle import Arrival, Patience, Stamp, watch_on
from tethering.sink import Sink
from tethering.watch import Watch

UPLOADS = 2
TICK, UPLOAD_TICK, IDLE_TICK = 0.02, 0.1, 0.5
SAY_SECONDS = 2.0
ASIDE_SECONDS = 60.0
FRESH_SECONDS = 120.0
"""A file written so recently goes before what has lain in the folder for long."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    folder: Path
    polling: bool = False
    patience: Patience = field(default_factory=Patience)
    give_up_after: int | None = None
    """Failed attempts for one file; None: never give up."""
    names: Names = field(default_factory=Names)
    """Of the folders of a Capture One session."""


class Agent:
    """`run()` until `stop()`; or `run_once()` for what lies in the folder now."""

    def __init__(self, options: Options, journal: Journal, sink: Sink) -> None:
        self.options = options
        self.journal = journal
        self.failed = 0
        self._stopped = threading.Event()
        self._courier = Courier(
            options.folder, journal, sink, self._stopped, options.give_up_after, options.names
        )
        self._hints: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._watch = Watch(options.folder, self._notice, self._gone, polling=options.polling)
        self._appeared: dict[Path, float] = {}
        self._arriving: dict[Path, Arrival | None] = {}
        self._settled: list[tuple[bool, int, Path]] = []
        self._order = itertools.count()
        self._uploading: dict[Path, Future[Outcome]] = {}
        self._aside: dict[Path, float] = {}
        self._closed: set[Path] = set()

    def run(self) -> None:
        self._watch.start()
        try:
            with ThreadPoolExecutor(UPLOADS, thread_name_prefix="upload") as pool:
                while not self._stopped.is_set():
                    self._turn(pool)
        finally:
            self._watch.stop()

    def run_once(self) -> None:
        """Deliver what is there, waiting for what is still arriving; then end. Says how far it is."""
        self._watch.sweep()
        count, begun = self._hints.qsize(), time.monotonic()
        say_at = begun + SAY_SECONDS
        with ThreadPoolExecutor(UPLOADS, thread_name_prefix="upload") as pool:
            while not self._stopped.is_set() and not self._idle():
                self._turn(pool)
                if time.monotonic() >= say_at:
                    say_at = time.monotonic() + SAY_SECONDS
                    self._say_how_far(count, time.monotonic() - begun)
        self._watch.stop()

    def _say_how_far(self, count: int, seconds: float) -> None:
        ahead = self._hints.qsize() + len(self._arriving) + len(self._settled) + len(self._uploading)
        done = max(0, count - ahead)
        left = f", about {_minutes(seconds / done * ahead)} left" if done else ""
        log.info("%d of %d files done%s", done, count, left)

    def stop(self) -> None:
        self._stopped.set()

    def _idle(self) -> bool:
        return self._hints.empty() and not (self._arriving or self._settled or self._uploading)

    def _notice(self, path: Path) -> None:
        if self._watch.swept:
            self._appeared.setdefault(path, time.monotonic())
        self._hints.put(path)

    # one turn: take the hints, look at what is arriving, upload what has settled

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        self._take_hints()
        for path in [path for path, upload in self._uploading.items() if upload.done()]:
            self._ended(path, self._uploading.pop(path).result())
        for path in list(self._arriving):
            if path not in self._uploading:
                self._look_at(path)
        while self._settled and len(self._uploading) < UPLOADS:
            _, _, path = heapq.heappop(self._settled)
            if path not in self._uploading:
                appeared = self._appeared.pop(path, None)
                self._uploading[path] = pool.submit(self._courier.deliver, path, appeared)

    def _take_hints(self) -> None:
        busy = self._arriving or self._settled
        try:
            path = self._hints.get(timeout=TICK if busy else UPLOAD_TICK if self._uploading else IDLE_TICK)
            while True:
                self._arriving.setdefault(path, None)
                path = self._hints.get_nowait()
        except queue.Empty:
            self._take_up_again()

    def _take_up_again(self) -> None:
        now = time.monotonic()
        for path in [path for path, due in self._aside.items() if due <= now]:
            del self._aside[path]
            self._arriving.setdefault(path, None)

    def _look_at(self, path: Path) -> None:
        """Has it settled? Then it is to be uploaded, unless this state of it was answered for."""
        before = self._arriving.pop(path)
        try:
            stamp = Stamp.of(path)
            if (before is None or before.stamp != stamp) and self.journal.knows(path, stamp):
                self._appeared.pop(path, None)
                return
            arrival = watch_on(path, stamp, before, time.monotonic())
        except FileNotFoundError:  # renamed or deleted while we waited; its new name has a hint of its own
            self._appeared.pop(path, None)
            return
        except OSError as problem:
            self._closed_to_us(path, problem.strerror or str(problem))
            return
        if arrival.ready(time.monotonic(), self.options.patience):
            old = time.time() - stamp.mtime_ns / 1e9 > FRESH_SECONDS
            heapq.heappush(self._settled, (old, next(self._order), path))
        else:
            self._arriving[path] = arrival

    def _ended(self, path: Path, outcome: Outcome) -> None:
        match outcome:
            case Outcome.ANSWERED | Outcome.STOPPED:
                pass
            case Outcome.GONE:  # moved on while we told of it: perhaps to where we have known it
                self._gone(path)
            case Outcome.CHANGED:
                self._arriving.setdefault(path, None)
            case Outcome.CLOSED:
                self._closed_to_us(path, "another program holds it")
            case Outcome.ASIDE:
                self._aside[path] = time.monotonic() + ASIDE_SECONDS
            case Outcome.REFUSED | Outcome.GIVEN_UP:
                self.failed += 1

    def _gone(self, path: Path) -> None:
        """A file that is no more deletes nothing; but where it lay twice, only the other place counts now."""
        for twin in self.journal.twins(path):
            if os.path.lexists(twin):
                self._hints.put(twin)

    def _closed_to_us(self, path: Path, why: str) -> None:
        """Permission denied, or a share that holds on to the file: said once, tried at each sweep."""
        if path not in self._closed:
            self._closed.add(path)
            log.warning("%s cannot be read (%s); trying again", self._courier.name(path), why)
        self._watch.look_again(path)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
