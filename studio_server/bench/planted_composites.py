"""Faults planted into composites, and the untouched composites, before the locked lane's judge.

Each person stands in one of the four places, in turn. Faces are not compared here: these faults touch none.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2

from studio_server.bench.faults import MILD, STRONG
from studio_server.bench.judge import CONTEXTS, Models, cut_of, place_for, tone_of
from studio_server.bench.planted import COMPOSITE, Planted, Subject
from studio_server.bench.torn import OF_A_COMPOSITE, has_strands
from studio_server.engines.cutting import read_rendition
from studio_server.engines.judge import Exhibit, Judge
from studio_server.imaging.compose import compose
from studio_server.imaging.cut import Cut
from studio_server.imaging.pixels import Picture

UNTOUCHED = "untouched composite"


def plant_composites(
    pictures: Sequence[Path], models: Models, kept: Path, done: frozenset[str]
) -> Iterator[list[Planted]]:
    """Person by person. Cuts are kept in `kept`, and the pictures, so that they can be looked at.

    Nothing is planted where the untouched composite is refused already: every fault would seem to be seen.
    """
    judge = Judge(models.faces, models.mesh)
    for index, file in enumerate(pictures):
        if file.parent.name not in done:
            shot = read_rendition(file, None)
            cut = cut_of(shot, models.u2net, kept / file.parent.name / "cut")
            subject = Subject(file.parent.name, tone_of(shot, models.faces), bool(index % 2))
            yield list(_of_one(judge, (shot, cut), subject, (index % len(CONTEXTS), kept)))


def _of_one(
    judge: Judge, told: tuple[Picture, Cut], subject: Subject, where: tuple[int, Path]
) -> Iterator[Planted]:
    shot, cut = told
    context, kept = where
    first = _exhibit(shot, cut, context)
    plain = subject.said(COMPOSITE, UNTOUCHED, MILD, judge.judge_composite(first))
    yield plain
    if plain.refused:
        return
    for name, planter in OF_A_COMPOSITE.items():
        if name == "lost strands" and not has_strands(cut):
            continue
        for level in (MILD, STRONG):
            exhibit = _exhibit(shot, planter(shot, cut, level), context, first)
            picture = exhibit.composite.picture
            cv2.imwrite(str(kept / f"{subject.person}-{name}-{level}.png"), picture[..., ::-1])
            yield subject.said(COMPOSITE, name, level, judge.judge_composite(exhibit))


def _exhibit(shot: Picture, cut: Cut, context: int, like: Exhibit | None = None) -> Exhibit:
    """Of the same place as another exhibit, where there is one: its plate is found by the whole cut."""
    whole = like.cut if like else cut
    made = compose(shot, cut, place_for(shot, whole, CONTEXTS[context]), seed=1 + context)
    return Exhibit(shot, cut, made, "shot", None)
