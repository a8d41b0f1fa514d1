"""Renders the sets with Mitsuba 3 (extra `render`) and writes what the shelf keeps of them."""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import mitsuba as mi
import numpy as np
from PIL import Image

from studio_server.engines.plates.lens import chroma95, developed, luminance, shoulder
from studio_server.engines.plates.sets.kit import Kit
from studio_server.engines.plates.sets.register import Set
from studio_server.engines.plates.shelf import (
    FIELD,
    RECORDS,
    SMOOTH,
    Light,
    Record,
    coded_light,
    encode,
    encode_depth,
    named_side,
)

HORIZON = 0.58
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Quality:
    side: int = 1024
    spp: int = 64


@dataclass(frozen=True)
class Stand:
    """Where the camera stands, against where the set expects it: metres, and degrees to the right."""

    right: float = 0.0
    up: float = 0.0
    turn: float = 0.0


def render_all(sets: Sequence[Set], folder: Path, quality: Quality) -> None:
    """Render what `folder` lacks, and write the records of all that it holds."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [one for one in sets if not (folder / f"{one.id}.json").exists()]
    started = time.monotonic()
    for done, one in enumerate(missing):
        light, depth = shoot(one, quality)
        _write(folder, one, (light, depth), quality)
        spent = time.monotonic() - started
        left = spent / (done + 1) * (len(missing) - done - 1)
        _log.info("%d of %d: %s, %.0f s left", done + 1, len(missing), one.id, left)


def gather(sets: Sequence[Set], folder: Path) -> None:
    """One sheet of records, in the order of the sets."""
    told = [json.loads(file.read_text()) for one in sets if (file := folder / f"{one.id}.json").exists()]
    (folder / RECORDS).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def shoot(
    one: Set, quality: Quality, kit: Kit | None = None, stand: Stand | None = None
) -> tuple[Light, Light]:
    """Linear light, exposed and muted (side x side x 3), and depth in metres at half the size."""
    kit = kit or Kit(one.seed)
    one.build(kit)
    camera = _camera(kit.eye, quality.side, stand or Stand())
    path = {"type": "path", "max_depth": 7, "rr_depth": 4}
    light = _passes(kit.scene(camera, path), quality.spp)
    seen = kit.scene(camera, {"type": "aov", "aovs": "distance:depth"})
    raw = np.array(mi.render(seen, spp=1, seed=1), np.float32)[..., -1]
    near = np.where(raw > 0, 1 / np.maximum(raw, 0.3), 0)
    half = np.median(np.stack([near[y::2, x::2] for y in (0, 1) for x in (0, 1)]), axis=0)
    depth = 1 / np.maximum(half, 1e-3)
    return _muted(_exposed(_quiet(light), one.mean), one.chroma), np.asarray(depth, np.float32)


def _passes(scene: Any, spp: int) -> Light:  # noqa: ANN401 - Mitsuba has no types
    """Average of passes of 16 samples, each without its fireflies, so that memory stays small."""
    passes = max(1, spp // 16)
    total: Light = np.zeros(1, np.float32)
    for number in range(passes):
        one = np.array(mi.render(scene, spp=min(spp, 16), seed=number), np.float32)[..., :3]
        total = np.asarray(total + np.minimum(np.nan_to_num(one), 400), np.float32)
    return np.asarray(total / passes, np.float32)


def _camera(eye: float, side: int, stand: Stand) -> dict[str, Any]:
    right, up, turn = stand.right, eye + stand.up, np.radians(stand.turn)
    target = [right + float(np.sin(turn)), up, -float(np.cos(turn))]
    to_world = mi.ScalarTransform4f().look_at([right, up, 0], target, [0, 1, 0])
    return {
        "type": "perspective",
        "fov": float(np.degrees(2 * np.arctan(FIELD / 2))),
        "principal_point_offset_y": 0.5 - HORIZON,  # Mitsuba counts upwards
        "to_world": to_world,
        "near_clip": 0.1,
        "far_clip": 2000.0,
        "film": {"type": "hdrfilm", "width": side, "height": side, "rfilter": {"type": "box"}},
        "sampler": {"type": "independent", "sample_count": 16},
    }


def _quiet(light: Light) -> Light:
    """Take single bright pixels that are the renderer's noise down to twice what surrounds them."""
    channels = [cv2.medianBlur(np.ascontiguousarray(light[..., n]), 3) for n in range(3)]
    around = np.stack(channels, -1).astype(np.float32)
    high = luminance(light) > 2.5 * luminance(around) + 0.05 * float(luminance(light).mean())
    alone = cv2.filter2D(high.astype(np.float32), -1, np.ones((3, 3), np.float32)) <= 2
    return np.where((high & alone)[..., None], around, light)


def _exposed(light: Light, mean: float) -> Light:
    small = np.asarray(cv2.resize(light, (128, 128), interpolation=cv2.INTER_AREA), np.float32)
    gain = mean / max(float(luminance(small).mean()), 1e-6)
    for _ in range(12):
        gain *= mean / max(float(luminance(shoulder(small * np.float32(gain))).mean()), 1e-6)
    return light * np.float32(gain)


def _muted(light: Light, limit: float) -> Light:
    """Desaturate until the developed, defocused picture keeps its limit."""
    soft = np.asarray(cv2.GaussianBlur(light, (0, 0), light.shape[0] / 200), np.float32)
    for _ in range(8):
        found = chroma95(developed(soft))
        if found <= limit:
            break
        factor = np.float32(max(0.6, 0.97 * limit / found))
        light, soft = _less_colourful(light, factor), _less_colourful(soft, factor)
    return np.asarray(light, np.float32)


def _less_colourful(light: Light, factor: np.float32) -> Light:
    return np.asarray(luminance(light)[..., None] * (1 - factor) + light * factor, np.float32)


def _write_smooth(file: Path, light: Light) -> None:
    """Paper has no detail, but gradients in which eight bits show as bands: small, with sixteen."""
    soft = cv2.GaussianBlur(light, (0, 0), light.shape[0] / 110, borderType=cv2.BORDER_REFLECT_101)
    small = np.asarray(cv2.resize(soft, (SMOOTH, SMOOTH), interpolation=cv2.INTER_AREA), np.float32)
    cv2.imwrite(str(file), np.rint(coded_light(small) * 65535).astype(np.uint16)[..., ::-1])


def _write(folder: Path, one: Set, made: tuple[Light, Light], quality: Quality) -> None:
    light, depth = made
    record = Record(
        one.id, one.title, one.context, HORIZON, named_side(one.unit_key), one.unit_key,
        one.kelvin, one.seed, quality.spp,
    )  # fmt: skip
    if one.context.startswith("studio-"):
        _write_smooth(folder / f"{one.id}-smooth.png", light)
    else:
        coded = cv2.fastNlMeansDenoisingColored(encode(light), None, 4, 4, 5, 13)
        picture = Image.fromarray(coded)
        picture.save(folder / f"{one.id}.jpg", "JPEG", quality=92, subsampling=0, optimize=True)
    Image.fromarray(encode_depth(depth)).save(folder / f"{one.id}.png", "PNG", optimize=True)
    (folder / f"{one.id}.json").write_text(json.dumps(asdict(record)), encoding="utf-8")
