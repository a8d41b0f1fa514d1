"""The bases that a studio has added: one file of facts each, beside the shelf. No torch, no network.

Such a file is also what `bases.load_base` reads, so a base can lie anywhere on the studio's disks.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio_server.domain.errors import BadInput, EngineUnavailable, NotFound
from studio_server.engines.families.facts import FAMILIES, Family

Report = Callable[[float, float, str], None]
"""(bytes done, bytes in all, text)."""

_CHUNK = 1 << 22
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")
_WITHOUT_DISTILLATION = {"klein": {"steps": 50, "guidance": 4.0}}


@dataclass(frozen=True)
class Added:
    """One added base, as it is kept."""

    name: str
    family: str
    folder: str
    source: str
    """The folder or the repository that it was added from."""
    revision: str
    licence: str
    accepted: str
    """The words with which somebody accepted a licence that does not allow paid work; mostly empty."""
    files: Mapping[str, str]
    """Path -> sha256; empty until it is known."""
    complete: bool
    distilled: bool = False
    variant: str | None = None
    fit_with: str = ""
    """The file of facts of the base that this one is fitted by."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What `load_base` reads beside: size, steps, guidance, strength."""


def figures(family: Family, *, distilled: bool) -> dict[str, Any]:
    """What a base starts with until a studio edits its file: the family's own figures."""
    usual = {
        "size": list(family.size),
        "fit_size": list(family.fit_size or family.size),
        "steps": family.steps,
        "guidance": family.guidance,
        "strength": {"*": family.strength},
    }
    return usual if distilled else {**usual, **_WITHOUT_DISTILLATION.get(family.name, {})}


class AddedBases:
    def __init__(self, root: Path) -> None:
        self.root = root / "bases"

    def all(self) -> tuple[Added, ...]:
        return tuple(_read(path) for path in sorted(self.root.glob("*.json")))

    def get(self, name: str) -> Added:
        """Raises NotFound."""
        path = self.file(name)
        if not path.is_file():
            names = ", ".join(["starter", *(one.name for one in self.all())])
            raise NotFound(f"No base named {name} has been added. There are: {names}.")
        return _read(path)

    def file(self, name: str) -> Path:
        """Where a base's facts are. Raises BadInput for what cannot be a name."""
        if not _NAME.fullmatch(name) or name == "starter":
            msg = f"{name!r} cannot be a base's name."
            raise BadInput(f"{msg} Use small letters, digits, dots and hyphens; not `starter`.")
        return self.root / f"{name}.json"

    def place(self, name: str) -> Path:
        """What `load_base` takes. Raises NotFound; EngineUnavailable while it is not here in full."""
        base = self.get(name)
        if not base.complete:
            msg = f"The base {name} has not been fetched in full. Run `studio models pull {name}`."
            raise EngineUnavailable(msg)
        return self.file(name)

    def keep(self, base: Added) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.file(base.name)
        facts = {key: value for key, value in asdict(base).items() if key != "more"}
        fresh = path.with_suffix(".part")
        described = {**facts, **base.more, "version": base.revision[:7]}
        fresh.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        fresh.replace(path)

    def damaged(self, name: str, report: Report) -> tuple[str, ...]:
        """Hash a base anew: one sentence for every file that is not what it was."""
        base = self.get(name)
        now = hashes(Path(base.folder), base.files, report)
        return tuple(
            f"{path} is {'missing' if not now[path] else 'not what it was'}."
            for path, sha256 in base.files.items()
            if now[path] != sha256
        )


def hashes(folder: Path, paths: Iterable[str], report: Report) -> dict[str, str]:
    """Path -> sha256, empty where the file is missing."""
    sizes = {path: _bytes(folder / path) for path in paths}
    total, done, found = sum(sizes.values()), 0, {}
    for path in sizes:
        found[path] = ""
        if (folder / path).is_file():
            digest = hashlib.sha256()
            with (folder / path).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    report(done, total, path)
            found[path] = digest.hexdigest()
    return found


def files_of(folder: Path, family: Family) -> list[str]:
    """What is hashed of a local folder: its index, and all that lies in its parts."""
    parts = {path.parent.name for path in folder.glob("*/*") if path.suffix in {".json", ".safetensors"}}
    inner = [path for part in sorted(parts | set(family.parts)) for path in sorted((folder / part).glob("*"))]
    return [
        "model_index.json",
        *(str(path.relative_to(folder).as_posix()) for path in inner if path.is_file()),
    ]


def variant_of(paths: Iterable[str]) -> str | None:
    """Say `fp16` where weights are there in half precision alone."""
    weights = [path for path in paths if path.endswith(".safetensors")]
    return "fp16" if any(".fp16" in path for path in weights) and not _all_full(weights) else None


def _all_full(weights: list[str]) -> bool:
    parts = {path.partition("/")[0] for path in weights}
    return parts == {path.partition("/")[0] for path in weights if ".fp16" not in path}


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _read(path: Path) -> Added:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        own = {key: facts.pop(key) for key in Added.__dataclass_fields__ if key in facts}
        base = Added(**own, more={key: value for key, value in facts.items() if key != "version"})
    except (OSError, ValueError, TypeError) as error:
        msg = f"{path} is damaged ({error}). Remove it, and add that base again."
        raise EngineUnavailable(msg) from error
    if base.family not in FAMILIES:
        msg = f"{path} names a family that this version does not know ({base.family}). Add that base again."
        raise EngineUnavailable(msg)
    return base
