"""The model hub: what a repository offers, and fetching it. Whole and checked, or resumed the next time."""

import errno
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported, though its list does not say so
    build_hf_headers,
    disable_progress_bars,
)

from studio_server.domain.errors import EngineUnavailable, StudioError
from studio_server.engines.folders import size_below

Report = Callable[[float, float, str], None]
"""(bytes done, bytes in all, text)."""

_KINDS = (".json", ".txt", ".model", ".jinja", ".safetensors")
_UNUSED_PARTS = ("safety_checker", "image_encoder")


@dataclass(frozen=True)
class RemoteFile:
    path: str
    size: int
    sha256: str
    """Of large files, as the hub says; empty for small ones."""


@dataclass(frozen=True)
class Offer:
    """What would be downloaded, before anything is."""

    repo: str
    revision: str
    """The commit: what is shown is what comes, whatever is pushed meanwhile."""
    licence: str
    index: Mapping[str, Any]
    """Its `model_index.json`."""
    files: tuple[RemoteFile, ...] = field(default=())

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


class Hub:
    """`endpoint`: another server than the public one, a studio's mirror."""

    def __init__(self, endpoint: str | None = None) -> None:
        disable_progress_bars()
        self._endpoint = endpoint
        self._api = huggingface_hub.HfApi(endpoint=endpoint)

    def offer(self, repo: str, scratch: Path, revision: str = "main") -> Offer:
        """Ask what there is; takes the index alone. Raises EngineUnavailable."""
        with _one_sentence(f"{repo} could not be looked up on the hub"):
            info = self._api.model_info(repo, revision=revision, files_metadata=True)
            at = str(info.sha)
            place = self._api.hf_hub_download(repo, "model_index.json", revision=at, local_dir=scratch)
        index = json.loads(Path(place).read_text(encoding="utf-8"))
        there = [
            RemoteFile(file.rfilename, int(file.size or 0), str(file.lfs.sha256) if file.lfs else "")
            for file in info.siblings or ()
        ]
        return Offer(repo, at, _licence(info.card_data), index, wanted(there, index))

    def fetch(self, offer: Offer, folder: Path, report: Report) -> None:
        """Download what is missing of an offer into `folder`; what came in part goes on where it stopped."""
        for file in offer.files:
            with _one_sentence(f"{offer.repo} could not be fetched"):
                self._fetch(offer, file, folder, report)

    def _fetch(self, offer: Offer, file: RemoteFile, folder: Path, report: Report) -> None:
        failed: list[Exception] = []

        def work() -> None:
            try:
                self._download(offer, file, folder / file.path)
            except Exception as error:  # noqa: BLE001 - carried to the thread that waits, and raised there
                failed.append(error)

        # A daemon, so that Ctrl-C ends the command at once; what has come is kept and goes on the next time.
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while thread.is_alive():
            report(min(size_below(folder), offer.size), offer.size, file.path)
            thread.join(0.25)
        if failed:
            raise failed[0]
        report(min(size_below(folder), offer.size), offer.size, file.path)

    def _download(self, offer: Offer, file: RemoteFile, target: Path) -> None:
        """Go on with what has come of a file: the library's own download begins anew in each process."""
        if target.is_file() and target.stat().st_size == file.size:
            return
        part = target.with_name(f"{target.name}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        url = huggingface_hub.hf_hub_url(
            offer.repo, file.path, revision=offer.revision, endpoint=self._endpoint
        )
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        with part.open("ab", buffering=0) as out:
            http_get(url, out, resume_size=out.tell(), headers=headers, expected_size=file.size)
        part.replace(target)


def wanted(files: Iterable[RemoteFile], index: Mapping[str, Any]) -> tuple[RemoteFile, ...]:
    """Leave out what we do not load: other formats, single-file copies, and full precision beside fp16."""
    parts = {name for name, value in index.items() if isinstance(value, list)} - set(_UNUSED_PARTS)
    loaded = [file for file in files if _is_loaded(file.path, parts)]
    halved = {file.path.partition("/")[0] for file in loaded if ".fp16." in file.path}
    return tuple(file for file in loaded if not _is_full_beside_half(file.path, halved))


def _is_loaded(path: str, parts: set[str]) -> bool:
    part, _, name = path.partition("/")
    if not name:
        return path in {"model_index.json", "README.md"} or path.upper().startswith("LICENSE")
    return part in parts and name.endswith(_KINDS) and ".non_ema." not in name


def _is_full_beside_half(path: str, halved: set[str]) -> bool:
    weights = ".safetensors" in path
    return weights and path.partition("/")[0] in halved and ".fp16." not in path


def _licence(card: Any) -> str:  # noqa: ANN401 - the hub's own
    if card is None:
        return ""
    named = str(card.get("license") or "")
    return str(card.get("license_name") or named) if named == "other" else named


@contextmanager
def _one_sentence(failed: str) -> Iterator[None]:
    try:
        yield
    except StudioError:
        raise
    except Exception as error:  # whatever the network's libraries raise, the reader needs one sentence
        raise EngineUnavailable(f"{failed}: {_why(error)}") from error


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full. Make room, then run `studio models pull`; what has come is kept."
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return "it asks for a login, or for its terms to be accepted. Do so on the hub, then run it again."
    if status == 404:
        return "there is no such repository, or it holds no model_index.json. Check its name."
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:160]
    return f"{said}. Check the internet connection, then run it again; what has come is kept."
