"""The synthetic lane's judge: a picture for which no pixel of a shot vouches, against the session's shots."""

from collections.abc import Sequence

import numpy as np
from skimage.color import deltaE_ciede2000

from studio_server.domain.variation import Measure, Resemblance
from studio_server.engines.judge import ITA_LIMIT, Known, session_limit
from studio_server.imaging.portrait_measures import Traits

STRICTEST, DELTA_E = 2.5, 5.0
"""CIEDE2000 of the cheeks against the nearest shot: the limit is 1.25 times the session's own scatter, within
these. One light, one camera: a session whose shots agree does not forgive a cast."""
IRIS, TEXTURE, NOSE, ROOM = 8.0, 0.85, 0.06, -0.04
"""Set on the London portraits, see docs/reference/judge.md: shift of the eyes' a* b*; share of the least
textured shot's texture; share by which a nose may leave the session's range; room around the head."""
FAULTS = {
    "faces in the picture": "not exactly one face is in the picture",
    "likeness": "the face is too far from this session's own shots",
    "skin tone": "the skin was made lighter or darker",
    "skin colour": "the skin's colour has shifted",
    "eye colour": "the colour of the eyes has changed",
    "skin texture": "the skin is smoother than in any of the shots: it looks like plastic",
    "nose": "the nose has another width than in the shots",
    "framing": "the head is cut by the frame",
}


def judge_portrait(picture: Traits, session: Sequence[Traits]) -> Resemblance:
    """Say whether this is the person of the session's shots, as they were photographed.

    Every trait is held against the nearest of the shots. Without a face in the shots, or in the
    picture, nothing can be compared, and the picture is refused.
    """
    known = [one for one in session if one.faces]
    count = Measure("faces in the picture", picture.faces, 1.0, passed=picture.faces == 1)
    if not picture.faces or not known:
        return _sum_up((count,), None, nothing=not known)
    rows = (
        count,
        _likeness(picture, known),
        *_skin(picture, known),
        _eyes(picture, known),
        _texture(picture, known),
        _nose(picture, known),
        Measure("framing", round(picture.room, 3), ROOM, passed=picture.room >= ROOM),
    )
    return _sum_up(rows, min((picture.ita - one.ita for one in known), key=abs))


def _likeness(picture: Traits, known: Sequence[Traits]) -> Measure:
    told = [Known(str(index), one.faces, one.embedding, one.ita) for index, one in enumerate(known)]
    limit = session_limit(told)
    middle = np.mean([one.embedding for one in known], axis=0)
    vectors = [middle, *(one.embedding for one in known)]
    distance = min(float(np.linalg.norm(picture.embedding - vector)) for vector in vectors)
    return Measure("likeness", round(distance, 3), limit, passed=distance <= limit)


def _skin(picture: Traits, known: Sequence[Traits]) -> tuple[Measure, Measure]:
    ita = min((picture.ita - one.ita for one in known), key=abs)
    limit = _colour_limit(known)
    apart = min(float(deltaE_ciede2000(one.lab, picture.lab)) for one in known)  # type: ignore[no-untyped-call] # skimage
    return (
        Measure("skin tone", round(ita, 1), ITA_LIMIT, passed=abs(ita) <= ITA_LIMIT),
        Measure("skin colour", round(apart, 1), limit, passed=apart <= limit),
    )


def _colour_limit(known: Sequence[Traits]) -> float:
    scatter = [
        min(float(deltaE_ciede2000(one.lab, other.lab)) for other in known if other is not one)  # type: ignore[no-untyped-call] # skimage
        for one in known
        if len(known) > 1
    ]
    return float(np.clip(1.25 * max(scatter, default=0.0), STRICTEST, DELTA_E))


def _eyes(picture: Traits, known: Sequence[Traits]) -> Measure:
    shift = min(float(np.linalg.norm((picture.iris - one.iris)[1:])) for one in known)
    return Measure("eye colour", round(shift, 1), IRIS, passed=shift <= IRIS)


def _texture(picture: Traits, known: Sequence[Traits]) -> Measure:
    share = picture.texture / max(1e-6, min(one.texture for one in known))
    return Measure("skin texture", round(share, 3), TEXTURE, passed=share >= TEXTURE)


def _nose(picture: Traits, known: Sequence[Traits]) -> Measure:
    widths = [one.nose for one in known]
    beyond = max(min(widths) / picture.nose, picture.nose / max(widths), 1.0) - 1
    return Measure("nose", round(beyond, 3), NOSE, passed=beyond <= NOSE)


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
        limit=(likeness.limit if likeness else None) or 0.5,
        delta_ita=ita,
        measures=rows,
    )
