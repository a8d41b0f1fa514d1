"""Truth for mattes: rendered people with hair of which every strand is known, before known backdrops.

A path tracer draws a mannequin with some thousand strands; its alpha is the share of each pixel's rays that
met it. Nothing here comes from a matte of ours. Needs the extra `render`.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_server.domain.errors import EngineUnavailable

SIZE = (900, 1200)
SAMPLES = 48
"""Rays per pixel: alpha comes in steps of a forty-eighth."""
JOINTS = 24
TOLD = 20
"""Levels of 255 by which person and paper must differ for a share to be read off their mixture."""
DRIFT = 0.97
"""The flash gave so much of its light when the clean plate was taken."""
THICK = 0.0032
"""Radius of a strand at its root; the head's is 1. At SIZE a strand is half a pixel to a pixel wide."""


@dataclass(frozen=True)
class Hair:
    """A head of hair. Lengths in radii of the head; melanin as the renderer's hair model takes it."""

    name: str
    strands: int
    length: float
    curl: float
    """How far a strand swings about its way."""
    turns: float
    fall: float
    """How fast a strand turns downwards; 0 stands on end."""
    eumelanin: float
    pheomelanin: float
    loose: float
    """Share of strands that stand off from the rest."""
    paper: tuple[float, float, float]
    """Linear RGB of the backdrop behind the head."""
    shirt: tuple[float, float, float] = (0.05, 0.07, 0.12)


LIGHT, GREY, DARK = (0.78, 0.79, 0.80), (0.30, 0.30, 0.31), (0.03, 0.03, 0.032)
WHITE, WHITE_SHIRT = (0.90, 0.90, 0.90), (0.82, 0.82, 0.83)

HEADS: tuple[Hair, ...] = (
    Hair("short, dark, on light paper", 14000, 0.14, 0.0, 0.0, 0.05, 1.6, 0.1, 0.02, LIGHT),
    Hair("straight, dark, on light paper", 12000, 0.9, 0.01, 0.5, 0.30, 1.6, 0.1, 0.03, LIGHT),
    Hair("flyaways, brown, on grey paper", 9000, 0.7, 0.05, 1.2, 0.22, 0.8, 0.3, 0.20, GREY),
    Hair("curls, dark, on light paper", 10000, 0.6, 0.10, 3.0, 0.18, 1.4, 0.2, 0.08, LIGHT),
    Hair("afro, on light paper", 16000, 0.5, 0.07, 5.0, 0.0, 2.2, 0.1, 0.05, LIGHT),
    Hair("fair, on light paper", 11000, 0.8, 0.03, 1.0, 0.25, 0.15, 0.15, 0.08, LIGHT),
    Hair("dark, on dark paper", 11000, 0.7, 0.03, 1.0, 0.25, 1.6, 0.1, 0.06, DARK),
    Hair("white shirt on white paper", 10000, 0.4, 0.02, 1.0, 0.15, 0.6, 0.4, 0.04, WHITE, WHITE_SHIRT),
)


@dataclass(frozen=True)
class Truth:
    """A frame (HxWx3 sRGB) and what it is made of: `alpha` HxW, `person` HxWx3 linear, not multiplied.

    `alpha` is the share with which person and paper mix in the levels of sRGB, where editors and mattes mix
    them; light itself mixes by coverage, which is larger for what is dark before light paper.
    """

    name: str
    alpha: NDArray[np.float32]
    coverage: NDArray[np.float32]
    person: NDArray[np.float32]
    frame: NDArray[np.uint8]
    empty: NDArray[np.uint8]
    """The same paper without anybody: the clean plate, a little darker, with noise of its own."""

    def before(self, colour: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same person before another backdrop (linear), as sRGB levels, without noise."""
        alpha = self.coverage[..., None]
        return encoded(alpha * self.person + (1 - alpha) * colour)


def truths(kept: Path) -> Iterator[Truth]:
    """Every head, rendered once and kept as NAME.npy (HxWx4 linear, multiplied) in `kept`."""
    kept.mkdir(parents=True, exist_ok=True)
    for number, hair in enumerate(HEADS):
        file = kept / f"{number}-{SIZE[0]}x{SIZE[1]}-{SAMPLES}.npy"
        if not file.exists():
            fresh = file.with_suffix(".part")
            with fresh.open("wb") as out:
                np.save(out, rendered(hair, number, kept))
            fresh.replace(file)
        yield seen(hair, np.load(file), number)


def seen(hair: Hair, rendering: NDArray[np.float32], seed: int) -> Truth:
    """Put the rendering before its paper, which falls off to the sides, and add a sensor's noise."""
    rng = np.random.default_rng(seed)
    alpha = rendering[..., 3].clip(0, 1)
    person = rendering[..., :3] / np.maximum(alpha, 1e-4)[..., None]
    height, width = alpha.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    fall = 1 - 0.22 * (((x / width - 0.4) / 0.8) ** 2 + ((y / height - 0.35) / 0.9) ** 2)
    paper = fall[..., None] * np.array(hair.paper, np.float32)
    frame = alpha[..., None] * person + (1 - alpha[..., None]) * paper
    shown, empty = _recorded(frame, rng), _recorded(DRIFT * paper, rng)
    share = _share(alpha, person, paper, frame)
    return Truth(hair.name, share, alpha, person.astype(np.float32), shown, empty)


def _recorded(light: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """As a sensor with some noise sees it."""
    noisy = encoded(light) + rng.normal(0, 1.5, light.shape)
    return np.asarray(np.rint(noisy.clip(0, 255)), np.uint8)


def _share(coverage: NDArray[np.float32], *linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far, in the levels of sRGB, each pixel lies on the way from the paper to the person."""
    person, paper, frame = (encoded(each) for each in linear)
    way = person - paper
    length = (way**2).sum(-1)
    share = ((frame - paper) * way).sum(-1) / np.maximum(length, 1)
    told = (coverage > 0) & (coverage < 1) & (length > TOLD**2)
    return np.where(told, share.clip(0, 1), coverage).astype(np.float32)


def encoded(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """SRGB levels 0..255 (IEC 61966-2-1) of linear light."""
    light = linear.clip(0, 1)
    return np.asarray(
        255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055), np.float32
    )


def rendered(hair: Hair, seed: int, folder: Path) -> NDArray[np.float32]:
    """HxWx4, linear RGB multiplied with alpha. Raises EngineUnavailable without the renderer."""
    try:
        mitsuba: Any = importlib.import_module("mitsuba")
    except ImportError:
        msg = "The renderer is not installed. Run `pip install 'studio-server[render]'` and try again."
        raise EngineUnavailable(msg) from None
    mitsuba.set_variant("scalar_rgb")
    strands = folder / f"{seed}.txt"
    strands.write_text("\n".join(_strands(hair, np.random.default_rng(seed))))
    try:
        scene = mitsuba.load_dict(_scene(mitsuba.ScalarTransform4f, hair, strands))
        return np.asarray(mitsuba.render(scene, seed=seed), np.float32)
    finally:
        strands.unlink()


def _strands(hair: Hair, rng: np.random.Generator) -> Iterator[str]:
    """Points of the strands as the renderer reads them: x y z radius, an empty line after each strand."""
    grown = 0
    while grown < hair.strands:
        root = rng.normal(0, 1, 3)
        root /= np.linalg.norm(root)
        if root[1] < -0.45 or (root[2] > 0.3 and root[1] < 0.5):  # neck and face
            continue
        grown += 1
        for point, radius in _strand(hair, root, rng):
            yield f"{point[0]:.5f} {point[1]:.5f} {point[2]:.5f} {radius:.5f}"
        yield ""


def _strand(
    hair: Hair, root: NDArray[np.float64], rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float64], float]]:
    """From the root outwards, then downwards, never into the head, swinging about its way."""
    loose = rng.random() < hair.loose
    way = root + rng.normal(0, 0.5 if loose else 0.15, 3)
    fall = hair.fall * (0.35 if loose else 1)
    step = hair.length * rng.uniform(0.7, 1.1 + 0.5 * loose) / JOINTS
    phase, at = rng.uniform(0, 2 * np.pi), root * 0.98
    for joint in range(JOINTS):
        part = joint / (JOINTS - 1)
        angle = phase + 2 * np.pi * hair.turns * part
        swing = hair.curl * min(1, 3 * part) * np.array([np.cos(angle), 0.6 * np.sin(angle), np.sin(angle)])
        yield at + swing, THICK * (1 - 0.75 * part)
        way = way / np.linalg.norm(way) + np.array([0, -fall, 0])
        at = at + step * way / np.linalg.norm(way)
        away = float(np.linalg.norm(at))
        at = at * max(1.0, 1.01 / away)


def _scene(transform: Any, hair: Hair, strands: Path) -> dict[str, Any]:  # noqa: ANN401 - the renderer's own class
    skin = {"type": "principled", "base_color": _rgb(0.52, 0.33, 0.25), "roughness": 0.5}
    shirt = {"type": "diffuse", "reflectance": _rgb(*hair.shirt)}
    width, height = SIZE
    return {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 6, "hide_emitters": True},
        "sensor": {
            "type": "perspective",
            "fov": 25,
            "to_world": transform().look_at(origin=[0, -0.2, 9], target=[0, -0.35, 0], up=[0, 1, 0]),
            "film": {"type": "hdrfilm", "width": width, "height": height, "pixel_format": "rgba"},
            "sampler": {"type": "independent", "sample_count": SAMPLES},
        },
        "head": {"type": "sphere", "bsdf": skin},
        "nose": {"type": "sphere", "center": [0, -0.15, 0.98], "radius": 0.14, "bsdf": skin},
        "jaw": {"type": "sphere", "center": [0, -0.45, 0.15], "radius": 0.78, "bsdf": skin},
        "neck": {"type": "cylinder", "p0": [0, -2.2, 0], "p1": [0, -0.6, 0], "radius": 0.45, "bsdf": skin},
        "chest": {"type": "sphere", "center": [0, -4.0, -0.4], "radius": 2.3, "bsdf": shirt},
        "left eye": _eye(-0.34),
        "right eye": _eye(0.34),
        "hair": {
            "type": "linearcurve",
            "filename": str(strands),
            "bsdf": {"type": "hair", "eumelanin": hair.eumelanin, "pheomelanin": hair.pheomelanin},
        },
        "key": {
            "type": "rectangle",
            "to_world": transform().look_at(origin=[-4, 3, 6], target=[0, -0.5, 0], up=[0, 1, 0]).scale(1.6),
            "emitter": {"type": "area", "radiance": _rgb(9, 9, 9)},
        },
        "room": {"type": "constant", "radiance": _rgb(0.55, 0.55, 0.55)},
    }


def _eye(x: float) -> dict[str, Any]:
    white = {"type": "diffuse", "reflectance": _rgb(0.08, 0.05, 0.04)}
    return {"type": "sphere", "center": [x, 0.05, 0.9], "radius": 0.12, "bsdf": white}


def _rgb(*values: float) -> dict[str, Any]:
    return {"type": "rgb", "value": list(values)}
