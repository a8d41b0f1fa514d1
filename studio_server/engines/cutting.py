"""The person cut out of a shot, kept on disk per shot, size, clean plate and strokes. No torch.

For pictures at full size (`material`), and for the brush of the photographer's page (`Brush`).
"""

import functools
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from studio_server.domain.engines import CutJob
from studio_server.domain.errors import Unreadable
from studio_server.domain.stroke import digest
from studio_server.engines.shelf import Shelf
from studio_server.imaging.coarse import coarse_mask
from studio_server.imaging.cut import Cut
from studio_server.imaging.matte import cut_out
from studio_server.imaging.mend import mend

PREVIEW = 1600
"""Long side, px, of previews and proofs."""
_RECIPE = 3
"""Part of every name under the cache: raise it when a cut comes out differently."""
_QUALITY = 88

FindPerson = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""HxWx3 uint8 -> HxW, 0-1: a coarse person mask."""


@dataclass(frozen=True)
class Material:
    """One shot at one size, ready to be put anywhere."""

    folder: Path
    """Where its cut is kept, and what was measured of it."""
    picture: NDArray[np.uint8]
    cut: Cut


class Scissors:
    """Cuts people out; keeps what it has cut on disk, and the last shot in memory."""

    def __init__(self, shelf: Shelf, find_person: FindPerson | None = None) -> None:
        self._shelf = shelf
        self._given = find_person
        self._last: Material | None = None

    def find_person(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        find = self._given or functools.partial(coarse_mask, u2net=self._shelf.path("u2net.onnx"))
        return find(picture)

    def material(self, job: CutJob, long_side: int | None) -> Material:
        """Raises EngineUnavailable, Unreadable."""
        folder = folder_of(job, long_side)
        if self._last is None or self._last.folder != folder:
            self._last = None  # the old one goes before the new one comes: at 12 MP each is 120 MB
            picture = read_rendition(job.rendition, long_side)
            self._last = Material(folder, picture, self.cut(job, picture, long_side))
        return self._last

    def cut(self, job: CutJob, picture: NDArray[np.uint8], long_side: int | None) -> Cut:
        """The cut of a picture that was read before."""
        folder = folder_of(job, long_side)
        cut = Cut.load(folder)
        if cut is None:
            cut = self._mended(job, picture, long_side) if job.strokes else self._fresh(job, picture)
            cut.save(folder)
        return cut

    def _mended(self, job: CutJob, picture: NDArray[np.uint8], long_side: int | None) -> Cut:
        """At the size of the page every state between two strokes is kept, for the next one and for undo."""
        new = job.strokes if long_side is None else job.strokes[-1:]
        before = replace(job, strokes=job.strokes[: -len(new)])
        return mend(picture, self.cut(before, picture, long_side), new)

    def _fresh(self, job: CutJob, picture: NDArray[np.uint8]) -> Cut:
        long_side = max(picture.shape)
        clean = read_rendition(job.clean_plate, long_side) if job.clean_plate else None
        return cut_out(picture, self.find_person(picture), clean=clean)


class Brush:
    """The port `Cutter`. One request at a time: the solver's threads, and the kept files, are not for two."""

    def __init__(self, scissors: Scissors) -> None:
        self._scissors = scissors
        self._one_at_a_time = threading.Lock()

    def photograph(self, job: CutJob) -> bytes:
        with self._one_at_a_time:
            picture = self._picture(job)
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()

    def person(self, job: CutJob) -> bytes:
        with self._one_at_a_time:
            picture = self._picture(job)
            cut = self._scissors.cut(job, picture, PREVIEW)
        colours = np.where(((cut.alpha > 0) & (cut.alpha < 1))[..., None], cut.foreground, picture)
        levels = np.rint(cut.alpha * 255).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(np.dstack([colours, levels])).save(out, "WEBP", quality=_QUALITY, method=1)
        return out.getvalue()

    def _picture(self, job: CutJob) -> NDArray[np.uint8]:
        """The rendition at the page's size, kept beside the cut: reading a 12 MP TIFF takes half a second."""
        kept = folder_of(replace(job, strokes=()), PREVIEW) / "picture.png"
        try:
            with Image.open(kept) as file:
                return np.asarray(file.convert("RGB"))
        except OSError:
            picture = read_rendition(job.rendition, PREVIEW)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"{kept.name}.part")
        Image.fromarray(picture).save(partial, "PNG", compress_level=1)
        partial.replace(kept)
        return picture


def folder_of(job: CutJob, long_side: int | None) -> Path:
    before = f"-{job.clean_plate_key}" if job.clean_plate else ""
    after = f"-{digest(job.strokes)}" if job.strokes else ""
    return job.cache / f"cut{_RECIPE}-{job.rendition_key}{before}-{long_side or 'full'}{after}"


def read_rendition(path: Path, long_side: int | None) -> NDArray[np.uint8]:
    """HxWx3 sRGB, right side up, at most `long_side` if given. Raises Unreadable."""
    try:
        with Image.open(path) as picture:
            if long_side is not None:
                picture.draft("RGB", (long_side, long_side))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except OSError as error:
        msg = f"The rendition of this shot cannot be read ({error}). Develop the shot again."
        raise Unreadable(msg) from error
    if long_side is not None:
        upright.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
    return np.asarray(upright)
