"""Studio paper: a seamless backdrop and the pool of light on it."""

from dataclasses import dataclass

import numpy as np

from studio_server.engines.starter.optics import Film, Light, View, lab
from studio_server.engines.starter.rooms import clouds


@dataclass(frozen=True)
class Paper:
    """A roll of paper: its colour (CIE L*a*b*), its falloff, how mottled it is, its exposure."""

    colour: tuple[float, float, float]
    falloff: tuple[float, float]
    """Share of the pool's light that is left at the frame's edge: between these."""
    mottle: float
    mean: tuple[float, float]


GREY = Paper((62, -0.4, -1.4), (0.35, 0.62), 0.010, (0.20, 0.36))
DARK = Paper((24, 0.4, -1.8), (0.10, 0.30), 0.075, (0.018, 0.036))
WARM = Paper((72, 3.2, 11.5), (0.48, 0.70), 0.012, (0.34, 0.50))


def paint(paper: Paper, view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """Draw a pool of light behind the head, spilling from the key's side; the paper curves to the floor."""
    u, v = view.uv
    lightness, a, b = np.array(paper.colour) + rng.normal(0, (1.0, 0.5, 0.9))
    centre = (0.12 * side + rng.normal(0, 0.05), view.tall * rng.uniform(0.36, 0.52))
    spread = rng.uniform(0.42, 0.62), rng.uniform(0.50, 0.72)
    far = np.hypot((u - centre[0]) / spread[0], (v - centre[1]) / spread[1])
    left = rng.uniform(*paper.falloff)
    pool = left + (1 - left) * (1 / (1 + far**2 * 1.2)) ** 1.25
    spill = 1 + 0.22 * side * np.tanh(u * 1.6)
    floor = 1 - rng.uniform(0.0, 0.22) * np.clip((v - 0.80 * view.tall) / 0.25, 0, 1) ** 2
    mottle = 1 + paper.mottle * clouds(view.raster, 4, rng, octaves=4)
    light = (pool * spill * floor * np.clip(mottle, 0.3, None))[..., None] * lab(lightness, a, b)
    light = light * _tint(u, side, rng)
    return np.asarray(light, np.float32), Film(float(rng.uniform(*paper.mean)), 17.0, 0.10)


def _tint(u: Light, side: float, rng: np.random.Generator) -> Light:
    """Two lamps are never of quite one colour: a hair warmer on the key's side."""
    turn = (0.018 * rng.uniform(0.3, 1.0) * side * np.tanh(2 * u))[..., None]
    return np.asarray(1 + turn * np.array([1, 0.1, -1.2], np.float32), np.float32)
