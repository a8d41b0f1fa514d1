"""Wrong light: a person who is lit from one side, in a place that is lit from the other.

The test portraits are lit from the front. So the side comes first: the person, not the backdrop, is made
lighter towards it and darker away from it.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.cut import Cut
from studio_server.imaging.pixels import Picture

STOPS = (0.6, 1.2)
"""Mild and strong: over half the head's width, towards the light; as much less away from it."""
GAMMA = 1 / 2.2
"""Levels of sRGB grow with this power of the light, nearly."""


def side_lit(shot: Picture, cut: Cut, level: int, *, right: bool) -> tuple[Picture, Cut]:
    """The shot (uint8 HxWx3) and its cut with a key light from the right or the left of the picture."""
    person = cut.alpha > 0.5
    rows = np.nonzero(person.any(1))[0]
    head = person[rows[0] : rows[0] + max(1, len(rows) // 3)]
    columns = np.nonzero(head)[1]
    left, middle, end = np.percentile(columns, (5, 50, 95))
    across = (np.arange(shot.shape[1]) - middle) / max(1.0, (end - left) / 2)
    stops = STOPS[level] * np.clip(across, -1.2, 1.2) * (1 if right else -1)
    gain = np.broadcast_to((2.0 ** (stops * GAMMA))[None, :, None], (*shot.shape[:2], 1))
    share = cut.alpha[..., None]
    lit = _levels(shot * (1 + (gain - 1) * share))
    return lit, replace(cut, foreground=_levels(cut.foreground * gain))


def _levels(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.rint(values.clip(0, 255)), np.uint8)
