"""What is asked of the engines: fitting, painting, cutting out, looking. Adapters do it; tests fake it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studio_server.domain.coach import Seen
from studio_server.domain.likeness import FitReport, Learns
from studio_server.domain.plate import OwnPlate
from studio_server.domain.shot import Expression
from studio_server.domain.stroke import Stroke
from studio_server.domain.variation import Lane, Pass, Resemblance


class Progress(Protocol):
    """How far a job is; `cancelled` turns true when somebody asked it to stop."""

    def report(self, done: float, total: float, text: str) -> None: ...
    def cancelled(self) -> bool: ...


@dataclass(frozen=True)
class FitJob:
    """What a fit is made from. `scratch` holds checkpoints; a fit that was killed goes on from there."""

    picks: Sequence[Path]
    """Renditions of the picks as JPEG or TIFF files; the last one is held out."""
    scratch: Path
    seed: int
    learns: Learns = Learns.SURROUNDINGS
    """PERSON only for clients who have agreed to it, face processing included: the fit looks for faces."""


@dataclass(frozen=True)
class Fitted:
    adapter: bytes
    report: FitReport


class Fitter(Protocol):
    def fit(self, job: FitJob, progress: Progress) -> Fitted:
        """Raises Cancelled, EngineUnavailable."""
        ...


@dataclass(frozen=True)
class PlateFile:
    """A photograph of the studio's own that is to stand behind the person, and what is known of it."""

    path: Path
    plate: OwnPlate


@dataclass(frozen=True)
class CutJob:
    """The person of one shot, cut out of it."""

    rendition: Path
    """The chosen rendition of the shot (JPEG, PNG or TIFF), right side up, sRGB."""
    rendition_key: str
    """sha256 of what the rendition was made from; caches are keyed by it."""
    cache: Path
    """Where cuts are kept, per shot, size, backdrop and strokes."""
    clean_plate: Path | None = None
    """The rendition of the shot of the empty backdrop, and its key."""
    clean_plate_key: str = ""
    strokes: tuple[Stroke, ...] = ()
    """By which the photographer mends the cut, in their order."""


@dataclass(frozen=True)
class PaintJob:
    """One shot in one context."""

    cut: CutJob
    context: str
    seed: int
    adapter: Path | None
    """The session's LoRA; None: the unfitted base."""
    made_in: Pass
    look_for_faces: bool
    """Whether the client has agreed to face processing."""
    session_faces: Path
    """A directory where the judge keeps this session's embeddings (erased with the session)."""
    focal_length_mm: float | None = None
    f_number: float | None = None
    retouch: int = 0
    """0 (off: the skin's pixels are the camera's) to 100; needs the consent to face processing."""
    plate: PlateFile | None = None
    """Instead of the context's own plates; no base paints over it."""
    lane: Lane = Lane.LOCKED
    shots: Sequence[tuple[str, Path]] = ()
    """Synthetic lane: the session's picks (key, rendition), which the judge holds the picture against."""


@dataclass(frozen=True)
class Painted:
    picture: bytes
    """JPEG (q 95, 4:4:4, sRGB ICC), as large as the rendition; for a preview at most 1600 px."""
    proof: bytes
    """JPEG, at most 1600 px on the long side."""
    width: int
    height: int
    base: str
    resemblance: Resemblance


class Painter(Protocol):
    def paint(self, job: PaintJob) -> Painted:
        """Raises EngineUnavailable, Unreadable."""
        ...

    def layers(self, job: PaintJob, xmp: bytes) -> bytes:
        """The same picture as a layered TIFF: surroundings, and over them the person, masked by the alpha.

        Locked lane only. Raises EngineUnavailable, Unreadable.
        """
        ...

    def learn_faces(self, renditions: Sequence[tuple[str, Path]], session_faces: Path) -> None:
        """Measure the session's own faces (key, rendition), so that the judge is calibrated on them."""
        ...

    def expressions(self, session_faces: Path) -> Mapping[str, Expression]:
        """What was read off those faces, by key; shots without a face are missing."""
        ...


class Cutter(Protocol):
    """What the brush works on, at the size of a preview (at most 1600 px on the long side)."""

    def photograph(self, job: CutJob) -> bytes:
        """The rendition as JPEG. Raises EngineUnavailable, Unreadable."""
        ...

    def person(self, job: CutJob) -> bytes:
        """The person cut out, after the strokes: WebP with alpha. Raises EngineUnavailable, Unreadable."""
        ...


class Coach(Protocol):
    """Looks at faces for the photographer; only for clients who have agreed to face processing."""

    def look(self, proof: bytes) -> Seen:
        """Measure the nearest face of a proof (JPEG). Raises EngineUnavailable, Unreadable."""
        ...
