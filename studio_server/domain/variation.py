"""A variation: one picture made from a brief, and what the judge says of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from studio_server.domain.session import SessionId
from studio_server.domain.shot import ShotId

VariationId = NewType("VariationId", str)


class Lane(StrEnum):
    LOCKED = "locked"
    SYNTHETIC = "synthetic"


class Pass(StrEnum):
    PREVIEW = "preview"
    """At screen size, by the unfitted base, before any fitting."""
    FINAL = "final"
    """At the shot's full resolution, by the fitted base."""


class Choice(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"


OWN = "own-"
"""How the ids of contexts begin that are photographs of the studio's own."""


@dataclass(frozen=True)
class Context:
    id: str
    title: str
    prompt: str
    """What the base is asked for: the place, never the person."""
    purpose: str
    """What the client needs the picture for."""

    @property
    def own(self) -> bool:
        """Whether it is a photograph of the studio's own."""
        return self.id.startswith(OWN)


CONTEXTS: tuple[Context, ...] = (
    Context("studio-grey", "Studio grey", "seamless grey studio paper, soft light", "LinkedIn and profiles"),
    Context("studio-dark", "Studio dark", "dark studio backdrop, low key light", "Press and portraits"),
    Context("studio-warm", "Studio warm", "warm beige studio paper, soft light", "Team page"),
    Context(
        "office-window", "Office by the window", "bright office with a large window, daylight", "Team page"
    ),
    Context("library", "Library", "bookshelf in a quiet library, warm lamp light", "Law-firm biography"),
    Context("garden", "Garden", "green foliage in a garden, soft daylight", "Author page"),
    Context("city-dusk", "City at dusk", "city lights at dusk, blue hour", "Speaker page"),
    Context(
        "brick", "Brick wall", "brick wall in an old factory, daylight from the side", "Start-up team page"
    ),
    Context("stage", "Conference stage", "dark conference stage with coloured lights", "Speaker page"),
    Context("lobby", "Bright lobby", "bright modern lobby, glass and white walls", "Company page"),
    Context(
        "studio-white", "Studio white", "seamless white studio paper, even light", "Catalogues and cut-outs"
    ),
    Context("corridor", "Office corridor", "office corridor with glass walls, soft daylight", "Company page"),
    Context(
        "coffee-bar", "Coffee bar", "coffee bar with hanging lamps, warm evening light", "Start-up team page"
    ),
    Context("gallery", "Gallery", "white gallery wall with paintings, soft light", "Artist and author page"),
    Context(
        "stairwell", "Concrete stairs", "concrete stairs with a steel rail, daylight", "Architects and press"
    ),
    Context("courtyard", "Courtyard", "stone courtyard with trees, daylight", "Author page"),
)


PLATE_ALONE = "none, a rendered plate"
"""The base of a variation whose surroundings no model touched: a composite without generation."""
OWN_PLATE = "none, the studio's photograph of the place"
"""The same, where the surroundings are a photograph of the studio's own: a composite of two photographs."""


def context(context_id: str) -> Context:
    """One of the built-in ones; of the studio's own what its id tells (`workflow.places` knows its title)."""
    if context_id.startswith(OWN):
        slug = context_id.removeprefix(OWN).rpartition("-")[0]
        return Context(context_id, slug.replace("-", " ").capitalize(), "", "")
    return next(known for known in CONTEXTS if known.id == context_id)


@dataclass(frozen=True)
class Brief:
    shot_id: ShotId
    context: str
    seed: int
    lane: Lane = Lane.LOCKED
    look: str = "natural"
    retouch: int = 0
    clean_plate: ShotId | None = None
    """The shot of the empty backdrop against which the person was cut out."""
    brush: str = ""
    """The digest of the strokes by which the cut was mended."""
    rendition: str = ""
    """sha256 of the photographer's rendition that it was made from; empty: the original, developed by us."""
    white: tuple[float, ...] = ()
    """Of the shot that it was made from."""
    version: str = ""
    """sha256 of its original, where that is not the first version that came."""


@dataclass(frozen=True)
class Overruling:
    """The photographer shows what the judge refused, and says why."""

    reason: str
    at: datetime


@dataclass(frozen=True)
class Measure:
    """One row of the judge. `value` None: it could not be measured here, and `why` says so."""

    name: str
    value: float | None
    limit: float | None
    passed: bool
    why: str = ""


@dataclass(frozen=True)
class Resemblance:
    """What the judge says: is this the person, and is this a photograph?"""

    accepted: bool
    sentence: str
    """For the photographer: why it was refused, or that nothing was found."""
    distance: float | None
    limit: float
    delta_ita: float | None
    """Degrees of individual typology angle, picture minus rendition."""
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True)
class Variation:
    id: VariationId
    session_id: SessionId
    brief: Brief
    made_in: Pass
    created_at: datetime
    picture: str
    """sha256 of the full-resolution JPEG without metadata (preview: of the proof itself)."""
    proof: str
    width: int
    height: int
    base: str
    resemblance: Resemblance
    choice: Choice = Choice.OPEN
    overruled: Overruling | None = None
    layers: str = ""
    """sha256 of its layered TIFF, where the photographer asked for one."""
    master: str = ""
    """sha256 of its signed master, once there is one: no two signatures are alike, so it is signed once."""

    @property
    def shown(self) -> bool:
        """Whether the client may see it: the judge accepted it, or the photographer overruled the judge."""
        return self.resemblance.accepted or self.overruled is not None

    @property
    def whole(self) -> bool:
        """Whether all of it was generated, the person too: the synthetic lane."""
        return self.brief.lane is Lane.SYNTHETIC

    @property
    def generated(self) -> bool:
        """Whether a model painted any of it; if not, its surroundings are a plate as it is."""
        return self.base not in {PLATE_ALONE, OWN_PLATE}

    @property
    def two_photographs(self) -> bool:
        """Whether its surroundings are a photograph of the studio's own."""
        return self.base == OWN_PLATE


def replaced(made: Iterable[Variation]) -> frozenset[VariationId]:
    """Those that gave way to a later picture of the same place and seed: one that is shown.

    After other strokes, another shot or another fit; what was decided on stays. `made`: the oldest first.
    """
    gone: set[VariationId] = set()
    later: set[tuple[object, ...]] = set()
    for one in reversed(list(made)):
        slot = (one.made_in, one.brief.lane, one.brief.context, one.brief.seed)
        if slot in later and one.choice is Choice.OPEN:
            gone.add(one.id)
        elif one.shown:
            later.add(slot)
    return frozenset(gone)
