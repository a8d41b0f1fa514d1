"""Masters laid beside their RAW, so that a catalog can stack them. Nothing is ever overwritten."""

import os
from collections.abc import Sequence
from pathlib import Path


class BesideRaw:
    """Writes only inside folders that the studio named as ours to write."""

    def __init__(self, allowed_roots: Sequence[Path]) -> None:
        self._roots = tuple(root.resolve() for root in allowed_roots)

    def lay_beside(self, parent_path: str, name: str, data: bytes) -> str:
        folder = Path(parent_path).parent
        if not parent_path or not folder.is_dir() or not self._ours(folder):
            return ""
        path = _free(folder / Path(name).name, data)
        if not path.exists():
            temporary = path.with_name(f".{path.name}.part")
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        return str(path)

    def _ours(self, folder: Path) -> bool:
        resolved = folder.resolve()
        return any(resolved.is_relative_to(root) for root in self._roots)


def _free(wanted: Path, data: bytes) -> Path:
    """The first of NAME, NAME-2, NAME-3 … that is free or already holds these bytes."""
    path, n = wanted, 1
    while path.exists() and path.read_bytes() != data:
        n += 1
        path = wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}")
    return path
