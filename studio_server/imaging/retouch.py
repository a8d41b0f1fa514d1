"""Retouching, held back: red blemishes and shine, by frequency separation, on the skin of the face alone.

The picture is taken apart into texture (pores, down), blotches and broad light. The texture is never touched.
Of the blotches only those go that are *redder* than the skin around them and hardly darker: moles, freckles
and scars are darker, and stay. Of the broad light only what stands out above the skin's own brightness is
brought down, and gets the skin's colour back. Off is off: at 0 the picture itself is returned.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.faces import Face, skin_tone
from studio_server.imaging.pixels import Field, Mask, Picture, grow, inset, soften

FULL = 100
TEXTURE, BLOTCH = 0.013, 0.085
"""Of the distance between the eyes: sigmas that part texture from blotches, and blotches from broad light."""
REDDER = (0.8, 2.2)
"""a* above the surrounding skin from which a blotch begins to be, and plainly is, a blemish."""
DARKER = 0.9
"""A spot that is darker (L*) by more than this times its redness is a mole, a freckle or a scar."""
SHINE = (6.0, 14.0)
"""L* above the skin's own from which light begins to be, and plainly is, shine."""
MOST_SHINE = 0.65
"""How much of the excess is taken at the most: skin without any highlight looks like wax."""


@dataclass(frozen=True)
class _Window:
    """The part of the frame in which the face lies."""

    rows: slice
    columns: slice


def retouch(picture: Picture, person: Field, face: Face, amount: int) -> Picture:
    """Return HxWx3 uint8; `person` is the matte (HxW, 0..1), `amount` 0 to 100.

    Nothing outside the skin of this face is changed, to the bit.
    """
    if not 0 < amount <= FULL:
        return picture
    eyes = float(np.linalg.norm(_middles(face)[0] - _middles(face)[1]))
    window = _window(face, eyes, picture.shape[:2])
    part = picture[window.rows, window.columns]
    lab = np.asarray(cv2.cvtColor(part.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    skin = _skin(lab, skin_tone(picture, face)[1], face, eyes, window)
    skin *= person[window.rows, window.columns] >= 1
    changed = _calmed(lab, skin, eyes, amount / FULL)
    rgb = cv2.cvtColor(changed, cv2.COLOR_LAB2RGB) * 255
    done = picture.copy()
    where = skin > 1e-3
    done[window.rows, window.columns][where] = np.rint(rgb[where]).clip(0, 255).astype(np.uint8)
    return done


def _calmed(lab: Field, skin: Field, eyes: float, share: float) -> Field:
    """Lab with blemishes and shine taken back by `share` where `skin` says so."""
    smooth, broad = _blur(lab, TEXTURE * eyes), _blur_on_skin(lab, skin, BLOTCH * eyes)
    blotch = smooth - broad
    red = _step(blotch[..., 1], *REDDER) * (-blotch[..., 0] < DARKER * np.maximum(blotch[..., 1], 0))
    spot = soften(np.asarray(red, np.float32), TEXTURE * eyes)
    own = np.median(lab[skin > 0.5], axis=0) if (skin > 0.5).any() else np.zeros(3)
    excess = smooth[..., 0] - own[0]
    shine = _step(excess, *SHINE)
    change = -blotch * spot[..., None]
    change[..., 0] -= MOST_SHINE * shine * np.maximum(excess - SHINE[0], 0)
    change[..., 1:] += (0.5 * shine)[..., None] * (own[1:] - smooth[..., 1:])
    return np.asarray(lab + (share * skin)[..., None] * change, np.float32)


def _skin(
    lab: Field, tone: NDArray[np.float64], face: Face, eyes: float, window: _Window
) -> NDArray[np.float32]:
    """How much of each pixel is skin: in the face's oval, of the cheeks' colour, no eye, nostril or mouth.

    Shine has lost the skin's colour: what is brighter and has skin all around belongs to it.
    """
    oval = _oval(face, eyes, window, lab.shape[:2])
    off = lab - tone.astype(np.float32)
    colour = np.hypot(off[..., 1], off[..., 2])
    alike = (1 - _step(colour, 12, 20)) * (1 - _step(-off[..., 0], 18, 28))
    closed = inset(grow(alike > 0.5, 0.15 * eyes), 0.15 * eyes)
    alike = np.maximum(alike, closed & (off[..., 0] > SHINE[0]))
    kept = _blur(np.asarray(alike, np.float32), 0.03 * eyes) * oval
    kept *= 1 - soften(_features(face, eyes, window, lab.shape[:2]).astype(np.float32), 0.05 * eyes)
    return np.asarray(kept.clip(0, 1), np.float32)


def _middles(face: Face) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The middles of the eyes: on the right of the picture, on the left."""
    return face.landmarks[0:2].mean(0), face.landmarks[2:4].mean(0)


def _axes(face: Face) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The point between the eyes, and the face's own directions (unit): across, and down."""
    right, left = _middles(face)
    across = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    across = np.asarray(across, np.float32)
    return np.asarray((right + left) / 2, np.float32), across, np.array([-across[1], across[0]], np.float32)


def _window(face: Face, eyes: float, shape: tuple[int, ...]) -> _Window:
    (x, y), _, down = _axes(face)
    x, y = x + 0.4 * eyes * down[0], y + 0.4 * eyes * down[1]
    reach = 2.4 * eyes
    top, bottom = np.clip([round(y - reach), round(y + reach)], 0, shape[0])
    left, right = np.clip([round(x - reach), round(x + reach)], 0, shape[1])
    return _Window(slice(int(top), int(bottom)), slice(int(left), int(right)))


def _own(face: Face, eyes: float, window: _Window, shape: tuple[int, ...]) -> tuple[Field, Field]:
    """Each pixel's place across and down the face, in distances between the eyes, from between them."""
    middle, across, down = _axes(face)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    x, y = x + window.columns.start - middle[0], y + window.rows.start - middle[1]
    return (x * across[0] + y * across[1]) / eyes, (x * down[0] + y * down[1]) / eyes


def _oval(face: Face, eyes: float, window: _Window, shape: tuple[int, ...]) -> Field:
    u, v = _own(face, eyes, window, shape)
    return np.asarray(1 - _step(np.hypot(u / 1.15, (v - 0.45) / 1.75), 0.85, 1.0), np.float32)


def _features(face: Face, eyes: float, window: _Window, shape: tuple[int, ...]) -> Mask:
    """Eyes with their brows, nostrils, mouth: where the red and the bright belong."""
    u, v = _own(face, eyes, window, shape)
    nose = float((face.landmarks[4] - _axes(face)[0]) @ _axes(face)[2]) / eyes
    seen = (np.hypot((np.abs(u) - 0.5) / 0.42, (v + 0.07) / 0.33) < 1) | (
        np.hypot(u / 0.28, (v - nose) / 0.13) < 1
    )
    return np.asarray(seen | (np.hypot(u / 0.52, (v - nose - 0.48) / 0.28) < 1), np.bool_)


def _blur(values: Field, sigma: float) -> Field:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), max(sigma, 0.3)), np.float32)


def _blur_on_skin(lab: Field, skin: Field, sigma: float) -> Field:
    """Gaussian blur that knows only skin, so that hair and lips do not colour the cheek beside them."""
    weight = (skin > 0.5).astype(np.float32)
    total = _blur(lab * weight[..., None], sigma)
    return np.asarray(total / np.maximum(_blur(weight, sigma), 1e-3)[..., None], np.float32)


def _step(values: Field, begin: float, end: float) -> Field:
    """0 up to `begin`, 1 from `end`, smooth between (Hermite)."""
    t = ((values - begin) / (end - begin)).clip(0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
