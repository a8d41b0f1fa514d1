"""A stand-in for the models of faces: it takes every picture for one of a face, at the oval of `portrait`."""

import numpy as np
from people import upright_face

from studio_server.imaging.face_skin import Skin
from studio_server.imaging.portrait_measures import Traits

FACE, _ = upright_face()
PICK = 300
"""Picks of the tests are higher than this, px; what the tiny bases paint is not."""


class Lookout:
    """`distance` says how far the face of a painted picture is from the session's; it is asked in order."""

    def __init__(self, distance=lambda _number: 0.1):
        self.distance, self.painted, self.shots = distance, 0, 0

    def traits(self, picture):
        vector = np.zeros(128, np.float32)
        if picture.shape[0] > PICK:
            self.shots += 1
        else:
            vector[0] = self.distance(self.painted)
            self.painted += 1
        skin = Skin(np.array([60.0, 12.0, 15.0]), np.array([0.5, -0.4]), 1.0)
        return Traits(1, vector, skin, np.array([30.0, 2.0, 5.0]), None, 0.3, FACE)

    def face(self, picture):
        height, width = picture.shape[:2]
        return round(0.36 * width), round(0.3 * height), round(0.64 * width), round(0.65 * height)
