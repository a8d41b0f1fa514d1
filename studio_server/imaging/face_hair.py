"""The hair above the eyes: where it is, and how light it is. Grey that was dyed away shows here."""

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.face_skin import Skin
from studio_server.imaging.pixels import Field, Mask, inset, lab_of
from studio_server.imaging.upright import BETWEEN_THE_EYES, Upright

LEAST = 12000
"""Pixels of the upright copy: less hair than that is a shadow on a bald head."""
SURE = 0.9
ALIKE = (7.0, 30.0)
"""What is this near to the skin in a* b*, and in L*, is skin: foreheads are higher than the mesh's."""


def hair_mask(face: Upright, person: Field, skin: Skin) -> Mask:
    """Above the eyes, outside the face, on the person (the network's word, 0..1), and not skin."""
    where = inset(person > SURE, 4) & ~face.oval(1.06)
    where[round(float(face.points[BETWEEN_THE_EYES, 1])) :] = False
    change = lab_of(np.asarray(cv2.GaussianBlur(face.picture, (0, 0), 1.5), np.uint8)) - skin.lab
    bare = (np.hypot(change[..., 1], change[..., 2]) < ALIKE[0]) & (np.abs(change[..., 0]) < ALIKE[1])
    return np.asarray(where & ~bare)


def hair_of(face: Upright, person: Field, skin: Skin) -> NDArray[np.float64] | None:
    """Median CIE Lab of the hair, and the L* of its lightest fifth (4,); None where there is too little."""
    where = hair_mask(face, person, skin)
    if where.sum() < LEAST:
        return None
    lab = lab_of(face.picture)[where]
    return np.append(np.median(lab, axis=0), np.percentile(lab[:, 0], 80)).astype(np.float64)
