"""The sensor's data, through LibRaw: opening, checking, developing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from studio_server.domain.errors import Unreadable
from studio_server.imaging.look import as_shown
from studio_server.imaging.pictures import bounded
from studio_server.imaging.pixels import Picture

HALF_SIDE = 2000
"""A sensor of at least this width gives enough at half its size."""
STALE_ROWS = 3
"""More rows than this that equal the row of their colour before them are no noise's doing."""
LOWERED_WHITE = 0.75
"""LibRaw lowers its own table's white to the brightest pixel down to this share, or highlights turn pink."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open with LibRaw; what it raises, now and while it is open, becomes Unreadable."""
    try:
        with rawpy.imread(str(path)) as raw:
            bounded(raw.sizes.raw_width, raw.sizes.raw_height)
            yield raw
    except rawpy.LibRawFileUnsupportedError as error:
        raise Unreadable(
            "This kind of RAW or its compression cannot be developed here. "
            "Send the camera's JPEG with it, or convert it to a plain DNG."
        ) from error
    except rawpy.LibRawIOError as error:
        raise Unreadable(
            "This RAW is cut off: its sensor data are missing. Copy it again from the card."
        ) from error
    except (
        rawpy.LibRawError,  # damaged data, unreasonable memory, decoder limits
        rawpy.NotSupportedError,  # a sensor layout that rawpy does not pass on
        ValueError,  # sizes that contradict each other
        MemoryError,  # a header that asks for too much
    ) as error:
        raise Unreadable(
            "This RAW is damaged and cannot be developed. Copy it again from the card."
        ) from error


def develop_sensor(
    raw: Any,  # noqa: ANN401 - rawpy has no types
    preview: Picture | None,
    *,
    white: bool,
    half: bool,
) -> Picture:
    """Develop with the camera's white balance and, where it left a preview to learn it from, its look.

    `white`: the file states its white level. Nothing is brightened by what happens to be in the frame, so
    that the shots of a session stay alike.
    """
    light = raw.postprocess(
        use_camera_wb=True,
        no_auto_bright=True,
        adjust_maximum_thr=0.0 if white else LOWERED_WHITE,
        half_size=half and raw.sizes.width >= HALF_SIDE,
        output_color=rawpy.ColorSpace.sRGB,
        gamma=(2.4, 12.92),
        output_bps=16,
    )
    if light.ndim == 2 or light.shape[2] == 1:  # a monochrome sensor
        light = np.repeat(light.reshape(*light.shape[:2], 1), 3, axis=2)
    return as_shown(light, preview)


def check_sensor(raw: Any) -> None:  # noqa: ANN401 - rawpy has no types
    """Find what decoders fill silently, with black or with the row before."""
    pixels = raw.raw_image_visible
    if pixels.max() == pixels.min():
        raise Unreadable("This RAW is empty: every pixel has the same value. Copy it again from the card.")
    if raw.raw_type != rawpy.RawType.Flat:
        return
    sampled = pixels[:, ::8]
    stale = ((sampled[2:] == sampled[:-2]) & (sampled[2:] < raw.white_level * 0.9)).all(axis=1)
    if stale.sum() > STALE_ROWS:
        share = max(1, round(100 * float(stale.mean())))
        raise Unreadable(
            f"This RAW is cut off: {share} % of its rows are missing. Copy it again from the card."
        )
