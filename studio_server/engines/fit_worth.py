"""What a fit is worth: does the base, wearing it, paint surroundings that are lit as the session's are?

The held-out pick's surroundings are painted from noise by the fitted and by the unfitted base, on the same
seeds, and each is held against the backdrop that was photographed. No plate takes part: it would hide both.
"""

from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from studio_server.engines.bases import Base
from studio_server.engines.families.interface import Canvas
from studio_server.engines.picks import Crop
from studio_server.engines.surroundings import SESSION_SHARE
from studio_server.imaging.pixels import lab_of

SEEDS = (1, 2, 3)
_STEPS = 8
_CELLS = 4
"""Light is compared in so many cells across and down: what is finer is texture."""
_ADAPTER = "default"
"""As the fit names what it learns."""


def light_match(base: Base, heldout: Crop) -> tuple[float, float] | None:
    """Return the mean CIEDE2000 of painted against photographed surroundings: unfitted, fitted.

    None where it would cost minutes (a base that needs a GPU), or where hardly any backdrop is seen.
    """
    if base.family.needs_gpu or (~heldout.person).mean() < 0.1:
        return None
    fitted = _error(base, heldout, SESSION_SHARE)
    unfitted = _error(base, heldout, 0.0)
    base.denoiser.set_adapters([_ADAPTER], [1.0])
    return unfitted, fitted


def _error(base: Base, heldout: Crop, share: float) -> float:
    base.denoiser.set_adapters([_ADAPTER], [share])
    picture = torch.from_numpy(heldout.picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
    mask = torch.from_numpy((~heldout.person).astype(np.float32))[None, None]
    # grey where it is to be painted: nothing of the photographed backdrop may be seen
    start = picture * (1 - mask) + 0.5 * mask
    steps = min(_STEPS, base.steps)
    canvas = Canvas(heldout.caption, start, mask, 1.0, steps, base.guidance, SEEDS[0])
    painted = (
        base.architecture.paint(base.pipeline, replace(canvas, seed=seed), base.memo) for seed in SEEDS
    )
    return float(np.mean([apart(np.rint(each * 255), heldout) for each in painted]))


def apart(painted: NDArray[np.float32], heldout: Crop) -> float:
    """Mean CIEDE2000 over cells, the person left out; HxWx3 in levels of 255."""
    ours, theirs, share = (_cells(each, heldout.person) for each in (painted, heldout.picture, None))
    seen = share[..., 0] > 0.1
    differences = deltaE_ciede2000((ours / share)[seen], (theirs / share)[seen])  # type: ignore[no-untyped-call] # skimage
    return float(np.average(differences, weights=share[..., 0][seen]))


def _cells(
    picture: NDArray[np.float32] | NDArray[np.uint8] | None, person: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Sum up Lab outside the person per cell; of nothing, how much of each cell that is."""
    outside = np.repeat((~person).astype(np.float32)[..., None], 3, axis=2)
    values = outside if picture is None else lab_of(picture.astype(np.float32)) * outside
    small = cv2.resize(values, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small if picture is not None else small.clip(1e-6), np.float32)
