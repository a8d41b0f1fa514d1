"""Pictures that need no developing: JPEG, PNG, WebP, HEIC, plain TIFF, and the previews inside RAWs."""

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pi_heif
from PIL import Image, ImageCms
from PIL.ExifTags import IFD

from studio_server.domain.errors import Unreadable
from studio_server.imaging.icc import space_of, to_srgb
from studio_server.imaging.pixels import Picture
from studio_server.imaging.render import srgb_profile

MOST_PIXELS = 200_000_000
"""More than any camera's; a file that claims more wants to fill our memory."""
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "HEIF")
"""No others are tried: each decoder is a door. (Several JPEGs in one file, MPO, open as JPEG.)"""
ORIENTATION, MAKER_NOTE = 274, 0x927C
INTEROPERABILITY_INDEX = 1
ADOBE_GAMMA = 563 / 256
ADOBE_TO_SRGB = np.array([[1.39836, -0.39836, 0.0], [0.0, 1.0, 0.0], [0.0, -0.04293, 1.04293]])
"""Linear light, both under D65 (Adobe RGB (1998) Color Image Encoding; IEC 61966-2-1)."""
UPRIGHT = 1

pi_heif.register_heif_opener(thumbnails=False)  # right side up as it comes out, and says so
Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # its own limit (89 million) warns of medium-format cameras

DECODING_ERRORS = (
    OSError,  # cut off, not a picture, wrong values
    SyntaxError,  # a broken PNG
    ValueError,  # sizes and modes that contradict each other
    struct.error,  # a header that is too short
    EOFError,  # a frame that is not there
    TypeError,  # EXIF of a wrong type
    KeyError,  # a TIFF without its obligatory tags
    IndexError,  # tables shorter than they say
    cv2.error,  # sizes that OpenCV does not take
    OverflowError,  # numbers beyond what C takes
    ZeroDivisionError,  # rationals over zero
    AttributeError,  # MPO without its index
    MemoryError,  # a header that asks for too much
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises on files that are not as they should be."""


def read_picture(source: Path | bytes, long_side: int = 0, orientation: int = 0) -> Picture:
    """Return HxWx3 uint8 sRGB, right side up; of a JPEG the smallest size of at least `long_side`, if given.

    `orientation` (EXIF, 1-8) overrides the one that the picture states. Raises Unreadable.
    """
    try:
        with Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        ) as image:
            bounded(image.width, image.height)
            if long_side:
                scale = max(1, max(image.size) // long_side)
                image.draft("RGB", (image.width // scale, image.height // scale))
            deep = _deep(source, image)
            if deep is not None:
                return turned(deep, orientation or _stated(image))
            image.load()
            return turned(_srgb(image), orientation or _stated(image))
    except DECODING_ERRORS as error:
        raise Unreadable(_sentence(source, error)) from error


def size_of(source: Path | bytes) -> tuple[int, int, int]:
    """Return width and height as stored, and the EXIF orientation that is stated. Raises Unreadable."""
    try:
        with Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        ) as image:
            return image.width, image.height, _stated(image)
    except DECODING_ERRORS as error:
        raise Unreadable(_sentence(source, error)) from error


def carries_notes(path: Path) -> bool:
    """Whether the camera's maker left its own notes in a picture. Malformed files have none."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return MAKER_NOTE in image.getexif().get_ifd(IFD.Exif)
    except DECODING_ERRORS:
        return False


def _stated(image: Image.Image) -> int:
    stated = image.getexif().get(ORIENTATION, UPRIGHT)
    return stated if stated in range(1, 9) else UPRIGHT


def bounded(width: int, height: int) -> None:
    """Raise Unreadable where a picture claims to be larger than any camera's."""
    if width * height > MOST_PIXELS:
        raise Unreadable(
            f"This file claims {width} by {height} pixels, more than any camera has. "
            "Export it again at its real size."
        )


def turned(picture: Picture, orientation: int) -> Picture:
    """Turn a picture right side up that was stored in EXIF `orientation`."""
    if orientation in (5, 6, 7, 8):
        picture = picture.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    return np.ascontiguousarray(picture)


def _is_adobe_rgb(image: Image.Image) -> bool:
    """Cameras that are set to Adobe RGB say so in EXIF and embed no profile (DCF 2.0: R03)."""
    return image.getexif().get_ifd(IFD.Interop).get(INTEROPERABILITY_INDEX) == "R03"


def from_adobe_rgb(picture: Picture) -> Picture:
    """Convert Adobe RGB (1998) to sRGB; what sRGB cannot show is clipped."""
    steps = np.linspace(0, 1, 256)
    light = (steps**ADOBE_GAMMA).astype(np.float32)[picture]
    encoded = np.linspace(0, 1, 4096)
    encoded = np.where(encoded <= 0.0031308, encoded * 12.92, 1.055 * encoded ** (1 / 2.4) - 0.055)
    level = cv2.transform(light, ADOBE_TO_SRGB * 4095).clip(0, 4095)
    return np.asarray(np.rint(encoded * 255).astype(np.uint8)[np.rint(level).astype(np.uint16)])


def _srgb(image: Image.Image) -> Picture:
    profile = image.info.get("icc_profile")
    wide = not profile and image.mode == "RGB" and _is_adobe_rgb(image)
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK", "L", "LAB"):
        image = _converted(image, profile)
    picture = np.asarray(image.convert("RGB"))
    return from_adobe_rgb(picture) if wide else picture


def _deep(source: Path | bytes, image: Image.Image) -> Picture | None:
    """Of 16 bits a channel, as exports for retouching have: sRGB. None of what Pillow reads as well.

    Pillow takes such pictures down to 8 bits before anything can be done about their colours.
    """
    if image.mode != "RGB" or "16" not in str(getattr(image, "tile", "")):
        return None
    profile = image.info.get("icc_profile", b"")
    space = space_of(profile)
    if profile and space is None:
        return None
    data = np.fromfile(source, np.uint8) if isinstance(source, Path) else np.frombuffer(source, np.uint8)
    found = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.shape != (image.height, image.width, 3):
        return None
    return to_srgb(np.asarray(found[..., ::-1], np.uint16), space)


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert to sRGB; a profile that cannot be used is left out, as browsers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        target = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
        made = ImageCms.profileToProfile(
            image,
            source,
            target,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return made or image


def _sentence(source: Path | bytes, error: Exception) -> str:
    head = source[:16] if isinstance(source, bytes) else _head(source)
    if head[4:8] == b"ftyp":
        return "This HEIC picture cannot be opened. Copy it again, or export it as JPEG."
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "This file claims more pixels than any camera has. Export it again at its real size."
    if "truncated" in str(error):
        return "This picture is cut off: the file ends before its picture does. Copy it again from the card."
    return f"This file cannot be read as a picture ({_reason(error)}). Copy it again, or export it as JPEG."


def _reason(error: Exception) -> str:
    """Say it in words, without the paths and object names that Pillow puts in."""
    return "its format is not known" if "identify" in str(error) else "its content is damaged"


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError:
        return b""
