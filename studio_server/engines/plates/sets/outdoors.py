"""In the open: a garden, a park, a courtyard, a street and a roof at dusk."""

import mitsuba as mi
import numpy as np

from studio_server.engines.plates.sets import parts, textures
from studio_server.engines.plates.sets.kit import Kit, Point
from studio_server.engines.plates.sets.parts import BLACK, lamp

LEAF = (0.115, 0.155, 0.07)
DEEP = (0.065, 0.10, 0.05)


def _sunsky(kit: Kit, sun: Point, power: float = 0.02) -> None:
    """Hosek-Wilkie sky and sun; `sun` points at it (right, up, towards away)."""
    turn = mi.ScalarTransform4f().rotate([1, 0, 0], -90)
    way = [sun[0], sun[1], -sun[2]]
    kit.sky({
        "type": "sunsky", "to_world": turn, "turbidity": 4.5, "sun_scale": power * 0.35, "sky_scale": power,
        "sun_aperture": 6.0, "sun_direction": [way[0], -way[2], way[1]],
    })  # fmt: skip


def _land(kit: Kit, colour: textures.Colour, far: float = 90) -> None:
    texture = textures.ground(colour, kit.rng, 0.3)
    kit.panel(
        (-far, 0, -5), ((2 * far, 0, 0), (0, 0, far + 5)), texture, tiles=(far / 2, far / 3), roughness=0.95
    )


def garden_hedge(kit: Kit) -> None:
    """Shrubs close behind, trees beyond, the sun filtering through from the left."""
    _sunsky(kit, (-0.75, 0.62, 0.35))
    _land(kit, (0.09, 0.12, 0.055))
    for right, up, away, size in (
        (-1.6, 0.7, 6.0, 1.0), (0.2, 0.5, 6.6, 0.9), (1.7, 0.9, 6.2, 1.2),
        (-0.8, 0.6, 8.2, 1.1), (1.1, 0.8, 8.8, 1.2),
    ):  # fmt: skip
        look = (0.11, LEAF if kit.rng.random() < 0.6 else DEEP)
        parts.crown(kit, (right, up, away), (size, size * 0.95, size), 5200, look)
    for right, away in ((-3.4, 12.0), (-0.5, 14.0), (2.4, 12.5), (4.6, 16.0), (-5.5, 17.0), (0.8, 19.0)):
        parts.tree(kit, (right, 0, away), kit.rng.uniform(5.5, 7.5), (0.2, LEAF), 7000)
    for right in np.linspace(-12, 12, 13):
        parts.crown(kit, (right, 2.2, 27), (2.2, 3.0, 2), 2600, (0.38, DEEP))


def garden_path(kit: Kit) -> None:
    """A park: lawn, a gravel path, trees with the low sun behind on the right."""
    _sunsky(kit, (0.7, 0.5, 0.62))
    _land(kit, (0.115, 0.145, 0.06))
    kit.panel((-0.7, 0.01, 1), ((1.6, 0, 0), (1.5, 0, 40)), textures.ground((0.36, 0.32, 0.26), kit.rng, 0.2),
              tiles=(2, 30))  # fmt: skip
    for away in (9, 13, 18, 24, 31):
        parts.tree(kit, (-1.9 - away * 0.09, 0, away), kit.rng.uniform(6, 8), (0.2, LEAF), 7000)
        parts.tree(kit, (1.9 + away * 0.14, 0, away + 1.5), kit.rng.uniform(6, 8), (0.2, LEAF), 7000)
    for right in np.linspace(-16, 18, 15):
        parts.crown(kit, (right, 2.6, 45), (3, 3.6, 2.5), 2400, (0.5, DEEP))
    kit.box((-1.75, 0.42, 9.6), (-0.6, 0.47, 10.0), (0.2, 0.15, 0.1))
    kit.box((-1.75, 0.5, 10.0), (-0.6, 0.85, 10.04), (0.2, 0.15, 0.1))


def _facade(kit: Kit, wall: textures.Light, away: float, arches: bool) -> None:  # noqa: FBT001 - one of two
    kit.panel((-9, 0, away), ((18, 0, 0), (0, 10, 0)), wall, tiles=(4, 2))
    for right in np.arange(-8, 8, 2.2):
        for up in (0.9, 4.0, 7.0):
            kit.box(
                (right - 0.1, up - 0.1, away - 0.09),
                (right + 1.2, up + 1.95, away - 0.02),
                (0.55, 0.52, 0.47),
            )
            kit.box(
                (right, up, away - 0.12), (right + 1.1, up + 1.85, away - 0.1), (0.06, 0.075, 0.09), "gloss"
            )
            kit.box(
                (right + 0.52, up, away - 0.15), (right + 0.58, up + 1.85, away - 0.11), (0.6, 0.58, 0.55)
            )
        if arches:
            parts.plant(kit, (right + 1.6, 0, away - 0.9), 1.4)


def courtyard_sun(kit: Kit) -> None:
    """A courtyard with pale plastered walls, trees in the open, sun from the left."""
    _sunsky(kit, (-0.72, 0.7, 0.12))
    cobbles = textures.tiles((0.33, 0.31, 0.28), kit.rng, 16, 0.6)
    kit.panel((-12, 0, -4), ((24, 0, 0), (0, 0, 24)), cobbles, tiles=(8, 8))
    _facade(kit, textures.plaster((0.52, 0.47, 0.39), kit.rng, 0.06), 15, arches=True)
    kit.box((4.4, 0, 5), (5, 9, 15), (0.46, 0.43, 0.38))
    for right, away in ((-1.9, 9.5), (2.3, 11.0)):
        parts.tree(kit, (right, 0, away), 4.6, (0.13, LEAF), 7000)
        kit.rod(((right, 0, away), (right, 0.5, away)), 0.5, (0.36, 0.33, 0.29))
    parts.plant(kit, (0.7, 0, 12.5), 1.4)


def courtyard_shade(kit: Kit) -> None:
    """A shaded yard of grey stone with a colonnade and climbing green, soft light from the right."""
    kit.sky({"type": "constant", "radiance": {"type": "rgb", "value": [0.55, 0.62, 0.72]}})
    kit.panel(
        (-12, 0, -4), ((24, 0, 0), (0, 0, 24)), textures.tiles((0.36, 0.35, 0.33), kit.rng, 12), tiles=(6, 6)
    )
    kit.quad([(-8, 0, 12), (8, 0, 12), (8, 8, 12), (-8, 8, 12)], (0.30, 0.29, 0.27))
    kit.box((-8, 3.0, 9.3), (8, 8, 9.9), (0.47, 0.45, 0.41))
    for right in np.arange(-5, 5.1, 1.9):
        kit.rod(((right, 0, 9.6), (right, 3.0, 9.6)), 0.2, (0.50, 0.48, 0.44))
        kit.box((right - 0.28, 2.8, 9.3), (right + 0.28, 3.0, 9.9), (0.5, 0.48, 0.44))
        kit.box((right + 0.6, 0.6, 11.9), (right + 1.4, 2.4, 11.98), (0.07, 0.08, 0.09), "gloss")
    parts.crown(kit, (-1.6, 2.7, 9.2), (0.9, 1.3, 0.25), 2600, (0.1, DEEP))
    parts.plant(kit, (1.0, 0, 8.6), 1.5)
    kit.light((6, 0.5, 9), ((0, 0, -6), (0, 5, 0)), lamp(6000, 2.5))
    kit.ball((0.15, 2.45, 10.8), 0.12, lamp(3000, 4), "glow")


def _dusk_sky(kit: Kit, power: float) -> None:
    picture = mi.Bitmap(np.asarray(textures.dusk(kit.rng) * np.float32(power), np.float32))
    kit.sky({"type": "envmap", "bitmap": picture})


def _tower(kit: Kit, low: Point, size: Point, lit: float) -> None:
    """A block with rows of windows, some of them lit."""
    right, up, away = low
    tone = kit.rng.uniform(0.05, 0.16)
    kit.box(low, (right + size[0], up + size[1], away + size[2]), (tone, tone * 1.02, tone * 1.06))
    step = 3.3
    for floor in np.arange(up + 2.0, up + size[1] - 1.5, step):
        for at in np.arange(right + 0.8, right + size[0] - 1.2, 2.2):
            low_left = (at, floor, away - 0.05)
            if kit.rng.random() < lit:
                power = float(kit.rng.gamma(1.6, 0.55))
                _pane(kit, low_left, lamp(float(kit.rng.choice([2900, 3300, 4000, 5000])), power))
            else:
                kit.box(low_left, (at + 1.3, floor + 1.7, away - 0.02), (0.05, 0.06, 0.075), "gloss")
        _flank(kit, (right + size[0] if right < 0 else right, floor, away), size[2], lit)


def _flank(kit: Kit, low: Point, length: float, lit: float) -> None:
    """One floor's windows in the wall that faces the street."""
    side, floor, away = low
    at = side + (0.05 if side < 0 else -0.05)
    for near in np.arange(away + 0.8, away + length - 1.2, 2.2):
        if kit.rng.random() < lit:
            tone = lamp(float(kit.rng.choice([2900, 3300, 4000, 5000])), float(kit.rng.gamma(1.6, 0.5)))
            corners = [(at, floor, near), (at, floor, near + 1.3), (at, floor + 1.7, near + 1.3)]
            kit.quad([*corners, (at, floor + 1.7, near)], tone, "glow")


def _pane(kit: Kit, low: Point, radiance: textures.Colour) -> None:
    right, up, away = low
    corners = [(right, up, away), (right + 1.3, up, away), (right + 1.3, up + 1.7, away)]
    kit.quad([*corners, (right, up + 1.7, away)],
             radiance, "glow")  # fmt: skip


def city_street(kit: Kit) -> None:
    """Down an avenue in the blue hour: lit windows, street lamps, cars far off."""
    _dusk_sky(kit, 1.5)
    _land(kit, (0.055, 0.056, 0.06), 260)
    away = 16.0
    while away < 190:
        for side in (-1, 1):
            wide, high = kit.rng.uniform(9, 14), kit.rng.uniform(12, 34)
            edge = 4.2 + away * 0.055 + kit.rng.uniform(0, 1)
            _tower(kit, (edge if side > 0 else -edge - wide, 0, away), (wide, high, 12), 0.42)
        away += 13.5
    for number, far in enumerate(np.arange(12, 130, 9.0)):
        for side in (-1, 1):
            at = side * (2.3 + far * 0.035)
            kit.rod(((at, 0, far), (at, 4.0, far)), 0.05, BLACK)
            kit.ball((at, 4.05, far), 0.12, lamp(3000 + 400 * (number % 2), 7), "glow")
    for far in kit.rng.uniform(30, 160, 22):
        at = float(kit.rng.choice((-1, 1))) * (0.8 + far * 0.016)
        tone = (9.0, 8.2, 6.6) if at > 0 else (3.4, 0.5, 0.35)
        for shift in (-0.65, 0.65):
            kit.ball((at + shift, 0.75, far), 0.1, tone, "glow")


def city_roof(kit: Kit) -> None:
    """From a roof terrace: towers near and far over a warm horizon, a string of bulbs."""
    _dusk_sky(kit, 1.5)
    kit.panel((-8, 0, -2), ((16, 0, 0), (0, 0, 9)), textures.planks((0.16, 0.12, 0.09), kit.rng))
    for right in np.arange(-3, 3.1, 1.0):
        kit.rod(((right, 0, 6.6), (right, 1.05, 6.6)), 0.02, BLACK, "satin")
    kit.rod(((-4, 1.07, 6.6), (4, 1.07, 6.6)), 0.03, BLACK, "satin")
    for row, (away, count) in enumerate(((75, 3), (105, 6), (150, 10), (230, 14))):
        for right in np.linspace(-0.3 * away, 0.3 * away, count):
            high = kit.rng.uniform(0.2, 1.0) * away * 0.15 + 29
            wide = kit.rng.uniform(9, 16)
            at = right + kit.rng.uniform(-3, 3)
            _tower(kit, (at, -30, away + row), (wide, high, 14), 0.38)
    for number, right in enumerate(np.linspace(-2.2, 2.2, 12)):
        sag = 2.55 + 0.05 * right**2
        kit.ball((right, sag, 7.2 + 0.1 * (number % 3)), 0.03, lamp(2800, 9), "glow")
    parts.plant(kit, (-1.25, 0, 6.0), 1.3)
    kit.light((2, 2.5, -1), ((-4, 0, 0), (0, 1.5, 0)), lamp(3600, 0.5))
