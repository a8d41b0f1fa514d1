"""The person cut out of the picture: coarse mask -> trimap -> alpha -> clean foreground.

The alpha is solved at a bounded working size by the closed form (Levin et al., 2008) and carried to the
full size by the colour-line model on which the closed form itself rests (He & Sun, fast guided filter, 2015).
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import onnxruntime
import pymatting
from numpy.typing import NDArray

from studio_server.domain.errors import EngineUnavailable
from studio_server.imaging.backdrop import Backdrop, fit_backdrop
from studio_server.imaging.clean_plate import SIDE, Known, match
from studio_server.imaging.closed_form import enlarge, solve
from studio_server.imaging.hair import (
    HairZone,
    as_strands,
    faint,
    fill,
    find_head,
    gaps_in,
    hair_zone,
    project,
    too_warm,
)
from studio_server.imaging.pixels import (
    Field,
    Mask,
    Picture,
    disc,
    dot,
    grow,
    inset,
    peak,
    shrink,
    soften,
    trough,
)
from studio_server.imaging.silhouette import cropped, overlooked

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours, on which U2-Net was trained."""
MASK_SIDE = 320
THREADS = 2


@dataclass(frozen=True)
class Cut:
    alpha: Field
    """HxW, 0..1 in steps of 1/255."""
    foreground: Picture
    """HxWx3: the person's own colours, free of the backdrop; holds good where 0 < alpha < 1 only, elsewhere
    it is the rendition (alpha 1) or unseen (alpha 0)."""
    mask: Field
    """The network's own word, at most 400 px (0..1)."""
    backdrop: Backdrop | Known | None
    """The old backdrop, if it was photographed, or smooth enough to be modelled."""
    hair: Field | None
    """How much of the outline is hair, at most 400 px (0..1); None where it could not be told."""
    note: str = ""
    """Why a clean plate was not used, in a sentence."""

    def save(self, folder: Path) -> None:
        """Write the cut as PNG files and its numbers; the last file marks it whole. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        alpha = np.rint(self.alpha * 255).astype(np.uint8)
        edge = np.where(((alpha > 0) & (alpha < 255))[..., None], self.foreground, np.uint8(0))
        _write(folder / "alpha.png", alpha)
        _write(folder / "edge.png", edge[..., ::-1])
        _write(folder / "mask.png", np.rint(self.mask * 255).astype(np.uint8))
        if self.hair is not None:
            _write(folder / "hair.png", np.rint(self.hair * 255).astype(np.uint8))
        told: dict[str, Any] | None = None
        if isinstance(self.backdrop, Backdrop):
            told = {"coefficients": self.backdrop.coefficients.tolist(), "noise": self.backdrop.noise}
        elif self.backdrop is not None:
            told = {"noise": self.backdrop.noise}
            _write(folder / "old.png", shrink(self.backdrop.levels, SIDE)[..., ::-1])
        (folder / "cut.json").write_text(json.dumps({"backdrop": told, "note": self.note}))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read the cut that was saved there; None if there is none, or only half of one."""
        if not (folder / "cut.json").exists():
            return None
        alpha = cv2.imread(str(folder / "alpha.png"), cv2.IMREAD_GRAYSCALE)
        edge = cv2.imread(str(folder / "edge.png"), cv2.IMREAD_COLOR)
        mask = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_GRAYSCALE)
        if alpha is None or edge is None or mask is None:
            return None
        hair = cv2.imread(str(folder / "hair.png"), cv2.IMREAD_GRAYSCALE)
        told = json.loads((folder / "cut.json").read_text())
        return cls(
            _share(alpha),
            np.ascontiguousarray(edge[..., ::-1]),
            _share(mask),
            _backdrop_in(folder, told["backdrop"]),
            None if hair is None else _share(hair),
            told.get("note", ""),
        )


def _write(file: Path, picture: NDArray[np.uint8]) -> None:
    """As OpenCV's own writing, but that a full disk is an error."""
    file.write_bytes(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())


def _backdrop_in(folder: Path, told: dict[str, Any] | None) -> Backdrop | Known | None:
    if told is None:
        return None
    if "coefficients" in told:
        return Backdrop(np.array(told["coefficients"]), float(told["noise"]))
    levels = cv2.imread(str(folder / "old.png"), cv2.IMREAD_COLOR)
    return None if levels is None else Known(np.ascontiguousarray(levels[..., ::-1]), float(told["noise"]))


def _share(levels: NDArray[Any]) -> Field:
    return np.asarray(levels / 255, np.float32)


@lru_cache(maxsize=1)
def _network(path: Path) -> Any:  # noqa: ANN401 - onnxruntime has no types
    if not path.exists():
        msg = f"The matting model {path.name} is not on the shelf. Run `studio models pull`."
        raise EngineUnavailable(msg)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def coarse_mask(picture: Picture, u2net: Path) -> Field:
    """Where the person is (float32 HxW, 0..1), by U2-Net (Qin et al., 2020), which sees 320 x 320 pixels.

    Asked twice, of the picture and of its mirror image, for it overlooks what is held before the body once in
    a while; the larger answer counts. Raises EngineUnavailable where the model file is missing.
    """
    network = _network(u2net)
    shrunk = cv2.resize(picture, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA)
    small = np.asarray(shrunk, np.uint8)
    mask = np.maximum(_ask(network, small), _ask(network, small[:, ::-1])[:, ::-1])
    enlarged = cv2.resize(mask, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged.clip(0, 1), np.float32)


def _ask(network: Any, small: Picture) -> Field:  # noqa: ANN401 - onnxruntime has no types
    values = (small / max(1.0, float(small.max())) - MEAN) / SPREAD
    answer = network.run(
        None, {network.get_inputs()[0].name: values.transpose(2, 0, 1)[None].astype(np.float32)}
    )
    mask = answer[0][0, 0]
    return np.asarray((mask - mask.min()) / max(1e-6, float(mask.max() - mask.min())), np.float32)


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
    more = overlooked(small, backdrop.picture(*small_mask.shape), backdrop.noise, small_mask)
    return replace(_cut_before(backdrop, picture, small, (small_mask, more)), note=note)


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


def _cut_before(
    backdrop: Backdrop | Known, picture: Picture, small: Picture, told: tuple[Field, Mask]
) -> Cut:
    """Use the known backdrop: hair by projection, skin and cloth by the closed form, colours by unmixing.

    `told`: the coarse mask, and what it overlooked.
    """
    mask = np.maximum(told[0], told[1]) if told[1].any() else told[0]
    old = backdrop.picture(*mask.shape)
    seen = _seen(small, mask, old, backdrop.noise)
    whole = cropped(small - old, mask)
    below = inset(_below_head(told[1], mask), max(mask.shape) * 0.003)
    solid = _solid(seen, mask, small - old) | below | whole
    zone = hair_zone(small, old, solid, seen)
    trimap = np.full(mask.shape, 0.5, np.float32)
    trimap[solid] = 1
    trimap[~grow(seen, 2) & (mask < 0.9)] = 0
    hair = np.zeros(mask.shape, np.float32) if zone is None else zone.weight
    contrast = _contrast(small, old, solid)
    plain = _plain(contrast) * (1 - hair)
    firm = solid & ((mask > 0.9) | _deep(seen))
    ceiling = np.where(firm, np.float32(1), np.maximum(_ceiling(small, old, contrast), plain))
    if zone is None:
        full = enlarge(_smoothed(np.minimum(solve(small, trimap), ceiling), plain), small, picture)
    else:
        full = _with_hair(backdrop, picture, small, (trimap, seen, zone, plain, ceiling, mask, whole))
    full = _steps(full)
    behind = backdrop.picture(*full.shape)
    colour = _enlarged(_nearby(small, solid, zone), picture)
    foreground = _unmix(picture, full, behind, colour)
    return Cut(full, foreground, shrink(told[0], 400), backdrop, shrink(hair, 400))


def _with_hair(
    backdrop: Backdrop | Known,
    picture: Picture,
    small: Picture,
    found: tuple[Field, Mask, HairZone, Field, Field, Field, Mask],
) -> Field:
    trimap, seen, zone, plain, ceiling, mask, whole = found
    side = max(small.shape)
    old = backdrop.picture(*seen.shape)
    near, unsure = grow(seen, 2), faint(zone, old)
    zone = as_strands(zone, small.astype(np.float32), old, near & (mask < 0.3))
    strands = project(small.astype(np.float32), old, zone.colour, backdrop.noise) * near
    weight = zone.weight * (1 - too_warm(small, old, zone, strands))
    strands = np.where(whole, np.float32(1), strands)
    gaps = gaps_in(small, old, zone, strands) & ~whole
    trimap = np.where(grow(gaps, 2) & (trimap == 1), np.float32(0.5), trimap)
    deep = inset(trimap == 1, side * 0.02)
    inner = soften(inset(mask > 0.95, side * 0.022).astype(np.float32), side * 0.003)
    inner = np.maximum(unsure * inner, soften(inset(whole, 2).astype(np.float32), 1))
    solidness = np.maximum(fill(strands, side), inner)
    strands = np.where(deep, np.float32(1), np.maximum(strands, solidness))
    sure_hair = (weight > 0.98) & (strands != 0.5)
    trimap = np.where(sure_hair, strands, trimap)
    alpha = enlarge(_smoothed(np.minimum(solve(small, trimap), ceiling), plain), small, picture)
    share = _enlarged(np.asarray(weight * ~deep * near, np.float32), picture)
    rows, columns = np.nonzero(share > 0)
    full_old = backdrop.picture(*alpha.shape)[rows, columns]
    colour = _enlarged(zone.colour, picture)[rows, columns]
    filled = _enlarged(solidness, picture)[rows, columns]
    hair = np.maximum(
        project(picture[rows, columns].astype(np.float32), full_old, colour, backdrop.noise), filled
    )
    part = share[rows, columns]
    alpha[rows, columns] = part * hair + (1 - part) * alpha[rows, columns]
    return alpha


def _below_head(part: Mask, mask: Field) -> Mask:
    """Leave out what may be a mass of hair."""
    head = find_head(mask > 0.5)
    below = part.copy()
    below[: round(head.top + 1.15 * head.width) if head else 0] = False
    return below


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


def _seen(small: Picture, mask: Field, old: Field, noise: float) -> Mask:
    """Find what differs from the backdrop and hangs together with the person, flyaway strands included."""
    side = max(mask.shape)
    change = cv2.GaussianBlur(small, (0, 0), 0.7).astype(np.float32) - old
    floor = max(7.0, 5.0 * noise)
    near = grow(mask > 0.2, side * 0.09)
    differs = ((peak(np.abs(change)) > floor) & near) | (trough(change) > floor)
    sure = (mask > 0.97) & ~_bare(change, mask, noise)
    return np.asarray((differs & _joined(differs | (mask > 0.9), 3)) | sure)


def _bare(change: Field, mask: Field, noise: float) -> Mask:
    """Find bare paper that the mask took for person: patches of it that reach the outside, or are doubted.

    Cloth in half shadow may pass through the paper's colour, but not over a patch that leads outside.
    """
    alike = peak(np.abs(soften(change, 2))) < max(5.0, 2.0 * noise)
    opened = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, disc(max(mask.shape) * 0.006))
    _, labels = cv2.connectedComponents(opened, connectivity=4)
    count = np.maximum(np.bincount(labels.ravel()), 1)
    doubt = np.bincount(labels.ravel(), mask.ravel()) / count < 0.85
    doubt |= np.bincount(labels.ravel(), (mask < 0.5).ravel().astype(float)) > 0
    doubt[0] = False
    return grow(doubt[labels], 2)


def _joined(part: Mask, gap: float) -> Mask:
    """Only what hangs together with the largest part, gaps of so many pixels allowed."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grow(part, gap).astype(np.uint8), connectivity=8)
    if len(stats) < 2:
        return part
    return np.asarray(part & (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))))


def _solid(seen: Mask, mask: Field, change: Field) -> Mask:
    """Certainly person: inside what is seen, thin things and veils of hair left out.

    `change`: the picture less the backdrop. What is darker than the paper may be a shadow on it and needs the
    mask's word; what is brighter is not. A veil of hair is a little darker than the paper, and no warmer.
    """
    side = max(mask.shape)
    soft = soften(change, 1.5)
    brighter, warmer = trough(soft) > 8, soft[..., 0] - soft[..., 2] > 15
    dense = brighter | warmer | (peak(np.abs(soft)) > 65)
    head = find_head(mask > 0.5)
    if head is not None:
        chin = head.top + round(head.width * 1.25)
        dense[chin:] |= mask[chin:] > 0.6
    body = seen & dense & ((mask > 0.3) | brighter)
    closed = np.asarray(cv2.morphologyEx(body.astype(np.uint8), cv2.MORPH_CLOSE, disc(side * 0.002)) > 0)
    enclosed = _within(closed, seen, mask)
    if head is not None:  # among curls, what is enclosed is paper
        enclosed[: head.top + round(head.width * 1.25)] &= _deep(seen)[: head.top + round(head.width * 1.25)]
    whole = (closed | enclosed).astype(np.uint8)
    opened = np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, disc(side * 0.004)) > 0)
    return inset(_joined(opened, 1), side * 0.0045)


def _deep(seen: Mask) -> Mask:
    distance = cv2.distanceTransform(seen.astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance > max(seen.shape) * 0.05)


def _within(body: Mask, seen: Mask, mask: Field) -> Mask:
    """Find what the body encloses, and what lies deep in the mask: cloth as light as the paper."""
    side = max(mask.shape)
    deep = _deep(seen)
    closed = cv2.morphologyEx(body.astype(np.uint8), cv2.MORPH_CLOSE, disc(side * 0.004)) > 0
    free = ~(closed | deep)
    _, labels = cv2.connectedComponents(free.astype(np.uint8), connectivity=4)
    outside = np.zeros(int(labels.max()) + 1, bool)
    outside[labels[free & (mask < 0.5)]] = True
    return np.asarray(~(outside[labels] & free) & (seen | ~free))


def _largest(alpha: Field) -> Field:
    return np.where(grow(_joined(alpha > 0.05, 1), 2), alpha, np.float32(0))


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
