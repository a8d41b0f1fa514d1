"""Studio paper and painted canvas, lit as a photographer lights a backdrop."""

from studio_server.engines.plates.sets.kit import Kit
from studio_server.engines.plates.sets.parts import lamp
from studio_server.engines.plates.sets.textures import Colour, Light, canvas, plaster

GREY: Colour = (0.34, 0.34, 0.345)
WHITE: Colour = (0.86, 0.86, 0.855)
BEIGE: Colour = (0.50, 0.42, 0.335)
DARK: Colour = (0.060, 0.062, 0.067)


def _hang(kit: Kit, texture: Light, away: float = 3.9) -> None:
    kit.panel((-2.2, -0.2, away), ((4.4, 0, 0), (0, 4.4, 0)), texture, roughness=0.9)


def paper_one_light(kit: Kit, colour: Colour, side: float) -> None:
    """One softbox from the side: the paper falls off across the frame."""
    _hang(kit, plaster(colour, kit.rng, 0.015))
    far = 2.6 * side
    spans = ((0, 0, 1.3), (0, 1.6, 0)) if side < 0 else ((0, 0, -1.3), (0, 1.6, 0))
    kit.light((far, 0.9, 1.3 if side < 0 else 2.6), spans, lamp(5400, 12))
    kit.light((2, 0, -1.5), ((-4, 0, 0), (0, 3, 0)), lamp(5600, 0.25))


def paper_glow(kit: Kit, colour: Colour, power: float) -> None:
    """A lamp low behind the sitter, aimed at the paper: a halo that falls off to the corners."""
    _hang(kit, plaster(colour, kit.rng, 0.015))
    kit.light((0.4, 0.02, 2.7), ((-0.8, 0, 0), (0, 0.5, -0.3)), lamp(5300, power))
    kit.light((2, 0, -1.5), ((-4, 0, 0), (0, 3, 0)), lamp(5600, 0.6))


def paper_two_lights(kit: Kit, colour: Colour, warmth: float) -> None:
    """A softbox on each side, the left one nearer: nearly even."""
    _hang(kit, plaster(colour, kit.rng, 0.015))
    kit.light((-2.4, 0.6, 1.0), ((0, 0, 1.6), (0, 2, 0)), lamp(warmth, 8))
    kit.light((2.9, 0.6, 2.6), ((0, 0, -1.6), (0, 2, 0)), lamp(warmth, 6))


def painted_canvas(kit: Kit, colour: Colour, side: float) -> None:
    """A hand-painted canvas under one large light."""
    _hang(kit, canvas(colour, kit.rng))
    spans = ((0, 0, 1.6), (0, 1.8, 0)) if side < 0 else ((0, 0, -1.6), (0, 1.8, 0))
    kit.light((2.5 * side, 1.2, 0.9 if side < 0 else 2.5), spans, lamp(5200, 10))
    kit.light((0.4, 0.02, 2.7), ((-0.8, 0, 0), (0, 0.5, -0.3)), lamp(5000, 5))
