"""What the starter base learns from: the shelf's sets, path-traced anew with other paints, lamps and cameras.

Needs Mitsuba 3 (extra `render`) with its variant chosen. Goes on from what lies in the directory.
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
from PIL import Image

from studio_server.domain.variation import CONTEXTS, Context
from studio_server.engines.plates.render import Quality, Stand, shoot
from studio_server.engines.plates.sets.register import SETS, Set
from studio_server.engines.plates.sets.shaken import ShakenKit
from studio_server.engines.plates.shelf import encode, encode_depth

QUALITY = Quality(side=320, spp=16)
"""Sixteen samples: the lens that comes after averages a hundred pixels into each of its own."""
_log = logging.getLogger(__name__)


def render_all(
    directory: Path, per_context: int, quality: Quality = QUALITY, contexts: Sequence[Context] = CONTEXTS
) -> None:
    """Render `per_context` pictures of each context, the first of every context before the second of any."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = [(number, one.id) for number in range(per_context) for one in contexts]
    missing = [each for each in wanted if not _file(directory, *each).exists()]
    started = time.monotonic()
    for done, (number, context_id) in enumerate(missing, 1):
        _render(directory, number, context_id, quality)
        left = (time.monotonic() - started) / done * (len(missing) - done)
        if done % 20 == 0:
            _log.info("%d of %d rendered, %.0f min left", done, len(missing), left / 60)


def _file(directory: Path, number: int, context_id: str) -> Path:
    return directory / f"{context_id}-{number:04}.json"


def _render(directory: Path, number: int, context_id: str, quality: Quality) -> None:
    choices = [one for one in SETS if one.context == context_id]
    chosen = choices[number % len(choices)]
    rng = np.random.default_rng((crc32(context_id.encode()), number))
    seed = int(rng.integers(1, 2**31))
    kit = ShakenKit(seed)
    near = 0.12 if context_id.startswith("studio-") else 0.4
    stand = Stand(float(rng.uniform(-near, near)), float(rng.uniform(-0.12, 0.12)), float(rng.uniform(-4, 4)))
    exposed = float(np.exp(rng.normal(0, 0.13)))
    light, depth = shoot(
        replace(chosen, seed=seed, mean=min(0.85, chosen.mean * exposed)), quality, kit, stand
    )
    file = _file(directory, number, context_id)
    Image.fromarray(encode(light)).save(file.with_suffix(".jpg"), "JPEG", quality=94, subsampling=0)
    Image.fromarray(encode_depth(depth)).save(file.with_suffix(".png"), "PNG")
    file.write_text(json.dumps(_told(chosen, kit, seed)), encoding="utf-8")  # the last: a mark of being whole


def _told(chosen: Set, kit: ShakenKit, seed: int) -> dict[str, object]:
    return {
        "set": chosen.id,
        "context": chosen.context,
        "seed": seed,
        "key": chosen.unit_key,
        "kelvin": round(chosen.kelvin + kit.turned),
    }
