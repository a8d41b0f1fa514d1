"""What the server has confirmed, so that a restart does not offer a whole folder again.

Written only after the answer. Losing it is harmless: the server knows each file by its sha256.
"""

import logging
import os
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tethering.settle import Stamp

log = logging.getLogger(__name__)

Row = tuple[bytes, int, int, str, str, str, float]

TABLE = """
create table if not exists offered (
    path blob not null, size integer not null, mtime_ns integer not null,
    sha256 text not null, outcome text not null, sentence text not null, at real not null
);
create index if not exists offered_by_path on offered (path, size, mtime_ns);
"""


@dataclass(frozen=True)
class Entry:
    path: Path
    stamp: Stamp
    sha256: str
    outcome: str
    """received, known, ours or refused."""
    sentence: str = ""


class Journal:
    """An append-only table in SQLite; safe to use from several threads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._unwritten: list[Row] = []
        file.parent.mkdir(parents=True, exist_ok=True)
        self._base = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._file)
        except sqlite3.DatabaseError as problem:
            log.warning("The journal %s cannot be read (%s); it begins anew", self._file, problem)
            for leftover in self._file.parent.glob(self._file.name + "*"):
                leftover.unlink()
            return _connect(self._file)

    def knows(self, path: Path, stamp: Stamp) -> bool:
        """Say whether the file, as it is now, was answered for already."""
        query = "select 1 from offered where path = ? and size = ? and mtime_ns = ? limit 1"
        try:
            with self._lock:
                found = self._base.execute(query, (os.fsencode(path), stamp.size, stamp.mtime_ns)).fetchone()
        except sqlite3.Error as problem:
            log.warning("The journal cannot be read (%s); asking the server instead", problem)
            return False
        return found is not None

    def write(self, entry: Entry) -> None:
        row = (
            os.fsencode(entry.path),
            entry.stamp.size,
            entry.stamp.mtime_ns,
            entry.sha256,
            entry.outcome,
            entry.sentence,
            time.time(),
        )
        with self._lock:
            self._unwritten.append(row)
            self._catch_up()

    def close(self) -> None:
        with self._lock:
            self._catch_up()
            self._base.close()

    def _catch_up(self) -> None:
        """Write what is unwritten: on a full disk, say, it is kept until a later answer finds room."""
        try:
            with self._base:
                self._base.executemany("insert into offered values (?, ?, ?, ?, ?, ?, ?)", self._unwritten)
        except sqlite3.Error as problem:  # if we end before: the next start asks the server once more
            log.warning("The journal cannot be written (%s)", problem)
        else:
            self._unwritten.clear()


def _connect(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, check_same_thread=False, timeout=30)
    try:
        base.execute("pragma journal_mode = wal")
        base.execute("pragma synchronous = normal")  # the last rows may be lost with the power: harmless
        base.executescript(TABLE)
    except sqlite3.DatabaseError:
        base.close()
        raise
    return base
