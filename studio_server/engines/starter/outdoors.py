"""Places without a ceiling: a garden, a city at dusk. Many small things, each blurred for its distance."""

import cv2
import numpy as np

from studio_server.engines.starter.optics import FIELD, Film, Light, View, blur_disc, defocus, lab, over, put
from studio_server.engines.starter.rooms import clouds

_LEAVES = ((46, -13, 18), (38, -12, 15), (55, -12, 21), (31, -9, 11), (62, -9, 23), (43, -8, 12))


def garden(view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """Sky gaps, trees behind trees, a lawn; the sun from the key's side, high."""
    light = defocus(_far_trees(view, side, rng), blur_disc(50) * view.scale)
    light = put(view, light, _lawn(view, side, rng), 14)
    for distance, cover in ((28.0, 0.75), (14.0, 0.5), (7.5, 0.22)):
        if distance < 20 and rng.random() < 0.55:
            light = put(view, light, _trunk(view, distance, side, rng), distance)
        light = put(view, light, _foliage(view, distance, cover * rng.uniform(0.6, 1.1), side, rng), distance)
        light = light + _glints(view, distance, side, rng)
    return light, Film(float(rng.uniform(0.17, 0.27)), 24.0, 0.14)


def _far_trees(view: View, side: float, rng: np.random.Generator) -> Light:
    """Draw a wall of trees in the sun and its edge against the sky: dabs that the lens turns to discs."""
    u, v = view.uv
    light = np.full((*view.raster, 3), lab(90, -1, -4) * 2.2, np.float32)
    edge = view.eye - rng.uniform(0.10, 0.45)
    bumps = 0.10 * clouds((64, 64), 4, rng, octaves=2)
    line = edge + 0.06 + np.interp(u[0], np.linspace(-0.6, 0.6, 64), bumps[32])
    light[v > line[None, :]] = lab(44, -11, 15) * np.float32(0.8)
    for depth, u0, pull in zip(
        np.sort(rng.random(3200)), rng.uniform(-0.6, 0.6, 3200), rng.random(3200), strict=True
    ):
        bump = bumps[32, int(np.clip((u0 + 0.6) / 1.2 * 63, 0, 63))]
        top = edge + bump - 0.02 * np.log(1 - 0.98 * pull)
        v0 = top + (view.tall + 0.05 - top) * pull**1.3
        sunny = 0.75 + 0.35 * side * np.tanh(2 * u0) - 0.45 * (v0 - top)
        tone = (
            lab(*_LEAVES[rng.integers(len(_LEAVES))]) * np.exp(rng.normal(0, 0.55)) * max(sunny, 0.15) * 1.5
        )
        haze = 0.10 * (1 - depth)
        size = rng.uniform(0.006, 0.020) * view.scale
        colour = tone * (1 - haze) + lab(85, -3, 3) * haze
        cv2.ellipse(
            light,
            (view.pixel(u0, v0), (2 * size, 1.6 * size), float(rng.uniform(0, 180))),
            tuple(map(float, colour)),
            -1,
        )
    glow = 1 + 0.25 * side * np.tanh(u * 2) * np.exp(-np.clip(v - edge, 0, None) * 3)
    return np.asarray(light * glow[..., None], np.float32)


def _glints(view: View, distance: float, side: float, rng: np.random.Generator) -> Light:
    """Sun on wet or waxy leaves, and sky through holes: small, so each becomes a disc; few are bright."""
    points = np.zeros((*view.raster, 3), np.float32)
    for _ in range(int(rng.integers(8, 38))):
        u, v = 0.26 * side + rng.normal(0, 0.26), view.eye + rng.normal(-0.16, 0.15)
        column, row = view.pixel(u, v)
        power = min(0.05 + 0.07 * rng.pareto(1.6), 0.8)
        if 1 <= row < view.raster[0] - 1 and 1 <= column < view.raster[1] - 1:
            disc = blur_disc(distance) * view.scale
            points[row - 1 : row + 2, column - 1 : column + 2] += (
                lab(94, -5, 17) * power * disc**2 * np.pi / 36
            )
    return defocus(points, blur_disc(distance) * view.scale)


def _lawn(view: View, side: float, rng: np.random.Generator) -> Light:
    """Grass from the far hedge to the frame's foot, in sun and shadow that the perspective flattens."""
    u, v = view.uv
    layer = view.layer()
    start = view.eye + rng.uniform(0.06, 0.16)
    below = np.clip((v - start + 0.012 * clouds(view.raster, 7, rng)) / 0.02, 0, 1)
    away = 0.12 / np.clip(v - view.eye, 0.03, None)
    ground = clouds((128, 128), 22, rng)
    columns = np.mod((u * away * 0.30 + 0.9) / 1.8 * 127, 127).astype(np.float32)
    shade = cv2.remap(ground, columns, np.mod(away * 70 + 40, 127).astype(np.float32), cv2.INTER_LINEAR)
    sun = 1 / (1 + np.exp(-(shade - 0.3 + 0.5 * side * np.tanh(2 * u)) / 0.45))
    layer[..., :3] = lab(42, -11, 18) * 0.9 + sun[..., None] * lab(60, -11, 26) * 0.8
    layer[..., 3] = 1
    return np.asarray(layer * below[..., None], np.float32)


def _trunk(view: View, distance: float, side: float, rng: np.random.Generator) -> Light:
    layer = view.layer()
    half = rng.uniform(0.10, 0.24)
    x = rng.choice((-1, 1)) * rng.uniform(0.12, 0.42) * FIELD * distance * view.wide / 0.75
    lean = rng.normal(0, 0.25)
    corners = [(x - half, -1.7), (x + half, -1.7), (x + 0.8 * half + lean, 4), (x - 0.8 * half + lean, 4)]
    cv2.fillPoly(layer, [np.array([view.project(a, b, distance) for a, b in corners])], (1.0, 1.0, 1.0, 1.0))
    centre = view.project(x, 0, distance)[0]
    across = (np.arange(view.raster[1]) - centre) / (half / (FIELD * distance) * view.scale)
    shade = np.clip(0.75 + 0.5 * side * across, 0.35, 1.4)[None, :, None]
    layer[..., :3] *= lab(32, 3, 8) * shade * (1 + 0.15 * clouds(view.raster, 20, rng))[..., None]
    return layer


def _foliage(view: View, distance: float, cover: float, side: float, rng: np.random.Generator) -> Light:
    """Leaves in clumps: each clump round, lit from above and the key's side, dark within."""
    layer = view.layer()
    reach = FIELD * distance
    clumps = int(5 + 26 * cover)
    for _ in range(clumps):
        high = rng.random() < 0.55
        x = rng.uniform(-0.55, 0.55) * reach
        y = reach * rng.uniform(0.12, 0.6) if high else rng.uniform(-1.7, 0.1)
        if distance < 10:  # near leaves frame the picture: they hang in from its edges
            x = rng.choice((-1, 1)) * rng.uniform(0.30, 0.55) * reach * view.wide / 0.75
        _clump(layer, view, (x, y, distance), side, rng)
    return layer


def _clump(
    layer: Light, view: View, at: tuple[float, float, float], side: float, rng: np.random.Generator
) -> None:
    size = rng.uniform(0.5, 1.0) * (0.055 * at[2] + 0.15)
    leaves = 150
    angle, radius = rng.uniform(0, 2 * np.pi, leaves), size * np.sqrt(rng.random(leaves))
    dx, dy = radius * np.cos(angle) * 1.2, radius * np.sin(angle) * 0.8
    facing = (0.75 * dy + 0.45 * side * dx) / size
    colour = lab(*_LEAVES[rng.integers(len(_LEAVES))]) * rng.uniform(0.55, 1.15)
    leaf = max(1.0, 0.0046 * view.scale * (1 + 5 / at[2]))
    order = np.argsort(facing)
    for n in order:
        bright = np.clip(0.72 + 0.80 * facing[n] + rng.normal(0, 0.20), 0.14, 2.4)
        tone = colour * bright
        spot = view.project(at[0] + dx[n], at[1] + dy[n], at[2])
        axes = 2 * leaf * rng.uniform(1, 2), 2 * leaf
        cv2.ellipse(layer, (spot, axes, float(rng.uniform(0, 180))), (*map(float, tone), 1.0), -1)


_LAMPS = (
    ((255, 178, 96), 5),
    ((255, 205, 150), 4),
    ((225, 236, 255), 2),
    ((255, 92, 60), 1.2),
    ((150, 215, 190), 0.5),
)


def city(view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """Blue hour: sky, towers with lit windows, the street's lamps; nearly all of it at infinity."""
    light = _evening_sky(view, side, rng)
    for distance, tone in ((600.0, 0.55), (250.0, 0.33), (110.0, 0.20)):
        light = put(view, light, _towers(view, distance, tone, rng), distance)
    light = _street(view, light, rng)
    light = (
        light
        + _lamps(view, 90.0, int(rng.integers(26, 50)), rng)
        + _lamps(view, 22.0, int(rng.integers(5, 11)), rng)
    )
    return over(_rail(view, rng), light), Film(float(rng.uniform(0.055, 0.085)), 33.0, 0.20)


def _street(view: View, light: Light, rng: np.random.Generator) -> Light:
    """Below the horizon: roofs and a street in the lamps' haze, darker towards us, with long wet gleams."""
    u, v = view.uv
    below = (1 / (1 + np.exp(-(v - view.eye - 0.075 - 0.012 * clouds(view.raster, 5, rng)) / 0.018)))[
        ..., None
    ]
    down = np.clip(v - view.eye - 0.05, 0, None)
    haze = lab(46, 10, 24) * (0.55 * np.exp(-down * 7))[..., None] + lab(15, 1, -5)
    gleams = cv2.resize(
        np.abs(clouds((6, 48), 26, rng, octaves=1)), view.raster[::-1], interpolation=cv2.INTER_CUBIC
    )
    wet = lab(60, 12, 32) * (0.30 * np.clip(gleams - 0.35, 0, None) * np.exp(-down * 5))[..., None]
    near = 1 - 0.4 * np.clip(down / 0.5, 0, 1)[..., None] * (1 + 0.1 * np.tanh(u))[..., None]
    glow = lab(60, 12, 30) * (0.16 * np.exp(-(((v - view.eye - 0.05) / 0.06) ** 2)))[..., None]
    return np.asarray(light * (1 - below) + below * (haze + wet) * near + glow, np.float32)


def _evening_sky(view: View, side: float, rng: np.random.Generator) -> Light:
    u, v = view.uv
    height = np.clip((view.eye - v) / 0.45, -0.3, 1.2)[..., None]
    glow = np.exp(-np.clip(height, 0, None) * 3.2) * (0.8 + 0.5 * side * np.tanh(2 * u))[..., None]
    zenith, low = lab(30, 2, -19), lab(58, 3, -14)
    warm = lab(72, 12, 22) * rng.uniform(0.35, 0.9)
    sky = zenith + (low - zenith) * np.exp(-np.clip(height, 0, None) * 1.8) + warm * glow**2
    street = np.clip(-height / 0.25, 0, 1)
    return np.asarray(sky * (1 - street) + lab(14, 1, -5) * street, np.float32)


def _towers(view: View, distance: float, tone: float, rng: np.random.Generator) -> Light:
    """House fronts with rows of windows, some of them lit."""
    layer = view.layer()
    reach = FIELD * distance
    left = -0.65 * reach
    while left < 0.65 * reach:
        width, height = reach * rng.uniform(0.09, 0.26), reach * rng.uniform(0.04, 0.42) * (1.15 - tone)
        corners = [view.project(left, -0.6 * reach, distance), view.project(left + width, height, distance)]
        shade = lab(30, 1, -10) * tone * rng.uniform(0.7, 1.3)
        cv2.rectangle(layer, corners[0], corners[1], (*map(float, shade), 1.0), -1)
        _windows(layer, view, (left, width, height, distance), rng)
        left += width * rng.uniform(0.85, 1.5)
    return layer


def _windows(
    layer: Light, view: View, house: tuple[float, float, float, float], rng: np.random.Generator
) -> None:
    left, width, height, distance = house
    pitch = 0.020 * FIELD * distance
    lit = rng.uniform(0.08, 0.35)
    warm = rng.random() < 0.75
    for x in np.arange(left + pitch, left + width - pitch, pitch):
        for y in np.arange(height - pitch, -0.10 * FIELD * distance, -pitch):
            if rng.random() < lit:
                colour = lab(80, 6, 26) if warm else lab(86, -2, 2)
                tone = colour * rng.uniform(0.3, 1.6)
                spot, end = (
                    view.project(x, y, distance),
                    view.project(x + 0.55 * pitch, y + 0.6 * pitch, distance),
                )
                cv2.rectangle(layer, spot, end, (*map(float, tone), 1.0), -1)


def _lamps(view: View, distance: float, count: int, rng: np.random.Generator) -> Light:
    """Points of light: few are bright. Their discs keep the lens's size whatever they are."""
    points = np.zeros((*view.raster, 3), np.float32)
    shares = np.array([share for _, share in _LAMPS])
    for _ in range(count):
        tint = (np.array(_LAMPS[rng.choice(len(_LAMPS), p=shares / shares.sum())][0]) / 255) ** 2.0
        u = rng.uniform(-0.5, 0.5)
        v = view.eye + (rng.normal(0.03, 0.075) if distance > 50 else rng.normal(0.0, 0.16))
        power = 0.16 * rng.pareto(1.8) + 0.10
        disc = blur_disc(distance) * view.scale
        column, row = view.pixel(u, v)
        if 1 <= row < view.raster[0] - 1 and 1 <= column < view.raster[1] - 1:
            points[row - 1 : row + 2, column - 1 : column + 2] += (
                tint * min(power, 1.5) * disc**2 * np.pi / 36
            )
    return defocus(points, blur_disc(distance) * view.scale)


def _rail(view: View, rng: np.random.Generator) -> Light:
    """Draw a terrace's parapet at the foot of the frame, for some pictures."""
    layer = view.layer()
    if rng.random() < 0.5:
        return layer
    distance, top = rng.uniform(3.2, 4.2), -rng.uniform(0.50, 0.62)
    cv2.rectangle(
        layer, view.project(-4, -3, distance), view.project(4, top, distance), (0.012, 0.013, 0.018, 1.0), -1
    )
    cv2.rectangle(
        layer,
        view.project(-4, top, distance),
        view.project(4, top + 0.05, distance),
        (0.05, 0.052, 0.06, 1.0),
        -1,
    )
    return defocus(layer, blur_disc(distance) * view.scale)
