"""Whether a face was reshaped: its features beside the same features in a shot, by optical flow.

A face mesh has a mean face in mind and gives back a fifth of a pinched nose; the flow follows the pixels.
"""

import cv2
import numpy as np

from studio_server.imaging.pixels import Field, Picture
from studio_server.imaging.upright import EYES, SIDE, Upright

ABOVE, BELOW, ASIDE = round(0.7 * EYES), round(1.8 * EYES), round(1.25 * EYES)
"""Of the window that is compared, from the middle between the eyes."""
SPANS = {"nose": ((129, 358),), "eyes": ((33, 133), (263, 362)), "jaw": ((172, 397),)}
"""Of the face mesh: the nose's wings, the corners of each eye, the corners of the jaw."""
NEAR = 7
"""Pixels around a point whose flow is taken together."""


def scaled(face: Upright, shot: Upright) -> dict[str, float]:
    """Widths of the features over those in the shot, as natural logarithms: negative is narrower."""
    flow = _flow(_window(face), _window(shot))
    corner = np.array([SIDE / 2 - ASIDE, SIDE / 2 - ABOVE])
    return {
        name: float(np.mean([_widening(flow, face.points[list(pair)] - corner) for pair in pairs]))
        for name, pairs in SPANS.items()
    }


def _window(face: Upright) -> Picture:
    """Grey, with light and contrast evened out: neither exposure nor a tan moves a nose."""
    middle = SIDE // 2
    part = face.picture[middle - ABOVE : middle + BELOW, middle - ASIDE : middle + ASIDE]
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), EYES / 8)
    spread = np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), EYES / 8)) + 4
    return np.asarray((128 + 40 * detail / spread).clip(0, 255), np.uint8)


def _flow(one: Picture, other: Picture) -> Field:
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(1)
    return np.asarray(method.calc(one, other, np.zeros((*one.shape, 2), np.float32)), np.float32)


def _widening(flow: Field, ends: Field) -> float:
    there = [end + _at(flow, end) for end in ends]
    here, other = (float(np.linalg.norm(pair[1] - pair[0])) for pair in (ends, there))
    return float(np.log(here / max(other, 1.0)))


def _at(flow: Field, point: Field) -> Field:
    x, y = (round(float(value)) for value in point)
    near = flow[max(0, y - NEAR) : y + NEAR + 1, max(0, x - NEAR) : x + NEAR + 1]
    return np.median(near.reshape(-1, 2), axis=0) if near.size else np.zeros(2, np.float32)
