"""Plays the camera: releases the shutter, and writes files into the hot folder as cameras do.

In pieces over time, under a temporary name for some, with a JPEG companion before or after the RAW for
some; one file is cut off, as when a card is pulled.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from studio_server.demo.dng import Exposure, companion, dng, encode
from studio_server.demo.frames import PICTURE_SUFFIXES, RAW_SUFFIXES, Expected, Frame, plan
from studio_server.demo.portraits import UPRIGHT, aim, photograph, portrait, stored
from studio_server.demo.sensor import Mosaic, Picture, develop, record, seen

__all__ = ["Camera", "Expected", "Frame", "Pace", "Written", "expose", "plan"]

CUT_AT = 0.4
PREVIEW_SIDE = 1000
"""A preview is at least so wide, in pixels, or as wide as the picture."""
PIECES = 8


@dataclass(frozen=True)
class Written:
    """One file that is complete, as far as it ever will be."""

    path: Path
    name: str
    role: Literal["raw", "picture"]
    completed_at: float
    """time.time() when its last byte was on disk and it had its name."""
    release_stem: str
    expected: Expected


@dataclass(frozen=True)
class Pace:
    """Seconds."""

    between_shots: float = 1.0
    between_pieces: float = 0.03


@dataclass(frozen=True)
class _Exposed:
    """What is on the sensor, and what the camera made of it."""

    frame: Frame
    mosaic: Mosaic
    preview: Picture | None
    jpeg: bytes

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.mosaic.shape
        return width, height


def expose(frame: Frame, seed: int) -> _Exposed:
    """Record one frame (12 megapixels, or the size of the photograph that it is made of)."""
    if frame.source is None:
        scene, size, view = portrait(frame.framing.blur), UPRIGHT, aim(frame.framing, UPRIGHT)
    else:
        picture = photograph(frame.source)
        scene, size, view = seen(picture), (picture.shape[1], picture.shape[0]), np.eye(2, 3)
        frame = replace(frame, orientation=frame.orientation if size[0] < size[1] else 1)
    turned = size[::-1] if frame.orientation in (6, 8) else size
    mosaic = record(scene, stored(view, size, frame.orientation), turned, frame.light, seed)
    large = min(size) >= 2 * PREVIEW_SIDE
    preview = develop(mosaic, frame.light.neutral, half=large) if frame.preview else None
    jpeg = encode(develop(mosaic, frame.light.neutral, half=False)) if frame.companion else b""
    return _Exposed(frame, mosaic, preview, jpeg)


@dataclass
class Camera:
    """A camera with a serial number, whose files go into `folder`."""

    folder: Path
    serial: str
    pace: Pace = field(default_factory=Pace)
    first_number: int = 1
    clock: Callable[[], datetime] = lambda: datetime.now(UTC).astimezone()

    def shoot(self, frames: Sequence[Frame]) -> Iterator[Written]:
        """Release the shutter once for each frame; yield each file when it is complete."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(1, thread_name_prefix="sensor") as sensor:
            coming = [sensor.submit(self._prepare, frame, seed) for seed, frame in enumerate(frames[:2])]
            for index, frame in enumerate(frames):
                due = time.monotonic() + self.pace.between_shots
                exposed = coming.pop(0).result()
                if index + 2 < len(frames):
                    coming.append(sensor.submit(self._prepare, frames[index + 2], index + 2))
                yield from self._release(frame, exposed, f"STU_{self.first_number + index:04d}")
                if index + 1 < len(frames):
                    time.sleep(max(0.0, due - time.monotonic()))

    def _prepare(self, frame: Frame, seed: int) -> _Exposed | None:
        """Work ahead while the last file is written; a RAW of one's own needs none."""
        copied = frame.source is not None and frame.source.suffix.lower() in RAW_SUFFIXES
        return None if copied else expose(frame, seed)

    def _release(self, frame: Frame, exposed: _Exposed | None, stem: str) -> Iterator[Written]:
        if exposed is None:
            source = frame.source
            assert source is not None
            yield self._write(frame, source.read_bytes(), source.name)
            return
        taken = Exposure(
            self.clock(),
            exposed.frame.orientation,
            frame.seconds,
            iso=frame.iso,
            bias=round(frame.light.stops * 3) / 3,
            serial=self.serial,
        )
        if frame.source:
            stem = frame.source.stem + (f"-{frame.take}" if frame.take > 1 else "")
        negative = partial(dng, exposed.mosaic, taken, exposed.preview, frame.light.neutral)
        files = [(f"{stem}.DNG", negative)]
        if frame.companion:
            jpeg = (f"{stem}.JPG", partial(companion, exposed.jpeg, exposed.size, taken))
            files.insert(0 if frame.companion == "before" else 1, jpeg)
        for name, content in files:
            yield self._write(frame, content(), name)

    def _write(self, frame: Frame, data: bytes, name: str) -> Written:
        """Write in pieces, and give the file its name at last."""
        path = self.folder / name
        if frame.expected is Expected.UNREADABLE:
            data = data[: int(len(data) * CUT_AT)]
        under = path.with_name(name + frame.temporary)
        step = max(1, -(-len(data) // PIECES))
        with under.open("wb", buffering=0) as file:
            for at in range(0, len(data), step):
                file.write(memoryview(data)[at : at + step])
                if at + step < len(data):
                    time.sleep(self.pace.between_pieces)
        if frame.temporary:
            under.rename(path)
        role: Literal["raw", "picture"] = "picture" if path.suffix.lower() in PICTURE_SUFFIXES else "raw"
        return Written(path, name, role, time.time(), path.stem, frame.expected)
