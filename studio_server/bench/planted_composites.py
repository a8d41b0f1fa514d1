"""Faults planted into composites, and the untouched composites, before the locked lane's judge.

Each person stands in one of the four places, in turn, as the product places them: by the light on their face,
at the height of their eyes, blurred by a lens. Faces are not compared here: these faults touch none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from studio_server.bench.faults import MILD, STRONG
from studio_server.bench.judge import CONTEXTS, Models, cut_of, tone_of
from studio_server.bench.planted import COMPOSITE, Planted, Subject
from studio_server.bench.relit import side_lit
from studio_server.bench.torn import OF_A_COMPOSITE, has_strands
from studio_server.domain.variation import Resemblance
from studio_server.engines.cutting import read_rendition
from studio_server.engines.judge import Exhibit, Judge
from studio_server.engines.placing import Scene, Wanted, put_behind
from studio_server.engines.plates.framing import side_of
from studio_server.imaging.compose import compose
from studio_server.imaging.cut import Cut
from studio_server.imaging.pixels import Picture

UNTOUCHED, SIDE_LIT = "untouched composite", "lit from a side, in its own light"
WRONG_LIGHT = "wrong light"


@dataclass(frozen=True)
class _Sitting:
    """One person in one place."""

    judge: Judge
    shot: Picture
    cut: Cut
    kept: Path
    index: int

    def scene(self, key: str, shot: Picture, cut: Cut) -> Scene:
        """As the product would place them; the lens that it assumes is taken for told."""
        number = self.index % len(CONTEXTS)
        sight = self.judge.sight(key, shot, self.kept / "sights")
        return replace(put_behind(shot, cut, Wanted(CONTEXTS[number], 1 + number), sight), told=True)

    def verdict(self, shot: Picture, cut: Cut, scene: Scene, name: str) -> Resemblance:
        made = compose(shot, cut, scene.place.picture, seed=1 + self.index % len(CONTEXTS))
        cv2.imwrite(str(self.kept / f"{name}.png"), made.picture[..., ::-1])
        return self.judge.judge_composite(Exhibit(shot, cut, made, "shot", None, scene=scene))


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
            sitting = _Sitting(judge, shot, cut, kept, index)
            yield [*_of_one(sitting, subject), *_in_wrong_light(sitting, subject)]


def _of_one(sitting: _Sitting, subject: Subject) -> Iterator[Planted]:
    shot, cut = sitting.shot, sitting.cut
    scene = sitting.scene(subject.person, shot, cut)
    plain = sitting.verdict(shot, cut, scene, subject.person)
    yield subject.said(COMPOSITE, UNTOUCHED, MILD, plain)
    if not plain.accepted:
        return
    for name, planter in OF_A_COMPOSITE.items():
        if name == "lost strands" and not has_strands(cut):
            continue
        for level in (MILD, STRONG):
            file = f"{subject.person}-{name}-{level}"
            verdict = sitting.verdict(shot, planter(shot, cut, level), scene, file)
            yield subject.said(COMPOSITE, name, level, verdict)


def _in_wrong_light(sitting: _Sitting, subject: Subject) -> Iterator[Planted]:
    """Lit from a side: in the place that the product chooses, and in that place turned around.

    Not where that place has no light from a side, nor where the first is refused already.
    """
    right = bool(sitting.index // 2 % 2)
    for level in (MILD, STRONG):
        shot, cut = side_lit(sitting.shot, sitting.cut, level, right=right)
        file = f"{subject.person}-{WRONG_LIGHT}-{level}"
        scene = sitting.scene(file, shot, cut)
        if scene.sight is None or scene.sight.light is None or side_of(scene.place.record) == "front":
            continue
        own = sitting.verdict(shot, cut, scene, f"{file}-own")
        yield subject.said(COMPOSITE, SIDE_LIT, MILD, own)
        if own.accepted:
            turned = replace(scene, place=scene.place.mirrored())
            verdict = sitting.verdict(shot, cut, turned, file)
            yield subject.said(COMPOSITE, WRONG_LIGHT, level, verdict)
