"""Faults planted into portraits, and genuine pictures, before the synthetic lane's judge.

Hair is looked at where it matters: in genuine pictures, and where its grey was taken away.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from studio_server.bench.faults import MILD, OF_A_FACE, STRONG
from studio_server.bench.greyed import darkened, painted_grey
from studio_server.bench.reshaped import Sitter
from studio_server.domain.variation import Resemblance
from studio_server.engines.acquaintance import Acquaintance, acquaint
from studio_server.engines.cutting import read_rendition
from studio_server.engines.portrait import judge_portrait
from studio_server.imaging.coarse import coarse_mask
from studio_server.imaging.face_hair import LEAST, hair_mask
from studio_server.imaging.faces import FaceModels, find_faces
from studio_server.imaging.pixels import Mask, Picture
from studio_server.imaging.portrait_measures import Sight, Traits, traits_of

FACE, COMPOSITE = "face", "composite"
CROP, OTHER, FEW = "untouched crop", "another shot, of 3 and more", "another shot, of 2"
GREY, PAINTED = "grey darkened", "painted grey, darkened"
CROPS = 2
Look = Callable[[Picture], Traits | None]


@dataclass(frozen=True)
class Planted:
    person: str
    lane: str
    fault: str
    level: int
    refused: bool
    sentence: str
    failed: tuple[str, ...]
    """The judge's rows that the picture did not pass."""
    ita: float | None
    """Of the first shot; None where no face was found."""
    held_out: bool
    """Every other person: no limit was set on their pictures."""


@dataclass(frozen=True)
class Subject:
    person: str
    ita: float | None
    held_out: bool

    def said(self, lane: str, fault: str, level: int, verdict: Resemblance) -> Planted:
        failed = tuple(row.name for row in verdict.measures if not row.passed)
        return Planted(
            self.person,
            lane,
            fault,
            level,
            not verdict.accepted,
            verdict.sentence,
            failed,
            self.ita,
            self.held_out,
        )


def plant(
    pictures: Sequence[Path], sight: Sight, done: frozenset[str], grey: frozenset[str]
) -> Iterator[list[Planted]]:
    """Person by person: every fault in the first shot, crops, and each shot against the others.

    `done`: who need not be judged again. `grey`: whose hair is.
    """
    for index, file in enumerate(pictures):
        stranger = pictures[(index + (5 if len(pictures) > 5 else 1)) % len(pictures)]
        if file.parent.name not in done:
            yield _of_one(file, stranger, sight, (bool(index % 2), file.parent.name in grey))


def _of_one(file: Path, stranger: Path, sight: Sight, told: tuple[bool, bool]) -> list[Planted]:
    held_out, is_grey = told
    shots = [read_rendition(each, None) for each in sorted(file.parent.glob("*" + file.suffix))]
    glance = partial(traits_of, sight=replace(sight, u2net=None))
    look = partial(traits_of, sight=sight)
    traits = [look(shot) for shot in shots]
    ita = traits[0].skin.ita if traits[0] else None
    subject = Subject(file.parent.name, ita, held_out)
    sitters = sitter_of(file, sight.faces), sitter_of(stranger, sight.faces)
    seen = [one for one in traits if one is not None]
    return [
        *_faults(sitters, acquaint(traits), glance, subject),
        *_crops(shots, acquaint(traits), look, subject),
        *_others(traits, subject),
        *_grey(seen, sight, subject, painted=not is_grey),
    ]


def _faults(
    sitters: tuple[Sitter | None, Sitter | None], known: Acquaintance, look: Look, subject: Subject
) -> Iterator[Planted]:
    sitter, stranger = sitters
    if sitter is None or stranger is None:
        return
    for name, fault in OF_A_FACE.items():
        for level in (MILD, STRONG):
            verdict = judge_portrait(look(fault(sitter, stranger, level)), known)
            yield subject.said(FACE, name, level, verdict)


def _crops(shots: Sequence[Picture], known: Acquaintance, look: Look, subject: Subject) -> Iterator[Planted]:
    luck = np.random.default_rng(0)
    for shot in shots:
        for _ in range(CROPS):
            yield subject.said(FACE, CROP, MILD, judge_portrait(look(crop(shot, luck)), known))


def _others(traits: Sequence[Traits | None], subject: Subject) -> Iterator[Planted]:
    name = FEW if len(traits) < 3 else OTHER
    for index, one in enumerate(traits):
        rest = [*traits[:index], *traits[index + 1 :]]
        if any(rest):
            yield subject.said(FACE, name, MILD, judge_portrait(one, acquaint(rest)))


def _grey(traits: Sequence[Traits], sight: Sight, subject: Subject, *, painted: bool) -> Iterator[Planted]:
    """On the upright copies, which are portraits too: there it is known where the hair is."""
    shots = [(one.face.picture, _hair(one, sight)) for one in traits[:2]]
    if not shots or min(int(hair.sum()) for _, hair in shots) < LEAST:
        return
    whole = [painted_grey(*shot, 1.0) if painted else shot[0] for shot in shots]
    known = acquaint([traits_of(picture, sight) for picture in whole])
    for level in (MILD, STRONG):
        picture, hair = shots[0]
        fault = painted_grey(picture, hair, (0.5, 0.0)[level]) if painted else darkened(picture, hair, level)
        verdict = judge_portrait(traits_of(fault, sight), known)
        yield subject.said(FACE, PAINTED if painted else GREY, level, verdict)


def _hair(one: Traits, sight: Sight) -> Mask:
    assert sight.u2net is not None
    return hair_mask(one.face, coarse_mask(one.face.picture, sight.u2net), one.skin)


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


def read_planted(file: Path) -> list[Planted]:
    if not file.exists():
        return []
    told = json.loads(file.read_text())["planted"]
    return [Planted(**one | {"failed": tuple(one["failed"])}) for one in told]


def write_planted(file: Path, planted: Sequence[Planted]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps({"planted": [asdict(one) for one in planted]}, indent=1))
    part.replace(file)
