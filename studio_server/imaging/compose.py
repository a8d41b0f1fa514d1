"""The person over new surroundings.

The surroundings follow the light on the person and the noise of the shot; the person follows nothing:
every pixel well inside the matte is the rendition's own.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.cut import Cut
from studio_server.imaging.layered import Layers
from studio_server.imaging.pixels import Field, Mask, Picture, inset, lab_of, shrink

CHROMA_CAP = 25.0
"""CIE Lab chroma which 95 % of the surroundings stay below; above it they look like toys."""
CORE_INSET = 0.0015
"""Of the longer side: how far inside alpha = 1 the untouchable core begins."""
DITHER = 0.3
"""SD in levels of 255 that the surroundings have at least: without it smooth paper shows bands."""
KEY = 6.0
"""L* between the sides from which light has a side."""
TILE = 32
"""Pixels: noise is measured in squares of this size."""


@dataclass(frozen=True)
class Composite:
    picture: Picture
    core: Mask
    """HxW: where the picture equals the rendition exactly."""
    ground: Picture
    """The surroundings as they were laid, without the person."""


def compose(rendition: Picture, cut: Cut, surroundings: Picture, *, seed: int) -> Composite:
    """Lay the person of `rendition` (uint8 HxWx3) over `surroundings` (uint8, any size)."""
    height, width = rendition.shape[:2]
    graded = grade(_cover(surroundings, width / height), rendition, cut)
    how = cv2.INTER_CUBIC if width > graded.shape[1] else cv2.INTER_AREA
    smooth = cv2.resize(graded, (width, height), interpolation=how)
    ground = _with_grain(np.asarray(smooth * 255, np.float32), rendition, cut, seed)
    core = core_of(cut)
    return Composite(_blend(rendition, cut, ground, core), core, ground)


def layers_of(rendition: Picture, cut: Cut, composite: Composite, finished: Picture) -> Layers:
    """The composite taken apart; `finished` is its picture after retouching.

    Laid over each other again they are `finished`, but for a level of rounding.
    """
    person = np.where((cut.alpha >= 1)[..., None], finished, rendition)
    rows, columns = np.nonzero((cut.alpha > 0) & (cut.alpha < 1))
    person[rows, columns] = np.rint(_wrapped(cut, composite.ground, rows, columns).clip(0, 255))
    return Layers(finished, composite.ground, person.astype(np.uint8), cut.alpha)


def core_of(cut: Cut) -> Mask:
    """Alpha = 1, a little inset (HxW bool)."""
    return inset(cut.alpha >= 1, max(cut.alpha.shape) * CORE_INSET)


def _cover(picture: Picture, aspect: float) -> Picture:
    """Take the middle of a picture with this width / height."""
    height, width = picture.shape[:2]
    if width / height > aspect:
        keep = max(1, round(height * aspect))
        left = (width - keep) // 2
        return picture[:, left : left + keep]
    keep = max(1, round(width / aspect))
    top = (height - keep) // 2
    return picture[top : top + keep]


def facing_the_light(surroundings: Picture, rendition: Picture, cut: Cut) -> Picture:
    """Mirror the surroundings only where their bright side plainly is the person's dark side.

    Before anything is painted into them: the painting knows where the person stands.
    """
    person, where = lab_of(shrink(rendition, 200))[..., 0], shrink(cut.alpha, 200) > 0.9
    ours = _right_minus_left(person, where)
    theirs = _right_minus_left(lab_of(shrink(surroundings, 200))[..., 0], None)
    if min(abs(ours), abs(theirs)) > KEY and ours * theirs < 0:
        return np.ascontiguousarray(surroundings[:, ::-1])
    return surroundings


def _right_minus_left(lightness: Field, where: Mask | None) -> float:
    inside = np.ones(lightness.shape, bool) if where is None else where
    columns = np.nonzero(inside)[1]
    if len(columns) < 20:
        return 0.0
    middle = int(np.median(columns))
    left, right = inside.copy(), inside.copy()
    left[:, middle:], right[:, :middle] = False, False
    return float(lightness[right].mean() - lightness[left].mean())


def grade(surroundings: Picture, rendition: Picture, cut: Cut) -> Field:
    """Put the surroundings under the light on the person: float32 HxWx3, 0..1, at their own size.

    Half the difference in cast is taken away, for places have lights of their own; loud colours are muted.
    """
    lab = lab_of(surroundings)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    neutral = lab[chroma < 14]
    own = np.median(neutral[:, 1:], axis=0) if len(neutral) > 0.05 * chroma.size else np.zeros(2)
    shift = np.clip((person_cast(rendition, cut) - own) * 0.5, -5, 5)
    lab[..., 1:] += (shift * np.clip(lab[..., :1] / 50, 0.2, 1)).astype(np.float32)
    top = float(np.percentile(np.hypot(lab[..., 1], lab[..., 2])[::2, ::2], 95))
    if top > CHROMA_CAP - 1.5:
        lab[..., 1:] *= (CHROMA_CAP - 1.5) / top
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).clip(0, 1), np.float32)


def person_cast(rendition: Picture, cut: Cut) -> NDArray[np.float64]:
    """Read the colour of the light (CIE a*, b*) off what is nearly neutral on the person: cloth, hair."""
    lab = lab_of(shrink(rendition, 400))[shrink(cut.alpha, 400) >= 0.999]
    near = (np.hypot(lab[:, 1], lab[:, 2]) < 10) & (lab[:, 0] > 25) & (lab[:, 0] < 98.5)
    if near.sum() < max(50, 0.02 * len(lab)):
        return np.zeros(2)
    return np.asarray(np.median(lab[near][:, 1:], axis=0), np.float64)


def tile_noise(picture: Picture | Field, where: Mask) -> float:
    """SD of the fine luminance noise (0..255): the lower quartile over at most 400 tiles inside `where`."""
    height, width = where.shape
    corners = [(y, x) for y in range(0, height - TILE + 1, TILE) for x in range(0, width - TILE + 1, TILE)]
    corners = [(y, x) for y, x in corners if where[y, x] and where[y + TILE - 1, x + TILE - 1]]
    step = max(1, len(corners) // 400)
    spreads = []
    for y, x in corners[::step]:
        if where[y : y + TILE, x : x + TILE].all():
            grey = cv2.cvtColor(picture[y : y + TILE, x : x + TILE], cv2.COLOR_RGB2GRAY).astype(np.float32)
            spreads.append(float((grey - cv2.GaussianBlur(grey, (0, 0), 2.0)).std()))
    return float(np.percentile(spreads, 25)) if spreads else 0.0


def shot_noise(rendition: Picture, cut: Cut) -> float:
    """SD of the shot's noise, from the frame behind the person; where that is busy, its flattest tiles."""
    return tile_noise(rendition, cut.alpha <= 0)


def _with_grain(smooth: Field, rendition: Picture, cut: Cut, seed: int) -> Picture:
    """Add what the surroundings lack of the shot's noise (SD in quadrature), the same in all channels.

    Their own is measured before it is rounded: rounding looks like noise (0.29), but leaves bands.
    """
    height, width = smooth.shape[:2]
    own = tile_noise(smooth, cut.alpha <= 0)
    lacking = float(np.sqrt(max(0.0, max(DITHER, shot_noise(rendition, cut)) ** 2 - own**2)))
    random = np.random.default_rng(seed)
    tile = random.standard_normal((min(height, 1024), min(width, 1024)), np.float32) * np.float32(lacking)
    repeat = (-(-height // tile.shape[0]), -(-width // tile.shape[1]))
    grain = np.tile(tile, repeat)[:height, :width]
    return np.asarray(cv2.add(smooth, cv2.merge([grain] * 3), dtype=cv2.CV_8U), np.uint8)


def _blend(rendition: Picture, cut: Cut, ground: Picture, core: Mask) -> Picture:
    """Foreground over ground. In the soft edge a little light from behind wraps around; the core is exact."""
    picture = ground.copy()
    picture[cut.alpha >= 1] = rendition[cut.alpha >= 1]
    rows, columns = np.nonzero((cut.alpha > 0) & (cut.alpha < 1) & ~core)
    if not len(rows):
        return picture
    alpha = cut.alpha[rows, columns][:, None]
    behind = ground[rows, columns].astype(np.float32)
    mixed = alpha * _wrapped(cut, ground, rows, columns) + (1 - alpha) * behind
    picture[rows, columns] = np.rint(mixed).clip(0, 255).astype(np.uint8)
    return picture


def _wrapped(cut: Cut, ground: Picture, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Field:
    """The person's own colours in the soft edge (Nx3), a little light from behind on them."""
    alpha = cut.alpha[rows, columns][:, None]
    person = cut.foreground[rows, columns].astype(np.float32)
    lit = person + 0.25 * (1 - alpha) * np.maximum(_glow(ground)[rows, columns] - person, 0)
    return np.asarray(lit, np.float32)


def _glow(ground: Picture) -> Field:
    """The light of the surroundings, far blurred."""
    small = cv2.GaussianBlur(shrink(ground, 300).astype(np.float32), (0, 0), 6)
    return np.asarray(cv2.resize(small, ground.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
