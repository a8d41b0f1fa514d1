"""What stands in more than one set: shelves of books, plants, trees, windows, lamps, desks."""

import numpy as np
from numpy.typing import NDArray

from studio_server.engines.plates.sets.kit import Kit, Point
from studio_server.engines.plates.sets.textures import Colour, Light, view_outside

WHITE: Colour = (0.78, 0.77, 0.75)
OAK: Colour = (0.42, 0.31, 0.21)
WALNUT: Colour = (0.20, 0.135, 0.09)
BLACK: Colour = (0.03, 0.03, 0.032)
STEEL: Colour = (0.5, 0.5, 0.5)
GREEN: Colour = (0.10, 0.15, 0.07)

_SPINES = np.array([
    (0.26, 0.10, 0.08), (0.10, 0.13, 0.19), (0.13, 0.18, 0.13), (0.32, 0.25, 0.16), (0.50, 0.46, 0.38),
    (0.09, 0.08, 0.08), (0.36, 0.34, 0.31), (0.20, 0.15, 0.12), (0.58, 0.55, 0.50), (0.24, 0.22, 0.24),
])  # fmt: skip


def kelvin(temperature: float) -> Colour:
    """Colour of a black body, linear sRGB of luminance 1, relative to 5500 K (Krystek's and Kim's fits)."""
    rgb, white = _planck(temperature), _planck(5500)
    tone = rgb / white
    tone /= tone @ np.array([0.2126, 0.7152, 0.0722])
    return float(tone[0]), float(tone[1]), float(tone[2])


def _planck(t: float) -> NDArray[np.float64]:
    x = (
        -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910
        if t < 4000
        else -3.0258469e9 / t**3 + 2.1070379e6 / t**2 + 0.2226347e3 / t + 0.240390
    )
    y = (
        -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
        if t < 4000
        else 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    )
    xyz = np.array([x / y, 1, (1 - x - y) / y])
    matrix = np.array([(3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570)])
    return np.asarray((matrix @ xyz).clip(0.02, None), np.float64)


def lamp(temperature: float, power: float) -> Colour:
    red, green, blue = kelvin(temperature)
    return red * power, green * power, blue * power


def books(kit: Kit, low: Point, width: float, height: float) -> None:
    """One row of books, backs to the camera, from its lower left front corner."""
    right, up, away = low
    at = right + 0.02
    while at < right + width - 0.05:
        if kit.rng.random() < 0.06:
            at += kit.rng.uniform(0.04, 0.22)
            continue
        run, spine = int(kit.rng.integers(1, 5)), _SPINES[kit.rng.integers(len(_SPINES))]
        tall = height * kit.rng.uniform(0.62, 0.92)
        for _ in range(run):
            thick = kit.rng.uniform(0.018, 0.055)
            tone = spine * kit.rng.uniform(0.7, 1.25)
            deep = away + kit.rng.uniform(0, 0.04)
            top = up + tall * kit.rng.uniform(0.96, 1.0)
            kit.box((at, up, deep), (at + thick, top, deep + 0.2), (tone[0], tone[1], tone[2]), "satin")
            at += thick + 0.002


def shelf(kit: Kit, low: Point, size: tuple[float, float], wood: Colour, rows: int = 6) -> None:
    """A bookcase facing the camera: `low` its lower left front corner, `size` width and height."""
    right, up, away = low
    width, height = size
    step = height / rows
    kit.box((right, up, away + 0.28), (right + width, up + height, away + 0.3), wood)
    for row in range(rows + 1):
        kit.box(
            (right, up + row * step - 0.02, away), (right + width, up + row * step + 0.02, away + 0.28), wood
        )
    posts = max(1, round(width / 0.95))
    for post in range(posts + 1):
        at = right + width * post / posts
        kit.box((at - 0.02, up, away - 0.005), (at + 0.02, up + height, away + 0.28), wood)
    for row in range(rows):
        for post in range(posts):
            at = right + width * post / posts + 0.03
            books(kit, (at, up + row * step + 0.02, away + 0.03), width / posts - 0.06, step - 0.05)


def plant(kit: Kit, foot: Point, height: float, colour: Colour = GREEN) -> None:
    """A leafy plant in a pot."""
    right, up, away = foot
    kit.rod(((right, up, away), (right, up + height * 0.25, away)), height * 0.13, (0.42, 0.40, 0.37))
    count = 800
    way = kit.rng.normal(0, 1, (count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    centre = np.array([right, up + height * 0.68, away])
    spread = np.array([height * 0.26, height * 0.36, height * 0.26])
    centres = centre + way * spread * kit.rng.uniform(0.3, 1, (count, 1))
    kit.leaves(centres, height * 0.1, _greens(kit, count, colour))
    for _ in range(6):
        tip = centre + kit.rng.normal(0, 0.12, 3) * height
        end = (float(tip[0]), float(tip[1]), float(tip[2]))
        kit.rod(((right, up + height * 0.2, away), end), height * 0.008, (0.16, 0.13, 0.09))


def _greens(kit: Kit, count: int, colour: Colour) -> NDArray[np.float64]:
    tone = np.array(colour) * kit.rng.uniform(0.6, 1.6, (count, 1))
    return np.asarray(tone * kit.rng.normal(1, 0.08, (count, 3)).clip(0.7, 1.3), np.float64)


def crown(kit: Kit, centre: Point, radius: Point, count: int, look: tuple[float, Colour]) -> None:
    """Foliage: clumps of leaves about an ellipsoid. `look`: leaf size (m) and colour."""
    clumps = kit.rng.normal(0, 1, (max(6, count // 220), 3))
    clumps *= kit.rng.uniform(0.35, 1, (len(clumps), 1)) / np.linalg.norm(clumps, axis=1, keepdims=True)
    which = kit.rng.integers(0, len(clumps), count)
    own = clumps[which] + kit.rng.normal(0, 0.17, (count, 3))
    shade = kit.rng.uniform(0.75, 1.3, (len(clumps), 1))[which]
    kit.leaves(np.array(centre) + own * np.array(radius), look[0], _greens(kit, count, look[1]) * shade)


def tree(kit: Kit, foot: Point, height: float, look: tuple[float, Colour], count: int = 5000) -> None:
    right, up, away = foot
    kit.rod(((right, up, away), (right, up + height * 0.55, away)), height * 0.022, (0.13, 0.11, 0.09))
    crown(kit, (right, up + height * 0.66, away), (height * 0.3, height * 0.34, height * 0.3), count, look)


def window_side(kit: Kit, side: float, span: tuple[float, float], radiance: float) -> None:
    """A glazed wall at right = `side` from `span[0]` to `span[1]` away: frames, sill, the view as a light."""
    near, far = span
    inward = -np.sign(side)
    view = np.concatenate([view_outside(kit.rng) for _ in range(2)], axis=1) * np.float32(radiance)
    out = side - inward * 0.25
    corner = (out, 0.0, near) if side < 0 else (out, 0.0, far)
    along = (0.0, 0.0, far - near) if side < 0 else (0.0, 0.0, near - far)
    kit.light(corner, (along, (0, 3.0, 0)), np.asarray(view, np.float32))
    posts = np.arange(near, far + 0.1, 1.4)
    for at in posts:
        kit.box((side - 0.05, 0, at - 0.035), (side + 0.05, 3.0, at + 0.035), (0.22, 0.22, 0.22), "satin")
    for up in (0.0, 0.75, 2.92):
        kit.box((side - 0.06, up, near), (side + 0.06, up + 0.06, far), (0.26, 0.26, 0.26), "satin")


def window_back(kit: Kit, low: Point, size: tuple[float, float], radiance: float, panes: int = 3) -> None:
    """A window that faces the camera."""
    right, up, away = low
    view: Light = view_outside(kit.rng) * np.float32(radiance)
    kit.light((right, up, away + 0.3), ((size[0], 0, 0), (0, size[1], 0)), view)
    for pane in range(panes + 1):
        at = right + size[0] * pane / panes
        kit.box((at - 0.03, up, away - 0.04), (at + 0.03, up + size[1], away + 0.05), (0.2, 0.2, 0.2))
    for level in (0, 0.72, 1):
        at = up + level * size[1]
        kit.box((right, at - 0.03, away - 0.04), (right + size[0], at + 0.03, away + 0.05), (0.2, 0.2, 0.2))
    kit.box((right, up - 0.09, away - 0.3), (right + size[0], up - 0.03, away + 0.05), WHITE)


def fill(kit: Kit, radiance: Colour, size: float = 3.0) -> None:
    """The rest of the room, behind the camera."""
    kit.light((size / 2, 0.6, -1.5), ((-size, 0, 0), (0, size * 0.8, 0)), radiance)


def strip(kit: Kit, far_left: Point, size: tuple[float, float], radiance: Colour) -> None:
    """A flat lamp in the ceiling, shining down: its far left corner, width and length."""
    kit.light(far_left, ((size[0], 0, 0), (0, 0, -size[1])), radiance)


def pendant(kit: Kit, at: Point, radius: float, radiance: Colour, ceiling: float) -> None:
    right, up, away = at
    kit.ball(at, radius, (radiance[0] * 0.45, radiance[1] * 0.45, radiance[2] * 0.45), "glow")
    kit.rod(((right, up + radius, away), (right, ceiling, away)), 0.008, BLACK)
    kit.rod(
        ((right, up + radius * 0.6, away), (right, up + radius * 1.5, away)), radius * 0.5, BLACK, "satin"
    )


def desk(kit: Kit, low: Point, width: float, screen: bool = True) -> None:  # noqa: FBT001, FBT002 - a desk has one or not
    right, up, away = low
    kit.box((right, up + 0.71, away), (right + width, up + 0.74, away + 0.75), (0.55, 0.50, 0.43), "satin")
    for at in (right + 0.04, right + width - 0.08):
        kit.box((at, up, away + 0.05), (at + 0.04, up + 0.71, away + 0.7), (0.1, 0.1, 0.1), "satin")
    if screen:
        middle = right + width / 2
        kit.box((middle - 0.3, up + 0.86, away + 0.4), (middle + 0.3, up + 1.2, away + 0.43), BLACK, "satin")
        kit.box(
            (middle - 0.03, up + 0.74, away + 0.42), (middle + 0.03, up + 0.9, away + 0.45), STEEL, "metal"
        )
    kit.box(
        (right + width * 0.3, up + 0.4, away - 0.55),
        (right + width * 0.3 + 0.5, up + 0.5, away - 0.05),
        BLACK,
    )
    kit.box(
        (right + width * 0.3, up + 0.5, away - 0.6), (right + width * 0.3 + 0.5, up + 1.0, away - 0.54), BLACK
    )


def room(kit: Kit, size: tuple[float, float, float, float], wall: Light, floor: Light) -> None:
    """Left, right, far and height: floor, ceiling, sides and back. `wall` and `floor` are textures."""
    left, right, far, high = size
    wide, long = right - left, far + 2.0
    kit.panel((left, 0, -2), ((wide, 0, 0), (0, 0, long)), floor, tiles=(wide / 3, long / 3), roughness=0.35)
    kit.quad([(left, high, -2), (right, high, -2), (right, high, far), (left, high, far)], WHITE)
    kit.panel((left, 0, far), ((wide, 0, 0), (0, high, 0)), wall)
    for side in (left, right):
        kit.panel((side, 0, -2), ((0, 0, long), (0, high, 0)), wall)
