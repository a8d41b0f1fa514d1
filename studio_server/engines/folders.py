"""How much lies in a folder that somebody else is writing into."""

import contextlib
import os
from pathlib import Path


def size_below(folder: Path) -> int:
    """Return the bytes of the files below it; what is renamed or removed while we look is passed over."""
    total = 0
    for parent, _, names in os.walk(folder):  # unlike rglob it bears a folder that is gone by now
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += Path(parent, name).stat().st_size
    return total
