"""Writes the starter base as any other base lies on disk: diffusers' folders, fp16 safetensors."""

import copy
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionInpaintPipeline

from studio_server.engines.folders import size_below
from studio_server.engines.starter.parts import SIZE, SOFTNESS, Parts
from studio_server.engines.starter.vocabulary import make_tokenizer

WEIGHTS = Path(__file__).parent / "weights"
_LIMIT = 80_000_000
"""Bytes. The repository carries these files, so they must stay small."""


@dataclass(frozen=True)
class Facts:
    """What the product needs to know of the base beyond diffusers' own files."""

    strength: Mapping[str, float]
    """Per context: the share of the noising that a plate gets before it is repainted, 0-1."""
    steps: int = 20
    guidance: float = 1.0
    version: str = "2"
    softness: float = SOFTNESS


def export(parts: Parts, facts: Facts, directory: Path) -> int:
    """Write the base into `directory`, replacing what is there. Returns its size in bytes."""
    beside = directory.with_name(directory.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    _pipeline(parts).save_pretrained(beside, safe_serialization=True)
    (beside / "studio.json").write_text(json.dumps(_sheet(facts), indent=2) + "\n", encoding="utf-8")
    size = size_below(beside)
    if size > _LIMIT:
        raise ValueError(
            f"The base weighs {size:,} bytes, more than the {_LIMIT:,} that the repository carries."
        )
    shutil.rmtree(directory, ignore_errors=True)
    beside.rename(directory)
    return size


def set_strengths(directory: Path, strength: Mapping[str, float]) -> None:
    """Write into a base's sheet what it has earned, per context."""
    sheet = directory / "studio.json"
    facts = json.loads(sheet.read_text(encoding="utf-8"))
    sheet.write_text(json.dumps({**facts, "strength": dict(strength)}, indent=2) + "\n", encoding="utf-8")


def _pipeline(parts: Parts) -> StableDiffusionInpaintPipeline:
    return StableDiffusionInpaintPipeline(
        vae=copy.deepcopy(parts.vae).to(torch.float16),
        text_encoder=copy.deepcopy(parts.text_encoder).to(torch.float16),
        tokenizer=make_tokenizer(),  # one that was called keeps that call's padding
        unet=copy.deepcopy(parts.unet).to(torch.float16),
        scheduler=parts.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _sheet(facts: Facts) -> dict[str, object]:
    return {
        "family": "starter",
        "name": "Starter",
        "version": facts.version,
        "licence": "Apache-2.0",
        "size": list(SIZE),
        "steps": facts.steps,
        "guidance": facts.guidance,
        "softness": facts.softness,
        "hears_light": True,
        "strength": dict(facts.strength),
    }
