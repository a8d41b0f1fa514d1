"""Is this a photograph? The faults that give a composite away, each as one row with its limit.

Some rows of the cut need the old backdrop to be known; where it could not be modelled they say that they
were not measured, or ask the network's mask instead. All are taken at a bounded size, so that a pixel means
the same for every camera.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from studio_server.domain.variation import Measure
from studio_server.imaging.compose import CHROMA_CAP, Composite, tile_noise
from studio_server.imaging.cut import Cut
from studio_server.imaging.holes import LARGE, holes
from studio_server.imaging.pixels import Field, Mask, Picture, disc, dot, grow, inset, lab_of, shrink, soften

SIDE = 1400
"""Longer side in pixels at which the cut is judged."""
UNMODELLED = "not measured: the old backdrop is too busy to be modelled"


@dataclass(frozen=True)
class _View:
    """Everything at the judging size."""

    lab: Field
    alpha: Field
    old: Field | None
    """The old backdrop in Lab."""
    mask: Field
    hair: Field
    """How much of the outline is hair, 0..1."""


def rows_of_cut(rendition: Picture, cut: Cut) -> tuple[Measure, ...]:
    """Measure what depends on the cut alone, so that once per cut is enough."""
    view = _view(rendition, cut)
    return hair_lost(view), body_cut_away(view), hole(view), backdrop_left(view), torn_outline(view)


def rows_of_composite(rendition: Picture, cut: Cut, composite: Composite) -> tuple[Measure, ...]:
    """Person touched, grain, toy colours, rim and dark hair swallowed: they depend on the surroundings."""
    return (
        person_touched(rendition, composite),
        grain_mismatch(rendition, cut, composite),
        toy_colours(composite),
        *outline_rows(cut, composite),
    )


def _view(rendition: Picture, cut: Cut) -> _View:
    small, alpha = shrink(rendition, SIDE), shrink(cut.alpha, SIDE)
    lab = lab_of(small)
    old = None
    if cut.backdrop is not None:
        old = lab_of(cut.backdrop.picture(*alpha.shape))
    hair = np.zeros(alpha.shape, np.float32)
    if cut.hair is not None:
        hair = np.asarray(cv2.resize(cut.hair, alpha.shape[::-1]), np.float32)
    mask = np.asarray(cv2.resize(cut.mask, alpha.shape[::-1]), np.float32)
    return _View(lab, alpha, old, mask, hair)


def hair_lost(view: _View) -> Measure:
    """Share of the pixels around the person that are far darker than the backdrop and were kept; >= 0.98."""
    name, limit = "hair kept", 0.98
    if view.old is None:
        return Measure(name, None, limit, passed=True, why=UNMODELLED)
    side = max(view.alpha.shape)
    near = grow(view.alpha > 0.5, side * 0.06)
    core = inset(view.alpha > 0.99, side * 0.01)
    strands = near & ~core & (view.lab[..., 0] < view.old[..., 0] - 25)
    if strands.sum() < 50:
        return Measure(name, None, limit, passed=True, why="not measured: no hair darker than the backdrop")
    kept = float((view.alpha[strands] > 0.3).mean())
    return Measure(name, round(kept, 4), limit, passed=kept >= limit)


def backdrop_left(view: _View) -> Measure:
    """Largest patch (pixels) that was kept although it looks like the old backdrop (ΔE < 4); below 20.

    Where the person's own edge is as light as the paper (alpha times their ΔE is 8 or less), kept pixels look
    like it by right; and the network's firm word (0.9) stands.
    """
    name, limit = "old backdrop left", 20.0
    if view.old is None:
        return Measure(name, None, limit, passed=True, why=UNMODELLED)
    change = view.lab - view.old
    alike = np.sqrt(dot(change, change)) < 4
    telling = view.alpha * _contrast(view, alike) > 8
    left = ((view.alpha > 0.3) & alike & telling & (view.mask < 0.9)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(left)
    biggest = float(stats[1:, cv2.CC_STAT_AREA].max()) if len(stats) > 1 else 0.0
    return Measure(name, biggest, limit, passed=biggest < limit)


def _contrast(view: _View, alike: Mask) -> Field:
    """ΔE between the person's edge nearby and the old backdrop."""
    assert view.old is not None
    side = max(view.alpha.shape)
    rim = ((view.alpha > 0.99) & ~alike).astype(np.float32)
    total = soften(rim, side * 0.01)[..., None]
    near = soften(view.lab * rim[..., None], side * 0.01) / np.maximum(total, 1e-4)
    off = near - view.old
    return np.where(total[..., 0] > 1e-3, np.sqrt(dot(off, off)), np.float32(100))


def body_cut_away(view: _View) -> Measure:
    """Largest patch (pixels) of the person that touches what was kept and was cut; below 150.

    Nothing but the person and what they wear is lighter than paper (what is darker may be their shadow);
    before a backdrop that is not known, the network's firm word (0.9) says who is the person.
    """
    name, limit = "body cut away", 150.0
    if not (view.alpha > 0.7).any():  # nobody is left for a patch to touch
        return Measure(name, float(view.alpha.size), limit, passed=False)
    person = view.mask > 0.9 if view.old is None else view.lab[..., 0] > view.old[..., 0] + 5
    cut = (cv2.morphologyEx(person.astype(np.uint8), cv2.MORPH_OPEN, disc(3)) > 0) & (view.alpha < 0.3)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cut.astype(np.uint8))
    touching = np.unique(labels[cut & grow(view.alpha > 0.7, 12)])
    biggest = float(stats[touching, cv2.CC_STAT_AREA].max()) if len(touching) else 0.0
    return Measure(name, biggest, limit, passed=biggest < limit)


def hole(view: _View) -> Measure:
    """Largest part (pixels) cut out of the person where the network has no doubt of them."""
    limit = round(LARGE * SIDE**2)
    largest = round(holes(view.alpha, view.mask)[1] * max(view.alpha.shape) ** 2)
    return Measure("hole in the person", largest, limit, passed=largest < limit)


def torn_outline(view: _View) -> Measure:
    """Length of the clothing's outline over that of the outline smoothed; <= 1.06 at alpha 0.2, 0.5, 0.8."""
    name, limit = "outline torn", 1.06
    if view.old is None:
        return Measure(name, None, limit, passed=True, why=UNMODELLED)
    part, skip = _clothes(view, view.old)
    found = [_roughness(view.alpha[part], skip, level) for level in (0.2, 0.5, 0.8)]
    told = [ratio for ratio in found if ratio is not None]
    if not told:
        return Measure(name, None, limit, passed=True, why="not measured: no outline of clothes in the frame")
    return Measure(name, round(max(told), 3), limit, passed=max(told) <= limit)


def _clothes(view: _View, old: Field) -> tuple[slice, Mask]:
    """Find the lowest fifth of the person, and where in it hair falls over the outline."""
    side = max(view.alpha.shape)
    rows = np.nonzero((view.alpha > 0.5).any(1))[0]
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 1)
    part = slice(top + int((bottom - top) * 0.8), bottom)
    dark = (view.lab[part, :, 0] < old[part, :, 0] - 6).astype(np.uint8)
    thin = (dark > 0) & ~(cv2.morphologyEx(dark, cv2.MORPH_OPEN, disc(side * 0.008)) > 0)
    skip = grow((view.hair[part] > 0.3) | thin, side * 0.012)
    edge = round(side * 0.018)  # a smoothed outline is bent where the picture ends
    skip[:edge], skip[-edge:], skip[:, :edge], skip[:, -edge:] = True, True, True, True
    return part, skip


def _roughness(alpha: Field, skip: Mask, level: float) -> float | None:
    """Outline against the smoothed outline; None where hardly any outline is left to be measured."""
    smooth = soften((alpha > level).astype(np.float32), max(2.0, SIDE * 0.006)) > 0.5
    length = _length(np.asarray(smooth), skip)
    return _length(alpha > level, skip) / length if length > 40 else None


def _length(mask: Mask, skip: Mask) -> float:
    """Length in pixels of the mask's outline inside the frame and outside `skip`."""
    outlines = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    height, width = mask.shape
    total = 0.0
    for outline in outlines:
        points = outline[:, 0]
        inside = ((points > 1) & (points < (width - 2, height - 2))).all(1) & ~skip[
            points[:, 1], points[:, 0]
        ]
        steps = np.linalg.norm(np.roll(points, -1, 0) - points, axis=1)
        total += float(steps[inside & np.roll(inside, -1)].sum())
    return total


def person_touched(rendition: Picture, composite: Composite) -> Measure:
    """Largest difference (levels of 255) to the rendition inside the core; 0."""
    core = composite.core
    worst = int(cv2.absdiff(rendition, composite.picture)[core].max()) if core.any() else 0
    return Measure("person touched", float(worst), 0.0, passed=worst == 0)


def grain_mismatch(rendition: Picture, cut: Cut, composite: Composite) -> Measure:
    """Fine noise of the surroundings over that of the shot's own backdrop, in flat tiles; 0.8 to 1.25.

    Half a level of 255 is added to both (in quadrature): below it nothing is seen, and rounding does as much.
    """
    name, limit, free = "grain against the shot", 1.25, cut.alpha <= 0
    before, after = tile_noise(rendition, free), tile_noise(composite.ground, free)
    if before <= 0:
        return Measure(name, None, limit, passed=True, why="not measured: no flat backdrop is seen")
    ratio = float(np.hypot(after, 0.5) / np.hypot(before, 0.5))
    return Measure(name, round(ratio, 3), limit, passed=0.8 <= ratio <= limit)


def toy_colours(composite: Composite) -> Measure:
    """95th percentile of the surroundings' CIE Lab chroma; <= 25."""
    lab = lab_of(shrink(composite.ground, 400))
    chroma = float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95))
    return Measure("colourfulness", round(chroma, 1), CHROMA_CAP, passed=chroma <= CHROMA_CAP)


def outline_rows(cut: Cut, composite: Composite) -> tuple[Measure, Measure]:
    """Rim from nowhere, and whether the outline is seen at all.

    Rim: edge minus inner band <= 3 L* where the surroundings are darker. Outline: person and surroundings
    differ by 4 L* and more on 60 % of it.
    """
    person = shrink(cut.alpha, SIDE) > 0.5
    made = _lightness(composite.picture)
    ground = _lightness(composite.ground)
    return _rim(made, ground, person), _apart(made, ground, person)


def _lightness(picture: Picture) -> Field:
    return np.asarray(lab_of(shrink(picture, SIDE))[..., 0], np.float32)


def _rim(made: Field, ground: Field, person: Mask) -> Measure:
    step = max(person.shape) / 1400
    edge = person & ~inset(person, 2 * step)
    inner = inset(person, 4 * step) & ~inset(person, 8 * step)
    soft = cv2.blur(np.stack([made * edge, edge, made * inner, inner], -1).astype(np.float32), (31, 31))
    usable = edge & (soft[..., 3] > 0.05)
    near, far = soft[..., 0] / soft[..., 1].clip(1e-6), soft[..., 2] / soft[..., 3].clip(1e-6)
    darker = usable & (ground < far - 5)
    if darker.sum() < 100:
        return Measure("rim of light", None, 3.0, passed=True, why="not measured: nothing behind is darker")
    rim = float(np.mean((near - far)[darker]))
    return Measure("rim of light", round(rim, 2), 3.0, passed=rim <= 3.0)


def _apart(made: Field, ground: Field, person: Mask) -> Measure:
    step = max(person.shape) / 1400
    band = inset(person, 3 * step) & ~inset(person, 10 * step)
    outer = grow(person, 10 * step) & ~person
    soft = cv2.blur(np.stack([made * band, band, ground * outer, outer], -1).astype(np.float32), (25, 25))
    outline = grow(person, 1) & ~person & (soft[..., 1] > 0) & (soft[..., 3] > 0)
    if not outline.any():
        return Measure("outline seen", None, 0.6, passed=True, why="not measured: no outline in the frame")
    inner, behind = soft[..., 0] / soft[..., 1].clip(1e-6), soft[..., 2] / soft[..., 3].clip(1e-6)
    share = float((np.abs(inner - behind)[outline] >= 4).mean())
    return Measure("outline seen", round(share, 3), 0.6, passed=share >= 0.6)
