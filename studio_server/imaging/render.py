"""Pictures that people are shown or given: proof, thumbnail, master.

All are sRGB with a profile that says so, and carry not a word of EXIF.
"""

import io
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from studio_server.domain.errors import Unreadable
from studio_server.imaging.pixels import Picture, shrink

PROOF_SIDE = 2048
THUMBNAIL_SIDE = 480
SHARPENING = 0.35
"""How much of the detail finer than `SHARPENING_SIGMA` is added back after making a picture smaller."""
SHARPENING_SIGMA = 0.8


def proof(picture: Picture, long_side: int = PROOF_SIDE) -> bytes:
    """Return the picture (HxWx3 uint8 sRGB) as a JPEG of quality 88, its longer side at most `long_side`."""
    return _jpeg(_smaller(picture, long_side), 88, subsampling="4:2:0")


def thumbnail(picture: Picture, long_side: int = THUMBNAIL_SIDE) -> bytes:
    """Return the picture as a small JPEG of quality 85 for a contact sheet."""
    return _jpeg(_smaller(picture, long_side), 85, subsampling="4:2:0")


def encode_master(picture: NDArray[np.uint8]) -> bytes:
    """Return the picture at its full size: JPEG of quality 95, 4:4:4, sRGB profile, no metadata."""
    return _jpeg(picture, 95, subsampling="4:4:4")


def decode(data: bytes) -> NDArray[np.uint8]:
    """Return the pixels (HxWx3 uint8) of one of our own pictures, which are sRGB and right side up.

    Raises Unreadable.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Unreadable(f"This picture cannot be decoded ({error}): make it again.") from error


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB. Its clock is stilled: equal pictures are equal bytes."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    date = np.array([2026, 1, 1, 0, 0, 0], ">u2").tobytes()
    return made[:24] + date + made[36:]


def _smaller(picture: Picture, long_side: int) -> Picture:
    small = shrink(picture, long_side)
    if small.shape == picture.shape:
        return picture
    soft = cv2.GaussianBlur(small, (0, 0), SHARPENING_SIGMA)
    return np.asarray(cv2.addWeighted(small, 1 + SHARPENING, soft, -SHARPENING, 0), np.uint8)


def _jpeg(picture: Picture, quality: int, *, subsampling: str) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).convert("RGB").save(
        target, "JPEG", quality=quality, subsampling=subsampling, icc_profile=srgb_profile()
    )
    return target.getvalue()
