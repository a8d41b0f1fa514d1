"""LrFileUtils and LrPathUtils on this machine's disk."""

import shutil
from collections.abc import Callable
from pathlib import Path, PurePath


def _exists(path: str) -> str | bool:
    place = Path(path)
    if place.is_dir():
        return "directory"
    return "file" if place.exists() else False


def _attributes(path: str) -> dict[str, object] | None:
    place = Path(path)
    return {"fileSize": place.stat().st_size} if place.exists() else None


def _moved(do: Callable[[str, str], object], source: str, target: str) -> bool:
    # Lightroom's move and copy never replace a file
    if Path(target).exists() or not Path(target).parent.is_dir():
        return False
    try:
        do(source, target)
    except OSError:
        return False
    return True


def _delete(path: str) -> bool:
    try:
        Path(path).unlink()
    except OSError:
        return False
    return True


def _create_all(path: str) -> bool:
    try:
        Path(path).mkdir(parents=True)
    except OSError:
        return False
    return True


def functions(home: Path) -> dict[str, Callable[..., object]]:
    """Every function of the two namespaces that is simulated; the standard folders lie in `home`."""

    def standard(name: str) -> str | None:
        if name not in {"home", "temp", "pictures", "documents", "desktop"}:
            return None
        folder = home if name == "home" else home / name.title()
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    return {
        "exists": _exists,
        "attributes": _attributes,
        "move": lambda source, target: _moved(shutil.move, source, target),
        "copy": lambda source, target: _moved(shutil.copyfile, source, target),
        "delete": _delete,
        "create_all": _create_all,
        "child": lambda folder, name: str(PurePath(folder) / name),
        "parent": lambda path: str(PurePath(path).parent),
        "leaf": lambda path: PurePath(path).name,
        "extension": lambda path: PurePath(path).suffix.removeprefix("."),
        "without_extension": lambda path: str(PurePath(path).with_suffix("")),
        "standard": standard,
    }
