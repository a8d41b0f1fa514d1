"""A base, loaded: its pipeline, its family, what it has earned, and the device that it works on.

A base is a folder in diffusers' own format with a `studio.json` that says what our product needs to know: the
size that it paints at, its steps, and how much of a plate it may repaint per context. For a base that the
studio added, that file lies apart and names the folder (`added.py`).
"""

import functools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffusers.utils.logging
import torch
import transformers.utils.logging

from studio_server.domain.errors import EngineUnavailable
from studio_server.engines.families.facts import FAMILIES, Family
from studio_server.engines.families.interface import Architecture, Memo, Module, Pipeline
from studio_server.engines.families.known import ARCHITECTURES

_THREADS = 1
"""Of torch. A second one gains a small base a quarter while the machine is idle, and loses everything when it
is not: OpenMP's threads wait for each other in a busy loop (measured: 9 s a step against 0.45 s)."""
_LARGEST_WITHOUT_GPU = 3_000_000_000
"""Bytes of weights that are run on the processor alone; beyond it a picture would take many minutes."""


@dataclass(frozen=True)
class Base:
    """A loaded base. `pipeline` is diffusers' own and keeps state (adapters): one user at a time."""

    pipeline: Pipeline
    family: Family
    name: str
    version: str
    size: tuple[int, int]
    """Width and height that it paints at, px; multiples of 8."""
    steps: int
    guidance: float
    strengths: Mapping[str, float] = field(default_factory=dict)
    """Per context: the share of the noising that a plate gets before it is repainted, 0-1."""
    softness: float = 0.0
    """Blur of its change, of the longer side; 0: as its family's."""
    hears_light: bool = False
    """Whether it was taught where light comes from, in the words that plates have for it."""
    fit_size: tuple[int, int] = (0, 0)
    """Width and height of the crops that it is fitted on, px."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    """Where it works; its parts lie in main memory until they are needed there."""
    memo: Memo = field(default_factory=dict)
    """What prompts were encoded to, and how the pipeline is placed at present."""

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def architecture(self) -> Architecture:
        return ARCHITECTURES[self.family.name]

    @property
    def denoiser(self) -> Module:
        return getattr(self.pipeline, self.architecture.part)

    def strength(self, context: str) -> float:
        """Return 0 for a context that the base has earned nothing in: its plate stays as it is."""
        return self.strengths.get(context, self.strengths.get("*", 0.0))

    @contextmanager
    def at_work(self, *parts: str) -> Iterator[None]:
        """Lend these parts the device, one user at a time; what does not fit works where it lies."""
        for name in parts:
            with_fallback(getattr(self.pipeline, name), self.device)
        yield
        for name in parts:
            getattr(self.pipeline, name).to("cpu")


def with_fallback(part: Module, device: torch.device) -> None:
    """Move a part; where the device's memory is short, leave it in main memory: slower, and it works."""
    try:
        part.to(device)
    except torch.OutOfMemoryError:
        part.to("cpu")


def load_base(place: Path, *, fitting: bool = False) -> Base:
    """Read a base into main memory. Raises EngineUnavailable with what to do.

    `place`: its folder, or the file that describes an added base. `fitting`: the one that this base is fitted
    by, where it is a distilled one (whose few steps are all that it has learnt).
    """
    facts = _read_facts(place)
    if fitting and facts.get("fit_with") and Path(facts["fit_with"]).exists():
        return load_base(Path(facts["fit_with"]), fitting=True)
    family = FAMILIES.get(facts.get("family", "starter"))
    if family is None:
        msg = f"The base in {place} is of a family that this version cannot run. Use the starter base."
        raise EngineUnavailable(msg)
    if fitting and facts.get("distilled"):
        msg = f"{facts.get('name')} is distilled and cannot be fitted. Add the base that it was made from too"
        raise EngineUnavailable(f"{msg} (`studio models add` names it), or use the starter base.")
    _set_up()
    folder = Path(facts.get("folder", place))
    device = _device(family, folder)
    return Base(
        pipeline=_load_pipeline(family, folder, device, facts.get("variant")),
        family=family,
        name=str(facts.get("name", "Starter")),
        version=str(facts.get("version", "1")),
        device=device,
        **_figures(facts, family),
    )


def _figures(facts: Mapping[str, Any], family: Family) -> dict[str, Any]:
    size = facts.get("size", family.size)
    fit_size = facts.get("fit_size") or facts.get("size") or family.fit_size or family.size
    return {
        "size": (int(size[0]), int(size[1])),
        "fit_size": (int(fit_size[0]), int(fit_size[1])),
        "steps": int(facts.get("steps", family.steps)),
        "guidance": float(facts.get("guidance", family.guidance)),
        "softness": float(facts.get("softness", 0.0)),
        "hears_light": bool(facts.get("hears_light", False)),
        "strengths": {str(context): float(value) for context, value in facts.get("strength", {}).items()},
    }


def _read_facts(place: Path) -> Mapping[str, Any]:
    described = place if place.suffix == ".json" else place / "studio.json"
    try:
        facts: Mapping[str, Any] = json.loads(described.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"There is no base in {place} (its {described.name} cannot be read)."
        raise EngineUnavailable(f"{msg} Install the product again, or add that base again.") from error
    return facts


def _device(family: Family, folder: Path) -> torch.device:
    if family.needs_gpu and torch.cuda.is_available():
        return torch.device("cuda")
    weights = sum(path.stat().st_size for path in folder.glob("*/*.safetensors"))
    if family.needs_gpu and weights > _LARGEST_WITHOUT_GPU:
        msg = f"The base in {folder} needs a GPU with about {family.memory_gb:.0f} GB; torch sees none."
        raise EngineUnavailable(f"{msg} Use the starter base, or install torch for your GPU.")
    return torch.device("cpu")


@functools.cache
def _set_up() -> None:
    torch.set_num_threads(_THREADS)
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()


def _load_pipeline(family: Family, folder: Path, device: torch.device, variant: str | None) -> Pipeline:
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    try:
        pipeline = ARCHITECTURES[family.name].load(folder, dtype, variant)
    except (OSError, ValueError) as error:
        remedy = (
            "Install the product again."
            if family.name == "starter"
            else "Add it again (`studio models add`)."
        )
        msg = f"The base in {folder} is not whole ({error}). {remedy}"
        raise EngineUnavailable(msg) from error
    except MemoryError as error:
        msg = f"The base in {folder} does not fit into this machine's main memory."
        raise EngineUnavailable(f"{msg} Close other programs, or use a smaller base.") from error
    pipeline.set_progress_bar_config(disable=True)
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            part.requires_grad_(requires_grad=False).eval()
    return pipeline
