"""The synthetic lane: a whole picture by the base that was fitted to the person, judged against their shots.

Nothing in it was photographed, and whatever says where it comes from says so. Only for clients who have
agreed to it, and to face processing: without measuring the face nothing could say whose it is.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from studio_server.domain.engines import Painted, PaintJob
from studio_server.domain.errors import BadInput, EngineUnavailable
from studio_server.engines.acquaintance import Acquaintance
from studio_server.engines.bases import Base
from studio_server.engines.fallback import free, in_one_sentence, paint_or_step_down
from studio_server.engines.families.interface import Canvas
from studio_server.engines.person import Sight, meet, prompt_of
from studio_server.engines.portrait import judge_portrait
from studio_server.engines.surroundings import wear
from studio_server.imaging.render import encode_master, proof

PROOF = 1600
WHOLLY = 1.0
"""How much of the person's LoRA is worn: all of it, it is the person."""
PREVIEWS = ("studio-grey", "office-window", "garden", "library")
NOBODY = 1.0
"""The distance of a preview that shows no face: further than any stranger's."""


class SyntheticPainter:
    """`lend` lends the base that the locked lane uses too: a card holds one large base."""

    def __init__(self, lend: Callable[[], Base], sight: Sight) -> None:
        self._lend, self._sight = lend, sight
        self._met: tuple[tuple[str, ...], Acquaintance] | None = None

    @in_one_sentence("Painting")
    def paint(self, job: PaintJob) -> Painted:
        """Raises BadInput without the consent to face processing, EngineUnavailable."""
        if not job.look_for_faces or job.adapter is None:
            msg = "A whole picture needs a model of the person and the consent to measure their face."
            raise BadInput(f"{msg} Ask the client on the consent page, then fit again.")
        base = self._lend()
        require_person(base)
        wear(base, job.adapter, WHOLLY)
        picture = whole_picture(base, job.context, job.seed)
        return Painted(
            picture=encode_master(picture),
            proof=proof(picture, PROOF),
            width=picture.shape[1],
            height=picture.shape[0],
            base=base.label,
            resemblance=judge_portrait(self._sight.traits(picture), self._known(job)),
        )

    def _known(self, job: PaintJob) -> Acquaintance:
        """Measured once a session, and kept for no other one."""
        keys = tuple(key for key, _ in job.shots)
        if self._met is None or self._met[0] != keys:
            self._met = keys, meet([path for _, path in job.shots], self._sight)
        return self._met[1]


def require_person(base: Base) -> None:
    """Raises EngineUnavailable for a base that is too small to learn a person."""
    if not base.family.learns_person:
        msg = f"{base.label} cannot learn a person, only surroundings."
        raise EngineUnavailable(f"{msg} Whole pictures need a large base (`studio models add`).")


def whole_picture(base: Base, place: str, seed: int) -> NDArray[np.uint8]:
    """HxWx3 uint8 at the base's own size: the person that it wears, in this place."""
    return paint_or_step_down(base, lambda: _invented(base, place, seed, base.size))


def _invented(base: Base, place: str, seed: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    canvas = Canvas(
        prompt=prompt_of(place),
        picture=torch.full((1, 3, height, width), 0.5),
        mask=torch.ones((1, 1, height, width)),
        strength=1.0,
        steps=base.steps,
        guidance=base.guidance,
        seed=seed,
    )
    painted = base.architecture.invent(base.pipeline, canvas, base.memo)
    return np.asarray((painted * 255).round().clip(0, 255), np.uint8)


def likeness_of_previews(base: Base, session: Acquaintance, sight: Sight) -> float:
    """Paint four small pictures from fixed seeds with the weights that the base has now: their mean distance.

    While a base is fitted its denoiser is on the card already. Where four pictures do not fit beside it,
    they count as showing nobody, and what else a checkpoint is scored by decides.
    """
    try:
        with base.at_work(*base.architecture.encoders):
            made = [_invented(base, place, seed, base.fit_size) for seed, place in enumerate(PREVIEWS)]
    except torch.OutOfMemoryError:
        made = []
    if not made:
        free()  # after the except: as long as the error lives, so does what it ran out of memory with
        return NOBODY
    told = [judge_portrait(sight.traits(picture), session).distance for picture in made]
    return float(np.mean([NOBODY if distance is None else min(distance, NOBODY) for distance in told]))
