"""Copies of originals that a person finds without our software, each read back before it counts.

`2026-11-28/<camera's serial number>/DSC_0001.NEF`, and for each day a SHA256SUMS as `sha256sum -c` reads it.
Nothing that lies there is ever written over: two of one name are DSC_0001.NEF and DSC_0001-2.NEF.
"""

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from studio_server.domain.mirror import Damaged, MirrorTrouble, Unmarked
from studio_server.storage.places import CHUNK, FolderPlace, Place, away

MARK = "studio-mirror.json"
LIST = "SHA256SUMS"
ABOUT = "Copies of a studio's photographs. In each day's folder, `sha256sum -c SHA256SUMS` checks them."


class PlaceMirror:
    def __init__(self, place: Place, lock: Path, new_id: Callable[[], str]) -> None:
        self._place, self._lock, self._new_id = place, lock, new_id
        self.words = place.words

    def id(self) -> str:
        if not self._place.there():
            raise away(self.words, "it is not there: connect its disk, or make the folder")
        try:
            return str(json.loads(b"".join(self._place.get(MARK)))["id"])
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError) as error:
            raise MirrorTrouble(
                f"The mark {MARK} in {self.words} cannot be read. Look at that disk."
            ) from error
        raise Unmarked(
            f"{self.words} is there, but it is not the second place that was used so far: its disk may not "
            "be connected. Connect it; or run `studio mirror --begin` to begin a new one here."
        )

    def begin(self) -> str:
        made = self._new_id()
        self._write(MARK, json.dumps({"id": made, "about": ABOUT}, indent=1).encode())
        return made

    def probe(self) -> None:
        """Raises MirrorTrouble unless something can be written there, read back and removed."""
        if not self._place.there():
            raise MirrorTrouble(f"{self.words} is not there")
        name = f".studio-probe-{self._new_id()}"
        self._place.put(name, [name.encode()])
        try:
            if b"".join(self._place.get(name)) != name.encode():
                raise MirrorTrouble(f"{self.words} gives back other bytes than were written")
        finally:
            self._place.remove(name)

    def on_the_disk_of(self, folder: Path) -> bool:
        """Whether one broken disk would take both."""
        return isinstance(self._place, FolderPlace) and self._place.device == folder.stat().st_dev

    def keep(self, original: Path, sha256: str, wanted: str) -> str:
        with self._alone():
            name, there = self._free(wanted, sha256)
            if not there:
                self._copy(original, sha256, name)
            self._enter(sha256, name)
        return name

    def whole(self, path: str, sha256: str) -> bool:
        try:
            return _digest(self._place.get(path)) == sha256
        except FileNotFoundError:
            return False
        except MirrorTrouble:
            self.id()  # if even its mark cannot be read, it is away; else this one file is what is broken
            return False

    def give_up(self, path: str) -> None:
        """Leave the file as it is, but take it off the list: it is not what it was."""
        with self._alone():
            folder, _, name = path.partition("/")
            lines = [line for line in self._lines(f"{folder}/{LIST}") if line[66:] != name]
            self._write(f"{folder}/{LIST}", _text(lines))

    def _free(self, wanted: str, sha256: str) -> tuple[str, bool]:
        """The first of NAME, NAME-2, NAME-3 … that is free, or that holds these bytes: then True."""
        name, number, path = wanted, 1, PurePosixPath(wanted)
        while self._place.has(name):
            if self.whole(name, sha256):
                return name, True
            number += 1
            name = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        return name, False

    def _copy(self, original: Path, sha256: str, name: str) -> None:
        part = _beside(name, f".{sha256[:16]}.part")
        digest = hashlib.sha256()
        try:
            self._place.put(part, _read(original, digest.update))
            self._compare(name, sha256, digest.hexdigest(), _digest(self._place.get(part)))
            self._place.move(part, name)
        except BaseException:
            self._sweep(part)
            raise

    def _compare(self, name: str, sha256: str, sent: str, came_back: str) -> None:
        if sent != sha256:
            raise Damaged(
                f"The original of {name} in the studio's own store is damaged, so it was not copied. "
                "Look at that disk, and send the file again from the camera's card."
            )
        if came_back != sha256:
            raise MirrorTrouble(
                f"{self.words} gives back other bytes than were written. Look at its disk and its line."
            )

    def _sweep(self, part: str) -> None:
        """What was begun is no copy; where the place has gone away it is written over by the next try."""
        try:
            self._place.remove(part)
        except (MirrorTrouble, FileNotFoundError):
            return

    def _enter(self, sha256: str, path: str) -> None:
        """A line in the day's list, once."""
        folder, _, name = path.partition("/")
        line, lines = f"{sha256}  {name}", self._lines(f"{folder}/{LIST}")
        if line not in lines:
            self._write(f"{folder}/{LIST}", _text([*lines, line]))

    def _lines(self, name: str) -> list[str]:
        try:
            return b"".join(self._place.get(name)).decode(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _write(self, name: str, data: bytes) -> None:
        part = _beside(name, ".list.part")
        try:
            self._place.put(part, [data])
            self._place.move(part, name)
        except BaseException:
            self._sweep(part)
            raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Worker and command may both be at it: the names and the lists are given out one at a time."""
        with self._lock.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _beside(name: str, other: str) -> str:
    return str(PurePosixPath(name).with_name(other))


def _read(path: Path, update: Callable[[bytes], object]) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            update(chunk)
            yield chunk


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
