"""Grey hair that was darkened, as a base does that has seen mostly young people.

Few portraits of the test data show grey hair. Where it is not there, both shots of the session are painted
grey first, and the fault takes that away again: half of it, or all.
"""

import cv2
import numpy as np

from studio_server.imaging.pixels import Field, Mask, Picture, lab_of

GREY = 78.0
"""L* of a grey strand."""
DARK = 15
"""Percentile of L* of the hair: its dark strands."""


def painted_grey(picture: Picture, hair: Mask, share: float) -> Picture:
    """Two thirds of the hair, in strands, as light and colourless as grey hair; of that, a share."""
    luck = np.random.default_rng(0).standard_normal(hair.shape).astype(np.float32)
    strands = cv2.GaussianBlur(luck, (0, 0), 0.8, sigmaY=7.0)
    grey = (0.4 + 0.35 * strands / strands.std()).clip(0, 0.9)[..., None] * np.float32(share)
    lab = lab_of(picture)
    target = lab * np.array([1, 0.15, 0.15], np.float32)
    target[..., 0] = np.maximum(GREY, lab[..., 0])
    return _mixed(picture, lab + grey * (target - lab), hair)


def darkened(picture: Picture, hair: Mask, level: int) -> Picture:
    """The hair's lightness brought near that of its dark strands: half of the way, or nine tenths."""
    lab = lab_of(picture)
    dark = float(np.percentile(lab[hair][:, 0], DARK))
    lab[..., 0] -= (0.5, 0.9)[level] * np.maximum(0, lab[..., 0] - dark)
    return _mixed(picture, lab, hair)


def _mixed(picture: Picture, lab: Field, hair: Mask) -> Picture:
    new = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB).clip(0, 1) * 255
    share = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), 1.5)[..., None]
    return np.asarray(np.rint(picture * (1 - share) + new * share).clip(0, 255), np.uint8)
