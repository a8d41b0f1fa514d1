"""`studio bench judge`: every person of a folder in some contexts, and every row that the judge measures."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2

from studio_server.domain.errors import NotFound
from studio_server.domain.variation import Measure
from studio_server.engines.cutting import read_rendition
from studio_server.engines.judge import Exhibit, Judge
from studio_server.engines.placing import Wanted, put_behind
from studio_server.imaging.coarse import coarse_mask
from studio_server.imaging.compose import compose
from studio_server.imaging.cut import Cut
from studio_server.imaging.faces import FaceModels, find_faces, skin_tone
from studio_server.imaging.light import Sight
from studio_server.imaging.matte import cut_out
from studio_server.imaging.pixels import Picture

CONTEXTS = ("studio-grey", "studio-dark", "office-window", "garden")
"""Smooth and busy, light and dark: what hair, white shirts and dark skin are seen against."""
GROUPS = ((55, "very light"), (41, "light"), (28, "intermediate"), (10, "tan"), (-30, "brown"))
"""ITA in degrees above which the skin is called so (Chardon et al., 1991); below all of them: dark."""


@dataclass(frozen=True)
class Models:
    u2net: Path
    faces: FaceModels
    mesh: Path | None


@dataclass(frozen=True)
class Case:
    """One composite and what was said of it."""

    person: str
    context: str
    accepted: bool
    sentence: str
    ita: float | None
    """Of the shot; None where no face was found."""
    rows: tuple[Measure, ...]


def people_of(folder: Path, pattern: str) -> list[Path]:
    """One picture of each person: the first of each sub-folder. Raises NotFound where there is none."""
    found = [
        pictures[0]
        for person in sorted(folder.glob(pattern))
        if (pictures := sorted([*person.glob("*.jpg"), *person.glob("*.png")]))
    ]
    if not found:
        msg = f"No person was found in {folder}: a folder with JPEG or PNG pictures for each is needed."
        raise NotFound(msg)
    return found


def read_cases(file: Path) -> list[Case]:
    if not file.exists():
        return []
    told = json.loads(file.read_text())["cases"]
    return [Case(**one | {"rows": tuple(Measure(**row) for row in one["rows"])}) for one in told]


def write_cases(file: Path, cases: Sequence[Case]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps({"cases": [asdict(case) for case in cases]}, indent=1))
    part.replace(file)


def judge_people(
    pictures: Sequence[Path], models: Models, kept: Path, known: Sequence[Case] = ()
) -> Iterator[Case]:
    """Judge what is not known yet. Cuts, faces and composites are kept in `kept`."""
    done = {(case.person, case.context) for case in known}
    judge = Judge(models.faces, models.mesh)
    for file in pictures:
        person = file.parent.name
        wanted = [context for context in CONTEXTS if (person, context) not in done]
        if not wanted:
            continue
        picture = read_rendition(file, None)
        cut = cut_of(picture, models.u2net, kept / person / "cut")
        session = kept / person / "faces"
        judge.learn([(each.name, each) for each in sorted(file.parent.glob("*.jpg"))], session)
        ita = tone_of(picture, models.faces)
        for context in wanted:
            sight = judge.sight(file.name, picture, session)
            exhibit = _exhibit((picture, cut), Wanted(context, 1 + CONTEXTS.index(context)), sight, file)
            exhibit = replace(exhibit, session_faces=session, memo=kept / person / "cut")
            said = judge.judge_composite(exhibit)
            _keep(exhibit.composite.picture, kept / f"{person}-{context}.png")
            yield Case(person, context, said.accepted, said.sentence, ita, said.measures)


def _exhibit(shot: tuple[Picture, Cut], wanted: Wanted, sight: Sight | None, file: Path) -> Exhibit:
    """The portraits do not tell their lens: what the product assumes then is what is judged."""
    picture, cut = shot
    scene = replace(put_behind(picture, cut, wanted, sight), told=True)
    made = compose(picture, cut, scene.place.picture, seed=wanted.seed)
    return Exhibit(picture, cut, made, file.name, None, scene=scene)


def cut_of(picture: Picture, u2net: Path, folder: Path) -> Cut:
    """Take the kept cut, or cut out and keep."""
    cut = Cut.load(folder)
    if cut is None:
        cut = cut_out(picture, coarse_mask(picture, u2net))
        cut.save(folder)
    return cut


def tone_of(picture: Picture, models: FaceModels) -> float | None:
    faces = find_faces(picture, models, embed=False)
    return skin_tone(picture, faces[0])[0] if faces else None


def _keep(picture: Picture, file: Path) -> None:
    cv2.imwrite(str(file), picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])


def group_of(ita: float | None) -> str:
    if ita is None:
        return "no face found"
    return next((name for least, name in GROUPS if ita > least), "dark")


def shares(cases: Iterable[Case], tags: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, int]]:
    """Accepted and all, for every skin-tone group and every tag (person -> tags)."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for case in cases:
        for group in ("all", f"skin: {group_of(case.ita)}", *tags.get(case.person, ())):
            counts[group].append(case.accepted)
    return {group: (sum(found), len(found)) for group, found in sorted(counts.items())}


def nearness(case: Case) -> float:
    """How near its limits an accepted picture came (1: at a limit): the worst are to be looked at first."""
    told = [strain(row) for row in case.rows if row.value is not None and row.limit]
    return max(told, default=0.0)


def strain(row: Measure) -> float:
    """How near one row came to its limit: 0 far away, 1 at it."""
    value, limit = row.value or 0.0, row.limit or 1.0
    if row.name == "hair kept":
        return (1 - value) / (1 - limit)
    if row.name == "outline torn":
        return (value - 1) / (limit - 1)
    if row.name == "grain against the shot":
        return abs(value - 1) / (limit - 1)
    if row.name == "outline seen":
        return (1 - value) / (1 - limit)
    return 0.0 if row.name.startswith("faces") or row.name == "person touched" else value / limit
