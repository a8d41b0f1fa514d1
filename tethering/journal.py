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
create index if not exists offered_by_content on offered (sha256);
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
        """Say whether the file, as it is now and where it is now, was answered for already.

        One that was somewhere else since then and is back is to be told of again.
        """
        query = (
            "select last.path from offered as last join offered as asked on last.sha256 = asked.sha256"
            " where asked.path = ? and asked.size = ? and asked.mtime_ns = ? order by last.rowid desc limit 1"
        )
        found = self._ask(query, os.fsencode(path), stamp.size, stamp.mtime_ns)
        return any(last == path or os.path.lexists(last) for last in found)

    def others(self, path: Path, sha256: str) -> list[Path]:
        """Return where else this content has been."""
        query = "select distinct path from offered where sha256 = ? and path <> ?"
        return self._ask(query, sha256, os.fsencode(path))

    def twins(self, path: Path) -> list[Path]:
        """Return where else the content has been that lay at `path`."""
        query = (
            "select distinct other.path from offered as other join offered as own using (sha256)"
            " where own.path = ? and other.path <> own.path"
        )
        return self._ask(query, os.fsencode(path))

    def _ask(self, query: str, *values: str | bytes | int) -> list[Path]:
        try:
            with self._lock:
                rows = self._base.execute(query, values).fetchall()
        except sqlite3.Error as problem:
            log.warning("The journal cannot be read (%s); asking the server instead", problem)
            return []
        return [Path(os.fsdecode(row[0])) for row in rows]

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
