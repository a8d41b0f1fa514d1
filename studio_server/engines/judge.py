"""The judge: it asks whether this is the person, and whether this is a photograph.

In the locked lane the person's pixels are the camera's own, so identity and skin tone prove little: the
composite itself is judged. Faces are looked for only where the client has agreed to it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.domain.errors import Unreadable
from studio_server.domain.shot import Expression
from studio_server.domain.variation import Measure, Resemblance
from studio_server.engines.placing import Scene, rows_of_scene
from studio_server.imaging import composite_measures
from studio_server.imaging.compose import Composite
from studio_server.imaging.cut import Cut
from studio_server.imaging.faces import Face, FaceModels, find_faces, skin_tone
from studio_server.imaging.landmarks import Mesh, expression_of, find_mesh
from studio_server.imaging.light import FaceLight, Sight, sight_of
from studio_server.imaging.pixels import Picture, shrink

NARROWEST, WIDEST = 0.25, 0.50
"""Distances of dlib's embedding: one person's shots scatter less than the first is strict, and at the second
1 % of true pairs are refused and 0.1 % of strangers taken."""
ITA_LIMIT = 8.0
FACE_SIDE = 1000


@dataclass(frozen=True)
class Known:
    """What is known of one of the session's own shots: its face's embedding, and how many faces it shows."""

    key: str
    faces: int
    embedding: NDArray[np.float32]
    ita: float
    expression: Expression | None = None
    sight: Sight | None = None


@dataclass(frozen=True)
class Exhibit:
    """One composite and what it was made from."""

    rendition: Picture
    cut: Cut
    composite: Composite
    rendition_key: str
    session_faces: Path | None
    """Where the session's embeddings are kept; None: the client has not agreed that faces are looked for."""
    memo: Path | None = None
    """A folder for what depends on the cut alone, so that further contexts need not measure it again."""
    scene: Scene | None = None
    """How the surroundings were placed; None where nobody knows."""


class Judge:
    def __init__(self, models: FaceModels, mesh: Path | None = None) -> None:
        """`mesh`: the face mesh model; without it no expression is read."""
        self._models, self._mesh = models, mesh

    def learn(self, renditions: Sequence[tuple[str, Path]], session_faces: Path) -> None:
        """Measure the faces of the session's own shots (key, rendition); what is known already is kept.

        Raises Unreadable. Only for clients who have agreed to face processing.
        """
        for key, path in renditions:
            if _read(session_faces, key) is None:
                picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
                if picture is None:
                    msg = f"The rendition {path.name} cannot be opened as a picture. Develop the shot again."
                    raise Unreadable(msg)
                self._know(key, np.ascontiguousarray(picture[..., ::-1]), session_faces)

    def judge_composite(self, exhibit: Exhibit) -> Resemblance:
        """Say what there is to say of one composite of the locked lane."""
        rows = (
            *_rows_of_cut(exhibit),
            *composite_measures.rows_of_composite(exhibit.rendition, exhibit.cut, exhibit.composite),
            *(rows_of_scene(exhibit.scene, exhibit.composite.ground) if exhibit.scene else ()),
        )
        if exhibit.session_faces is None:
            return _noted(_sum_up(rows, Likeness(None, WIDEST, None), looked=False), exhibit.cut.note)
        own = self._know(exhibit.rendition_key, exhibit.rendition, exhibit.session_faces)
        likeness, face_rows = self._compare(own, _all(exhibit.session_faces), exhibit.composite)
        return _noted(_sum_up((*face_rows, *rows), likeness, looked=True), exhibit.cut.note)

    def _know(self, key: str, picture: Picture, session_faces: Path) -> Known:
        known = _read(session_faces, key)
        if known is not None:
            return known
        small = shrink(picture, FACE_SIDE)
        faces = find_faces(small, self._models)
        nothing = np.zeros(0, np.float32)
        vector = faces[0].embedding if faces else nothing
        mesh = find_mesh(small, faces[0], self._mesh) if faces and self._mesh else None
        known = Known(key, len(faces), vector, _ita(small, faces), *_read_off(small, mesh))
        _write(session_faces, known)
        return known

    def sight(self, key: str, picture: Picture, session_faces: Path) -> Sight | None:
        """Say where the eyes are in a shot and how the face is lit; only with consent. None: no face."""
        return self._know(key, picture, session_faces).sight

    def expressions(self, session_faces: Path) -> Mapping[str, Expression]:
        """What was read off the session's shots, by key."""
        known = _all(session_faces) if session_faces.exists() else []
        return {one.key: one.expression for one in known if one.expression is not None}

    def _compare(
        self, own: Known, known: Sequence[Known], composite: Composite
    ) -> tuple["Likeness", tuple[Measure, ...]]:
        made = shrink(composite.picture, FACE_SIDE)
        faces = find_faces(made, self._models)
        strangers = len(find_faces(shrink(composite.ground, FACE_SIDE), self._models, embed=False))
        rows = (
            _count(own, faces),
            Measure("faces in the surroundings", strangers, 0.0, passed=strangers == 0),
        )
        if not faces or not own.faces:
            return Likeness(None, session_limit(known), None), rows
        distance = _distance(faces[0].embedding, own, known)
        return Likeness(distance, session_limit(known), _ita(made, faces) - own.ita), rows


def _read_off(picture: Picture, mesh: Mesh | None) -> tuple[Expression | None, Sight | None]:
    return (expression_of(mesh), sight_of(picture, mesh)) if mesh else (None, None)


def _count(own: Known, faces: list[Face]) -> Measure:
    """Exactly one; a shot in which no face is found (turned away) cannot be asked for one."""
    name = "faces in the picture"
    if not own.faces and not faces:
        return Measure(name, None, 1.0, passed=True, why="not measured: no face is found in the shot itself")
    return Measure(name, len(faces), 1.0, passed=len(faces) == 1)


@dataclass(frozen=True)
class Likeness:
    distance: float | None
    limit: float
    delta_ita: float | None


def session_limit(known: Sequence[Known]) -> float:
    """How far a picture may be from this session's shots.

    1.25 times the 95th percentile of each shot's distance to the rest, between 0.25 and 0.50, and never so
    narrow that fewer than 95 % of the session's own shots pass.
    """
    scatter = [
        _distance(one.embedding, None, [other for other in known if other.key != one.key])
        for one in known
        if one.faces
    ]
    scatter = [distance for distance in scatter if np.isfinite(distance)]
    if not scatter:
        return NARROWEST
    ninety_five = float(np.percentile(scatter, 95, method="higher"))
    return float(np.clip(max(1.25 * float(np.percentile(scatter, 95)), ninety_five), NARROWEST, WIDEST))


def _distance(embedding: NDArray[np.float32], own: Known | None, known: Sequence[Known]) -> float:
    """To the nearer of the shot itself and the middle of the session's shots; infinite without any."""
    vectors = [one.embedding for one in known if one.faces]
    distances = [float(np.linalg.norm(embedding - np.mean(vectors, axis=0)))] if vectors else []
    if own is not None and own.faces:
        distances.append(float(np.linalg.norm(embedding - own.embedding)))
    return min(distances, default=float("inf"))


def _rows_of_cut(exhibit: Exhibit) -> tuple[Measure, ...]:
    """Measure what depends on the cut alone, or take it from the memo where it was measured before."""
    memo = exhibit.memo and exhibit.memo / "rows.json"
    if memo and memo.exists():
        return tuple(Measure(**row) for row in json.loads(memo.read_text()))
    rows = composite_measures.rows_of_cut(exhibit.rendition, exhibit.cut)
    if memo:
        memo.parent.mkdir(parents=True, exist_ok=True)
        part = memo.with_suffix(".part")
        part.write_text(json.dumps([vars(row) for row in rows]))
        part.replace(memo)
    return rows


FAULTS = {
    "faces in the picture": "not exactly one face is in the picture",
    "faces in the surroundings": "the surroundings show something like a face",
    "hair kept": "hair was cut away",
    "body cut away": "part of the person was cut away with the backdrop",
    "hole in the person": "something was cut out of the middle of the person",
    "old backdrop left": "some of the old backdrop is left along the edge",
    "outline torn": "the outline of the clothes is torn",
    "person touched": "pixels of the person were changed",
    "grain against the shot": "the surroundings' grain does not match the shot",
    "colourfulness": "the surroundings' colours are too loud",
    "rim of light": "a light rim shows around the person",
    "outline seen": "the person melts into the surroundings; another context will do better",
    "light side": "the light on the face comes from another side than the place's",
    "blur": "the surroundings are not as far out of focus as this lens makes them",
    "camera height": "the place is seen from another height than the person",
}


def _sum_up(rows: tuple[Measure, ...], likeness: Likeness, *, looked: bool) -> Resemblance:
    faults = [row.why or FAULTS[row.name] for row in rows if not row.passed]
    if likeness.distance is not None and likeness.distance > likeness.limit:
        faults.append("the face is too far from this session's own shots")
    if likeness.delta_ita is not None and abs(likeness.delta_ita) > ITA_LIMIT:
        faults.append("the skin tone has shifted")
    return Resemblance(
        accepted=not faults,
        sentence=_sentence(faults, rows, looked=looked),
        distance=likeness.distance,
        limit=likeness.limit,
        delta_ita=likeness.delta_ita,
        measures=rows,
    )


def _noted(said: Resemblance, note: str) -> Resemblance:
    return replace(said, sentence=f"{said.sentence} {note}".strip())


def _sentence(faults: list[str], rows: tuple[Measure, ...], *, looked: bool) -> str:
    if faults:
        said = "Refused: " + "; ".join(faults) + "."
    else:
        said = "Accepted: nothing was found that gives the composite away."
    unmeasured = [row.name for row in rows if row.value is None]
    if unmeasured:
        said += " Not measured on this shot: " + ", ".join(unmeasured) + "."
    if not looked:
        said += " The face was not compared: the client has not agreed to face processing."
    return said


def _ita(picture: Picture, faces: list[Face]) -> float:
    return skin_tone(picture, faces[0])[0] if faces else 0.0


def _file(session_faces: Path, key: str) -> Path:
    return session_faces / (hashlib.sha256(key.encode()).hexdigest()[:32] + ".json")


def _read(session_faces: Path, key: str) -> Known | None:
    """None: never measured, or by a version that did not look at the light yet."""
    file = _file(session_faces, key)
    known = file.exists() and "sight" in json.loads(file.read_text())
    return _parse(file) if known else None


def _parse(file: Path) -> Known:
    told = json.loads(file.read_text())
    seen = told.get("expression")
    vector = np.array(told["embedding"], np.float32)
    expression, sight = seen and Expression(**seen), _parse_sight(told.get("sight"))
    return Known(told["key"], told["faces"], vector, told["ita"], expression, sight)


def _parse_sight(told: Mapping[str, Any] | None) -> Sight | None:
    if told is None:
        return None
    light = told["light"] and FaceLight(**told["light"] | {"colour": tuple(told["light"]["colour"])})
    return Sight(told["eyes"], light)


def _all(session_faces: Path) -> list[Known]:
    return [_parse(file) for file in sorted(session_faces.glob("*.json"))]


def _write(session_faces: Path, known: Known) -> None:
    session_faces.mkdir(parents=True, exist_ok=True)
    told = {
        "key": known.key,
        "faces": known.faces,
        "embedding": known.embedding.tolist(),
        "ita": known.ita,
        "expression": known.expression and vars(known.expression),
        "sight": known.sight and asdict(known.sight),
    }
    part = _file(session_faces, known.key).with_suffix(".part")
    part.write_text(json.dumps(told))
    part.replace(_file(session_faces, known.key))
