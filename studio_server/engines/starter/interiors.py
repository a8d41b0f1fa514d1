"""Places with walls: an office by its window, a library, an old factory, a stage, a lobby."""

from dataclasses import dataclass

import cv2
import numpy as np

from studio_server.engines.starter.greenery import plant
from studio_server.engines.starter.optics import (
    FIELD,
    Film,
    Light,
    View,
    blur_disc,
    defocus,
    defocus_by_depth,
    lab,
    over,
    put,
)
from studio_server.engines.starter.rooms import (
    BACK,
    CEILING,
    FLOOR,
    LEFT,
    RIGHT,
    Hit,
    Panel,
    Room,
    clouds,
    corners,
    lit,
    meet,
)
from studio_server.engines.starter.textures import bookshelf, bricks

_DAY = np.array([0.97, 1.0, 1.05], np.float32)
_WARM = np.array([1.0, 0.72, 0.42], np.float32)


@dataclass(frozen=True)
class Glazing:
    """A wall of glass: panes between mullions; metres."""

    sill: float
    head: float
    pitch: float
    bar: float
    transom: float | None = None


def _panes(along: Light, up: Light, glazing: Glazing) -> Light:
    """1 where there is glass; edges two centimetres soft."""
    beside = np.abs(np.mod(along, glazing.pitch) - glazing.pitch / 2)
    pane = _step(glazing.pitch / 2 - glazing.bar / 2 - beside)
    pane *= _step(up - glazing.sill) * _step(glazing.head - up)
    if glazing.transom is not None:
        pane *= _step(np.abs(up - glazing.transom) - glazing.bar / 2)
    return pane


def _step(metres: Light) -> Light:
    return np.clip(metres / 0.02 + 0.5, 0, 1).astype(np.float32)


def _outside(view: View, rng: np.random.Generator) -> Light:
    """Draw what is seen through a window by day: sky, pale towers, tree tops; 1 = the sky's own light."""
    _, v = view.uv
    height = np.clip((view.eye + 0.05 - v) / 0.5, 0, 1)[..., None]
    light = lab(86, -1, -3) * (1 - height) + lab(84, -2, -9) * height
    for tone, tall in ((0.74, 0.20), (0.52, 0.13)):
        left = -0.6
        while left < 0.6:
            width, top = rng.uniform(0.05, 0.20), view.eye - tall * rng.uniform(0.1, 1.0)
            shade = lab(78, -0.5, -2 + rng.normal(0, 2)) * tone * rng.uniform(0.8, 1.15)
            cv2.rectangle(
                light, view.pixel(left, top), view.pixel(left + width, 2), tuple(map(float, shade)), -1
            )
            left += width * rng.uniform(0.9, 1.6)
    bush = np.clip((v - view.eye - 0.04 - 0.05 * clouds(view.raster, 5, rng)) / 0.03, 0, 1)[..., None]
    leaves = lab(50, -8, 12) * np.clip(1 + 0.16 * clouds(view.raster, 9, rng, octaves=4), 0.4, 1.8)[..., None]
    light = light * (1 - 0.8 * bush) + 0.8 * bush * leaves
    return defocus(np.asarray(light, np.float32), blur_disc(80) * view.scale)


def _behind_glass(view: View, hit: Hit, walls: Light, pane: Light, outside: Light) -> Light:
    """Draw the walls, blurred for their own distance, in front of what the panes show."""
    layer = np.dstack([walls * (1 - pane)[..., None], 1 - pane])
    return over(defocus_by_depth(view, layer, hit.depth), outside)


def _surface(hit: Hit, tones: dict[int, Light]) -> Light:
    table = np.stack([tones[surface] for surface in range(5)])
    return np.asarray(table[hit.surface], np.float32)


def office(view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """Windows along the key's side, for some across the back too; white walls, a desk, a plant."""
    room = Room(
        left=rng.uniform(-0.25, 0.75),
        right=rng.uniform(2.2, 3.6),
        back=rng.uniform(5.5, 9),
        ceiling=rng.uniform(1.1, 1.5),
        yaw=rng.uniform(-0.12, 0.12),
    )
    hit = meet(view, room)
    sill = float(rng.choice((-1.5, -0.75)))
    glazing = Glazing(
        sill, room.ceiling - 0.15, rng.uniform(1.3, 2.1), 0.10, 0.62 if rng.random() < 0.5 else None
    )
    sun, wide = rng.uniform(3.0, 4.5), rng.random() < 0.5
    light = _office_walls(hit, room, sun, rng)
    if not wide:
        light = np.where(hit.on(BACK)[..., None], _back_wall(hit, light, room, rng), light)
    glass = hit.on(LEFT) | (hit.on(BACK) & wide)
    pane = _panes(np.where(hit.on(LEFT), hit.z, hit.x + 20), hit.y, glazing) * glass
    light = _behind_glass(
        view, hit, light + _strips(hit, room, rng), pane, _outside(view, rng) * np.float32(0.50 * sun)
    )
    light = _furniture(view, light, room, rng)
    return _from(side, light), Film(float(rng.uniform(0.34, 0.46)), 18.0, 0.10)


def _office_walls(hit: Hit, room: Room, sun: float, rng: np.random.Generator) -> Light:
    """Plaster in the windows' light and in what floor and far wall give back of it."""
    wall = lab(*(np.array((86, 0.3, 3)) + rng.normal(0, (3, 0.5, 1.5))))
    accent = wall if rng.random() < 0.5 else lab(*(np.array((64, -1, 2)) + rng.normal(0, (8, 1.2, 2.5))))
    tones = {LEFT: wall * 0.8, RIGHT: wall, FLOOR: lab(48, 1, 4), CEILING: lab(92, 0, 1), BACK: accent}
    return np.asarray(_surface(hit, tones) * _by_windows(hit, room, sun), np.float32)


def _by_windows(hit: Hit, room: Room, sun: float) -> Light:
    half, middle = room.back / 2, (room.right - room.left) / 2
    window = Panel((-room.left, 0.0, half), (0, 1.0, half), LEFT, _DAY * np.float32(sun))
    floor = Panel((middle, -room.floor, half), (1.2, 0, half), FLOOR, _DAY * np.float32(0.12 * sun))
    across = Panel((room.right, 0.0, half), (0, 1.2, half), RIGHT, _DAY * np.float32(0.22 * sun))
    return lit(hit, (window, floor, across), _DAY * np.float32(0.09 * sun)) * corners(hit, room)


def _from(side: float, light: Light) -> Light:
    """Scenes are built with their light from the left; the key decides whether they are mirrored."""
    return np.ascontiguousarray(light[:, ::-1]) if side > 0 else light


def _back_wall(hit: Hit, light: Light, room: Room, rng: np.random.Generator) -> Light:
    """Draw a door, a picture or a run of cupboards: flat things with a shadow line."""
    kind = rng.integers(3)
    x = room.right - rng.uniform(1.0, 2.2)
    if kind == 0:
        inside = _step(0.45 - np.abs(hit.x - x)) * _step(0.5 - hit.y)
        return light * (1 - inside[..., None] * (1 - lab(62, 4, 12) / lab(86, 0, 3)))
    if kind == 1:
        frame = _step(0.55 - np.abs(hit.x - x)) * _step(0.38 - np.abs(hit.y - 0.15))
        sheet = _step(0.50 - np.abs(hit.x - x)) * _step(0.33 - np.abs(hit.y - 0.15))
        art = np.clip(0.55 + 0.3 * np.sin(3 * hit.x + 2 * hit.y), 0, 1)
        return np.asarray(light * (1 - 0.85 * frame + 0.75 * sheet * art)[..., None], np.float32)
    cupboard = _step(-0.45 - hit.y) * _step(hit.x - 0.2)
    seams = _step(np.abs(np.mod(hit.x, 0.6) - 0.3) - 0.012)
    return np.asarray(light * (1 - cupboard * (1 - 0.55 * (0.7 + 0.3 * seams)))[..., None], np.float32)


def _strips(hit: Hit, room: Room, rng: np.random.Generator) -> Light:
    """Rows of lamps in the ceiling."""
    pitch = rng.uniform(1.6, 2.4)
    beside = np.abs(np.mod(hit.x + room.left, pitch) - pitch / 2)
    along = np.abs(np.mod(hit.z, 1.8) - 0.9)
    glow = _step(0.08 - beside) * _step(0.65 - along) * hit.on(CEILING)
    return np.asarray(glow[..., None] * np.array([1.0, 0.97, 0.92], np.float32) * 2.2, np.float32)


def _furniture(view: View, light: Light, room: Room, rng: np.random.Generator) -> Light:
    far = room.back - rng.uniform(0.6, 1.4)
    light = put(view, light, _shaded(view, _desk(view, far, rng), rng), far)
    if rng.random() < 0.45:
        distance = rng.uniform(3.8, min(5.5, far))
        light = put(view, light, plant(view, distance, rng), distance)
    return light


def _shaded(view: View, layer: Light, rng: np.random.Generator) -> Light:
    """Flat things are lit, too: more towards the window (left) and from above, unevenly."""
    u, v = view.uv
    fall = 1.12 - 0.42 * np.tanh(1.8 * u) - 0.45 * (v - view.eye) / view.tall
    fall = fall * np.clip(1 + 0.035 * clouds(view.raster, 4, rng, octaves=2), 0.8, 1.2)
    layer[..., :3] *= np.clip(fall, 0.3, 1.6)[..., None]
    return layer


def _desk(view: View, z: float, rng: np.random.Generator) -> Light:
    """Draw a table with a screen and papers on it, and the back of a chair."""
    layer = view.layer()
    x = rng.uniform(0.1, 0.9)
    wood = lab(64, 5, 14) * rng.uniform(0.5, 0.9)
    _box(layer, view, (x - 0.9, -0.90, x + 1.2, -0.85, z), wood)
    _box(layer, view, (x - 0.8, -1.25, x + 1.1, -0.90, z), wood * 0.35)
    for leg in (-0.85, 1.1):
        _box(layer, view, (x + leg, -1.6, x + leg + 0.05, -0.9, z), wood * 0.5)
    screen = x + rng.uniform(-0.5, 0.5)
    _box(layer, view, (screen - 0.29, -0.78, screen + 0.29, -0.42, z), lab(24, 0, -2))
    _box(layer, view, (screen - 0.27, -0.76, screen + 0.27, -0.44, z), lab(rng.uniform(30, 55), -1, -4))
    _box(layer, view, (screen - 0.03, -0.88, screen + 0.03, -0.76, z), lab(40, 0, 0))
    _box(layer, view, (screen + 0.38, -0.85, screen + 0.62, -0.80, z), lab(82, 0, 3))
    _chair(layer, view, (x + rng.uniform(-0.7, 0.9), z - 0.5), lab(rng.uniform(24, 46), 0, -3))
    return layer


def _chair(layer: Light, view: View, at: tuple[float, float], cloth: Light) -> None:
    """Draw a rounded back on a stem."""
    x, z = at
    places = np.linspace(0, 2 * np.pi, 40)
    outline = [
        (
            x + 0.24 * np.sign(np.cos(a)) * abs(np.cos(a)) ** 0.5,
            -0.92 + 0.27 * np.sign(np.sin(a)) * abs(np.sin(a)) ** 0.5,
        )
        for a in places
    ]
    _box(layer, view, (x - 0.03, -1.6, x + 0.03, -1.1, z), cloth * 0.5)
    cv2.fillPoly(layer, [np.array([view.project(a, b, z) for a, b in outline])], (*map(float, cloth), 1.0))


def _box(layer: Light, view: View, box: tuple[float, float, float, float, float], colour: Light) -> None:
    left, foot, right, top, z = box
    ends = view.project(left, foot, z), view.project(right, top, z)
    cv2.rectangle(layer, ends[0], ends[1], (*map(float, colour), 1.0), -1)


def library(view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """Shelves across the back, a lamp with a shade before them, its light falling off along the books."""
    room = Room(2.6, 2.6, rng.uniform(3.7, 4.6), 1.6, yaw=rng.uniform(-0.42, 0.42))
    hit = meet(view, room)
    books = bookshelf(rng)
    shelves = books.at(hit.x + 9 + rng.uniform(0, 3), hit.y + 9.6)
    ends = books.at(hit.z + 9 + rng.uniform(0, 3), hit.y + 9.6)
    light = np.where(hit.on(BACK)[..., None], shelves, ends)
    light = np.where(hit.on(FLOOR)[..., None], lab(26, 6, 10), light)
    light = np.where(hit.on(CEILING)[..., None], lab(50, 3, 10), light)
    lamp = -rng.uniform(0.16, 0.34) * view.wide / 0.75, rng.uniform(-0.35, 0.05), rng.uniform(3.2, 3.5)
    bulb = Panel(
        (lamp[0] * FIELD * lamp[2] * 1.0, lamp[1] - 0.1, lamp[2] - 0.25), (0.25, 0.25, 0), BACK, _WARM
    )
    window = Panel((-2.6, 0.3, 1.5), (0, 1.1, 1.2), LEFT, _DAY * rng.uniform(0.6, 1.4))
    warm = _point(hit, (bulb.centre[0], bulb.centre[1], bulb.centre[2])) * np.float32(rng.uniform(0.35, 0.7))
    light = light * (lit(hit, (window,), np.array([0.20, 0.17, 0.135], np.float32)) + warm[..., None] * _WARM)
    light = defocus_by_depth(view, np.asarray(light, np.float32), hit.depth)
    if rng.random() < 0.75:
        light = put(view, light, _lamp(view, (bulb.centre[0], lamp[1], lamp[2])), lamp[2])
    return _from(side, light), Film(float(rng.uniform(0.075, 0.13)), 24.0, 0.18)


def _point(hit: Hit, at: tuple[float, float, float]) -> Light:
    """Light of a small lamp that shines all around."""
    far = (hit.x - at[0]) ** 2 + (hit.y - at[1]) ** 2 + (hit.z - at[2]) ** 2
    return np.asarray(1 / (far + 0.25), np.float32)


def _lamp(view: View, at: tuple[float, float, float]) -> Light:
    """Draw a cloth shade, brightest in its middle, on a thin brass stand."""
    layer = view.layer()
    x, y, z = at
    _box(layer, view, (x - 0.012, -1.6, x + 0.012, y, z), lab(45, 5, 25) * 0.6)
    shade = [(x - 0.20, y - 0.13), (x + 0.20, y - 0.13), (x + 0.13, y + 0.13), (x - 0.13, y + 0.13)]
    outline = np.array([view.project(a, b, z) for a, b in shade])
    cv2.fillPoly(layer, [outline], (0.50, 0.36, 0.21, 1.0))
    rows = np.arange(view.raster[0], dtype=np.float32)
    top, foot = outline[:, 1].min(), outline[:, 1].max()
    glow = 0.55 + 0.6 * np.exp(-(((rows - (0.4 * top + 0.6 * foot)) / (0.4 * (foot - top) + 1)) ** 2))
    layer[top : foot + 1, :, :3] *= glow[top : foot + 1, None, None]
    return layer


def factory(view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """Draw a brick wall that runs back at an angle, raked by a tall window on the key's side."""
    yaw = -rng.uniform(0.08, 0.5)
    room = Room(left=3.2, right=9, back=rng.uniform(3.6, 5.0), ceiling=3.2, yaw=yaw)
    hit = meet(view, room)
    wall = bricks(-1.0, rng).at(hit.x + 20 + rng.uniform(0, 2), hit.y + 18)
    floor = lab(38, 1, 3)
    light = np.where(hit.on(FLOOR)[..., None], floor, wall)
    window = Panel((-2.9, 0.4, room.back - 1.6), (0, 1.5, 1.0), LEFT, _DAY * rng.uniform(5, 8))
    light = light * (lit(hit, (window,), np.array([0.10, 0.097, 0.095], np.float32)) * corners(hit, room))
    beam = _sunbeam(hit, rng) if rng.random() < 0.4 else np.zeros(hit.surface.shape, np.float32)
    light = np.asarray(light + wall * beam[..., None] * np.array([0.8, 0.68, 0.5], np.float32), np.float32)
    light = defocus_by_depth(view, light, hit.depth)
    if rng.random() < 0.5:
        light = put(view, light, _column(view, room.back - 0.4, rng), room.back - 0.4)
    return _from(side, light), Film(float(rng.uniform(0.12, 0.20)), 25.0, 0.16)


def _sunbeam(hit: Hit, rng: np.random.Generator) -> Light:
    """Draw the window's panes thrown slantwise onto the wall; the sun's own width softens their edges."""
    along = hit.x + 0.5 * hit.y + rng.uniform(0, 1)
    bars = np.clip((0.40 - np.abs(np.mod(along, 1.0) - 0.5)) / 0.06 + 0.5, 0, 1)
    rungs = np.clip((0.26 - np.abs(np.mod(hit.y + 0.12 * hit.x, 0.65) - 0.325)) / 0.06 + 0.5, 0, 1)
    where = 1 / (1 + np.exp((np.abs(along - 0.6) - 1.0) / 0.06))
    return np.asarray(0.9 * bars * rungs * where * (hit.surface == BACK), np.float32)


def _column(view: View, z: float, rng: np.random.Generator) -> Light:
    """Draw a cast-iron column or a pipe, round: light on the window's side."""
    layer = view.layer()
    x, half = rng.choice((-1, 1)) * rng.uniform(0.18, 0.4) * FIELD * z, rng.uniform(0.035, 0.10)
    _box(layer, view, (x - half, -2, x + half, 4, z), np.ones(3, np.float32))
    middle, reach = view.project(x, 0, z)[0], half / (FIELD * z) * view.scale
    across = np.clip((np.arange(view.raster[1]) - middle) / max(reach, 1), -1, 1)
    shade = 0.16 + 0.9 * np.clip(np.cos(np.arcsin(across) + 0.9), 0, 1)
    layer[..., :3] *= (lab(34, 0, -1) * shade[:, None])[None]
    return layer


def lobby(view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """High and white: a glass front on the key's side, panels, lamps overhead, a floor that shines."""
    room = Room(
        rng.uniform(0.3, 1.2),
        rng.uniform(2.5, 4),
        rng.uniform(9, 14),
        rng.uniform(1.9, 2.6),
        rng.uniform(-0.07, 0.09),
    )
    hit = meet(view, room)
    front = Glazing(-1.6, room.ceiling - 0.25, rng.uniform(1.4, 2.2), 0.06)
    sun = rng.uniform(3, 4.5)
    white = lab(93, 0, 1.5)
    wood = lab(62, 8, 20) if rng.random() < 0.5 else white
    tones = {LEFT: white, RIGHT: white, FLOOR: lab(74, 0, 2), CEILING: lab(95, 0, 1), BACK: wood}
    light = _surface(hit, tones) * _by_windows(hit, room, sun)
    partition = _step(np.abs(np.mod(hit.x, 1.25) - 0.62) - 0.03) * hit.on(BACK)
    light = light * (1 - 0.35 * (1 - partition) * hit.on(BACK))[..., None] + _spots(hit, room, rng)
    pane = _panes(hit.z, hit.y, front) * hit.on(LEFT)
    light = _behind_glass(view, hit, light, pane, _outside(view, rng) * np.float32(0.50 * sun))
    light = _shine(view, light, room)
    light = put(view, light, _shaded(view, _counter(view, room.back - 2.5, rng), rng), room.back - 2.5)
    if rng.random() < 0.4:
        light = put(view, light, plant(view, 5.5, rng), 5.5)
    return _from(side, light), Film(float(rng.uniform(0.44, 0.56)), 15.0, 0.08)


def _spots(hit: Hit, room: Room, rng: np.random.Generator) -> Light:
    """Round lamps let into the ceiling."""
    pitch = rng.uniform(1.3, 1.8)
    away = np.hypot(np.mod(hit.x, pitch) - pitch / 2, np.mod(hit.z, pitch * 1.2) - pitch * 0.6)
    glow = _step(0.10 - away) * hit.on(CEILING)
    return np.asarray(
        glow[..., None] * np.array([1.0, 0.95, 0.88], np.float32) * 7 * (room.back > 0), np.float32
    )


def _shine(view: View, light: Light, room: Room) -> Light:
    """Draw a polished floor gives the far end of the room back, upside down and weakly."""
    edge = view.project(0, -room.floor, room.back)[1]
    deep = view.raster[0] - edge
    if deep < 4 or edge < deep:
        return light
    mirrored = light[edge - deep : edge][::-1]
    mirrored = cv2.GaussianBlur(np.ascontiguousarray(mirrored), (0, 0), 0.012 * view.scale)
    share = np.linspace(0.30, 0.12, deep, dtype=np.float32)[:, None, None]
    out = light.copy()
    out[edge:] = light[edge:] * (1 - share) + mirrored * share
    return out


def _counter(view: View, z: float, rng: np.random.Generator) -> Light:
    layer = view.layer()
    x = rng.uniform(0.0, 1.5)
    _box(
        layer,
        view,
        (x - 1.1, -1.6, x + 1.4, -0.5, z),
        lab(*rng.choice(((84, 0, 2), (50, 3, 8), (66, 6, 16)))) * 0.75,
    )
    _box(layer, view, (x - 1.15, -0.5, x + 1.45, -0.44, z), lab(90, 0, 1))
    _box(layer, view, (x - 1.1, -1.6, x + 1.4, -1.5, z), lab(30, 0, 1))
    return layer


def stage(view: View, side: float, rng: np.random.Generator) -> tuple[Light, Film]:
    """Draw a dark hall: folds of a curtain, a lit screen, beams in the haze, lamps on a truss."""
    u, v = view.uv
    pair = (
        (lab(36, 14, -44), lab(44, 38, -26)),
        (lab(42, -6, -36), lab(62, 16, 44)),
        (lab(36, 20, -48), lab(50, -14, -22)),
    )
    first, second = pair[rng.integers(len(pair))]
    folds = _folds(u, rng)
    wash = (
        np.exp(-(((u + 0.25) / 0.42) ** 2))[..., None] * first
        + np.exp(-(((u - 0.32) / 0.36) ** 2))[..., None] * second
    )
    rise = np.clip(0.25 + 0.9 * (v / view.tall), 0, 1)
    light = np.asarray(wash * (folds * rise)[..., None] * 0.50 + lab(7, 1, -4), np.float32)
    light = put(view, light, _screen(view, first, rng), 11)
    light = light + _beams(view, (first, second), rng)
    return _from(side, light + _truss(view, (first, second), rng)), Film(
        float(rng.uniform(0.045, 0.075)), 38.0, 0.25
    )


def _folds(u: Light, rng: np.random.Generator) -> Light:
    """Heavy cloth hangs in uneven vertical folds."""
    places = np.linspace(-0.8, 0.8, 60)
    warped = np.interp(u, places, places + 0.012 * np.cumsum(rng.normal(0, 0.5, 60)))
    wave = np.sin(2 * np.pi * warped * rng.uniform(8, 13)) + 0.4 * np.sin(2 * np.pi * warped * 21.0 + 1)
    return np.asarray(0.72 + 0.20 * wave, np.float32)


def _screen(view: View, colour: Light, rng: np.random.Generator) -> Light:
    """Draw a projection that says nothing: a slow gradient in the hall's own colour."""
    layer = view.layer()
    if rng.random() < 0.4:
        return layer
    x, width = rng.uniform(-1.2, 0.4), rng.uniform(1.6, 2.6)
    _box(layer, view, (x - width / 2, -0.2, x + width / 2, 1.5, 11), np.ones(3, np.float32))
    ramp = np.clip(0.8 + 0.25 * clouds(view.raster, 2, rng, octaves=1), 0.2, 1.6)
    layer[..., :3] *= (colour * 1.1 + lab(50, 0, -10) * 0.35) * ramp[..., None]
    return layer


def _beams(view: View, colours: tuple[Light, Light], rng: np.random.Generator) -> Light:
    """Cones of light in haze: wider and weaker with the distance from their lamp."""
    u, v = view.uv
    total = np.zeros((*view.raster, 3), np.float32)
    for _ in range(int(rng.integers(2, 5))):
        source, lean = rng.uniform(-0.4, 0.4), rng.normal(0, 0.45)
        down = np.clip(v + 0.03, 0.001, None)
        half = 0.015 + 0.10 * down
        beam = np.exp(-(((u - source - lean * down) / half) ** 2)) * np.exp(-down * 1.9) * (0.03 / half)
        total += beam[..., None] * colours[rng.integers(2)] * np.float32(rng.uniform(0.5, 1.3))
    return total * np.clip(1 + 0.10 * clouds(view.raster, 5, rng), 0.5, 1.5)[..., None]


def _truss(view: View, colours: tuple[Light, Light], rng: np.random.Generator) -> Light:
    """Lamps that look at us from above: each a disc of the lens."""
    points = np.zeros((*view.raster, 3), np.float32)
    disc = blur_disc(9) * view.scale
    row_v = rng.uniform(0.05, 0.20)
    for u in np.arange(-0.5, 0.5, rng.uniform(0.085, 0.15)) + rng.uniform(0, 0.05):
        column, row = view.pixel(u, row_v + rng.normal(0, 0.006))
        tint = lab(88, 4, 14) if rng.random() < 0.3 else colours[rng.integers(2)] * 3
        power = rng.uniform(0.15, 1.0) * disc**2 * np.pi / 36
        if 1 <= row < view.raster[0] - 1 and 1 <= column < view.raster[1] - 1:
            points[row - 1 : row + 2, column - 1 : column + 2] += tint * np.float32(power)
    return defocus(points, disc)
