"""The backdrop behind the person, where it is smooth enough to be described by a polynomial.

Studio paper is: what differs from it is person. A room or a flag is not, and then there is no model.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Mask, Picture, disc, inset, peak

ROUGH = 3.0
"""Levels of 255 that a smooth backdrop may differ from its model, noise aside (90th percentile)."""
BORDER = 0.06
"""Of the longer side: how far from the coarse mask a pixel must lie to be called backdrop."""


@dataclass(frozen=True)
class Backdrop:
    coefficients: NDArray[np.float64]
    """(10, 3): one cubic polynomial in x / width and y / height per channel, in levels of 255."""
    noise: float
    """SD in levels of 255 of what is left of the backdrop's pixels (mean of the channels)."""

    def picture(self, height: int, width: int) -> Field:
        """Evaluate the backdrop: HxWx3 float32 in levels of 255.

        A cubic is smooth: it is evaluated on a coarse grid and enlarged, which costs a tenth of the time.
        """
        rows, columns = min(height, 240), min(width, 240)
        y, x = np.mgrid[0:rows, 0:columns]
        grid = _terms((x + 0.5) / columns, (y + 0.5) / rows) @ self.coefficients
        coarse = grid.reshape(rows, columns, 3).clip(0, 255).astype(np.float32)
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = x.ravel(), y.ravel()
    one = np.ones_like(x)
    return np.stack([one, x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], -1)


def fit_backdrop(picture: Picture, mask: Field) -> Backdrop | None:
    """Fit the backdrop of a picture (uint8 HxWx3, at most about 1500 px) outside its coarse mask (0..1).

    None if too little of it is seen, or if it is not smooth. Where the mask misses much of the person, what
    it leaves free is not smooth; then the paper is followed inwards from the frame's upper border.
    """
    return _around(picture, mask) or _from_border(picture, mask)


def _around(picture: Picture, mask: Field) -> Backdrop | None:
    far = _far(mask)
    if far.mean() < 0.08:
        return None
    rows, columns = np.nonzero(far)
    step = max(1, len(rows) // 60_000)
    rows, columns = rows[::step], columns[::step]
    height, width = mask.shape
    terms = _terms((columns + 0.5) / width, (rows + 0.5) / height)
    softened = cv2.GaussianBlur(picture, (0, 0), 2.0).astype(np.float64)
    coefficients, residual = _robust(terms, softened[rows, columns])
    if np.percentile(np.abs(residual).max(1), 90) > ROUGH:
        return None
    sharp = picture[rows, columns].astype(np.float64) - terms @ coefficients
    noise = float(1.4826 * np.median(np.abs(sharp - np.median(sharp, 0))))
    return Backdrop(_closer(coefficients, softened, mask), noise)


def _from_border(picture: Picture, mask: Field) -> Backdrop | None:
    """Fit the strips above and beside the head, a person comes in from below; then go on as far as it holds.

    Nine tenths of the strips must agree, or the backdrop is a room.
    """
    height, width = mask.shape
    reach = round(max(mask.shape) * BORDER)
    strip = np.zeros(mask.shape, bool)
    strip[:reach], strip[: height // 2, :reach], strip[: height // 2, -reach:] = True, True, True
    strip &= _far(mask)
    softened = cv2.GaussianBlur(picture, (0, 0), 2.0).astype(np.float64)
    keep, coefficients = strip, np.zeros((10, 3))
    for flat in (6, 6, 6, 10):  # quadratic first: a cubic runs away where nothing holds it
        if keep.sum() < 1000:
            return None
        coefficients = _fitted(softened, keep, flat)
        model = Backdrop(coefficients, 0.0).picture(height, width)
        agree = peak(np.abs(softened - model)) < ROUGH + 2
        if agree[strip].mean() < 0.9:
            return None
        keep = inset(agree & (mask < 0.5), 2)
    left = (picture - Backdrop(coefficients, 0.0).picture(height, width))[keep]
    return Backdrop(coefficients, float(1.4826 * np.median(np.abs(left - np.median(left, 0)))))


def _fitted(softened: NDArray[np.float64], keep: Mask, flat: int) -> NDArray[np.float64]:
    """Coefficients (10, 3), all but the first `flat` 0."""
    rows, columns = _thinned(keep)
    height, width = keep.shape
    terms = _terms((columns + 0.5) / width, (rows + 0.5) / height)[:, :flat]
    coefficients = np.zeros((10, 3))
    coefficients[:flat] = _robust(terms, softened[rows, columns])[0]
    return coefficients


def _thinned(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, columns = np.nonzero(mask)
    step = max(1, len(rows) // 60_000)
    return rows[::step], columns[::step]


def _closer(
    coefficients: NDArray[np.float64], softened: NDArray[np.float64], mask: Field
) -> NDArray[np.float64]:
    """Fit again with the paper right beside the person, which the first fit could only guess at."""
    height, width = mask.shape
    rows, columns = np.nonzero(mask < 0.8)
    step = max(1, len(rows) // 60_000)
    rows, columns = rows[::step], columns[::step]
    terms = _terms((columns + 0.5) / width, (rows + 0.5) / height)
    values = softened[rows, columns]
    for reach in (25.0, 12.0, 7.0, 5.0):
        agree = np.abs(values - terms @ coefficients).max(1) < reach
        coefficients = np.linalg.lstsq(terms[agree], values[agree], rcond=None)[0]
    return coefficients


def _far(mask: Field) -> Mask:
    """Well away from the person; the reach is grown at a quarter of the size, which is enough for it."""
    height, width = mask.shape
    seen = cv2.resize((mask > 0.05).astype(np.float32), (max(1, width // 4), max(1, height // 4)))
    reach = max(2, max(mask.shape) * BORDER / 4)
    grown = cv2.dilate((seen > 0).astype(np.uint8), disc(reach))
    return np.asarray(cv2.resize(grown, (width, height), interpolation=cv2.INTER_NEAREST) == 0)


def _robust(
    terms: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least squares, three times, without what lay far off: strands that the mask did not see, dust."""
    keep = np.ones(len(values), bool)
    coefficients: NDArray[np.float64] = np.zeros((terms.shape[1], 3))
    for _ in range(3):
        coefficients = np.asarray(np.linalg.lstsq(terms[keep], values[keep], rcond=None)[0], np.float64)
        off = np.abs(values - terms @ coefficients).max(1)
        keep = off <= max(2.0, 3.0 * float(np.median(off)))
    return coefficients, values - terms @ coefficients
