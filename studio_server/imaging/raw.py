"""RAW to picture: a first look at once, a check that everything is there, and the full development.

Everything takes a path and returns arrays, so that a decoder can be moved to a process of its own. A path
needs no suffix: what a file is, its content says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from studio_server.domain.errors import Unreadable
from studio_server.domain.shot import RAW_SUFFIXES
from studio_server.imaging.capture import FLIP_TO_ORIENTATION, read_capture
from studio_server.imaging.completeness import fault
from studio_server.imaging.containers import contents, is_picture, previews, states_white
from studio_server.imaging.pictures import read_picture, size_of, turned
from studio_server.imaging.pixels import Picture
from studio_server.imaging.render import THUMBNAIL_SIDE
from studio_server.imaging.sensor import check_sensor, develop_sensor, opened

__all__ = [
    "Preview",
    "camera_preview",
    "check_whole",
    "develop",
    "first_look",
    "looks",
    "read_capture",
    "rendered_look",
    "undressed",
]

PREVIEW_SIDE = 1000
"""An embedded preview is large enough to judge from this many pixels on."""
LEAST_SIDE = 64
"""Smaller ones show nothing."""
LOOK_SIDE = 2048


@dataclass(frozen=True)
class Preview:
    picture: Picture
    """HxWx3 uint8 sRGB, right side up."""
    source: str
    """embedded, half-size, or picture (a JPEG, PNG or TIFF that was sent)."""


def first_look(path: Path) -> Preview:
    """Return the fastest picture that is good to judge by: the camera's own preview, else a half-size one.

    A file that is cut off may still give its preview: `check_whole` tells. Raises Unreadable.
    """
    *_, last = looks(path)
    return last


def looks(path: Path) -> Iterator[Preview]:
    """Yield what `first_look` returns; where that takes its time, first what is enough for a thumbnail."""
    with _file(path) as data:
        ready = is_picture(data)
        missing, white, jpegs = (
            ("", False, []) if ready else (fault(data), states_white(data), previews(data))
        )
    if ready:
        yield Preview(read_picture(path, LOOK_SIDE), "picture")
        return
    try:
        with opened(path) as raw:
            found = _embedded(raw)
            if found is None or max(found.shape) < PREVIEW_SIDE:
                if found is not None and max(found.shape) >= THUMBNAIL_SIDE:
                    yield Preview(found, "embedded")
                yield _half_size(raw, found, missing, white=white)
                return
    except Unreadable:
        found = _best_of(jpegs, read_capture(path).orientation)
        if found is None:
            raise
    yield Preview(found, "embedded")


def rendered_look(path: Path) -> Preview:
    """Return a picture to judge by that is developed by us, at half the sensor's size where that is enough.

    Raises Unreadable.
    """
    if _is_picture(path):
        return Preview(read_picture(path, LOOK_SIDE), "picture")
    with _file(path) as data:
        white = states_white(data)
    with opened(path) as raw:
        check_sensor(raw)
        return Preview(develop_sensor(raw, _embedded(raw), white=white, half=True), "half-size")


def camera_preview(path: Path) -> Picture | None:
    """Return the preview that the camera put in, of whatever size, right side up; None where there is none.

    Raises Unreadable.
    """
    with opened(path) as raw:
        return _embedded(raw)


def undressed(path: Path) -> Picture:
    """Return LibRaw's full-size development, the camera's white balance and no more: nothing of its preview.

    Raises Unreadable.
    """
    with _file(path) as data:
        white = states_white(data)
    with opened(path) as raw:
        return develop_sensor(raw, None, white=white, half=False)


def check_whole(path: Path) -> None:
    """Raise Unreadable, with the reason, unless the whole picture is there and can be developed."""
    if _is_picture(path):
        if path.suffix.lower() in RAW_SUFFIXES:
            raise Unreadable(
                "This file is named as a RAW but holds a JPEG only. Copy the RAW again from the card."
            )
        read_picture(path, 64)
        return
    with opened(path) as raw:
        check_sensor(raw)


def develop(path: Path) -> Picture:
    """Return the full-size rendition: HxWx3 uint8 sRGB, the camera's white balance, right side up.

    Its tone is that of the camera's preview, so that it is the picture that the client has picked. Raises
    Unreadable; of a file that is cut off always.
    """
    if _is_picture(path):
        return read_picture(path)
    with _file(path) as data:
        white = states_white(data)
    with opened(path) as raw:
        check_sensor(raw)
        return develop_sensor(raw, _embedded(raw), white=white, half=False)


def _is_picture(path: Path) -> bool:
    """Whether it is a picture or a RAW. Raises Unreadable where its structure says that a part is missing."""
    with _file(path) as data:
        if missing := fault(data):
            raise Unreadable(_incomplete(missing))
        return is_picture(data)


def _incomplete(missing: str) -> str:
    return f"This file is incomplete: {missing}. Copy it again from the card."


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    try:
        with contents(path) as data:
            yield data
    except OSError as error:
        raise Unreadable(
            f"This file cannot be opened ({error.strerror}). Copy it again from the card."
        ) from error


def _half_size(raw: Any, small: Picture | None, missing: str, *, white: bool) -> Preview:  # noqa: ANN401 - rawpy has no types
    """Develop what has no preview that is large enough; show the small one where nothing can be developed."""
    if missing and small is None:
        raise Unreadable(_incomplete(missing))
    try:
        if not missing:
            check_sensor(raw)
            return Preview(develop_sensor(raw, small, white=white, half=True), "half-size")
    except (rawpy.LibRawError, Unreadable):
        if small is None:
            raise
    assert small is not None
    return Preview(small, "embedded")


def _embedded(raw: Any) -> Picture | None:  # noqa: ANN401 - rawpy has no types
    """Return the largest preview that the camera put in, right side up; None where none can be read."""
    try:
        thumb = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if len(thumb.data) == 0:
        return None
    orientation = FLIP_TO_ORIENTATION[raw.sizes.flip & 7]
    if thumb.format == rawpy.ThumbFormat.BITMAP:
        return turned(np.asarray(thumb.data, np.uint8), orientation)
    wide = raw.sizes.width * raw.sizes.pixel_aspect >= raw.sizes.height
    return _oriented(thumb.data, orientation, upright_is_wide=wide != (orientation > 4))


def _oriented(jpeg: bytes, orientation: int, *, upright_is_wide: bool) -> Picture | None:
    """Turn a preview as it says itself, else as the RAW says, unless it would then lie on its side."""
    try:
        width, height, stated = size_of(jpeg)
        if max(width, height) < LEAST_SIDE:
            return None
        for candidate in (stated, orientation, 1):
            wide = width >= height if candidate < 5 else height >= width
            if wide == upright_is_wide:
                return read_picture(jpeg, LOOK_SIDE, candidate)
        return read_picture(jpeg, LOOK_SIDE)
    except Unreadable:
        return None


def _best_of(jpegs: list[bytes], orientation: int) -> Picture | None:
    """Return the first preview that can be read, of a RAW that LibRaw cannot open."""
    for jpeg in jpegs:
        try:
            stated = size_of(jpeg)[2]
            return read_picture(jpeg, LOOK_SIDE, orientation if stated == 1 else stated)
        except Unreadable:
            continue
    return None
