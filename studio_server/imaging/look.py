"""The photographer's look: our development is given the framing, tone and colours of the camera's preview.

The preview is what the client sees first and picks by; what is developed from the same RAW later must not
shift before their eyes.
"""

from studio_server.imaging.colour import coloured
from studio_server.imaging.pixels import Picture
from studio_server.imaging.reframe import reframed
from studio_server.imaging.tone import Light, alike, eight_bit, toned


def as_shown(light: Light, preview: Picture | None) -> Picture:
    """Return `light` (HxWx3, 16-bit sRGB) as the camera shows it in `preview` (uint8 sRGB, right side up).

    Without a preview, or with one that shows something else, it is only brought to 8 bits.
    """
    if preview is None:
        return eight_bit(light)
    framed = reframed(light, preview)
    if not alike(framed, preview):
        return eight_bit(light)
    return coloured(toned(framed, preview), preview)
