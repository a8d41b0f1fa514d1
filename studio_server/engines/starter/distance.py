"""How far a set of pictures is from another: Fréchet's distance between Gaussians fitted to their features.

As the FID (Heusel et al., 2017), with features that need no network: colour over a grid, and contrast at four
scales. |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Dowson and Landau, 1982), in the reference's
principal axes.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_AXES = 12
_SMALL = (96, 128)
_SCALES = (1, 2, 4, 8)


class Reference:
    """What pictures of a place look like; measures how far others are from it."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        features = np.stack([_features(each) for each in pictures])
        self._middle, self._spread = features.mean(0), features.std(0) + 1e-3
        even = (features - self._middle) / self._spread
        _, _, axes = np.linalg.svd(even, full_matrices=False)
        self._axes = axes[: min(_AXES, len(pictures) - 1)].T
        self._gaussian = _gaussian(even @ self._axes)

    def distance(self, pictures: Sequence[Picture]) -> float:
        """0: of the same colours, contrasts and variety."""
        features = np.stack([_features(each) for each in pictures])
        return _frechet(_gaussian(((features - self._middle) / self._spread) @ self._axes), self._gaussian)


def _gaussian(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    middle = values.mean(0)
    away = values - middle
    return middle, away.T @ away / len(values)  # not n - 1: a picture shown twice weighs as once


def _frechet(one: tuple[NDArray[Any], NDArray[Any]], other: tuple[NDArray[Any], NDArray[Any]]) -> float:
    # the trace of (C1 C2)^(1/2) is the sum of the square roots of C1 C2's eigenvalues, none below 0
    roots = np.sqrt(np.linalg.eigvals(one[1] @ other[1]).real.clip(0, None))
    apart = float(((one[0] - other[0]) ** 2).sum())
    return apart + float(np.trace(one[1]) + np.trace(other[1]) - 2 * roots.sum())


def _features(picture: Picture) -> NDArray[Any]:
    small = cv2.resize(picture.astype(np.float32) / 255, _SMALL, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2Lab)
    found = [cv2.resize(lab, (3, 4), interpolation=cv2.INTER_AREA).ravel()]
    for scale in _SCALES:
        soft = cv2.GaussianBlur(lab, (0, 0), scale)
        across, down = np.diff(soft, axis=1), np.diff(soft, axis=0)
        energy = [np.abs(across).mean((0, 1)), np.abs(down).mean((0, 1))]
        found.append(np.log(np.concatenate(energy) + 0.02))
    return np.concatenate(found)
