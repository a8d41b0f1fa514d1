"""The gist of a picture in 64 bits, alike for shots of one burst. It knows of no face: it asks no consent."""

import cv2
import numpy as np

from studio_server.imaging.pixels import Picture

SIDE, KEPT = 32, 8


def gist(picture: Picture) -> str:
    """16 hexadecimal digits: the signs of the lowest frequencies of HxWx3 uint8 sRGB about their median.

    After pHash (Zauner, 2010, Implementation and benchmarking of perceptual image hash functions).
    """
    grey = cv2.cvtColor(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    low = cv2.dct(grey.astype(np.float32))[:KEPT, :KEPT].ravel()
    return np.packbits(low > np.median(low[1:])).tobytes().hex()
