"""Adding a base: from a local folder, or from the hub in three steps (look, agree, fetch)."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio_server.domain.errors import EngineUnavailable
from studio_server.engines.added import Added, AddedBases, Report, figures, files_of, hashes, variant_of
from studio_server.engines.catalogue import licence_of, require_licence
from studio_server.engines.families.facts import Family, of_pipeline, recognise
from studio_server.engines.folders import size_below
from studio_server.engines.hub import Hub, Offer


@dataclass(frozen=True)
class Wish:
    """What somebody asks for, beside where it is."""

    name: str
    licence: str = ""
    """Of a local folder whose card names none."""
    said: str = ""
    """Words that accept a licence which does not allow paid work."""
    fit_with: str = ""
    """The name of the added base that this one is fitted by."""


def add_folder(bases: AddedBases, wish: Wish, folder: Path, report: Report) -> Added:
    """Keep where a local base is and what its files are; nothing is copied.

    Raises BadInput for what is no base that we know, NotAllowed for its licence.
    """
    family = recognise(folder)
    licence = licence_of(folder) or wish.licence
    require_licence(wish.name, licence, wish.said)
    paths = files_of(folder, family)
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    base = Added(
        folder=str(folder),
        source=str(folder),
        revision="",
        licence=licence,
        files=hashes(folder, paths, report),
        complete=True,
        variant=variant_of(paths),
        **_described(bases, wish, family, index),
    )
    bases.keep(base)
    return base


def look(hub: Hub, wish: Wish, repo: str) -> tuple[Offer, Family]:
    """Ask the hub what would come. Raises BadInput, NotAllowed, EngineUnavailable before anything does."""
    with tempfile.TemporaryDirectory() as scratch:
        offer = hub.offer(repo, Path(scratch))
    family = of_pipeline(str(offer.index.get("_class_name")))
    require_licence(wish.name, offer.licence, wish.said)
    return offer, family


def agree(bases: AddedBases, wish: Wish, offer: Offer, family: Family) -> Added:
    """Keep what will be fetched, so that a download that breaks off is known of."""
    paths = [file.path for file in offer.files]
    base = Added(
        folder=str(bases.root / wish.name),
        source=offer.repo,
        revision=offer.revision,
        licence=offer.licence,
        files=dict.fromkeys(paths, ""),
        complete=False,
        variant=variant_of(paths),
        **_described(bases, wish, family, offer.index),
    )
    bases.keep(base)
    return base


def fetch(bases: AddedBases, base: Added, hub: Hub, report: Report) -> Added:
    """Fetch what is missing and check all of it. Raises EngineUnavailable; what has come is kept."""
    folder = Path(base.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        offer = hub.offer(base.source, Path(scratch), base.revision)
    _require_room(folder, offer)
    hub.fetch(offer, folder, report)
    found = hashes(folder, [file.path for file in offer.files], report)
    for file in offer.files:
        if file.sha256 and found[file.path] != file.sha256:
            (folder / file.path).unlink(missing_ok=True)
            msg = f"{file.path} of {base.name} arrived damaged (another sha256) and is not kept."
            raise EngineUnavailable(f"{msg} Run `studio models pull {base.name}`.")
    whole = replace(base, files=found, complete=True)
    bases.keep(whole)
    return whole


def _described(bases: AddedBases, wish: Wish, family: Family, index: Mapping[str, Any]) -> dict[str, Any]:
    distilled = bool(index.get("is_distilled"))
    return {
        "name": wish.name,
        "family": family.name,
        "accepted": wish.said,
        "distilled": distilled,
        "fit_with": str(bases.file(wish.fit_with)) if wish.fit_with else "",
        "more": figures(family, distilled=distilled),
    }


def _require_room(folder: Path, offer: Offer) -> None:
    here = size_below(folder)
    needed, free = (offer.size - here) / 1e9, shutil.disk_usage(folder).free / 1e9
    if needed > free:
        msg = f"{offer.repo} needs {needed:.1f} GB more on the disk of {folder}, which has {free:.1f} GB."
        raise EngineUnavailable(f"{msg} Make room, or set STUDIO_SHELF_DIR to another disk; then pull it.")
