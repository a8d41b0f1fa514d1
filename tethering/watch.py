"""A folder, as a stream of paths that may have something new.

Native events are hints, and fast; a periodic sweep is the truth. Events get lost (a folder made and filled at
once), lie (network shares) or end without a word (the watched folder went away and came back: the emitter's
thread is dead while the observer says that it lives), so nothing depends on them but speed.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from tethering.mounts import is_remote
from tethering.settle import Stamp, passing, private, wanted

SWEEP_SECONDS = 2.0
POLLING_SECONDS = 0.4

log = logging.getLogger(__name__)
Notice = Callable[[Path], None]


class Watch:
    """Calls `notice(path)` for each file that is new or changed; more than once for one file is usual.

    And `gone(path)` for each that a sweep misses; a folder that is away as a whole misses none.
    """

    def __init__(
        self, folder: Path, notice: Notice, gone: Notice = lambda _: None, *, polling: bool = False
    ) -> None:
        self.folder = folder
        self.notice = notice
        self.gone = gone
        self.polling = polling or is_remote(folder.absolute())
        self.sweep_seconds = POLLING_SECONDS if self.polling else SWEEP_SECONDS
        if self.polling and not polling:
            log.info("%s is on another machine: it is looked through every %g s", folder, POLLING_SECONDS)
        self._seen: dict[Path, Stamp] = {}
        self._again: set[Path] = set()
        self._mentioned: set[str] = set()
        self._observer: BaseObserver | None = None
        self._root = 0
        self._away = False
        self.swept = False
        """Whether all was looked at once: what is noticed from then on was seen to come."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end_observer()

    def _run(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            self.sweep()
            took = time.monotonic() - begun
            self._stop.wait(max(self.sweep_seconds, 9 * took))  # never more than a tenth of the time

    def sweep(self) -> None:
        """One look at everything; also sees to it that the events' thread lives."""
        if not self._present():
            return
        if not self.polling and not self._observing():
            self._begin_observer()
        again, self._again = self._again, set()
        found: dict[Path, Stamp] = {}
        for path, stamp in self._files(self.folder):
            found[path] = stamp
            if self._seen.get(path) != stamp or path in again:
                self.notice(path)
        lost, self._seen = self._seen.keys() - found.keys(), found
        self.swept = True
        for path in lost:
            self.gone(path)

    def look_again(self, path: Path) -> None:
        """Notice the path at the next sweep, changed or not."""
        self._again.add(path)

    def _present(self) -> bool:
        """Is the folder there? Its going and its coming back are each said once."""
        present = self.folder.is_dir()
        if present == self._away:
            self._away = not present
            log.warning("%s %s", self.folder, "is back" if present else "is away; waiting until it is back")
        if not present:
            self._seen, self.swept = {}, False
        return present

    def _files(self, folder: Path) -> Iterator[tuple[Path, Stamp]]:
        for entry in _entries(folder):
            name = Path(entry.name)
            if entry.is_dir(follow_symlinks=False):
                if not private(entry.name):
                    yield from self._files(folder / name)
            elif passing(name):
                continue
            elif entry.is_symlink():
                self._mention(entry.path, "is a link; links are not followed")
            elif wanted(name):
                stamp = _stamp(entry)
                if stamp:
                    yield folder / name, stamp
            else:
                self._mention(entry.path, "is no picture or sidecar; left alone")

    def _mention(self, path: str, what: str) -> None:
        if path not in self._mentioned:
            self._mentioned.add(path)
            log.info("%s %s", os.path.relpath(path, self.folder), what)

    # native events

    def hint(self, path: Path) -> None:
        """Pass on a path; a folder is looked through, for its files may have had no event."""
        if not path.is_relative_to(self.folder) or path.is_symlink():
            return
        relative = path.relative_to(self.folder)
        if path.is_dir():
            if not any(private(part) for part in relative.parts):
                for inner, _ in self._files(path):
                    self.notice(inner)
        elif wanted(relative):
            self.notice(path)

    def _observing(self) -> bool:
        """Check that observer and emitters live, and watch the folder that is there now."""
        observer = self._observer
        if observer is None or not observer.is_alive() or not observer.emitters:
            return False
        return self._root == _inode(self.folder) and all(each.is_alive() for each in observer.emitters)

    def _begin_observer(self) -> None:
        restarted = self._observer is not None
        self._end_observer()
        observer = Observer()
        observer.daemon = True
        try:
            self._root = _inode(self.folder)
            observer.schedule(_Hints(self), os.fspath(self.folder), recursive=True)
            observer.start()
        except OSError as problem:  # no watches left, or the folder went in this very moment
            log.warning("No folder events (%s); sweeping every %g s instead", problem, self.sweep_seconds)
            return
        self._observer = observer
        if restarted:
            log.warning("Folder events had stopped; started again")

    def _end_observer(self) -> None:
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)
        self._observer = None


FILE_EVENTS = frozenset({"created", "modified", "closed", "moved"})
FOLDER_EVENTS = frozenset({"created", "moved"})
"""A folder is \"modified\" by each of its files, and those have events of their own."""


class _Hints(FileSystemEventHandler):
    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def on_any_event(self, event: FileSystemEvent) -> None:
        kinds = FOLDER_EVENTS if event.is_directory else FILE_EVENTS
        if event.event_type in kinds:
            self.watch.hint(Path(os.fsdecode(event.dest_path or event.src_path)))


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # gone or closed to us since it was listed: the next sweep asks again
        return []


def _stamp(entry: "os.DirEntry[str]") -> Stamp | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def _inode(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return -1
