"""Surfaces, drawn by numpy: linear reflectance, height x width x 3 float32. Seeded; no photograph in them."""

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]
Colour = tuple[float, float, float]


def clouds(shape: tuple[int, int], cells: float, rng: np.random.Generator, octaves: int = 5) -> Light:
    """Smooth noise of mean 0 and spread near 1; `cells` bumps along the height, finer ones at 0.55 each."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        rows = max(2, round(cells * 2**octave))
        columns = max(2, round(rows * shape[1] / shape[0]))
        grid = rng.normal(0, 0.55**octave, (rows + 2, columns + 2)).astype(np.float32)
        total += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-6), np.float32)


def tinted(colour: Colour, factor: Light) -> Light:
    """One colour, varied by a factor."""
    return np.asarray(np.clip(factor, 0.02, None)[..., None] * np.array(colour, np.float32), np.float32)


def plaster(colour: Colour, rng: np.random.Generator, spread: float = 0.03) -> Light:
    return tinted(colour, 1 + np.float32(spread) * clouds((384, 512), 3, rng))


def canvas(colour: Colour, rng: np.random.Generator, spread: float = 0.16) -> Light:
    """A hand-painted backdrop: broad, brushed clouds, darker to the rim."""
    shape = (640, 640)
    strokes = cv2.GaussianBlur(clouds(shape, 26, rng, 3), (0, 0), 3) * 0.5
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    rim = 1 - 0.25 * (rows**2 + columns**2)
    wave = 1 + np.float32(spread) * (clouds(shape, 2.4, rng, 4) + strokes)
    return tinted(colour, (wave * rim).astype(np.float32))


def concrete(rng: np.random.Generator, grey: float = 0.38, panels: int = 3) -> Light:
    """Cast concrete: stains, the joints of the formwork and its tie holes."""
    shape = (768, 768)
    tone = 1 + 0.10 * clouds(shape, 2, rng) + 0.05 * clouds(shape, 30, rng, 2)
    runs = cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (0, 0), sigmaX=2, sigmaY=60)
    tone += 0.05 * runs / max(float(runs.std()), 1e-6)
    step = shape[0] // panels
    for edge in range(0, shape[0], step):
        tone[edge : edge + 3] *= 0.6
        tone[:, edge : edge + 3] *= 0.6
        for other in range(0, shape[1], step):
            for at in ((edge + step // 5, other + step // 5), (edge + 4 * step // 5, other + 4 * step // 5)):
                cv2.circle(tone, at, 5, 0.28, -1)
    return tinted((grey * 1.02, grey, grey * 0.96), tone.astype(np.float32))


def bricks(
    colours: tuple[Colour, Colour], mortar: Colour, rng: np.random.Generator, rows: int = 30
) -> tuple[Light, Light]:
    """Stretcher bond, and its relief (height x width, 0-1). A row is 7.5 cm, a brick 25 cm."""
    high, wide = 34, 112
    shape = (rows * high, round(rows * high / wide) * wide)
    albedo = tinted(mortar, 1 + 0.08 * clouds(shape, 60, rng, 2))
    relief = np.zeros(shape, np.float32)
    for row in range(rows):
        for start in range(-wide // 2 * (row % 2), shape[1], wide):
            top, left, right = row * high, max(0, start + 4), min(shape[1], start + wide - 4)
            if right <= left:
                continue
            mix = rng.beta(1.6, 2.4)
            tone = np.array(colours[0]) * (1 - mix) + np.array(colours[1]) * mix
            albedo[top + 4 : top + high - 4, left:right] = tone * rng.normal(1, 0.09)
            relief[top + 4 : top + high - 4, left:right] = rng.uniform(0.8, 1)
    albedo *= (1 + 0.10 * clouds(shape, 4, rng, 3) + 0.07 * clouds(shape, 90, rng, 2))[..., None]
    relief = cv2.GaussianBlur(relief, (0, 0), 2.5) + 0.05 * clouds(shape, 120, rng, 2)
    return np.asarray(albedo.clip(0.01, 0.9), np.float32), np.asarray(relief, np.float32)


def planks(colour: Colour, rng: np.random.Generator, boards: int = 12) -> Light:
    """Wood: boards side by side, grain along the height."""
    shape = (768, boards * 64)
    grain = cv2.GaussianBlur(rng.normal(0, 1, shape).astype(np.float32), (0, 0), sigmaX=1.2, sigmaY=60)
    tone = 1 + 0.09 * grain / max(float(grain.std()), 1e-6) + 0.04 * clouds(shape, 3, rng)
    for board in range(boards):
        tone[:, board * 64 : board * 64 + 64] *= rng.normal(1, 0.09)
        tone[:, board * 64 : board * 64 + 1] *= 0.5
    return tinted(colour, tone.astype(np.float32))


def tiles(colour: Colour, rng: np.random.Generator, count: int = 10, joint: float = 0.75) -> Light:
    """Square slabs, each of a tone of its own."""
    side = 72
    shape = (count * side, count * side)
    slabs = cv2.resize(rng.normal(1, 0.05, (count, count)).astype(np.float32), shape[::-1],
                       interpolation=cv2.INTER_NEAREST)  # fmt: skip
    tone = slabs + 0.05 * clouds(shape, 8, rng)
    for edge in range(0, shape[0], side):
        tone[edge : edge + 2] *= joint
        tone[:, edge : edge + 2] *= joint
    return tinted(colour, tone.astype(np.float32))


def ground(colour: Colour, rng: np.random.Generator, spread: float = 0.25) -> Light:
    """Gravel, grass, carpet or asphalt: fine noise over broad noise."""
    shape = (512, 512)
    return tinted(
        colour, 1 + np.float32(spread) * (0.6 * clouds(shape, 90, rng, 2) + 0.5 * clouds(shape, 5, rng))
    )


def view_outside(rng: np.random.Generator, horizon: float = 0.55, green: float = 0.5) -> Light:
    """What is seen through a window: a bright hazy sky, houses or trees below. Radiance, sky near 1."""
    shape = (320, 480)
    rows = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
    sky = np.stack([0.80 + 0.20 * rows, 0.90 + 0.10 * rows, 1.04 - 0.04 * rows], -1)
    picture = np.broadcast_to(sky, (*shape, 3)).astype(np.float32).copy()
    picture *= (1 + 0.05 * clouds(shape, 2, rng))[..., None]
    at = 0
    while at < shape[1]:
        wide = int(rng.integers(20, 70))
        top = int(shape[0] * (horizon + rng.uniform(-0.16, 0.1)))
        leafy = rng.random() < green
        tone = np.array((0.13, 0.17, 0.10) if leafy else (0.36, 0.34, 0.32)) * rng.uniform(0.7, 1.3)
        picture[top:, at : at + wide] = tone
        if not leafy:
            picture[top + 6 :: 14, at + 4 : at + wide - 4] *= 0.7
        at += wide
    picture[int(shape[0] * 0.62) :] *= (1 + 0.22 * clouds(shape, 14, rng))[int(shape[0] * 0.62) :, :, None]
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5).clip(0.02, None), np.float32)


def dusk(rng: np.random.Generator) -> Light:
    """The sky of the blue hour from the zenith down to below the horizon; radiance."""
    shape = (256, 512)
    rows = np.linspace(0, 1, shape[0], dtype=np.float32)
    stops = (0, 0.3, 0.44, 0.5, 0.54, 1)
    tones = ((0.05, 0.075, 0.13), (0.09, 0.13, 0.20), (0.20, 0.22, 0.27), (0.40, 0.31, 0.26),
             (0.16, 0.14, 0.14), (0.03, 0.03, 0.035))  # fmt: skip
    column = np.stack([np.interp(rows, stops, [tone[n] for tone in tones]) for n in range(3)], -1)
    picture = np.repeat(column[:, None].astype(np.float32), shape[1], axis=1)
    half = cv2.GaussianBlur(clouds((256, 256), 10, rng, 3), (0, 0), sigmaX=14, sigmaY=2)
    bands = np.concatenate([half, half[:, ::-1]], axis=1)  # no seam where the sky closes
    return np.asarray((picture * (1 + 0.25 * bands[..., None])).clip(0.01, None), np.float32)


def painting(rng: np.random.Generator) -> Light:
    """A quiet abstract canvas: a few broad fields of muted colour."""
    shape = (256, 224)
    base = np.array(rng.choice([(0.62, 0.60, 0.55), (0.30, 0.33, 0.36), (0.52, 0.46, 0.38)]))
    picture = tinted((float(base[0]), float(base[1]), float(base[2])), 1 + 0.07 * clouds(shape, 6, rng))
    for top, bottom in ((20, 95), (105, 170), (182, 238)):
        mask = np.zeros(shape, np.float32)
        inset = int(rng.integers(10, 26))
        mask[top:bottom, inset:-inset] = 1
        mask = cv2.GaussianBlur(mask, (0, 0), 4) * (1 + 0.12 * clouds(shape, 5, rng))
        tone = rng.uniform(0.05, 0.6) * np.array((1, rng.uniform(0.75, 1), rng.uniform(0.6, 1.05)))
        picture += mask[..., None] * (tone - picture) * rng.uniform(0.5, 0.95)
    return np.asarray(picture.clip(0.02, 0.9), np.float32)
