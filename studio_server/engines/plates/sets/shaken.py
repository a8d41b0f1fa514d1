"""A set as another studio, another day and another chair would have it: what the starter base learns from.

Nothing of a set is moved: its paints, its lamps and the camera are, and its own seed turns books and leaves.
"""

from typing import Any

import numpy as np

from studio_server.engines.plates.sets.kit import Kit, Point
from studio_server.engines.plates.sets.parts import kelvin
from studio_server.engines.plates.sets.textures import Colour, Light

_PAINT, _TONE = 0.16, 0.05
"""Spread (log) of a paint's brightness, and of its red and blue against its green."""
_LAMP = 0.4
"""Spread (log) of a lamp's power."""
_WARMTH = 450
"""K: spread of the colour temperature that all lamps are turned by, about 5500."""


class ShakenKit(Kit):
    """Paints of one colour stay of one colour: a shelf's boards do not fall apart."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._luck = np.random.default_rng((seed, 1))
        self._paints: dict[Colour, Colour] = {}
        self.turned = float(self._luck.normal(0, _WARMTH))
        """K by which the light is warmer (below 0) or colder than the set's."""
        self._tint = np.array(kelvin(5500 + self.turned), np.float32)

    def mesh(self, points: Any, faces: Any, colour: Colour | Light, finish: str) -> None:  # noqa: ANN401 - as Kit's
        known = colour if isinstance(colour, tuple) else None
        if finish == "glow":
            super().mesh(points, faces, np.asarray(colour, np.float32) * self._tint, finish)
        else:
            painted = self._painted(known) if known else np.asarray(colour, np.float32) * self._any()
            super().mesh(points, faces, painted, finish)

    def panel(self, corner: Point, spans: tuple[Point, Point], texture: Light, **look: Any) -> None:  # noqa: ANN401 - as Kit's
        super().panel(corner, spans, np.asarray((texture * self._any()).clip(0, 0.95), np.float32), **look)

    def light(self, corner: Point, spans: tuple[Point, Point], radiance: Colour | Light) -> None:
        power = self._tint * np.float32(np.exp(self._luck.normal(0, _LAMP)))
        changed = np.asarray(radiance, np.float32) * power
        if isinstance(radiance, tuple):
            super().light(corner, spans, (float(changed[0]), float(changed[1]), float(changed[2])))
        else:
            super().light(corner, spans, np.asarray(changed, np.float32))

    def _painted(self, colour: Colour) -> Colour:
        if colour not in self._paints:
            red, green, blue = (np.array(colour) * self._any()).clip(0, 0.95)
            self._paints[colour] = (float(red), float(green), float(blue))
        return self._paints[colour]

    def _any(self) -> Light:
        tone = np.exp(self._luck.normal(0, _TONE, 3) + self._luck.normal(0, _PAINT))
        return np.asarray(tone, np.float32)
