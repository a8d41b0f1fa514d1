"""Instant and deterministic engines, so that everything around them is tested in milliseconds. No torch."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from studio_server.domain.coach import Seen
from studio_server.domain.engines import FitJob, Fitted, Painted, PaintJob, Progress
from studio_server.domain.errors import Cancelled
from studio_server.domain.likeness import FitReport
from studio_server.domain.shot import Expression
from studio_server.domain.variation import OWN_PLATE, Measure, Pass, Resemblance
from studio_server.imaging.layered import Layers, layered_tiff
from studio_server.imaging.render import encode_master

_PREVIEW = 1600
_ACCEPTED = Resemblance(
    accepted=True,
    sentence="Nothing was found.",
    distance=0.12,
    limit=0.5,
    delta_ita=0.4,
    measures=(Measure("person touched", 0.0, 0.0, passed=True),),
)


class FakeFitter:
    """Ends in no time; its adapter is a digest of the picks and the seed."""

    def __init__(self, steps: int = 3) -> None:
        self._steps = steps

    def fit(self, job: FitJob, progress: Progress) -> Fitted:
        for step in range(1, self._steps + 1):
            if progress.cancelled():
                raise Cancelled("The fit was stopped. Start it again to go on.")
            progress.report(step, self._steps, f"Fitting: step {step} of {self._steps}")
        digest = hashlib.sha256(f"seed {job.seed}, {job.learns}".encode())
        for pick in job.picks:
            digest.update(pick.read_bytes())
        return Fitted(digest.digest(), FitReport("Fake 1", self._steps, 0.0, 1.0, 0.5))


class FakePainter:
    """Keeps the middle of the rendition and paints the frame around it in a colour of context and seed.

    What is in `refused` (context ids) comes back refused, with the sentence given there.
    """

    def __init__(self, refused: dict[str, str] | None = None) -> None:
        self._refused = refused or {}

    def paint(self, job: PaintJob) -> Painted:
        painted = self._painted(job)
        data = encode_master(painted)
        height, width = painted.shape[:2]
        base = OWN_PLATE if job.plate else "Fake 1"
        return Painted(data, data, width, height, base, self._resemblance(job))

    def layers(self, job: PaintJob, xmp: bytes) -> bytes:
        flat = self._painted(job)
        return layered_tiff(Layers(flat, flat, flat, np.zeros(flat.shape[:2], np.float32)), xmp)

    def _painted(self, job: PaintJob) -> NDArray[np.uint8]:
        picture = _read(job.cut.rendition, _PREVIEW if job.made_in is Pass.PREVIEW else None)
        height, width = picture.shape[:2]
        digest = hashlib.sha256(f"{job.context} {job.seed} {job.adapter is not None}".encode()).digest()
        painted = np.empty_like(picture)
        painted[:] = np.frombuffer(digest[:3], np.uint8)
        middle = np.s_[height // 8 :, width // 5 : width - width // 5]
        painted[middle] = picture[middle]
        return painted

    def learn_faces(self, renditions: Sequence[tuple[str, Path]], session_faces: Path) -> None:
        session_faces.mkdir(parents=True, exist_ok=True)
        for key, _ in renditions:
            (session_faces / f"{key}.npz").write_bytes(b"")

    def expressions(self, _session_faces: Path) -> Mapping[str, Expression]:
        return {}

    def _resemblance(self, job: PaintJob) -> Resemblance:
        sentence = self._refused.get(job.context)
        if sentence is None:
            return _ACCEPTED
        return Resemblance(accepted=False, sentence=sentence, distance=0.7, limit=0.5, delta_ita=0.4)


class FakeCoach:
    """Sees a calm face in focus, wherever it looks."""

    def look(self, _proof: bytes) -> Seen:
        eyes = {"eye_left": 1.2, "eye_right": 1.2, "lids": 0.3, "smile": 0.5}
        return Seen(1, focus=1.1, best=0.9, above=0.3, beside=0.5, below=0.8, height=0.4, **eyes)


def _read(path: Path, long_side: int | None) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    if long_side is not None:
        upright.thumbnail((long_side, long_side))
    return np.array(upright)
