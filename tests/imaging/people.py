"""Pictures for the tests: one drawn head, the NASA portrait, real people."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from studio_server.imaging.upright import OVAL, SIDE, Upright

PORTRAITS = Path(__file__).parents[3] / "shared" / "data" / "portraits"


def portrait(name="london_001/smiling_front.jpg"):
    path = PORTRAITS / name
    if not path.exists():
        pytest.skip(f"the portraits are not on this machine: {name}")
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def astronaut():
    return skimage.data.astronaut()


def drawn(side=480):
    """A head with loose dark strands and a white shirt before light grey paper, and its true alpha."""
    big = side * 2
    paper = np.linspace(200, 215, big)[:, None, None] * np.array([1.0, 1.01, 1.0])[None, None]
    picture = np.broadcast_to(paper, (big, big, 3)).copy()
    alpha = np.zeros((big, big), np.float32)

    def shape(colour, draw):
        layer = np.zeros((big, big), np.uint8)
        draw(layer)
        where = layer > 0
        picture[where] = colour
        alpha[where] = 1

    at = lambda *share: tuple(round(value * big) for value in share)  # noqa: E731
    shape((248, 250, 252), lambda m: cv2.ellipse(m, at(0.5, 1.0), at(0.42, 0.27), 0, 0, 360, 255, -1))
    shape((40, 30, 26), lambda m: cv2.ellipse(m, at(0.5, 0.36), at(0.2, 0.22), 0, 0, 360, 255, -1))
    random = np.random.default_rng(3)
    for angle in random.uniform(0, 360, 60):
        reach = random.uniform(0.21, 0.26)
        end = at(0.5 + reach * np.cos(np.radians(angle)), 0.33 - 0.9 * reach * abs(np.sin(np.radians(angle))))
        shape((44, 33, 28), lambda m, end=end: cv2.line(m, at(0.5, 0.33), end, 255, 3))
    shape((205, 160, 135), lambda m: cv2.rectangle(m, at(0.42, 0.5), at(0.58, 0.76), 255, -1))
    shape((212, 168, 142), lambda m: cv2.ellipse(m, at(0.5, 0.42), at(0.15, 0.2), 0, 0, 360, 255, -1))
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    noisy = small + random.normal(0, 1.2, small.shape)
    truth = cv2.resize(alpha, (side, side), interpolation=cv2.INTER_AREA)
    return np.rint(noisy.clip(0, 255)).astype(np.uint8), truth


def coarse(truth):
    """What a network that sees 320 pixels makes of it."""
    side = len(truth)
    return cv2.GaussianBlur(cv2.resize(cv2.resize(truth, (160, 160)), (side, side)), (0, 0), 3).clip(0, 1)


def plate(colour=(70, 80, 66), side=300):
    y, x = np.mgrid[0:side, 0:side] / side
    light = 1.2 - 0.5 * np.hypot(x - 0.3, y - 0.3)
    return np.rint((light[..., None] * np.array(colour)).clip(0, 255)).astype(np.uint8)


EYE, NOSE, JAW = 80, 34, 95
"""Half distances in pixels of the drawn upright face below: of the eyes, of the nose's wings, of the jaw."""


def upright_face(colour=(205, 160, 135), hair=(40, 30, 26), seed=1):
    """A drawn face of noisy skin with hair above it, before grey paper, and the person (0..1)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    middle = SIDE // 2
    face = np.hypot((x - middle) / 130, (y - middle - 70) / 190) < 1
    head = np.hypot((x - middle) / 160, (y - middle) / 260) < 1
    picture = np.where(head[..., None] & (y < middle)[..., None], np.array(hair), np.array((190, 192, 194)))
    picture = np.where(face[..., None], np.array(colour), picture).astype(np.float32)
    random = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(random.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), 4)
    noise = random.normal(0, 4, (SIDE, SIDE)) + 12 * coarse / coarse.std()
    shown = np.rint((picture * (1 + noise[..., None] / 100)).clip(0, 255)).astype(np.uint8)
    person = (face | (head & (y < middle))).astype(np.float32)
    return Upright(shown, _mesh(middle)), person


def _mesh(middle):
    points = np.full((468, 2), middle, np.float32)
    angles = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    points[list(OVAL)] = np.stack([middle + 125 * np.sin(angles), middle + 70 - 180 * np.cos(angles)], 1)
    for pair, half, down in (((129, 358), NOSE, 75), ((172, 397), JAW, 190)):
        points[list(pair)] = (middle - half, middle + down), (middle + half, middle + down)
    for pair, side in (((33, 133), -1), ((263, 362), 1)):
        points[list(pair)] = (middle + side * (EYE + 25), middle), (middle + side * (EYE - 25), middle)
    return points
