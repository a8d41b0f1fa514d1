"""Bytes by their sha256, written once; and a place for what can be made again."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from studio_server.domain.errors import DiskFull, NotFound
from studio_server.domain.ports import BlobRef
from studio_server.imaging.scratch import hold, sweep

SHA256 = re.compile(r"[0-9a-f]{64}")
CHUNK = 1 << 20


@contextmanager
def say_when_full() -> Iterator[None]:
    """What the disk does not take, in words; that something is not there is left as it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DiskFull(_could_not(error)) from error


def _could_not(error: OSError) -> str:
    return f"The file could not be stored: {error.strerror}. Free some space; the original is untouched."


class FileBlobs:
    """`root/ab/cd/<sha256>`, read-only; a file appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def put(self, stream: IO[bytes]) -> BlobRef:
        digest, size = hashlib.sha256(), 0
        temporary = self._incoming / "not yet"
        try:
            handle, name = tempfile.mkstemp(dir=self._incoming)
            temporary = Path(name)
            with os.fdopen(handle, "wb") as file:
                hold(file.fileno())
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            self._place(temporary, digest.hexdigest())
        except OSError as error:
            raise DiskFull(_could_not(error)) from error
        finally:
            temporary.unlink(missing_ok=True)
        return BlobRef(digest.hexdigest(), size)

    def put_bytes(self, data: bytes) -> BlobRef:
        return self.put(BytesIO(data))

    def adopt(self, whole: Path, sha256: str) -> BlobRef | None:
        """Take a file of this disk, moved and not copied; None: it is not what it was said to be."""
        with whole.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return None
            size = file.tell()
        self._place(whole, sha256)
        whole.unlink(missing_ok=True)
        return BlobRef(sha256, size)

    def open(self, sha256: str) -> IO[bytes]:
        return self.path(sha256).open("rb")

    def read(self, sha256: str) -> bytes:
        return self.path(sha256).read_bytes()

    def path(self, sha256: str) -> Path:
        path = self._address(sha256)
        if not path.is_file():
            msg = "This picture is not in the store. It may have been erased."
            raise NotFound(msg)
        return path

    def erase(self, sha256: str) -> None:
        self._address(sha256).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what a process has begun to store that died before it ended."""
        sweep(self._incoming)

    def _address(self, sha256: str) -> Path:
        if not SHA256.fullmatch(sha256):
            msg = "This is not the name of a stored picture."
            raise NotFound(msg)
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _place(self, temporary: Path, sha256: str) -> None:
        address = self._address(sha256)
        address.parent.mkdir(parents=True, exist_ok=True)
        if not address.exists():
            temporary.chmod(0o444)
            temporary.replace(address)


class FileDerived:
    """Directories by key. Whatever lies here can be made again."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def directory(self, key: str) -> Path:
        path = self._address(key)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def erase(self, key: str, prefix: str) -> Sequence[str]:
        found = sorted(path for path in self._address(key).glob(f"{prefix}*") if path.is_dir())
        for path in found:
            shutil.rmtree(path)
        return [path.name for path in found]

    def _address(self, key: str) -> Path:
        if not re.fullmatch(r"[\w-]+(/[\w-]+)*", key):
            msg = "This is not the name of a derived directory."
            raise NotFound(msg)
        return self._root / key
