"""Files that come in parts, each under the sha256 that its sender announced, until it is whole."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import IO

from studio_server.domain.errors import NotFound, WrongOffset
from studio_server.domain.ports import BlobRef
from studio_server.storage.blobs import CHUNK, SHA256, say_when_full

Adopt = Callable[[Path, str], BlobRef | None]


class FileUploads:
    """`root/<sha256>` grows at its end and nowhere else. Two senders of one file take turns, part by part."""

    def __init__(self, root: Path, adopt: Adopt) -> None:
        self._root, self._adopt = root, adopt
        root.mkdir(parents=True, exist_ok=True)

    def offset(self, sha256: str) -> int:
        try:
            return self._address(sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, sha256: str, offset: int, stream: IO[bytes]) -> int:
        with self._held(sha256, offset) as file:
            while chunk := memoryview(stream.read(CHUNK)):
                while chunk:
                    with say_when_full():
                        chunk = chunk[file.write(chunk) :]
            return file.tell()

    def finish(self, sha256: str, size: int) -> BlobRef:
        with self._held(sha256, size) as file:
            with say_when_full():
                os.fsync(file.fileno())
                stored = self._adopt(self._address(sha256), sha256)
            if stored is None:
                self._address(sha256).unlink()
                raise WrongOffset(0, "The file arrived changed on its way. Send it again from its beginning.")
        return stored

    def drop_idle(self, before: datetime) -> int:
        dead = [path for path in self._root.iterdir() if path.stat().st_mtime < before.timestamp()]
        for path in dead:
            path.unlink(missing_ok=True)
        return len(dead)

    @contextmanager
    def _held(self, sha256: str, offset: int) -> Iterator[FileIO]:
        """The file at its end, which is `offset`; nobody else writes meanwhile. The first part makes it."""
        address = self._address(sha256)
        flags = os.O_RDWR | (os.O_CREAT if offset == 0 else 0)
        try:
            with say_when_full():
                handle = os.open(address, flags, 0o600)
        except FileNotFoundError:
            raise WrongOffset(0) from None
        with FileIO(handle, "r+") as file:
            here = file.seek(0, os.SEEK_END)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WrongOffset(
                    here, "Another sender is at this very file. Ask again in a while."
                ) from None
            if not _still(file, address):  # finished meanwhile: what we hold open is a blob by now
                raise WrongOffset(self.offset(sha256))
            if (here := file.seek(0, os.SEEK_END)) != offset:
                raise WrongOffset(here)
            yield file

    def _address(self, sha256: str) -> Path:
        if not SHA256.fullmatch(sha256):
            raise NotFound("This is not the sha256 of a file. Send it as 64 hexadecimal digits.")
        return self._root / sha256


def _still(file: FileIO, address: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), address.stat())
    except FileNotFoundError:
        return False
