"""A plate of the studio's own: a photograph of a place, and what is known of it."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from studio_server.domain.variation import OWN, Context

PlateId = NewType("PlateId", str)

BEHIND = 4.0
"""Metres from the sitter to what is behind, until the photographer says how far."""
NEAREST, FARTHEST = 0.5, 500.0
COLDEST, WARMEST = 9000, 2500
"""Kelvin; a warm light has the lower number."""


class Side(StrEnum):
    """Where the key comes from, as seen by the camera."""

    LEFT = "left"
    RIGHT = "right"
    FRONT = "front"
    ABOVE = "above"


class Certainty(StrEnum):
    SURE = "sure"
    FAIR = "fair"
    GUESS = "guess"


@dataclass(frozen=True)
class Estimate:
    """What was measured of a photograph of a place, and how sure it is."""

    horizon: float
    """Of the picture's height, from the top."""
    horizon_sure: Certainty
    light: Side
    light_sure: Certainty
    kelvin: int
    kelvin_sure: Certainty
    soft: bool
    """Whether it is out of focus already."""


@dataclass(frozen=True)
class OwnPlate:
    """Its id is also the id of the context that it stands for."""

    id: PlateId
    title: str
    purpose: str
    picture: str
    """sha256 of the JPEG that is composed with: sRGB, right side up, without metadata."""
    thumbnail: str
    width: int
    height: int
    added_at: datetime
    guessed: Estimate
    horizon: float
    light: Side
    kelvin: int
    behind_m: float = BEHIND
    """From the sitter to what is behind."""
    soft: bool = False
    """Already out of focus: it is not blurred again."""
    settled: bool = False
    """Whether the photographer has said that these figures hold; before that no session is offered it."""
    removed_at: datetime | None = None

    @property
    def offered(self) -> bool:
        return self.settled and self.removed_at is None

    @property
    def recipe(self) -> str:
        """What the pictures made with it depend on: a correction makes new ones."""
        told = (self.picture[:16], self.horizon, self.light.value, self.kelvin, self.behind_m, self.soft)
        return " ".join(map(str, told))

    def context(self) -> Context:
        return Context(self.id, self.title, "", self.purpose)


def plate_id(title: str, unique: str) -> PlateId:
    """`own-<the title in plain letters>-<a few hex digits>`: part of addresses and of masters' names."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:28].strip("-") or "place"
    return PlateId(f"{OWN}{slug}-{unique[-6:]}")
