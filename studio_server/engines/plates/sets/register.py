"""All the sets: what each plate is called, where its light comes from, and how it is exposed."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from studio_server.engines.plates.sets import indoors, outdoors, papers
from studio_server.engines.plates.sets.kit import Kit, Point


@dataclass(frozen=True)
class Set:
    id: str
    title: str
    context: str
    build: Callable[[Kit], None]
    key: Point
    """From the sitter to the main light: right, up, towards the camera."""
    kelvin: int
    mean: float
    """Linear luminance of the frame that it is exposed to."""
    chroma: float = 22
    """CIE Lab chroma that 95 % of it stay below."""
    seed: int = 1

    @property
    def unit_key(self) -> Point:
        """`key` at length 1, to three decimals: as records keep it."""
        right, up, near = (round(one / math.hypot(*self.key), 3) for one in self.key)
        return right, up, near


LEFT, RIGHT, FRONT = (-0.85, 0.4, 0.35), (0.85, 0.4, 0.35), (0.1, 0.5, 0.85)
BACK_LEFT, BACK_RIGHT, ABOVE = (-0.75, 0.55, -0.35), (0.7, 0.5, -0.5), (-0.25, 0.95, 0.15)

SETS: tuple[Set, ...] = (
    Set("grey-one-light", "Grey paper, one light", "studio-grey",
        partial(papers.paper_one_light, colour=papers.GREY, side=-1), LEFT, 5500, 0.20, 8),
    Set("grey-halo", "Grey paper, halo", "studio-grey",
        partial(papers.paper_glow, colour=papers.GREY, power=11), FRONT, 5500, 0.17, 8),
    Set("white-even", "White paper, two lights", "studio-white",
        partial(papers.paper_two_lights, colour=papers.WHITE, warmth=5500), FRONT, 5500, 0.80, 6),
    Set("white-side", "White paper, one light", "studio-white",
        partial(papers.paper_one_light, colour=papers.WHITE, side=1), RIGHT, 5500, 0.60, 6),
    Set("warm-one-light", "Warm paper, one light", "studio-warm",
        partial(papers.paper_one_light, colour=papers.BEIGE, side=1), RIGHT, 5100, 0.30, 18),
    Set("warm-canvas", "Warm painted canvas", "studio-warm",
        partial(papers.painted_canvas, colour=(0.33, 0.255, 0.19), side=-1), LEFT, 5000, 0.17, 20),
    Set("dark-canvas", "Dark painted canvas", "studio-dark",
        partial(papers.painted_canvas, colour=papers.DARK, side=-1), LEFT, 5400, 0.035, 10),
    Set("dark-halo", "Dark paper, halo", "studio-dark",
        partial(papers.paper_glow, colour=papers.DARK, power=9), FRONT, 5300, 0.035, 10),
    Set("office-desks", "Desks by the window", "office-window", indoors.office_side, LEFT, 5700, 0.34),
    Set("office-meeting", "Meeting room", "office-window", indoors.office_back, BACK_LEFT, 5800, 0.33),
    Set("office-shared", "Shared office", "office-window", indoors.coworking, RIGHT, 5500, 0.31),
    Set("library-wall", "Wall of books", "library", indoors.library_wall, LEFT, 4500, 0.11),
    Set("library-aisle", "Between the shelves", "library", indoors.library_aisle, RIGHT, 4600, 0.15),
    Set("garden-hedge", "Shrubs and trees", "garden", outdoors.garden_hedge, BACK_LEFT, 5600, 0.16),
    Set("garden-path", "Path in the park", "garden", outdoors.garden_path, BACK_RIGHT, 5300, 0.20),
    Set("city-street", "Avenue at dusk", "city-dusk", outdoors.city_street, FRONT, 6500, 0.06),
    Set("city-roof", "Roof terrace at dusk", "city-dusk", outdoors.city_roof, FRONT, 6500, 0.07),
    Set("brick-red", "Old brick", "brick", indoors.brick_factory, LEFT, 5600, 0.12),
    Set("brick-white", "White brick loft", "brick", indoors.brick_white, RIGHT, 5700, 0.36),
    Set("stage-screen", "Stage with a screen", "stage", indoors.stage_screen, FRONT, 5600, 0.04),
    Set("stage-curtain", "Curtain", "stage", indoors.stage_curtain, RIGHT, 4400, 0.035),
    Set("lobby-glass", "Glass front", "lobby", indoors.lobby_glass, RIGHT, 5700, 0.42),
    Set("lobby-reception", "Reception", "lobby", indoors.lobby_stone, LEFT, 5500, 0.30),
    Set("corridor-office", "Office corridor", "corridor", indoors.corridor, RIGHT, 5000, 0.30),
    Set("coffee-counter", "Coffee bar", "coffee-bar", indoors.coffee_counter, LEFT, 4400, 0.12),
    Set("coffee-window", "Table by the window", "coffee-bar", indoors.coffee_window, RIGHT, 5000, 0.20),
    Set("gallery-canvases", "Gallery", "gallery", indoors.gallery, ABOVE, 4900, 0.46),
    Set("stairs-concrete", "Concrete stairs", "stairwell", indoors.stairwell, LEFT, 6200, 0.24),
    Set("courtyard-sun", "Courtyard in the sun", "courtyard", outdoors.courtyard_sun, LEFT, 5500, 0.28),
    Set("courtyard-shade", "Colonnade", "courtyard", outdoors.courtyard_shade, RIGHT, 6200, 0.22),
)  # fmt: skip
