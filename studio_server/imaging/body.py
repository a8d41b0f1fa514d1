"""Before a known backdrop: what is seen of the person at all, and what of it is certainly person.

Between the two lies what has to be solved: strands, veils of hair, the soft edge of cloth.
"""

import cv2
import numpy as np

from studio_server.imaging.hair import find_head
from studio_server.imaging.pixels import Field, Mask, Picture, disc, grow, inset, peak, soften, trough


def seen_of(small: Picture, mask: Field, old: Field, noise: float) -> Mask:
    """Find what differs from the backdrop and hangs together with the person, flyaway strands included."""
    side = max(mask.shape)
    change = cv2.GaussianBlur(small, (0, 0), 0.7).astype(np.float32) - old
    floor = max(7.0, 5.0 * noise)
    near = grow(mask > 0.2, side * 0.09)
    differs = ((peak(np.abs(change)) > floor) & near) | (trough(change) > floor)
    sure = (mask > 0.97) & ~_bare(change, mask, noise)
    return np.asarray((differs & joined(differs | (mask > 0.9), 3)) | sure)


def _bare(change: Field, mask: Field, noise: float) -> Mask:
    """Find bare paper that the mask took for person: patches of it that reach the outside, or are doubted.

    Cloth in half shadow may pass through the paper's colour, but not over a patch that leads outside.
    """
    alike = peak(np.abs(soften(change, 2))) < max(5.0, 2.0 * noise)
    opened = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, disc(max(mask.shape) * 0.006))
    _, labels = cv2.connectedComponents(opened, connectivity=4)
    count = np.maximum(np.bincount(labels.ravel()), 1)
    doubt = np.bincount(labels.ravel(), mask.ravel()) / count < 0.85
    doubt |= np.bincount(labels.ravel(), (mask < 0.5).ravel().astype(float)) > 0
    doubt[0] = False
    return grow(doubt[labels], 2)


def joined(part: Mask, gap: float) -> Mask:
    """Only what hangs together with the largest part, gaps of so many pixels allowed."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grow(part, gap).astype(np.uint8), connectivity=8)
    if len(stats) < 2:
        return part
    return np.asarray(part & (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))))


def solid_of(seen: Mask, mask: Field, change: Field) -> Mask:
    """Certainly person: inside what is seen, thin things and veils of hair left out.

    `change`: the picture less the backdrop. What is darker than the paper may be a shadow on it and needs the
    mask's word; what is brighter is not. A veil of hair is a little darker than the paper, and no warmer.
    """
    side = max(mask.shape)
    soft = soften(change, 1.5)
    brighter, warmer = trough(soft) > 8, soft[..., 0] - soft[..., 2] > 15
    dense = brighter | warmer | (peak(np.abs(soft)) > 65)
    head = find_head(mask > 0.5)
    if head is not None:
        chin = head.top + round(head.width * 1.25)
        dense[chin:] |= mask[chin:] > 0.6
    body = seen & dense & ((mask > 0.3) | brighter)
    closed = np.asarray(cv2.morphologyEx(body.astype(np.uint8), cv2.MORPH_CLOSE, disc(side * 0.002)) > 0)
    enclosed = _within(closed, seen, mask)
    if head is not None:  # among curls, what is enclosed is paper
        enclosed[: head.top + round(head.width * 1.25)] &= deep(seen)[: head.top + round(head.width * 1.25)]
    whole = (closed | enclosed).astype(np.uint8)
    opened = np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, disc(side * 0.004)) > 0)
    return inset(joined(opened, 1), side * 0.0045)


def deep(seen: Mask) -> Mask:
    distance = cv2.distanceTransform(seen.astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance > max(seen.shape) * 0.05)


def _within(body: Mask, seen: Mask, mask: Field) -> Mask:
    """Find what the body encloses, and what lies deep in the mask: cloth as light as the paper."""
    side = max(mask.shape)
    inner = deep(seen)
    closed = cv2.morphologyEx(body.astype(np.uint8), cv2.MORPH_CLOSE, disc(side * 0.004)) > 0
    free = ~(closed | inner)
    _, labels = cv2.connectedComponents(free.astype(np.uint8), connectivity=4)
    outside = np.zeros(int(labels.max()) + 1, bool)
    outside[labels[free & (mask < 0.5)]] = True
    return np.asarray(~(outside[labels] & free) & (seen | ~free))


def below_head(part: Mask, mask: Field) -> Mask:
    """Leave out what may be a mass of hair."""
    head = find_head(mask > 0.5)
    below = part.copy()
    below[: round(head.top + 1.15 * head.width) if head else 0] = False
    return below
