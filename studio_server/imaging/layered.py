"""A layered TIFF: the surroundings, and over them the person with the alpha as a layer mask.

Layers lie in tag 37724 as Photoshop writes it (Adobe, "Photoshop TIFF Technical Notes", 2002); who reads no
layers sees the flat picture. The person's layer holds the whole photograph: what the mask hides can be
painted back.
"""

import io
from dataclasses import dataclass

import numpy as np
import psdtags
import tifffile

from studio_server.imaging.exif import SOFTWARE
from studio_server.imaging.pixels import Field, Picture
from studio_server.imaging.render import srgb_profile

_XMP, _ICC = 700, 34675
_BYTE, _UNDEFINED = 1, 7
"""TIFF types of a tag."""
PLACE, PERSON = "Surroundings", "Person"


@dataclass(frozen=True)
class Layers:
    """All uint8 HxWx3 but `alpha`: 0..1, HxW."""

    flat: Picture
    ground: Picture
    person: Picture
    """Free of the old backdrop where alpha lies between 0 and 1."""
    alpha: Field


def layered_tiff(layers: Layers, xmp: bytes) -> bytes:
    """The TIFF, 8 bits a channel, sRGB, losslessly compressed; `xmp` is its packet."""
    mask = np.rint(layers.alpha * 255).astype(np.uint8)
    psd = psdtags.TiffImageSourceData(
        psdformat=psdtags.PsdFormat.LE32BIT,
        layers=psdtags.PsdLayers(
            psdtags.PsdKey.LAYER, [_layer(PLACE, layers.ground), _layer(PERSON, layers.person, mask)]
        ),
        usermask=psdtags.PsdUserMask(),
    )
    icc = srgb_profile()
    out = io.BytesIO()
    tifffile.imwrite(
        out,
        layers.flat,
        byteorder="<",
        photometric="rgb",
        compression="zlib",
        rowsperstrip=64,
        software=SOFTWARE,
        resolution=(300, 300),
        resolutionunit="INCH",
        metadata=None,
        extratags=[
            (_XMP, _BYTE, len(xmp), xmp, True),
            (_ICC, _UNDEFINED, len(icc), icc, True),
            psd.tifftag(),
        ],
    )
    return out.getvalue()


def flat_of(tiff: bytes) -> Picture:
    """The flat picture in it."""
    return np.asarray(tifffile.imread(io.BytesIO(tiff)), np.uint8)


def _layer(name: str, colours: Picture, mask: Picture | None = None) -> psdtags.PsdLayer:
    height, width = colours.shape[:2]
    frame = psdtags.PsdRectangle(0, 0, height, width)
    opaque = np.full((height, width), 255, np.uint8)
    planes = {
        psdtags.PsdChannelId.TRANSPARENCY_MASK: opaque,
        psdtags.PsdChannelId.CHANNEL0: colours[..., 0],
        psdtags.PsdChannelId.CHANNEL1: colours[..., 1],
        psdtags.PsdChannelId.CHANNEL2: colours[..., 2],
    }
    if mask is not None:
        planes[psdtags.PsdChannelId.USER_LAYER_MASK] = mask
    return psdtags.PsdLayer(
        name=name,
        channels=[
            psdtags.PsdChannel(each, psdtags.PsdCompressionType.ZIP, np.ascontiguousarray(plane))
            for each, plane in planes.items()
        ],
        rectangle=frame,
        mask=None if mask is None else psdtags.PsdLayerMask(default_color=0, rectangle=frame),
        info=[psdtags.PsdString(psdtags.PsdKey.UNICODE_LAYER_NAME, name)],
    )
