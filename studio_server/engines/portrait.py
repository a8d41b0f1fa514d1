"""The synthetic lane's judge: a picture for which no pixel of a shot vouches, against the session's shots."""

import numpy as np

from studio_server.domain.variation import Measure, Resemblance
from studio_server.engines.acquaintance import FEATURES, TRAITS, Acquaintance, Trait, beyond, nearest
from studio_server.imaging.face_shape import scaled
from studio_server.imaging.portrait_measures import Traits

ROOM = -0.04
"""Room around the head, of its height."""
WIDEST = 0.5
FAULTS = {
    "faces in the picture": "not exactly one face is in the picture",
    "likeness": "the face is too far from this session's own shots",
    "skin tone": "the skin was made lighter or darker",
    "skin colour": "the skin's colour has shifted",
    "tint of the light": "the skin has another tint than under the light of the shots",
    "eye colour": "the colour of the eyes has changed",
    "skin texture": "the skin is smoother than in any of the shots: it looks like plastic",
    "hair tone": "the hair was made lighter or darker, or its grey was taken away",
    "nose": "the nose has another width than in the shots",
    "eyes": "the eyes have another size than in the shots",
    "jaw": "the jaw has another width than in the shots",
    "framing": "the head is cut by the frame",
}
NO_HAIR = "not measured: too little hair is seen"


def judge_portrait(picture: Traits | None, known: Acquaintance) -> Resemblance:
    """Say whether this is the person of the session's shots, as they were photographed.

    Every trait is held against the nearest of the shots. Without a face in the shots, or in the
    picture, nothing can be compared, and the picture is refused.
    """
    faces = picture.faces if picture else 0
    count = Measure("faces in the picture", faces, 1.0, passed=faces == 1)
    if picture is None or not known.shots:
        return _sum_up((count,), None, nothing=not known.shots)
    rows = (
        count,
        *(_row(trait, picture, known) for trait in TRAITS),
        *_features(picture, known),
        Measure("framing", round(picture.room, 3), ROOM, passed=picture.room >= ROOM),
    )
    return _sum_up(rows, min((picture.skin.ita - shot.skin.ita for shot in known.shots), key=abs))


def _row(trait: Trait, picture: Traits, known: Acquaintance) -> Measure:
    limit, apart = known.limits[trait.name], nearest(trait, picture, known.shots)
    if apart is None:
        return Measure(trait.name, None, limit, passed=True, why=NO_HAIR)
    if trait.name == "likeness":
        middle = np.mean([shot.embedding for shot in known.shots], axis=0)
        apart = min(apart, float(np.linalg.norm(picture.embedding - middle)))
    return Measure(trait.name, round(apart, 3), round(limit, 3), passed=apart <= limit)


def _features(picture: Traits, known: Acquaintance) -> tuple[Measure, ...]:
    told = [scaled(picture.face, shot.face) for shot in known.shots]
    left = {name: beyond([widths[name] for widths in told]) for name in FEATURES}
    return tuple(
        Measure(name, round(value, 3), round(known.limits[name], 3), passed=abs(value) <= known.limits[name])
        for name, value in left.items()
    )


def _sum_up(rows: tuple[Measure, ...], ita: float | None, *, nothing: bool = False) -> Resemblance:
    faults = [FAULTS[row.name] for row in rows if not row.passed]
    if nothing:
        faults.append("no face is found in the session's shots, so nothing can be compared")
    sentence = f"Refused: {'; '.join(faults)}." if faults else "Accepted: this is the person of the shots."
    likeness = next((row for row in rows if row.name == "likeness"), None)
    return Resemblance(
        accepted=not faults,
        sentence=sentence,
        distance=likeness.value if likeness else None,
        limit=(likeness.limit if likeness else None) or WIDEST,
        delta_ita=ita,
        measures=rows,
    )
