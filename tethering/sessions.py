"""A session of Capture One on disk: where a file lies says what the photographer decided on it.

A session is a folder with a `.cosessiondb` and, by default, Capture, Selects, Trash and Output beside it
(support.captureone.com, "The Complete Guide to Sessions"). Settings and caches lie in `CaptureOne` folders,
which are never looked into (`settle.FOREIGN_FOLDERS`).
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

DATABASE = ".cosessiondb"


class Place(StrEnum):
    NOWHERE = ""
    """In no session of Capture One."""
    SELECTS = "selects"
    CAPTURE = "capture"
    """And every other folder of a session but the three."""
    TRASH = "trash"
    OUTPUT = "output"


@dataclass(frozen=True)
class Names:
    """What the folders are called: a session may be made with others."""

    selects: str = "Selects"
    trash: str = "Trash"
    output: str = "Output"

    def place(self, folder: str) -> Place:
        named = {self.selects: Place.SELECTS, self.trash: Place.TRASH, self.output: Place.OUTPUT}
        folded = {name.casefold(): place for name, place in named.items()}
        return folded.get(folder.casefold(), Place.CAPTURE)


def place_of(path: Path, root: Path, names: Names) -> Place:
    """Say in which part of a session a file lies, of those that begin at `root` or below it.

    The file's own folder is not looked through, so that a camera's folder of thousands costs nothing.
    """
    for folder in path.parent.parents:
        if not folder.is_relative_to(root):
            break
        if is_session(folder):
            return names.place(path.relative_to(folder).parts[0])
    return Place.NOWHERE


def strongest(places: Iterable[Place]) -> Place:
    """Of a file that lies in several: selected is selected, and what is still a capture is no trash."""
    order = list(Place)[1:]
    return min((place for place in places if place), key=order.index, default=Place.NOWHERE)


def is_session(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.lower().endswith(DATABASE) for entry in entries)
    except OSError:
        return False
