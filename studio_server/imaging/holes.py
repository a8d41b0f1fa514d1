"""Holes: what lies within a person, where the network has no doubt of them, and was cut out all the same.

Sheen on gathered hair and white cloth before white paper look like the paper behind. A gap between strands
lies where the network is not that sure, or is smaller. On the London portraits two holes were wrong: 531 and
1059 pixels, at a mean word of 0.999 and more. The largest true gap at 0.99 and more has 169 pixels, and the
surest of the larger gaps has 0.979. The limits lie between, and rest on these few.
"""

import cv2
import numpy as np

from studio_server.imaging.pixels import Field, Mask

FIRM = 0.99
"""The network's mean word over the hole."""
LARGE = 250 / 1350**2
"""Of the square of the longer side."""
OPEN, THIN = 0.3, 0.7
"""Alpha below which nothing is left of the person, and below which a hole's rim belongs to it."""


def holes(alpha: Field, mask: Field) -> tuple[Mask, float]:
    """Where they are (HxW bool), and how large the largest enclosed part is of which the network is firm.

    `alpha` and `mask` HxW, 0..1. The size is a share of the square of the longer side; those of LARGE and
    more are marked, with what is thin around them.
    """
    cut = (alpha < OPEN).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cut, connectivity=4)
    frame = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    pixels = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    word = np.bincount(labels.ravel(), mask.ravel(), count) / np.maximum(pixels, 1)
    inner = (word >= FIRM) & ~np.isin(np.arange(count), frame)
    inner[0] = False  # what was not cut
    areas = np.where(inner, pixels / max(alpha.shape) ** 2, 0.0)
    thin = ((alpha < THIN) & (mask > FIRM)).astype(np.uint8)
    around = cv2.connectedComponents(thin, connectivity=4)[1]
    found = np.unique(around[(areas >= LARGE)[labels] & (thin > 0)])
    return np.isin(around, found) & (thin > 0), float(areas.max())
