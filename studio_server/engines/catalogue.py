"""Bases that we can name, and what their licences allow. No torch, no network."""

from dataclasses import dataclass
from pathlib import Path

from studio_server.domain.errors import NotAllowed

WORDS = "I will not sell these pictures"
"""What somebody must say to add a base whose licence forbids, or does not clearly allow, paid work."""

_FOR_PAID_WORK = frozenset(
    {
        "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "unlicense",
        "openrail", "openrail++", "bigscience-openrail-m", "creativeml-openrail-m",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A base on the hub. Sizes are of its weights as published, in GB; not measured by us."""

    name: str
    repo: str
    family: str
    licence: str
    download_gb: float
    memory_gb: float
    words: str
    fit_with: str = ""
    """The name of the base that it is fitted by, where it is a distilled one."""


KNOWN = (
    Known(
        name="klein-4b",
        repo="black-forest-labs/FLUX.2-klein-4B",
        family="klein",
        licence="apache-2.0",
        download_gb=16,
        memory_gb=18,
        words="FLUX.2 klein, distilled to four steps: paints; fitted by klein-4b-base",
        fit_with="klein-4b-base",
    ),
    Known(
        name="klein-4b-base",
        repo="black-forest-labs/FLUX.2-klein-base-4B",
        family="klein",
        licence="apache-2.0",
        download_gb=16,
        memory_gb=18,
        words="FLUX.2 klein before distillation: for fitting",
    ),
    Known(
        name="sdxl",
        repo="stabilityai/stable-diffusion-xl-base-1.0",
        family="sdxl",
        licence="openrail++",
        download_gb=7,
        memory_gb=10,
        words="Stable Diffusion XL: fits and paints",
    ),
)


def known(name: str) -> Known | None:
    return next((entry for entry in KNOWN if entry.name == name), None)


def require_licence(name: str, licence: str, said: str) -> None:
    """Raises NotAllowed unless the licence allows paid work, or somebody has said WORDS."""
    if licence.casefold() in _FOR_PAID_WORK or said.strip().rstrip(".").casefold() == WORDS.casefold():
        return
    what = (
        f"is licensed as {licence}, which is not known to allow"
        if licence
        else "names no licence that allows"
    )
    msg = f"{name} {what} paid work, so it is not added."
    raise NotAllowed(f'{msg} Take another (`studio models list`), or say: --accept-noncommercial "{WORDS}"')


def licence_of(folder: Path) -> str:
    """Read the licence out of a model card (README.md) in the folder; empty where it names none."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    head = card.read_text(encoding="utf-8", errors="replace").partition("\n---")[0]
    named = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in head.splitlines()}
    special = named.get("license_name", "")
    return special if named.get("license") == "other" and special else named.get("license", "")
