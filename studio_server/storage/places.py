"""Where a mirror may lie: a folder, or whatever fsspec reaches by its URL."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

from studio_server.domain.errors import BadInput, disk_is_full
from studio_server.domain.mirror import MirrorTrouble

CHUNK = 1 << 20


class Place(Protocol):
    """Names are relative, with slashes. Raises FileNotFoundError, and MirrorTrouble for all else."""

    words: str
    """How a person calls it; no password is in it."""

    def there(self) -> bool:
        """Whether the place itself can be reached."""
        ...

    def has(self, name: str) -> bool: ...
    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file, for good; one of this name is replaced."""
        ...

    def get(self, name: str) -> Iterator[bytes]:
        """Read what really lies there, as far as the system lets us past its own memory of it."""
        ...

    def move(self, old: str, new: str) -> None: ...
    def remove(self, name: str) -> None: ...


def place_at(address: str) -> Place:
    """`/path`, `file:///path`, or an fsspec URL (`s3://bucket/folder`). Raises BadInput."""
    scheme, _, rest = address.partition("://")
    if not rest or scheme == "file":
        return FolderPlace(Path(rest or address).expanduser().absolute())
    return UrlPlace(address)


class FolderPlace:
    def __init__(self, root: Path) -> None:
        self._root, self.words = root, str(root)

    @property
    def device(self) -> int:
        return self._root.stat().st_dev

    def there(self) -> bool:
        return self._root.is_dir()

    def has(self, name: str) -> bool:
        with self._in_words():
            return (self._root / name).exists()

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        path = self._root / name
        with self._in_words():
            for folder in reversed(
                [one for one in path.parents if one != self._root and one.is_relative_to(self._root)]
            ):
                folder.mkdir(exist_ok=True)  # never the root: where its disk is not mounted, none is made up
            with path.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())

    def get(self, name: str) -> Iterator[bytes]:
        with self._in_words(), (self._root / name).open("rb") as file:
            _forget_pages(file.fileno())
            while chunk := file.read(CHUNK):
                yield chunk

    def move(self, old: str, new: str) -> None:
        with self._in_words():
            (self._root / old).replace(self._root / new)
            folder = os.open((self._root / new).parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def remove(self, name: str) -> None:
        with self._in_words():
            (self._root / name).unlink(missing_ok=True)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            if self.there():
                raise
            raise away(self.words, "the folder is not there") from None
        except OSError as error:
            raise away(self.words, error) from error


class UrlPlace:
    """Object stores and network file systems; each library has errors of its own, so all are caught."""

    def __init__(self, url: str) -> None:
        self.words = _without_password(url)
        self._url = url
        self._opened: tuple[Any, str] | None = None

    def there(self) -> bool:
        return True  # a folder of an object store need not be there before its first file

    def has(self, name: str) -> bool:
        try:  # not fsspec's `exists`: to that, a store that does not answer is one without the file
            self._call(lambda fs, root: fs.info(f"{root}/{name}"))
        except FileNotFoundError:
            return False
        return True

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        def write(fs: Any, root: str) -> None:  # noqa: ANN401 - fsspec is untyped
            path = f"{root}/{name}"
            fs.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
            with fs.open(path, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)

        self._call(write)

    def get(self, name: str) -> Iterator[bytes]:
        def opened(fs: Any, root: str) -> Any:  # noqa: ANN401 - fsspec is untyped
            fs.invalidate_cache()
            return fs.open(f"{root}/{name}", "rb", cache_type="readahead")

        with self._call(opened) as file:
            while chunk := self._call(lambda _fs, _root: file.read(CHUNK)):
                yield chunk

    def move(self, old: str, new: str) -> None:
        self._call(lambda fs, root: fs.mv(f"{root}/{old}", f"{root}/{new}"))

    def remove(self, name: str) -> None:
        try:
            self._call(lambda fs, root: fs.rm(f"{root}/{name}"))
        except FileNotFoundError:
            return

    def _call(self, act: Callable[[Any, str], Any]) -> Any:  # noqa: ANN401 - fsspec is untyped
        try:
            return act(*self._filesystem())
        except (FileNotFoundError, MirrorTrouble, BadInput):
            raise
        except Exception as error:  # each store's library raises errors of its own: S3, SFTP, SMB …
            raise away(self.words, error) from error

    def _filesystem(self) -> tuple[Any, str]:
        if self._opened is None:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - 0.1 s that a studio without a mirror need not pay

            try:
                self._opened = url_to_fs(self._url)
            except ImportError as error:
                msg = (
                    f"{self.words} needs a library that is not here ({error}). Install it beside the studio."
                )
                raise MirrorTrouble(msg) from error
        return self._opened


def away(words: str, why: BaseException | str) -> MirrorTrouble:
    """What the photographer reads: what happened, why, and what to do."""
    if isinstance(why, BaseException) and disk_is_full(why):
        return MirrorTrouble(
            f"The second place, {words}, is full. Nothing is lost: make room there, and the rest is copied."
        )
    reason = why if isinstance(why, str) else getattr(why, "strerror", "") or type(why).__name__
    return MirrorTrouble(
        f"The second place, {words}, takes no copies now ({reason}). Nothing is lost: it is tried again."
    )


def _forget_pages(handle: int) -> None:
    """Have the system read the disk and not its own memory of what was just written, where it can."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
