"""Whether a face is ever found in surroundings that the base painted from nothing."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.bases import Base
from studio_server.engines.families.interface import Canvas
from studio_server.imaging.faces import FaceModels, find_faces

SHOWN = 800
"""Longer side, px, at which faces are looked for: the detector finds none below 80 px."""


@dataclass(frozen=True)
class Look:
    """One painted picture: its number is its seed, and chooses its context."""

    number: int
    context: str
    faces: int


def read_looks(file: Path) -> list[Look]:
    if not file.exists():
        return []
    return [Look(**one) for one in json.loads(file.read_text())]


def write_looks(file: Path, looks: Sequence[Look]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps([asdict(look) for look in looks]))
    part.replace(file)


def haunted(base: Base, models: FaceModels, numbers: Iterable[int]) -> Iterator[Look]:
    """Paint pictures at strength 1 (no plate shows through), and count the faces in them."""
    width, height = base.size
    for number in numbers:
        context = CONTEXTS[number % len(CONTEXTS)]
        canvas = Canvas(
            prompt=context.prompt,
            picture=torch.full((1, 3, height, width), 0.5),
            mask=torch.ones(1, 1, height, width),
            strength=1.0,
            steps=base.steps,
            guidance=base.guidance,
            seed=number,
        )
        painted = base.architecture.paint(base.pipeline, canvas, base.memo)
        picture = np.asarray(np.rint(np.asarray(painted).clip(0, 1) * 255), np.uint8)
        scale = SHOWN / max(picture.shape[:2])
        large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        faces = find_faces(np.asarray(large, np.uint8), models, embed=False)
        yield Look(number, context.id, len(faces))
