"""How fast files leave, and how far they are."""

import os
import re
import threading
import time
from collections.abc import Callable
from typing import IO, Protocol

from tethering.line import SinkError

UNITS = {"": 1024, "B": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "KB": 1000, "MB": 1000**2, "GB": 1000**3}
"""As rsync's --bwlimit has them: K, KiB and no unit at all are 1,024 bytes, KB is 1,000."""


class Changed(SinkError):
    """The file was written to while it was being sent."""


class Witness(Protocol):
    """Who wants to know how far a file is; may raise, and the upload ends there."""

    def sent(self, count: int) -> None:
        """So many bytes more have left us."""
        ...

    def kept(self, offset: int) -> None:
        """The server has confirmed so many bytes of the file: they need not be sent again."""
        ...


class Pace:
    """At most so many bytes a second, shared by all that are sent at once; 0: as fast as the line is."""

    def __init__(
        self,
        bytes_per_second: float = 0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = bytes_per_second, clock, sleep
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self, count: int) -> None:
        """Until `count` bytes may leave."""
        if not self._rate:
            return
        with self._lock:
            now = self._clock()
            begin = max(now, self._free_at)
            self._free_at = begin + count / self._rate
        if begin > now:
            self._sleep(begin - now)


class Body:
    """The next `size` bytes of an open file, as requests reads them. Raises Changed where there are fewer."""

    def __init__(self, file: IO[bytes], size: int, pace: Pace, witness: Witness) -> None:
        self._file, self._size, self._missing = file, size, size
        self._pace, self._witness = pace, witness

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(self._missing if size < 0 else min(size, self._missing))
        if not chunk and self._missing and size:
            raise Changed(f"{os.fspath(self._file.name)} became shorter while it was being sent.")
        self._pace.wait(len(chunk))
        self._missing -= len(chunk)
        self._witness.sent(len(chunk))
        return chunk


def rate(text: str) -> float:
    """Bytes a second of `2M`, `1.5MB` or `500` (KiB, as rsync reads it). Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([BKMG]|[KMG]B|[KMG]IB)?", text.strip().upper(), re.ASCII)
    if not found:
        raise ValueError(f"“{text}” is no limit: write bytes a second as 2M, 500K or 1.5MB; 0 is none.")
    return float(found[1]) * UNITS[(found[2] or "").replace("IB", "")]
