"""The camera's colours: what its own development does beyond a tone curve, learnt from its preview.

Both pictures are of one frame and have the same tone by now. What still differs is the maker's colour
(saturation, hues that are turned, a warmer white): a smooth shift of colours that is fitted on a small copy
and put into a table of 7 x 7 x 7 colours. Where the frame has no pixels of a colour, the table leans on its
neighbours.
"""

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.linalg import solve
from scipy.sparse import csr_array

from studio_server.imaging.pixels import Field, Picture

SIDE = 96
"""Pixels of the square copies that are compared."""
NODES = 7
SMOOTH = 0.1
"""How much the table's bends weigh against the pixels' differences."""
STAY = 0.001
"""How much a colour that no pixel has wants to stay as it is."""
EDGE = 0.03
"""Contrast to the neighbours, of 1, from which a pixel counts less: the two may lie a little apart there."""
MOST = 0.5
"""Of 1: no colour is shifted further, whatever the preview says."""
WORTH = 0.95
"""The difference to the preview must fall at least to this share of it, or nothing is changed."""
FITS = 3

Numbers = NDArray[np.float64]


def coloured(picture: Picture, preview: Picture) -> Picture:
    """Return `picture` (HxWx3 uint8 sRGB, of the preview's tone and framing) in the preview's colours."""
    ours, theirs = _small(picture), _small(preview)
    weights = 1 / (1 + (_contrast(ours) / EDGE) ** 2)
    shifts = _fitted(ours.reshape(-1, 3), (theirs - ours).reshape(-1, 3), weights.ravel())
    if _distance(_shifted(ours, shifts), theirs) > WORTH * _distance(ours, theirs):
        return picture
    return _through(picture, shifts)


def _small(picture: Picture) -> Numbers:
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small.astype(np.float64) / 255, (0, 0), 1.0))


def _contrast(picture: Numbers) -> Numbers:
    grey = picture.mean(axis=2)
    return np.asarray(np.hypot(cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1)) / 8)


def _fitted(colours: Numbers, differences: Numbers, weights: Numbers) -> Numbers:
    """Return the shift at each node, (NODES^3, 3), by least squares whose outliers lose weight each time."""
    shares, stiffness = _shares(colours), _stiffness()
    shifts = np.zeros((NODES**3, 3))
    for _ in range(FITS):
        left = np.abs(differences - shares @ shifts).max(axis=1)
        trusted = weights / (1 + (left / max(0.01, 2 * float(np.median(left)))) ** 2)
        trusted *= NODES**3 / trusted.sum()
        weighted = shares.multiply(trusted[:, None]).tocsr()
        normal = (shares.T @ weighted).toarray() + stiffness
        shifts = solve(normal, weighted.T @ differences, assume_a="pos")
    return np.asarray(shifts.clip(-MOST, MOST))


def _shares(colours: Numbers) -> csr_array:
    """Return for each colour (n, 3) its share in each of the eight nodes around it: (n, NODES^3)."""
    place = colours.clip(0, 1) * (NODES - 1)
    lower = np.minimum(place.astype(np.int64), NODES - 2)
    rest = place - lower
    corners = list(product((0, 1), repeat=3))
    nodes = [(lower + corner) @ np.array([1, NODES, NODES**2]) for corner in corners]
    shares = [np.where(corner, rest, 1 - rest).prod(axis=1) for corner in corners]
    rows = np.tile(np.arange(len(colours)), len(corners))
    found = (np.concatenate(shares), (rows, np.concatenate(nodes)))
    return csr_array(found, shape=(len(colours), NODES**3))


def _stiffness() -> Numbers:
    """The cost of bends along each axis of the table (second differences), and of any shift at all."""
    straight = np.diff(np.eye(NODES), 2, axis=0)
    bends, same = straight.T @ straight, np.eye(NODES)
    axes = ((bends, same, same), (same, bends, same), (same, same, bends))
    along = [np.kron(np.kron(blue, green), red) for blue, green, red in axes]
    return np.asarray(SMOOTH * sum(along) + STAY * np.eye(NODES**3))


def _shifted(colours: Numbers, shifts: Numbers) -> Numbers:
    flat = colours.reshape(-1, 3)
    return np.asarray((flat + _shares(flat) @ shifts).clip(0, 1).reshape(colours.shape))


def _distance(one: Numbers, other: Numbers) -> float:
    """Median over the pixels, in sRGB values; OpenCV's Lab costs each new process a tenth of a second."""
    return float(np.median(np.linalg.norm(one - other, axis=2)))


def _through(picture: Picture, shifts: Numbers) -> Picture:
    """Put the whole picture through the table; Pillow's runs in C."""
    steps = np.linspace(0, 1, NODES)
    table: Field = np.stack(np.meshgrid(steps, steps, steps, indexing="ij")[::-1], axis=-1).reshape(-1, 3)
    lut = ImageFilter.Color3DLUT(NODES, (table + shifts).clip(0, 1).ravel().tolist())
    return np.asarray(Image.fromarray(picture).filter(lut), np.uint8)
