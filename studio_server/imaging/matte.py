"""The person cut out of the picture: coarse mask -> trimap -> alpha -> clean foreground.

The alpha is solved at a bounded working size by the closed form (Levin et al., 2008) and carried to the
full size by the colour-line model on which the closed form itself rests (He & Sun, fast guided filter, 2015).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pymatting

from studio_server.imaging.backdrop import Backdrop, fit_backdrop
from studio_server.imaging.body import below_head, deep, joined, seen_of, solid_of
from studio_server.imaging.clean_plate import Known, match
from studio_server.imaging.closed_form import enlarge, solve
from studio_server.imaging.cut import Cut
from studio_server.imaging.hair import (
    HairZone,
    as_strands,
    faint,
    fill,
    gaps_in,
    hair_zone,
    project,
    too_warm,
)
from studio_server.imaging.holes import holes
from studio_server.imaging.pixels import Field, Mask, Picture, dot, grow, inset, peak, shrink, soften
from studio_server.imaging.silhouette import cropped, overlooked


@dataclass(frozen=True)
class _Shot:
    """A picture before a backdrop that is known; all but `picture` at the working size."""

    backdrop: Backdrop | Known
    picture: Picture
    small: Picture
    old: Field
    """The backdrop, HxWx3 in levels of 255."""
    mask: Field
    """The coarse mask, and what it overlooked."""


@dataclass(frozen=True)
class _Parts:
    """What is told of the shot before anything is solved."""

    trimap: Field
    seen: Mask
    """What differs from the backdrop."""
    whole: Mask
    """Cropped hair, through which nothing shows."""
    plain: Field
    """Where (0..1) the outline is too faint to be told from noise."""
    ceiling: Field
    """How opaque a pixel can be at most."""


def cut_out(picture: Picture, mask: Field, *, clean: Picture | None = None, working_side: int = 1400) -> Cut:
    """Cut out the person of a picture (uint8 HxWx3) whose coarse mask is given (float32 HxW).

    `clean`: a frame of the empty backdrop. `working_side` bounds the longer side at which the closed form is
    solved; hair before a known backdrop is measured at full size.
    """
    small, small_mask = shrink(picture, working_side), shrink(mask, working_side)
    known = None if clean is None else match(picture, clean, mask)
    note = known if isinstance(known, str) else ""
    backdrop = known if isinstance(known, Known) else fit_backdrop(small, small_mask)
    if backdrop is None:
        return replace(_cut_blind(picture, small, small_mask), note=note)
    old = backdrop.picture(*small_mask.shape)
    more = overlooked(small, old, backdrop.noise, small_mask)
    shot = _Shot(backdrop, picture, small, old, np.maximum(small_mask, more))
    return replace(_cut_before(shot, more), mask=shrink(small_mask, 400), note=note)


def _cut_blind(picture: Picture, small: Picture, mask: Field) -> Cut:
    """Nothing is known of what lies behind: a tight band around the mask's edge, the closed form, no more."""
    side = max(mask.shape)
    filled = _filled(mask)
    trimap = np.full(mask.shape, 0.5, np.float32)
    trimap[inset(filled > 0.95, side * 0.008)] = 1
    trimap[~grow(filled > 0.05, side * 0.008)] = 0
    alpha = _largest(solve(small, trimap))
    person, behind = pymatting.estimate_foreground_ml(small / 255.0, alpha, return_background=True)
    full = _steps(enlarge(alpha, small, picture))
    colours = _enlarged(np.asarray(person * 255, np.float32), picture)
    back = _enlarged(np.asarray(behind * 255, np.float32), picture)
    return Cut(full, _unmix(picture, full, back, colours), shrink(mask, 400), None, None)


def _filled(mask: Field) -> Field:
    """Close small holes: glints on what is worn or held."""
    holes = mask < 0.95
    _, labels, stats, _ = cv2.connectedComponentsWithStats(holes.astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < 0.006 * mask.size
    small[0] = False
    return np.where(small[labels], np.float32(1), mask)


def _cut_before(shot: _Shot, more: Mask) -> Cut:
    """Use the known backdrop: hair by projection, skin and cloth by the closed form, colours by unmixing.

    `more`: what the network overlooked.
    """
    small, old, mask = shot.small, shot.old, shot.mask
    seen = seen_of(small, mask, old, shot.backdrop.noise)
    whole = cropped(small - old, mask)
    below = inset(below_head(more, mask), max(mask.shape) * 0.003)
    solid = solid_of(seen, mask, small - old) | below | whole
    zone = hair_zone(small, old, solid, seen)
    trimap = np.full(mask.shape, 0.5, np.float32)
    trimap[solid] = 1
    trimap[~grow(seen, 2) & (mask < 0.9)] = 0
    hair = np.zeros(mask.shape, np.float32) if zone is None else zone.weight
    contrast = _contrast(small, old, solid)
    plain = _plain(contrast) * (1 - hair)
    firm = solid & ((mask > 0.9) | deep(seen))
    ceiling = np.where(firm, np.float32(1), np.maximum(_ceiling(small, old, contrast), plain))
    parts = _Parts(trimap, seen, whole, plain, ceiling)
    solved = _solved(shot, parts, trimap) if zone is None else _with_hair(shot, parts, zone)
    full = _steps(_refilled(solved, mask))
    behind = shot.backdrop.picture(*full.shape)
    colour = _enlarged(_nearby(small, solid, zone), shot.picture)
    foreground = _unmix(shot.picture, full, behind, colour)
    return Cut(full, foreground, shrink(mask, 400), shot.backdrop, shrink(hair, 400))


def _solved(shot: _Shot, parts: _Parts, trimap: Field) -> Field:
    """Alpha at full size by the closed form alone."""
    alpha = _smoothed(np.minimum(solve(shot.small, trimap), parts.ceiling), parts.plain)
    return enlarge(alpha, shot.small, shot.picture)


def _with_hair(shot: _Shot, parts: _Parts, zone: HairZone) -> Field:
    """Alpha at full size: what is hair is measured on the full picture, the rest by the closed form."""
    small, old, noise = shot.small.astype(np.float32), shot.old, shot.backdrop.noise
    side = max(old.shape)
    near, unsure = grow(parts.seen, 2), faint(zone, old)
    zone = as_strands(zone, small, old, near & (shot.mask < 0.3))
    strands = project(small, old, zone.colour, noise) * near
    weight = zone.weight * (1 - too_warm(shot.small, old, zone, strands))
    strands = np.where(parts.whole, np.float32(1), strands)
    gaps = gaps_in(shot.small, old, zone, strands) & ~parts.whole
    trimap = np.where(grow(gaps, 2) & (parts.trimap == 1), np.float32(0.5), parts.trimap)
    inner = inset(trimap == 1, side * 0.02)
    solidness = np.maximum(fill(strands, side), _by_word(shot.mask, parts.whole, unsure))
    strands = np.where(inner, np.float32(1), np.maximum(strands, solidness))
    sure_hair = (weight > 0.98) & (strands != 0.5)
    alpha = _solved(shot, parts, np.where(sure_hair, strands, trimap))
    share = _enlarged(np.asarray(weight * ~inner * near, np.float32), shot.picture)
    rows, columns = np.nonzero(share > 0)
    full_old = shot.backdrop.picture(*alpha.shape)[rows, columns]
    colour, filled = (_enlarged(each, shot.picture)[rows, columns] for each in (zone.colour, solidness))
    measured = project(shot.picture[rows, columns].astype(np.float32), full_old, colour, noise)
    part = share[rows, columns]
    alpha[rows, columns] = part * np.maximum(measured, filled) + (1 - part) * alpha[rows, columns]
    return alpha


def _refilled(alpha: Field, mask: Field) -> Field:
    """Fill what was cut out of the person where the network has no doubt of them; with a soft rim."""
    found, _ = holes(shrink(alpha, max(mask.shape)), mask)
    if not found.any():
        return alpha
    side = max(mask.shape)
    share = soften(grow(found, side * 0.004).astype(np.float32), side * 0.001) * (mask > 0.9)
    size = alpha.shape[::-1]
    return np.maximum(alpha, cv2.resize(share.astype(np.float32), size, interpolation=cv2.INTER_LINEAR))


def _by_word(mask: Field, whole: Mask, unsure: Field) -> Field:
    """How solid hair is where its colour tells nothing: the mask's word well inside, and cropped hair."""
    side = max(mask.shape)
    inner = soften(inset(mask > 0.95, side * 0.022).astype(np.float32), side * 0.003)
    return np.asarray(np.maximum(unsure * inner, soften(inset(whole, 2).astype(np.float32), 1)), np.float32)


def _contrast(small: Picture, old: Field, solid: Mask) -> Field:
    """How far (levels of 255) the person's edge nearby lies above the backdrop; below it: negative."""
    side = max(solid.shape)
    rim = (solid & ~inset(solid, side * 0.012)).astype(np.float32)
    change = small - old
    size = peak(np.abs(change)) * np.sign(dot(change, np.ones(3))) * rim
    share, total = np.full(rim.shape, 1e-6, np.float32), np.full(rim.shape, 1e-6, np.float32)
    for reach, trust in ((0.01, 1.0), (0.04, 0.02)):
        share += trust * soften(size, side * reach)
        total += trust * soften(rim, side * reach)
    return np.asarray(share / total, np.float32)


def _plain(contrast: Field) -> Field:
    """Where (0..1) the outline is too faint to be told from noise: white cloth before light paper.

    Darker than the paper, the limit is lower, for a thin veil of hair looks just so.
    """
    return np.where(contrast > 0, np.clip((85 - contrast) / 25, 0, 1), np.clip((contrast + 40) / 15, 0, 1))


def _ceiling(small: Picture, old: Field, contrast: Field) -> Field:
    """How opaque a pixel can be at most: one that looks like the backdrop holds little of the person."""
    change = peak(np.abs(cv2.GaussianBlur(small, (0, 0), 0.7) - old))
    return np.asarray(np.clip((change - 5) / np.maximum(0.4 * np.abs(contrast), 8.0), 0, 1), np.float32)


def _smoothed(alpha: Field, plain: Field) -> Field:
    """Straighten the outline where contrast is too low for it to be told from noise.

    The blurred alpha's half level is a smooth outline; the slope gives it back the width of an edge.
    """
    sigma = max(alpha.shape) * 0.003
    ruled = np.clip((soften(alpha, sigma) - 0.5) * 2.2 * sigma / 1.5 + 0.5, 0, 1)
    return np.asarray(plain * ruled + (1 - plain) * alpha, np.float32)


def _enlarged(values: Field, picture: Picture) -> Field:
    return np.asarray(cv2.resize(values, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _largest(alpha: Field) -> Field:
    return np.where(grow(joined(alpha > 0.05, 1), 2), alpha, np.float32(0))


def _steps(alpha: Field) -> Field:
    return np.asarray(np.rint(alpha.clip(0, 1) * 255) / 255, np.float32)


def _nearby(small: Picture, solid: Mask, zone: HairZone | None) -> Field:
    """Carry the person's own colour next to each pixel of the outline."""
    sigma = max(solid.shape) * 0.006
    total = soften(solid.astype(np.float32), sigma)[..., None]
    carried = soften(np.asarray(small * solid[..., None], np.float32), sigma)
    colour = np.where(total > 1e-3, carried / np.maximum(total, 1e-3), small).astype(np.float32)
    if zone is None:
        return colour
    weight = zone.weight[..., None]
    return np.asarray(weight * zone.colour + (1 - weight) * colour, np.float32)


def _unmix(picture: Picture, alpha: Field, behind: Field, colour: Field) -> Picture:
    """Solve I = alpha F + (1 - alpha) B for F in the soft band; where alpha is small, F is what is nearby."""
    foreground = picture.copy()
    rows, columns = np.nonzero((alpha > 0) & (alpha < 1))
    a = alpha[rows, columns][:, None]
    seen, back, near = picture[rows, columns], behind[rows, columns], colour[rows, columns]
    solved = (seen - (1 - a) * back) / np.maximum(a, 0.05)
    trust = np.clip((a - 0.1) / 0.3, 0, 1)
    mixed = trust * np.clip(solved, near - 60, near + 60) + (1 - trust) * near
    foreground[rows, columns] = np.rint(mixed.clip(0, 255)).astype(np.uint8)
    return foreground
