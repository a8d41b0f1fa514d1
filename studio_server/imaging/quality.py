"""What the coach says of a shot: is it in focus, is it exposed well. No face is looked for without consent.

The limits were set on portraits and camera pictures, sharp and blurred by 1.5 and 3 pixels of 1024: sharp
ones measured 37 and more, those blurred by 3 pixels 15 and less.
"""

import cv2
import numpy as np

from studio_server.domain.coach import OUT_OF_FOCUS
from studio_server.domain.shot import Quality
from studio_server.imaging.gist import gist
from studio_server.imaging.pixels import Field, Picture, linear_of, shrink

SIDE = 1024
BLOCK = 32
SHARP = 25.0
WHITE = 200.0
"""Where the brightest hundredth of a well-exposed portrait lies, in 8-bit sRGB."""
MOST_GAIN = 4.0
"""Darker pictures than this makes up for show more noise than detail."""
UNDER_STOPS = 1.1
CLIPPED_FROM = 254
CLIPPED_SHARE = 0.05
BLOWN = 0.5
"""Where more than this is white, there is too little left to judge the focus by."""
NUMBERS = ("", "one", "two", "three", "four", "five", "six")


def measure(picture: Picture) -> Quality:
    """Measure a picture (HxWx3 uint8 sRGB), best its proof: what is finer than 1024 pixels is not seen."""
    small = shrink(picture, SIDE)
    luminance: Field = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    sharp = sharpness(luminance)
    step = max(1, max(picture.shape) // SIDE)
    white = picture[::step, ::step] >= CLIPPED_FROM
    clipped = float((white[..., 0] | white[..., 1] | white[..., 2]).mean())
    exposure = float(np.median(luminance)) / 255
    notes = (_focus(sharp, clipped), _under(luminance), _highlights(clipped))
    return Quality(sharp, exposure, clipped, tuple(note for note in notes if note), gist(small))


def sharpness(luminance: Field) -> float:
    """Return the 99th percentile, over blocks of 32 pixels, of the variance of the Laplacian.

    Blocks, because a portrait's backdrop is rightly out of focus: its sharpest hundredth counts.
    The luminance (0-255) is smoothed first (sigma 0.8); twice the 10th percentile, which is noise, is taken
    off; and it is scaled so that its own 99th percentile is 200, or else a dark picture would look blurred.
    After Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy.
    """
    gain = min(MOST_GAIN, WHITE / max(1.0, float(np.percentile(luminance, 99))))
    edges = cv2.Laplacian(cv2.GaussianBlur(luminance, (0, 0), 0.8), cv2.CV_32F)
    rows, columns = (max(1, length // BLOCK) for length in edges.shape)
    height, width = min(BLOCK, edges.shape[0]), min(BLOCK, edges.shape[1])
    blocks = edges[: rows * height, : columns * width].reshape(rows, height, columns, width)
    energy = blocks.var(axis=(1, 3))
    best, noise = np.percentile(energy, 99), np.percentile(energy, 10)
    return float(max(0.0, best - 2 * noise) * gain**2)


def _focus(sharp: float, clipped: float) -> str:
    return OUT_OF_FOCUS if sharp < SHARP and clipped < BLOWN else ""


def _under(luminance: Field) -> str:
    """Judge by the brightest hundredth: a dark backdrop alone is no fault, a face without light is."""
    due, white = linear_of(np.array([WHITE, np.percentile(luminance, 99)]))
    stops = float(np.log2(due / max(white, 1e-4)))
    if stops < UNDER_STOPS:
        return ""
    whole = min(round(stops), len(NUMBERS) - 1)
    return f"about {NUMBERS[whole]} stop{'s' * (whole > 1)} under"


def _highlights(clipped: float) -> str:
    return f"highlights clipped on {round(100 * clipped)} %" if clipped >= CLIPPED_SHARE else ""
