"""The clean plate: a frame of the empty backdrop, matched to a shot so that what differs is the person.

Nobody has to model such a backdrop; it may be a wall or a room. Between the two frames the light may have
drifted and the tripod may have moved by a pixel or two; more than that, and the plate is of another set-up.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Mask, Picture, grow, peak, shrink, soften

SIDE = 1400
SHIFT = 0.012
"""Of the longer side: how far a plate may have to be moved."""
FAR = 0.03
"""Of the longer side: beyond this from the coarse mask a pixel says how the two frames differ."""
GAINS = (0.6, 1.7)
"""A plate that is darker or brighter than this against the shot was taken in another light."""
FITS = 4.0
"""Levels of 255, noise aside, that two thirds of the pixels away from the mask differ at most after matching;
the others may be a body that the mask misses."""


@dataclass(frozen=True)
class Known:
    """A backdrop that was photographed."""

    levels: Picture
    """HxWx3, as it would look behind the person of the shot."""
    noise: float
    """SD in levels of 255 of shot less backdrop where nobody stands (mean of the channels)."""

    def picture(self, height: int, width: int) -> Field:
        """HxWx3 float32 in levels of 255."""
        if self.levels.shape[:2] == (height, width):
            return self.levels.astype(np.float32)
        way = cv2.INTER_AREA if height < len(self.levels) else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(self.levels, (width, height), interpolation=way), np.float32)


def match(picture: Picture, clean: Picture, mask: Field) -> Known | str:
    """Match a clean plate to a shot (both uint8 HxWx3) whose coarse mask is given (float32 HxW, 0..1).

    A sentence for the photographer where it does not fit.
    """
    if abs(np.log(_aspect(clean) / _aspect(picture))) > 0.01:
        return (
            "The empty backdrop has another shape than the shot. Shoot it with the camera held the same way."
        )
    plate = _of_size(clean, picture)
    seen = shrink(mask, SIDE) > 0.05
    far = ~grow(seen, max(seen.shape) * FAR)
    if far.mean() < 0.05:
        return "The person fills the frame: nothing tells whether the empty backdrop fits."
    plate = _moved(plate, _shift(shrink(picture, SIDE), shrink(plate, SIDE), far))
    gain = _gain(shrink(picture, SIDE), shrink(plate, SIDE), far)
    if not GAINS[0] < gain[0].mean() < GAINS[1]:
        return "The empty backdrop was taken in another light than the shot. Shoot it again in this light."
    matched = _calm(_lit(plate, gain))
    change = np.asarray(shrink(picture, SIDE) - shrink(matched, SIDE).astype(np.float32), np.float32)
    noise = _noise(change, far)
    if float(np.percentile(peak(np.abs(soften(change, 2)))[far], 67)) > FITS + noise:
        return "The empty backdrop does not fit the shot: the camera, the lens or the set moved in between."
    return Known(matched, noise)


def _aspect(picture: Picture) -> float:
    return float(picture.shape[1] / picture.shape[0])


def _of_size(clean: Picture, picture: Picture) -> Picture:
    if clean.shape == picture.shape:
        return clean
    size = picture.shape[1::-1]
    return np.asarray(cv2.resize(clean, size, interpolation=cv2.INTER_AREA), np.uint8)


def _shift(small: Picture, plate: Picture, far: Mask) -> tuple[float, float]:
    """How far (share of the width, of the height) the plate lies off; 0 where the backdrop has no mark.

    By enhanced correlation (Evangelidis & Psarakis, 2008), on what is no person.
    """
    one, other = (np.asarray(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), np.float32) for each in (small, plate))
    marks = other - cv2.GaussianBlur(other, (0, 0), 12)
    if float(np.percentile(np.abs(cv2.GaussianBlur(marks, (0, 0), 2))[far], 90)) < 2:
        return 0.0, 0.0
    warp: NDArray[Any] = np.eye(2, 3, dtype=np.float32)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    try:
        _, warp = cv2.findTransformECC(
            one, other, warp, cv2.MOTION_TRANSLATION, until, far.astype(np.uint8), 5
        )
    except cv2.error:  # it does not converge where the two have nothing in common: then nothing is moved
        return 0.0, 0.0
    x, y = float(warp[0, 2]), float(warp[1, 2])
    return (
        (x / one.shape[1], y / one.shape[0]) if max(abs(x), abs(y)) < SHIFT * max(one.shape) else (0.0, 0.0)
    )


def _moved(plate: Picture, shift: tuple[float, float]) -> Picture:
    height, width = plate.shape[:2]
    x, y = shift[0] * width, shift[1] * height
    if max(abs(x), abs(y)) < 0.05:
        return plate
    warp = np.array([[1, 0, x], [0, 1, y]], np.float32)
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(plate, warp, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _gain(small: Picture, plate: Picture, far: Mask) -> NDArray[np.float64]:
    """How much brighter the shot is than the plate: (3, 3), 1, x and y (0..1) for each channel.

    The most frequent ratio is the backdrop's; what lies off it (the person, where the mask misses them) has
    no vote.
    """
    rows, columns = np.nonzero(far)
    step = max(1, len(rows) // 60_000)
    rows, columns = rows[::step], columns[::step]
    soft = [cv2.GaussianBlur(each, (0, 0), 2)[rows, columns].astype(np.float64) for each in (small, plate)]
    ratio = (soft[0] + 1) / (soft[1] + 1)
    spread, edges = np.histogram(np.log(ratio.mean(1)), 400, (-1.5, 1.5))
    peak_at = float(edges[int(np.argmax(np.convolve(spread, np.ones(5), "same")))])
    terms = np.stack([np.ones(len(rows)), columns / far.shape[1], rows / far.shape[0]], -1)
    agree = np.abs(np.log(ratio).mean(1) - peak_at) < 0.08
    found: NDArray[np.float64] = np.zeros((3, 3))
    for reach in (0.06, 0.03, 0.02):
        found = np.linalg.lstsq(terms[agree], ratio[agree], rcond=None)[0]
        agree = np.abs(ratio - terms @ found).max(1) < reach
        if agree.sum() < 500:
            break
    return found


def _lit(plate: Picture, gain: NDArray[np.float64]) -> Field:
    height, width = plate.shape[:2]
    y, x = (np.arange(size, dtype=np.float32) / size for size in (height, width))
    lit = np.empty(plate.shape, np.float32)
    for channel, (one, across, down) in enumerate(gain.T.astype(np.float32)):
        factor = one + across * x[None, :] + down * y[:, None]
        lit[..., channel] = (plate[..., channel] + np.float32(1)) * factor - 1
    return lit


def _calm(lit: Field) -> Picture:
    """Take the noise off where the backdrop shows nothing finer than it: there its blur says more."""
    wide = cv2.GaussianBlur(lit, (0, 0), 3)
    noise = 1.4826 * float(np.median(np.abs(lit - wide)))
    detail = peak(np.abs(cv2.GaussianBlur(lit, (0, 0), 1.2) - wide)) / max(0.3, noise)
    keep = np.clip(detail - 1.2, 0, 1)[..., None]
    return np.asarray(np.rint((keep * lit + (1 - keep) * wide).clip(0, 255)), np.uint8)


def _noise(change: Field, far: Mask) -> float:
    """What is finer than a few pixels; coarser differences are no noise."""
    left = (change - cv2.GaussianBlur(change, (0, 0), 3))[far]
    return float(1.4826 * np.median(np.abs(left - np.median(left, 0))))
