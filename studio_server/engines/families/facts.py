"""The families that we know: what is true of all bases of one architecture. Loads none: no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from studio_server.domain.errors import BadInput


@dataclass(frozen=True)
class Family:
    """What is common to all bases of one architecture."""

    name: str
    pipelines: tuple[str, ...]
    """The `_class_name`s of diffusers' `model_index.json` that are of this family."""
    parts: tuple[str, ...]
    """Folders with weights; a base that lacks one of them is not whole."""
    memory_gb: float
    """To paint, weights included. Reckoned from the weights, not measured, but for the starter's."""
    needs_gpu: bool
    size: tuple[int, int]
    """Width and height that it paints at, px, unless its base says otherwise."""
    steps: int
    guidance: float
    strength: float
    """Of a base that nobody has judged yet; the starter's are in its own `studio.json`."""
    softness: float
    """Blur of the base's change, of the longer side: a small base knows light and large forms alone."""
    fit_size: tuple[int, int] | None = None
    """Of the crops that it is fitted on, px; None: as it paints."""
    rank: int = 16
    learning_rate: float = 1e-4
    fit_steps: int = 800
    learns_person: bool = True
    """Whether it can be fitted to a person and make whole pictures of them: the synthetic lane."""


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="starter",
                pipelines=(),
                parts=("unet", "vae", "text_encoder"),
                memory_gb=1.5,
                needs_gpu=False,
                size=(288, 384),
                steps=20,
                guidance=1.0,
                strength=0.0,
                softness=1 / 64,
                rank=8,
                learning_rate=1e-3,
                fit_steps=120,
                learns_person=False,
            ),
            Family(
                name="sd15",
                pipelines=("StableDiffusionPipeline", "StableDiffusionInpaintPipeline"),
                parts=("unet", "vae", "text_encoder"),
                memory_gb=4,
                needs_gpu=True,
                size=(448, 576),
                steps=25,
                guidance=5.0,
                strength=0.5,
                softness=1 / 512,
            ),
            Family(
                name="sdxl",
                pipelines=("StableDiffusionXLPipeline", "StableDiffusionXLInpaintPipeline"),
                parts=("unet", "vae", "text_encoder", "text_encoder_2"),
                memory_gb=10,
                needs_gpu=True,
                size=(896, 1152),
                fit_size=(448, 576),
                steps=25,
                guidance=5.0,
                strength=0.5,
                softness=1 / 1024,
            ),
            Family(
                name="klein",
                pipelines=("Flux2KleinPipeline", "Flux2KleinInpaintPipeline"),
                parts=("transformer", "vae", "text_encoder"),
                memory_gb=18,
                needs_gpu=True,
                size=(864, 1120),
                fit_size=(448, 576),
                steps=4,
                guidance=1.0,
                strength=0.75,
                softness=1 / 1024,
                rank=32,
                learning_rate=2e-4,
            ),
        )
    }
)

_INDEX = "model_index.json"


def recognise(folder: Path) -> Family:
    """Say which family a folder in diffusers' format is of. Raises BadInput: what is wrong with it."""
    if not folder.is_dir():
        msg = f"There is no folder {folder}. Give the folder that holds {_INDEX}."
        raise BadInput(msg)
    try:
        kind = json.loads((folder / _INDEX).read_text(encoding="utf-8"))["_class_name"]
    except OSError:
        raise BadInput(_no_index(folder)) from None
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{folder / _INDEX} is damaged ({error}). Copy the base again."
        raise BadInput(msg) from None
    family = of_pipeline(str(kind))
    lacking = [part for part in family.parts if not _has_weights(folder / part)]
    if lacking:
        msg = f"The base in {folder} is not whole: there are no safetensors weights in {', '.join(lacking)}."
        raise BadInput(f"{msg} Copy it again, with all of its folders.")
    return family


def family_at(place: Path) -> Family | None:
    """Read which family the base in `place` is of: a folder, or an added base's file. None: unreadable."""
    described = place if place.suffix == ".json" else place / "studio.json"
    try:
        return FAMILIES.get(json.loads(described.read_text(encoding="utf-8")).get("family", "starter"))
    except (OSError, ValueError):
        return None


def of_pipeline(kind: str) -> Family:
    """Find the family by the class of its pipeline. Raises BadInput."""
    for family in FAMILIES.values():
        if kind in family.pipelines:
            return family
    known = ", ".join(family.pipelines[0] for family in FAMILIES.values() if family.pipelines)
    msg = f"A base of the kind {kind} cannot be run here. These kinds can: {known}."
    raise BadInput(msg)


def _no_index(folder: Path) -> str:
    if any(folder.glob("*.safetensors")) or any(folder.glob("*.ckpt")):
        return (
            f"{folder} holds a base in one single file, which cannot be read here. "
            f"Take the folder version of it, the one with a {_INDEX}."
        )
    return f"{folder} is no base: it holds no {_INDEX}. Give the folder that does."


def _has_weights(part: Path) -> bool:
    return any(part.glob("*.safetensors"))
