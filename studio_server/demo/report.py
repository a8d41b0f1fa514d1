"""What a played session leaves behind, as the JSON that tests and people read."""

import hashlib
import io
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rawpy
from PIL import Image

from studio_server.demo.camera import Written

SOURCE_TYPE = re.compile(rb'DigitalSourceType[^>]*?["\'>](http://cv\.iptc\.org/[\w/]+)')
QUARTER_TURNS = (5, 6)
"""LibRaw's `flip` of a camera that was held upright."""
Json = dict[str, Any]


def shots(written: Sequence[Written], seen: Sequence[Json]) -> Json:
    states = [shot["state"] for shot in seen]
    return {
        "files_written": len(written),
        "written": len({one.release_stem for one in written}),
        "received": len(seen),
        "developed": states.count("developed"),
        "unreadable": states.count("unreadable"),
    }


def proof_seconds(written: Sequence[Written], seen: Sequence[Json], heard: Mapping[str, float]) -> Json:
    """File complete on disk -> live event at the tablet, for the shots that can be developed."""
    complete: dict[str, float] = {}
    for one in written:
        complete[one.release_stem] = min(one.completed_at, complete.get(one.release_stem, one.completed_at))
    waits = [
        heard[shot["id"]] - complete[stem_of(shot)]
        for shot in seen
        if shot["state"] == "developed" and shot["id"] in heard and stem_of(shot) in complete
    ]
    return {"p50": percentile(waits, 0.50), "p95": percentile(waits, 0.95), "measured": len(waits)}


def percentile(values: Sequence[float], share: float) -> float | None:
    """Linear between the closest ranks; None of nothing."""
    if len(values) < 2:
        return values[0] if values else None
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return round(cuts[round(share * 100) - 1], 3)


def stem_of(shot: Json) -> str:
    return str(shot["file"]).rpartition(".")[0]


def fit(seen: Json) -> Json:
    made = (seen["likeness"] or {}).get("report") or {}
    wanted = (
        "base",
        "steps",
        "seconds",
        "heldout_before",
        "heldout_after",
        "light_before",
        "light_after",
        "worth",
    )
    return {name: made.get(name) for name in wanted}


KEPT = (
    "context",
    "context_title",
    "lane",
    "width",
    "height",
    "distance",
    "limit",
    "delta_ita",
    "accepted",
    "sentence",
)


def variation(made: Json, file: Path, shot_size: tuple[int, int] | None) -> Json:
    """Its size is measured on the file, and `shot_size` was on the RAW: both right side up, in pixels."""
    with Image.open(file) as picture:
        width, height = picture.size
    shot_width, shot_height = shot_size or (None, None)
    sizes = {"width": width, "height": height, "shot_width": shot_width, "shot_height": shot_height}
    return {**{name: made[name] for name in KEPT}, **sizes, "file": str(file)}


def raw_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a RAW, right side up, as LibRaw would develop it; None if it cannot be read."""
    try:
        with rawpy.imread(str(path)) as raw:
            sizes = raw.sizes
    except rawpy.LibRawError:
        return None
    width, height = sizes.width, sizes.height
    if sizes.pixel_aspect > 1:  # LibRaw stretches the side with the longer pitch
        width = round(width * sizes.pixel_aspect)
    elif 0 < sizes.pixel_aspect < 1:
        height = round(height / sizes.pixel_aspect)
    return (height, width) if sizes.flip in QUARTER_TURNS else (width, height)


def delivered(one: Json, master: bytes) -> Json:
    """Measured on the master's bytes, not taken from what the server says of them."""
    with Image.open(io.BytesIO(master)) as picture:
        width, height = picture.size
    found = SOURCE_TYPE.search(master)
    return {
        "file": one["laid_path"] or one["file"],
        "width": width,
        "height": height,
        "sha256": hashlib.sha256(master).hexdigest(),
        "source_type": found[1].decode() if found else "",
    }
