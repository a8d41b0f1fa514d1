"""Plates: pictures of places to start from, drawn by formulas alone and blurred as behind a portrait.

Pure and seeded; numpy and OpenCV only. No photograph and no person ever entered them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from studio_server.domain.variation import CONTEXTS, Context
from studio_server.engines.starter import interiors, outdoors, papers
from studio_server.engines.starter.optics import Film, Light, View, develop

Painter = Callable[[View, float, np.random.Generator], tuple[Light, Film]]


@dataclass(frozen=True)
class Plate:
    """A picture of a place, and what a compositor needs to know of it."""

    picture: NDArray[np.uint8]
    """Height x width x 3, sRGB."""
    horizon: float
    """The camera's height as a fraction of the frame's height from the top: where the eyes should be."""
    key_side: float
    """Where the light comes from: -1 left, 1 right."""
    kelvin: float
    """Colour temperature of the light on this place, as a camera balanced for daylight sees it."""
    luminance: float
    """Mean linear luminance, 0-1."""


@dataclass(frozen=True)
class _Place:
    paint: Painter
    kelvin: float


_PLACES: Mapping[str, _Place] = MappingProxyType(
    {
        "studio-grey": _Place(partial(papers.paint, papers.GREY), 5500),
        "studio-dark": _Place(partial(papers.paint, papers.DARK), 5500),
        "studio-warm": _Place(partial(papers.paint, papers.WARM), 5000),
        "office-window": _Place(interiors.office, 5800),
        "library": _Place(interiors.library, 3900),
        "garden": _Place(outdoors.garden, 5600),
        "city-dusk": _Place(outdoors.city, 7000),
        "brick": _Place(interiors.factory, 5400),
        "stage": _Place(interiors.stage, 6000),
        "lobby": _Place(interiors.lobby, 5700),
    }
)


KNOWN: tuple[Context, ...] = tuple(one for one in CONTEXTS if one.id in _PLACES)
"""The contexts that the starter base is taught; the others have plates only."""


def render(context_id: str, seed: int, size: tuple[int, int]) -> Plate:
    """Draw the place of a context. `size`: width and height, px. The same arguments give the same bytes.

    Raises KeyError for a context that is not in KNOWN.
    """
    place = _PLACES[context_id]
    rng = np.random.default_rng((crc32(context_id.encode()), seed))
    view = View(size, float(rng.uniform(0.38, 0.46)))
    side = float(rng.choice((-1.0, 1.0))) * float(rng.uniform(0.6, 1.0))
    light, film = place.paint(view, side, rng)
    picture = develop(view, light, film, rng)
    linear = np.power(picture.astype(np.float32) / 255, 2.2) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return Plate(picture, view.horizon, side, place.kelvin, float(linear.mean()))
