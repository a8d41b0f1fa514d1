"""Rooms: offices, lobbies, corridors, a library, a coffee bar, a gallery, a stairwell, a factory, a stage."""

import numpy as np

from studio_server.engines.plates.sets import parts, textures
from studio_server.engines.plates.sets.kit import Kit
from studio_server.engines.plates.sets.parts import BLACK, OAK, STEEL, WALNUT, lamp


def office_side(kit: Kit) -> None:
    """A row of desks beside a glazed facade on the left, a wooden wall at the far end."""
    grey = textures.ground((0.17, 0.17, 0.175), kit.rng, 0.15)
    parts.room(kit, (-2.0, 4.2, 13.0, 3.0), textures.plaster((0.70, 0.69, 0.66), kit.rng), grey)
    parts.window_side(kit, -1.95, (2.0, 12.6), 5.0)
    kit.panel((0.2, 0, 12.9), ((4.0, 0, 0), (0, 3, 0)), textures.planks(OAK, kit.rng), tiles=(2, 1))
    for away in (5.4, 8.0, 10.6):
        parts.desk(kit, (-0.6, 0, away), 1.7)
        kit.box((-0.1, 0.74, away + 0.2), (0.15, 0.77, away + 0.5), (0.7, 0.68, 0.62))
        parts.strip(kit, (0.4, 2.98, away + 1.4), (0.14, 1.6), lamp(4600, 5))
    parts.plant(kit, (1.25, 0, 7.2), 1.7)
    parts.plant(kit, (-1.5, 0, 9.5), 1.5)
    parts.shelf(kit, (1.7, 0, 10.8), (1.6, 1.3), (0.62, 0.60, 0.56), rows=3)
    parts.fill(kit, lamp(5200, 0.7))


def office_back(kit: Kit) -> None:
    """A meeting room: daylight through a wide window behind, a table, a plant, white walls."""
    floor = textures.planks((0.30, 0.23, 0.16), kit.rng)
    parts.room(kit, (-3.2, 2.3, 8.4, 2.9), textures.plaster((0.66, 0.66, 0.65), kit.rng), floor)
    parts.window_back(kit, (-2.1, 0.8, 8.1), (2.5, 1.9), 2.6)
    kit.light((-3.1, 0.6, 3.0), ((0, 0, 4.5), (0, 2.0, 0)), lamp(6200, 3.2))
    kit.box((-1.6, 0.70, 5.4), (0.9, 0.74, 6.6), (0.36, 0.26, 0.17), "satin")
    for right in (-1.2, -0.4, 0.4):
        kit.box((right, 0.45, 5.0), (right + 0.46, 0.52, 5.4), BLACK, "satin")
        kit.box((right, 0.5, 4.98), (right + 0.46, 0.98, 5.02), (0.13, 0.14, 0.15))
    parts.plant(kit, (1.15, 0, 7.4), 1.9)
    parts.shelf(kit, (1.4, 0, 7.9), (0.85, 2.0), (0.5, 0.42, 0.33), rows=5)
    parts.pendant(kit, (-0.2, 1.98, 6.2), 0.11, lamp(3600, 3), 2.9)
    parts.fill(kit, lamp(5400, 0.8))


def coworking(kit: Kit) -> None:
    """A shared office: plywood, plants on shelves, daylight from the right, round lamps."""
    floor = textures.concrete(kit.rng, 0.30, 2)
    parts.room(kit, (-3.4, 2.1, 12.0, 3.3), textures.plaster((0.62, 0.60, 0.56), kit.rng), floor)
    parts.window_side(kit, 2.05, (2.5, 11.8), 4.6)
    kit.panel((-3.3, 0, 11.8), ((5.2, 0, 0), (0, 2.2, 0)), textures.planks((0.52, 0.41, 0.28), kit.rng, 6))
    for away, right in ((6.0, -1.5), (8.6, -0.9), (8.6, -2.4)):
        parts.desk(kit, (right, 0, away), 1.4)
    for away, right in ((5.6, -0.6), (7.4, 0.5), (9.6, -1.2)):
        parts.pendant(kit, (right, 2.25, away), 0.13, lamp(3500, 3.2), 3.3)
    parts.shelf(kit, (-2.7, 0, 9.9), (1.9, 2.1), (0.48, 0.38, 0.26), rows=5)
    for right, away, tall in ((0.9, 8.0, 1.8), (1.2, 10.6, 1.6), (-1.9, 7.0, 1.2)):
        parts.plant(kit, (right, 0, away), tall)
    parts.fill(kit, lamp(5200, 0.6))


def library_wall(kit: Kit) -> None:
    """A wall of books under warm lamps, daylight from the left."""
    floor = textures.planks(WALNUT, kit.rng)
    parts.room(kit, (-2.6, 2.6, 6.2, 3.2), textures.plaster((0.34, 0.31, 0.27), kit.rng), floor)
    parts.shelf(kit, (-2.2, 0, 5.6), (4.4, 3.0), WALNUT, rows=8)
    kit.light((-2.5, 0.8, 3.0), ((0, 0, 2.2), (0, 1.9, 0)), lamp(5600, 4.5))
    for right in (-0.9, 0.85):
        kit.light((right - 0.15, 3.0, 5.1), ((0.3, 0, 0), (0, -0.05, -0.2)), lamp(3300, 18))
    kit.ball((0.72, 1.32, 5.0), 0.085, lamp(3000, 6), "glow")
    kit.rod(((0.72, 0, 5.0), (0.72, 1.25, 5.0)), 0.012, (0.4, 0.32, 0.2), "metal")
    parts.fill(kit, lamp(4400, 0.45))


def library_aisle(kit: Kit) -> None:
    """Between two rows of shelves, a tall window at the end."""
    floor = textures.planks((0.22, 0.16, 0.11), kit.rng)
    parts.room(kit, (-2.4, 2.4, 15.0, 3.6), textures.plaster((0.50, 0.47, 0.42), kit.rng), floor)
    for away in (4.6, 7.4, 10.4, 13.2):
        parts.shelf(kit, (-2.3, 0, away), (1.25 + 0.02 * away, 2.9), WALNUT, rows=7)
        parts.shelf(kit, (1.05 - 0.02 * away, 0, away), (1.3 + 0.02 * away, 2.9), WALNUT, rows=7)
        parts.strip(kit, (-0.3, 3.55, away - 0.3), (0.6, 0.5), lamp(3700, 9))
    parts.window_back(kit, (-0.7, 0.9, 14.6), (1.4, 2.5), 3.2, 2)
    kit.light((2.3, 1.0, 6.8), ((0, 0, -2.0), (0, 2.2, 0)), lamp(5600, 2.2))
    parts.fill(kit, lamp(4400, 0.4))


def lobby_glass(kit: Kit) -> None:
    """A deep lobby: stone floor, columns, a glass front on the right, a wooden desk."""
    floor = textures.tiles((0.52, 0.50, 0.47), kit.rng)
    parts.room(kit, (-5.0, 4.0, 22.0, 4.6), textures.plaster((0.74, 0.73, 0.71), kit.rng), floor)
    parts.window_back(kit, (-1.2, 0, 21.6), (3.9, 4.2), 2.4, 4)
    kit.light((2.95, 0, 21.5), ((0, 0, -18.5), (0, 4.5, 0)), textures.view_outside(kit.rng) * np.float32(3.6))
    for away in np.arange(4.5, 22, 2.2):
        kit.box((2.78, 0, away), (2.9, 4.6, away + 0.08), (0.25, 0.25, 0.26), "satin")
    for away in (8.0, 12.5, 17.0):
        kit.box((-2.15, 0, away), (-1.7, 4.6, away + 0.45), (0.68, 0.67, 0.65), "satin")
        parts.strip(kit, (-0.6, 4.55, away), (1.2, 1.0), lamp(4600, 6))
    kit.panel((-4.9, 0, 15.5), ((3.6, 0, 0), (0, 4.0, 0)), textures.planks(OAK, kit.rng, 14))
    kit.box((-1.3, 0, 10.5), (0.6, 1.1, 11.3), (0.33, 0.24, 0.16), "satin")
    for right, away in ((1.3, 9.5), (-2.6, 7.4), (1.5, 15.0)):
        parts.plant(kit, (right, 0, away), 2.0)
    parts.fill(kit, lamp(5400, 0.9), 5)


def lobby_stone(kit: Kit) -> None:
    """A reception: slatted wood, a stone counter, round lamps, daylight from the left."""
    floor = textures.tiles((0.40, 0.38, 0.36), kit.rng, 8)
    parts.room(kit, (-3.0, 3.4, 9.5, 3.4), textures.plaster((0.70, 0.68, 0.64), kit.rng), floor)
    parts.window_side(kit, -2.9, (2.0, 9.0), 4.2)
    for right in np.arange(-0.6, 3.3, 0.115):
        kit.box((right, 0, 9.1), (right + 0.055, 3.4, 9.25), (0.36, 0.26, 0.17), "satin")
    kit.box((-0.5, 0, 7.2), (2.2, 1.08, 7.9), (0.30, 0.29, 0.28), "gloss")
    kit.box((-0.55, 1.08, 7.1), (2.25, 1.13, 8.0), (0.66, 0.64, 0.60), "gloss")
    for right in (0.0, 0.75, 1.5):
        parts.pendant(kit, (right, 2.15, 7.5), 0.12, lamp(3400, 4.5), 3.4)
    parts.plant(kit, (-1.35, 0, 7.6), 2.0)
    parts.strip(kit, (-1.2, 3.36, 8.9), (3.6, 0.12), lamp(3800, 9))
    parts.fill(kit, lamp(5200, 0.7))


def corridor(kit: Kit) -> None:
    """An office corridor: glass rooms on the right, doors on the left, a window at the end."""
    carpet = textures.ground((0.15, 0.16, 0.18), kit.rng, 0.15)
    parts.room(kit, (-1.5, 1.6, 20.0, 2.8), textures.plaster((0.68, 0.67, 0.65), kit.rng), carpet)
    for away in (4.6, 8.2, 11.8, 15.4):
        kit.box((-1.49, 0, away), (-1.44, 2.15, away + 0.95), (0.36, 0.27, 0.19), "satin")
        kit.box((-1.46, 1.0, away + 0.1), (-1.38, 1.03, away + 0.22), STEEL, "metal")
    kit.light(
        (1.58, 0.05, 19.5), ((0, 0, -16.5), (0, 2.4, 0)), textures.view_outside(kit.rng) * np.float32(1.5)
    )
    for away in np.arange(3.4, 20, 1.6):
        kit.box((1.45, 0, away), (1.55, 2.8, away + 0.06), (0.12, 0.12, 0.125), "satin")
        parts.strip(kit, (-0.45, 2.78, away + 0.9), (0.9, 0.32), lamp(4700, 4))
    parts.window_back(kit, (-1.1, 0.3, 19.6), (2.2, 2.3), 2.2, 2)
    parts.plant(kit, (-1.05, 0, 17.4), 1.6)
    parts.fill(kit, lamp(4900, 0.5))


def coffee_counter(kit: Kit) -> None:
    """A coffee bar: tiles, shelves with jars and cups, hanging lamps, a window on the left."""
    floor = textures.tiles((0.27, 0.26, 0.25), kit.rng, 14)
    parts.room(kit, (-2.5, 2.9, 7.2, 3.0), textures.plaster((0.20, 0.22, 0.215), kit.rng), floor)
    parts.window_side(kit, -2.4, (1.5, 5.6), 3.4)
    kit.panel((-1.9, 1.0, 7.0), ((4.6, 0, 0), (0, 0.9, 0)), textures.tiles((0.62, 0.61, 0.57), kit.rng, 12),
              tiles=(2.4, 0.5), roughness=0.2)  # fmt: skip
    for up in (1.55, 1.98, 2.4):
        kit.box((-1.6, up, 6.6), (2.2, up + 0.04, 6.95), OAK, "satin")
        at = -1.5
        while at < 2.1:
            radius, tall = kit.rng.uniform(0.035, 0.075), kit.rng.uniform(0.1, 0.3)
            tone = float(kit.rng.uniform(0.08, 0.7))
            colour = (tone, tone * kit.rng.uniform(0.8, 0.97), tone * kit.rng.uniform(0.6, 0.9))
            kit.rod(((at, up + 0.04, 6.75), (at, up + 0.04 + tall, 6.75)), radius, colour, "gloss")
            kit.ball((at, up + 0.04 + tall, 6.75), radius * 0.97, colour, "gloss")
            at += radius * 2 + kit.rng.uniform(0.02, 0.16)
    kit.box((-1.7, 0, 5.3), (2.8, 1.05, 5.95), (0.24, 0.18, 0.13), "satin")
    kit.box((-1.75, 1.05, 5.2), (2.85, 1.1, 6.0), (0.45, 0.36, 0.26), "gloss")
    kit.box((0.55, 1.1, 5.5), (1.2, 1.55, 5.9), (0.55, 0.55, 0.55), "metal")
    for right in (-0.95, -0.2, 0.55, 1.3):
        parts.pendant(kit, (right, 2.05, 5.4), 0.1, lamp(2900, 7), 3.0)
    parts.strip(kit, (-1.5, 2.95, 6.5), (3.6, 0.1), lamp(3000, 10))
    parts.fill(kit, lamp(4600, 0.4))


def coffee_window(kit: Kit) -> None:
    """Tables by the street window of a coffee house, evening lamps inside."""
    parts.room(kit, (-2.6, 3.2, 8.6, 3.1), textures.plaster((0.48, 0.43, 0.36), kit.rng),
               textures.planks((0.25, 0.18, 0.12), kit.rng))  # fmt: skip
    parts.window_back(kit, (-0.1, 0.6, 8.3), (2.2, 2.1), 2.4)
    kit.light((3.1, 0.8, 7.5), ((0, 0, -4.0), (0, 1.9, 0)), lamp(6000, 3.0))
    for right, away in ((-1.3, 6.2), (0.4, 7.0), (1.2, 5.8)):
        kit.rod(((right, 0, away), (right, 0.72, away)), 0.03, BLACK, "satin")
        kit.box((right - 0.35, 0.72, away - 0.35), (right + 0.35, 0.75, away + 0.35), OAK, "satin")
        kit.box((right - 0.2, 0.42, away + 0.45), (right + 0.25, 0.46, away + 0.85), WALNUT, "satin")
        kit.box((right - 0.2, 0.46, away + 0.83), (right + 0.25, 0.9, away + 0.86), WALNUT, "satin")
        parts.pendant(kit, (right, 1.95, away), 0.1, lamp(2900, 6), 3.1)
    parts.shelf(kit, (-2.3, 0.9, 8.2), (1.7, 1.4), OAK, rows=3)
    parts.plant(kit, (-0.45, 0, 7.9), 1.5)
    parts.fill(kit, lamp(4400, 0.5))


def gallery(kit: Kit) -> None:
    """White walls, quiet canvases, track lights."""
    parts.room(kit, (-3.4, 3.4, 9.0, 3.8), textures.plaster((0.80, 0.79, 0.77), kit.rng, 0.01),
               textures.planks((0.40, 0.31, 0.22), kit.rng))  # fmt: skip
    for right, wide, tall in ((-1.75, 1.05, 1.3), (0.1, 1.25, 0.95), (2.0, 0.9, 1.2)):
        low = 1.55 - tall / 2
        kit.box((right - 0.03, low - 0.03, 8.9), (right + wide + 0.03, low + tall + 0.03, 8.96), BLACK)
        kit.panel((right, low, 8.88), ((wide, 0, 0), (0, tall, 0)), textures.painting(kit.rng))
        kit.light((right + wide / 2 - 0.1, 3.6, 7.7), ((0.2, 0, 0), (0, 0.12, -0.12)), lamp(3900, 34))
    kit.box((0.9, 0, 6.6), (1.45, 1.0, 7.15), (0.74, 0.73, 0.71))
    kit.ball((1.17, 1.16, 6.87), 0.17, (0.30, 0.27, 0.23), "satin")
    kit.light((-2.0, 3.75, 7.6), ((4.0, 0, 0), (0, 0, -4.5)), lamp(5600, 2.0))
    kit.light((-3.35, 0.8, 2.5), ((0, 0, 3.0), (0, 2.4, 0)), lamp(5800, 1.6))
    parts.fill(kit, lamp(5300, 0.6))


def stairwell(kit: Kit) -> None:
    """Cast concrete, a flight of stairs with a steel rail, daylight from above and the left."""
    wall = textures.concrete(kit.rng, 0.42, 2)
    kit.panel((-3.2, -0.2, 9.0), ((6.6, 0, 0), (0, 5.2, 0)), wall, tiles=(1.4, 1.1), roughness=0.75)
    kit.panel((3.2, -0.2, 9.0), ((0, 0, -10), (0, 5.2, 0)), wall, tiles=(2, 1.1))
    kit.panel((-3.2, 0, -1), ((6.6, 0, 0), (0, 0, 10)), textures.concrete(kit.rng, 0.30, 2), roughness=0.4)
    for step in range(17):
        right, up = -0.9 + step * 0.27, step * 0.175
        kit.box((right, up - 0.35, 6.4), (right + 0.29, up + 0.175, 7.9), (0.40, 0.39, 0.375))
    kit.rod(((-1.0, 1.05, 6.45), (3.2, 3.8, 6.45)), 0.028, (0.10, 0.10, 0.10), "satin")
    for step in range(0, 17, 2):
        right, up = -0.9 + step * 0.27 + 0.13, step * 0.175
        kit.rod(((right, up, 6.45), (right, up + 1.02, 6.45)), 0.011, (0.1, 0.1, 0.1), "satin")
    kit.light((-1.6, 4.8, 8.8), ((3.2, 0, 0), (0, 0, -3.4)), lamp(6400, 9))
    kit.light((-3.1, 0.3, 3.0), ((0, 0, 4.6), (0, 3.2, 0)), lamp(6200, 2.6))
    parts.fill(kit, lamp(5800, 0.4))


def brick_factory(kit: Kit) -> None:
    """Old red-brown brick in raking daylight from the left; a pipe, a steel window."""
    face, relief = textures.bricks(((0.25, 0.125, 0.085), (0.15, 0.085, 0.065)), (0.33, 0.31, 0.28), kit.rng)
    kit.panel((-2.6, -0.3, 5.0), ((5.2, 0, 0), (0, 4, 0)), face, tiles=(1.7, 1.78), relief=relief, depth=0.05)
    floor = textures.concrete(kit.rng, 0.25, 2)
    kit.panel((-2.6, -0.3, -1), ((5.2, 0, 0), (0, 0, 6)), floor)
    kit.light((-2.5, 0.4, 3.3), ((0, 0, 1.4), (0, 2.6, 0)), lamp(5700, 7))
    kit.rod(((0.95, -0.3, 4.86), (0.95, 4, 4.86)), 0.045, (0.19, 0.19, 0.19), "satin")
    kit.box((0.87, 2.0, 4.8), (1.03, 2.06, 5.0), (0.12, 0.12, 0.12))
    parts.fill(kit, lamp(5600, 0.5))


def brick_white(kit: Kit) -> None:
    """A loft of white-washed brick: a tall window on the right, a bench, a plant."""
    face, relief = textures.bricks(((0.62, 0.60, 0.57), (0.50, 0.48, 0.45)), (0.56, 0.54, 0.51), kit.rng)
    kit.panel((-3.2, 0, 6.8), ((6, 0, 0), (0, 3.9, 0)), face, tiles=(1.9, 1.7), relief=relief, depth=0.05)
    kit.panel(
        (-3.2, 0, -1), ((6, 0, 0), (0, 0, 7.8)), textures.planks((0.31, 0.23, 0.16), kit.rng), roughness=0.4
    )
    kit.light((2.7, 0.6, 6.5), ((0, 0, -2.8), (0, 2.9, 0)), lamp(5900, 6))
    for away in (4.1, 5.1, 6.1):
        kit.box((2.5, 0, away), (2.6, 3.9, away + 0.05), BLACK)
    kit.box((-1.5, 0.42, 6.1), (0.3, 0.47, 6.5), OAK, "satin")
    for right in (-1.4, 0.15):
        kit.box((right, 0, 6.15), (right + 0.05, 0.42, 6.45), BLACK)
    parts.plant(kit, (1.05, 0, 6.2), 1.8)
    parts.fill(kit, lamp(5600, 0.5))


def stage_screen(kit: Kit) -> None:
    """A conference stage: a wide, dim screen, a lectern, spots in the rig."""
    kit.quad([(-9, 0, 3), (9, 0, 3), (9, 0, 16), (-9, 0, 16)], (0.035, 0.035, 0.04), "gloss")
    kit.quad([(-9, 0, 15.5), (9, 0, 15.5), (9, 9, 15.5), (-9, 9, 15.5)], (0.02, 0.02, 0.023))
    rows = np.linspace(1.2, 0.35, 90, dtype=np.float32)[:, None, None]
    screen = rows * np.array((0.16, 0.24, 0.36), np.float32) * np.ones((90, 160, 1), np.float32)
    screen *= (1 + 0.35 * textures.clouds((90, 160), 1.5, kit.rng, 3))[..., None]
    kit.light((-2.4, 1.5, 14.9), ((6.2, 0, 0), (0, 2.6, 0)), screen.clip(0.02, None))
    for right in np.linspace(-3.5, 3.3, 12):
        kit.box((right, 0, 15.1), (right + 0.42, 9, 15.3), (0.07, 0.07, 0.078))
        kit.light((right + 0.1, 0.05, 14.6), ((0.2, 0, 0), (0, 0, 0.1)), lamp(6500, 14))
    for number, right in enumerate(np.linspace(-3.4, 3.4, 9)):
        warm = (3600, 5200, 7600)[number % 3]
        kit.ball((right, 3.75 + 0.08 * (number % 2), 13.0), 0.06, lamp(warm, 4), "glow")
        kit.rod(((right, 3.8, 13.05), (right, 4.1, 13.2)), 0.1, BLACK)
    kit.rod(((-5, 4.1, 13.2), (5, 4.1, 13.2)), 0.05, (0.2, 0.2, 0.2), "metal")
    kit.light((3.2, 5.2, 8.2), ((0.5, 0, 0), (0, 0.3, -0.4)), lamp(4200, 30))
    kit.light((-3.6, 5.0, 9.0), ((0.5, 0, 0), (0, 0.3, -0.4)), lamp(6500, 18))
    kit.box((-1.75, 0, 11.8), (-1.2, 1.15, 12.2), (0.16, 0.13, 0.11), "satin")
    for right in (0.7, 1.5):
        kit.box((right, 0.4, 12.4), (right + 0.55, 0.48, 12.9), (0.25, 0.24, 0.23))
        kit.box((right, 0.48, 12.86), (right + 0.55, 0.95, 12.92), (0.25, 0.24, 0.23))


def stage_curtain(kit: Kit) -> None:
    """A theatre: a heavy curtain in folds, one warm spot from the right, boards."""
    kit.panel(
        (-5, 0, 1), ((10, 0, 0), (0, 0, 7)), textures.planks((0.12, 0.08, 0.055), kit.rng, 20), roughness=0.35
    )
    columns = np.linspace(-3.2, 3.2, 700)
    folds = 0.16 * np.sin(columns * 9 + 0.8 * np.sin(columns * 2.3)) + 0.05 * np.sin(columns * 23)
    low = np.stack([columns, np.full(700, 0.02), 6.6 + folds], 1)
    high = np.stack([columns * 1.02, np.full(700, 6.0), 6.6 + 0.8 * folds], 1)
    here = np.arange(699)
    faces = np.concatenate(
        [np.stack([here, here + 1, here + 701], 1), np.stack([here, here + 701, here + 700], 1)]
    )
    kit.mesh(np.concatenate([low, high]), faces, (0.125, 0.032, 0.034), "matte")
    kit.light((2.4, 4.6, 3.6), ((0.45, 0, 0), (0, 0.4, 0.4)), lamp(3900, 2))
    kit.light((2.9, 4.0, 4.2), ((0.0, 0, -0.6), (-0.3, 0.6, 0)), lamp(3900, 45))
    kit.light((-2.6, 3.2, 4.2), ((0, 0, 0.6), (0, 0.7, 0)), lamp(6200, 6))
    for right in np.linspace(-1.5, 1.5, 6):
        kit.ball((right, 0.09, 6.15), 0.05, lamp(2900, 14), "glow")
