"""What is known of a person from the session's own shots: their traits, and how far these scatter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from skimage.color import deltaE_ciede2000

from studio_server.imaging.face_shape import scaled
from studio_server.imaging.portrait_measures import Traits

MARGIN = 1.25
"""Of the session's own scatter, within each trait's bounds."""
MOST = 12
"""Shots whose noses are compared with each other: their number grows with the square."""


@dataclass(frozen=True)
class Trait:
    """Something that is held against the nearest shot.

    `strict`: no session is held to less. `loose`: none is allowed more; it stands alone where there is a
    single shot, which says nothing of how much this person varies.
    """

    name: str
    strict: float
    loose: float
    apart: Callable[[Traits, Traits], float | None]


def _identity(one: Traits, other: Traits) -> float:
    return float(np.linalg.norm(one.embedding - other.embedding))


def _tone(one: Traits, other: Traits) -> float:
    return abs(one.skin.ita - other.skin.ita)


def _colour(one: Traits, other: Traits) -> float:
    return float(deltaE_ciede2000(other.skin.lab, one.skin.lab))  # type: ignore[no-untyped-call] # skimage


def _tint(one: Traits, other: Traits) -> float:
    return float(np.linalg.norm(one.skin.tint - other.skin.tint))


def _eyes(one: Traits, other: Traits) -> float:
    return float(np.linalg.norm((one.iris - other.iris)[1:]))


def _smoothness(one: Traits, other: Traits) -> float:
    return max(0.0, 1 - one.skin.texture / max(other.skin.texture, 1e-6))


def _hair(one: Traits, other: Traits) -> float | None:
    if one.hair is None or other.hair is None:
        return None
    change = one.hair - other.hair
    return max(float(np.linalg.norm(change[:3])), abs(float(change[3])))


TRAITS = (
    Trait("likeness", 0.25, 0.45, _identity),
    Trait("skin tone", 6.0, 8.0, _tone),
    Trait("skin colour", 2.5, 4.0, _colour),
    Trait("tint of the light", 0.05, 0.10, _tint),
    Trait("eye colour", 8.0, 8.0, _eyes),
    Trait("skin texture", 0.28, 0.35, _smoothness),
    Trait("hair tone", 3.0, 6.0, _hair),
)
"""Degrees of ITA, CIEDE2000, natural logarithms, a* b*, the share of texture that is missing, CIE76."""
FEATURES = {"nose": (0.045, 0.12), "eyes": (0.045, 0.12), "jaw": (0.045, 0.12)}
"""Strict and loose: how far (natural logarithm) a width may leave the range of the shots'."""


@dataclass(frozen=True)
class Acquaintance:
    shots: tuple[Traits, ...]
    limits: dict[str, float]


def acquaint(session: Sequence[Traits | None]) -> Acquaintance:
    """Learn the session's limits: 1.25 times what its own shots differ, within each trait's bounds."""
    shots = tuple(one for one in session if one is not None)
    limits = {trait.name: _limit(trait, shots) for trait in TRAITS}
    return Acquaintance(shots, limits | _limits_of_features(shots[:MOST]))


def nearest(trait: Trait, picture: Traits, shots: Sequence[Traits]) -> float | None:
    told = [apart for shot in shots if (apart := trait.apart(picture, shot)) is not None]
    return min(told, default=None)


def beyond(widenings: Sequence[float]) -> float:
    """How far a width lies outside the range of the shots', given its logarithm beside each; 0 inside."""
    if min(widenings) > 0:
        return min(widenings)
    return min(0.0, max(widenings))


def _limit(trait: Trait, shots: Sequence[Traits]) -> float:
    if len(shots) < 2:
        return trait.loose
    others = [[other for other in shots if other is not one] for one in shots]
    found = [nearest(trait, one, rest) for one, rest in zip(shots, others, strict=True)]
    return _within([apart for apart in found if apart is not None], trait.strict, trait.loose)


def _limits_of_features(shots: Sequence[Traits]) -> dict[str, float]:
    """Two shots span a range, which says where it ends, not how far the next shot may leave it."""
    if len(shots) < 2:
        return {name: loose for name, (_, loose) in FEATURES.items()}
    found: dict[str, list[float]] = {name: [] for name in FEATURES}
    for one in shots if len(shots) > 2 else ():
        told = [scaled(one.face, other.face) for other in shots if other is not one]
        for name, left in found.items():
            left.append(abs(beyond([widths[name] for widths in told])))
    return {name: _within(left, *FEATURES[name]) for name, left in found.items()}


def _within(scatter: Sequence[float], strict: float, loose: float) -> float:
    return float(np.clip(MARGIN * float(np.percentile(scatter, 95)), strict, loose)) if scatter else strict
