"""What lies about while somebody works on it: held by a lock, and swept away once its holder has died.

A process that is killed tidies nothing up: half a file stays in the store, and a client's proof in the folder
for temporary files, where no erasure would ever look for it.
"""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "studio-look-"
YOUNG_SECONDS = 20.0
"""What is younger may not have been locked yet by whoever made it a moment ago."""

log = logging.getLogger(__name__)


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder that goes away with the block, or with the sweep after the death of this process."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        handle = os.open(name, os.O_RDONLY)
        try:
            hold(handle)
            yield Path(name)
        finally:
            os.close(handle)


def hold(handle: int) -> None:
    """Keep sweeps away from an open file or folder for as long as it is open; the kernel ends it with us."""
    with suppress(OSError):  # a network store without locks: its leftovers look held to sweeps, and stay
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)


def sweep_scratch() -> None:
    sweep(Path(tempfile.gettempdir()), f"{PREFIX}*")


def sweep(folder: Path, pattern: str = "*") -> None:
    """Remove each file or folder in `folder` that nobody holds any more."""
    for path in folder.glob(pattern):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if time.time() - path.stat().st_mtime > YOUNG_SECONDS and _abandoned(path):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                log.info("%s was left over and is removed", path.name)


def _abandoned(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
