"""Which of the planted faults are refused, and how many untouched crops of genuine shots."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from studio_server.bench.faults import MILD, OF_A_FACE, STRONG, Sitter
from studio_server.bench.judge import Models
from studio_server.engines.generate import read_rendition
from studio_server.engines.portrait import judge_portrait
from studio_server.imaging.faces import FaceModels, find_faces
from studio_server.imaging.pixels import Picture
from studio_server.imaging.portrait_measures import traits_of

GENUINE = "untouched crop"
CROPS = 2


@dataclass(frozen=True)
class Planted:
    person: str
    fault: str
    level: int
    refused: bool
    sentence: str


def plant(pictures: Sequence[Path], models: Models) -> Iterator[Planted]:
    """Judge every fault in the first shot of every person, and untouched crops of all their shots."""
    assert models.mesh is not None
    luck = np.random.default_rng(0)
    for index, file in enumerate(pictures):
        stranger = sitter_of(pictures[(index + 5) % len(pictures)], models.faces)
        sitter = sitter_of(file, models.faces)
        if sitter is None or stranger is None:
            continue
        shots = [read_rendition(each, None) for each in sorted(file.parent.glob("*" + file.suffix))]
        session = [traits_of(shot, models.faces, models.mesh) for shot in shots]
        for fault, level, picture in _cases(sitter, stranger, shots, luck):
            said = judge_portrait(traits_of(picture, models.faces, models.mesh), session)
            yield Planted(file.parent.name, fault, level, not said.accepted, said.sentence)


def _cases(
    sitter: Sitter, stranger: Sitter, shots: Sequence[Picture], luck: np.random.Generator
) -> Iterator[tuple[str, int, Picture]]:
    for shot in shots:
        for _ in range(CROPS):
            yield GENUINE, MILD, crop(shot, luck)
    for name, fault in OF_A_FACE.items():
        for level in (MILD, STRONG):
            yield name, level, fault(sitter, stranger, level)


def sitter_of(file: Path, models: FaceModels) -> Sitter | None:
    picture = read_rendition(file, None)
    faces = find_faces(picture, models, embed=False)
    return Sitter(picture, faces[0].landmarks) if faces else None


def crop(picture: Picture, luck: np.random.Generator) -> Picture:
    """Cut a little off every side, make it smaller by up to a quarter, and pass it through a JPEG of 92."""
    height, width = picture.shape[:2]
    top, bottom, left, right = luck.uniform(0, (0.03, 0.15, 0.1, 0.1))
    part = picture[round(top * height) : round((1 - bottom) * height)]
    part = part[:, round(left * width) : round((1 - right) * width)]
    scale = float(luck.uniform(0.75, 1))
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


def planted_table(planted: Iterable[Planted]) -> list[str]:
    """Refused and all per fault, mild and strong; then the sums."""
    counts: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for one in planted:
        counts[one.fault, one.level].append(one.refused)
        counts["genuine" if one.fault == GENUINE else "all faults", one.level].append(one.refused)
    words = ("mild", "strong")
    return [
        f"{fault}, {words[level]}: {sum(found)} of {len(found)} refused ({sum(found) / len(found):.0%})"
        for (fault, level), found in counts.items()
        if fault != "genuine"
    ]
