"""Flat pictures of walls: courses of brick under raking light, shelves full of books."""

import cv2
import numpy as np

from studio_server.engines.starter.optics import Light, lab
from studio_server.engines.starter.rooms import Texture, clouds

_PER_METRE = 240.0

_CLOTH = (
    (30, 6, 8),
    (36, 9, 13),
    (44, 6, 16),
    (58, 3, 15),
    (70, 1, 12),
    (24, 1, -7),
    (33, -3, -7),
    (31, -7, 5),
    (22, 8, 5),
    (18, 1, 1),
    (52, 5, 12),
)
"""Bindings: browns, tans, cream, navy, slate, bottle green, oxblood, black (CIE L*a*b*)."""


def bricks(side: float, rng: np.random.Generator) -> Texture:
    """2.8 x 2.7 m of running bond, lit almost along the wall from `side`: edges catch light."""
    length, course, joint = 56, 18, 3
    rows, columns = 36, 12
    shape = (rows * course, columns * length)
    height = np.full(shape, 0.0, np.float32)
    colour = np.empty((*shape, 3), np.float32)
    colour[:] = lab(56, 2, 8) * rng.uniform(0.7, 1.0)
    hue = np.array((40, 13, 17)) + rng.normal(0, (4, 2.5, 2.5))
    for row in range(rows):
        for column in range(-1, columns + 1):
            x, y = column * length + (row % 2) * length // 2, row * course
            tone = hue + rng.normal(0, (5.5, 2.5, 2.5))
            jut = 1 + rng.normal(0, 0.18)
            box = np.s_[y + joint : y + course, max(x + joint, 0) : max(x + length, 0)]
            height[box] = jut
            colour[box] = lab(*tone)
    rounded = cv2.GaussianBlur(height, (0, 0), 1.1) + 0.10 * clouds(shape, 90, rng, octaves=2)
    slope = cv2.Sobel(rounded, cv2.CV_32F, 1, 0, ksize=3) / 4
    drop = cv2.Sobel(rounded, cv2.CV_32F, 0, 1, ksize=3) / 4
    relief = np.clip(1 - 1.3 * side * slope + 0.55 * drop, 0.25, 1.9)
    stain = np.clip(1 + 0.10 * clouds(shape, 5, rng), 0.6, 1.4)
    return Texture(np.asarray(colour * (relief * stain)[..., None], np.float32), _PER_METRE)


def bookshelf(rng: np.random.Generator) -> Texture:
    """3.4 x 3.2 m of shelves: bays between uprights, rows of bindings, gaps, sets in one binding."""
    bay, pitch = round(0.85 * _PER_METRE), round(0.32 * _PER_METRE)
    bays, shelves = 4, 10
    picture = np.empty((pitch * shelves, bay * bays, 3), np.float32)
    wood = lab(*(np.array((30, 8, 14)) + rng.normal(0, (5, 1.5, 2))))
    picture[:] = wood * 0.16
    for shelf in range(shelves):
        for place in range(bays):
            _row_of_books(picture, (place * bay + 6, (shelf + 1) * pitch - 7), (bay - 12, pitch - 14), rng)
        _board(picture, shelf * pitch, pitch, wood)
    for place in range(bays):
        picture[:, place * bay : place * bay + 7] = (
            wood * np.linspace(0.8, 1.1, 7, dtype=np.float32)[None, :, None]
        )
        shadow = 1 - 0.5 * np.exp(-np.arange(14, dtype=np.float32) / 5)
        picture[:, place * bay + 7 : place * bay + 21] *= shadow[None, :, None]
    return Texture(picture, _PER_METRE)


def _board(picture: Light, top: int, pitch: int, wood: Light) -> None:
    """Draw the board above a row and the shadow that it throws into it."""
    shadow = 1 - 0.62 * np.exp(-np.arange(pitch, dtype=np.float32) / (0.16 * pitch))
    picture[top : top + pitch] *= shadow[:, None, None]
    picture[top : top + 7] = wood * np.linspace(1.25, 0.85, 7, dtype=np.float32)[:, None, None]


def _row_of_books(
    picture: Light, foot: tuple[int, int], room: tuple[int, int], rng: np.random.Generator
) -> None:
    x, end = foot[0], foot[0] + room[0]
    while x < end - 4:
        if rng.random() < 0.10:
            x += int(rng.integers(8, 50))
            continue
        many = int(rng.integers(3, 9)) if rng.random() < 0.45 else 1
        tone = np.array(_CLOTH[rng.integers(len(_CLOTH))]) + rng.normal(0, (4, 1, 2))
        width, height = int(rng.integers(4, 13)), int(room[1] * rng.uniform(0.60, 0.93))
        band = rng.uniform(0.12, 0.3), rng.random() < 0.6
        for _ in range(many):
            if x + width >= end:
                return
            spine = _spine(width, height, lab(*(tone + rng.normal(0, 0.8, 3))), band)
            picture[foot[1] - height : foot[1], x : x + width] = spine
            x += width


def _spine(width: int, height: int, cloth: Light, band: tuple[float, bool]) -> Light:
    """Round across its width, with a lighter label for some."""
    across = np.linspace(-0.85, 0.85, width, dtype=np.float32)
    spine = np.broadcast_to(cloth, (height, width, 3)).copy()
    if band[1]:
        top = int(band[0] * height)
        spine[top : top + max(2, height // 12)] = 0.6 * spine[0, 0] + 0.4 * lab(66, 3, 24)
    return np.asarray(spine * (0.45 + 0.65 * np.sqrt(1 - across**2))[None, :, None], np.float32)
