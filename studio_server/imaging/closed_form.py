"""Alpha from a trimap by the closed form (Levin, Lischinski, Weiss, 2008), made affordable.

Only the unknown pixels are unknowns; large pictures are solved coarse first, and then again only where the
coarse answer was soft; and the answer is carried to full size by the colour-line model itself.
"""

from collections.abc import Callable

import cv2
import numpy as np
import pymatting
import scipy.sparse
from numpy.typing import NDArray

from studio_server.imaging.pixels import Field, Picture, grow

COARSE = 750
"""Longer side in pixels up to which the whole unknown band is solved at once."""


def solve(picture: Picture, trimap: Field) -> Field:
    """Alpha (HxW, 0..1) of a picture (uint8 HxWx3) from a trimap of 0, 1 and, where unknown, 0.5."""
    height, width = trimap.shape
    if max(height, width) <= COARSE:
        return _solve_at_once(picture, trimap)
    half = (max(1, width // 2), max(1, height // 2))
    small = cv2.resize(picture, half, interpolation=cv2.INTER_AREA)
    mixed = np.asarray(cv2.resize(trimap, half, interpolation=cv2.INTER_AREA), np.float32)
    small_trimap = np.where((mixed > 0) & (mixed < 1), np.float32(0.5), mixed)
    coarse = solve(np.asarray(small, np.uint8), small_trimap)
    soft = grow((coarse > 0.01) & (coarse < 0.99), 2).astype(np.uint8)
    wide = cv2.resize(soft, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    guess = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    tighter = np.where(wide | (trimap != 0.5), trimap, np.rint(guess)).astype(np.float32)
    return _solve_at_once(picture, tighter)


def _solve_at_once(picture: Picture, trimap: Field) -> Field:
    """Solve L_uu x = -L_uk a_k on the rectangle that holds the unknown pixels."""
    rows, columns = np.nonzero(trimap == 0.5)
    if not len(rows):
        return trimap
    window = (
        slice(max(0, rows.min() - 3), rows.max() + 4),
        slice(max(0, columns.min() - 3), columns.max() + 4),
    )
    part = trimap[window]
    known = part != 0.5
    laplacian = pymatting.cf_laplacian(picture[window] / 255.0, is_known=known).tocsr()
    free = np.nonzero(~known.ravel())[0]
    fixed = np.nonzero(known.ravel())[0]
    of_free = laplacian[free]
    matrix = (of_free[:, free] + 1e-7 * scipy.sparse.eye(len(free))).tocsc()
    right = -of_free[:, fixed] @ part.ravel()[fixed].astype(np.float64)
    if not right.any():  # all that is known around is 0, and so is the answer; the solver would divide by it
        return np.where(trimap == 0.5, np.float32(0), trimap)
    found = pymatting.cg(matrix, right, M=_preconditioner(matrix), rtol=1e-4, maxiter=400)
    inner = part.ravel().copy()
    inner[free] = np.clip(found, 0, 1)
    alpha = trimap.copy()
    alpha[window] = inner.reshape(part.shape)
    return alpha


def _preconditioner(matrix: scipy.sparse.csc_matrix) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Incomplete Cholesky; a picture without any noise may be too flat for it, and the diagonal must do."""
    try:
        return pymatting.ichol(matrix, shifts=[1e-5, 1e-3, 1e-2])  # type: ignore[no-any-return]
    except ValueError:
        return lambda values: values / matrix.diagonal()


def enlarge(alpha: Field, small: Picture, picture: Picture) -> Field:
    """Carry alpha from `small` to the full `picture`: alpha = a · colour + b in every small window.

    He & Sun, "Fast guided filter" (2015), with the three colours as guide. Outside the soft band the plain
    enlargement holds.
    """
    size = picture.shape[1::-1]
    plain = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR).clip(0, 1)
    if small.shape == picture.shape:
        return np.asarray(plain, np.float32)
    slope, offset = _colour_line(np.asarray(small / 255, np.float32), alpha, radius=2, smoothness=2e-4)
    soft = grow((alpha > 0.004) & (alpha < 0.996), 1).astype(np.uint8)
    band = cv2.resize(soft, size, interpolation=cv2.INTER_NEAREST) > 0
    rows, columns = np.nonzero(band)
    if not len(rows):
        return np.asarray(plain, np.float32)
    lines = cv2.resize(np.dstack([slope, offset]), size, interpolation=cv2.INTER_LINEAR)[rows, columns]
    guided = (lines[:, :3] * (picture[rows, columns] / np.float32(255))).sum(1) + lines[:, 3]
    around = plain[rows, columns]
    plain[rows, columns] = np.clip(guided, np.maximum(0, around - 0.35), np.minimum(1, around + 0.35))
    return np.asarray(plain, np.float32)


def _colour_line(guide: Field, alpha: Field, *, radius: int, smoothness: float) -> tuple[Field, Field]:
    window = (2 * radius + 1, 2 * radius + 1)

    def mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray(cv2.blur(values.astype(np.float64), window), np.float64)

    colour, level = mean(guide), mean(alpha)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    spread = np.empty((*alpha.shape, 3, 3))
    for i, j in pairs:
        spread[..., i, j] = mean(guide[..., i] * guide[..., j]) - colour[..., i] * colour[..., j]
        spread[..., j, i] = spread[..., i, j]
    spread += smoothness * np.eye(3)
    shared = mean(guide * alpha[..., None]) - colour * level[..., None]
    slope = np.linalg.solve(spread, shared[..., None])[..., 0]
    offset = level - (slope * colour).sum(-1)
    return np.asarray(cv2.blur(slope, window), np.float32), np.asarray(cv2.blur(offset, window), np.float32)
