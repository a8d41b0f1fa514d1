"""Potted plants: a fan of long leaves, or a small tree of round ones."""

import cv2
import numpy as np

from studio_server.engines.starter.optics import FIELD, Light, View, lab


def plant(view: View, z: float, rng: np.random.Generator) -> Light:
    """Draw a layer with one plant near an edge of the frame, `z` metres away, lit from the left."""
    layer = view.layer()
    x = rng.choice((-0.40, 0.40)) * FIELD * z * view.wide / 0.75 + rng.normal(0, 0.08)
    top = rng.uniform(-0.75, -0.25)
    half = rng.uniform(0.13, 0.2)
    pot = [
        (x - half, top - 0.45),
        (x + half, top - 0.45),
        (x + 0.75 * half, top - 1.4),
        (x - 0.75 * half, top - 1.4),
    ]
    _fill(layer, view, pot, lab(rng.uniform(45, 85), 1, 4) * 0.6, z)
    (_fan if rng.random() < 0.45 else _tree)(layer, view, (x, top, z), rng)
    return layer


def _fan(layer: Light, view: View, at: tuple[float, float, float], rng: np.random.Generator) -> None:
    x, top, z = at
    for lean in np.sort(rng.normal(0, 0.45, 45))[::-1]:
        length = rng.uniform(0.3, 0.8)
        foot = x + rng.normal(0, 0.04), top - 0.5
        tip = foot[0] + length * np.sin(lean) * 1.2, foot[1] + length * np.cos(lean) + 0.1 - 0.3 * abs(lean)
        tone = lab(rng.uniform(28, 56), -10, 13) * (0.8 - 0.3 * np.tanh(lean * 2))
        half = 0.025 + 0.03 * rng.random()
        middle = (foot[0] + tip[0]) / 2, (foot[1] + tip[1]) / 2 + 0.10 * abs(np.sin(lean)) + 0.04
        _fill(layer, view, [foot, (middle[0] - half, middle[1]), tip, (middle[0] + half, middle[1])], tone, z)


def _tree(layer: Light, view: View, at: tuple[float, float, float], rng: np.random.Generator) -> None:
    """Draw a thin stem; leaves in an egg-shaped crown, darker inside and away from the window."""
    x, top, z = at
    crown = top + rng.uniform(0.3, 0.6)
    _fill(
        layer,
        view,
        [(x - 0.015, top - 0.5), (x + 0.015, top - 0.5), (x + 0.01, crown), (x - 0.01, crown)],
        lab(34, 4, 10),
        z,
    )
    for _ in range(220):
        angle, radius = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        dx, dy = 0.34 * radius * np.cos(angle), 0.52 * radius * np.sin(angle)
        bright = np.clip(0.65 + 0.5 * dy - 1.1 * dx + rng.normal(0, 0.22), 0.15, 1.6)
        tone = lab(rng.uniform(30, 52), -10, 14) * bright
        spot = view.project(x + dx, crown + dy, z)
        leaf = rng.uniform(0.05, 0.09) / (FIELD * z) * view.scale
        cv2.ellipse(
            layer, (spot, (leaf, 0.5 * leaf), float(rng.uniform(0, 180))), (*map(float, tone), 1.0), -1
        )


def _fill(layer: Light, view: View, outline: list[tuple[float, float]], colour: Light, z: float) -> None:
    points = np.array([view.project(x, y, z) for x, y in outline])
    cv2.fillPoly(layer, [points], (*map(float, colour), 1.0))
