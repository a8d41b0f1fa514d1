"""The camera of the soak: small real files, each with bytes of its own; RAW, JPEG, sidecar of one release."""

import hashlib
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from studio_server.demo.dng import Exposure, companion, dng, encode
from studio_server.demo.sensor import BLACK, WHITE

BODIES = ("SOAK-A", "SOAK-B")
HEIGHT, WIDTH = 96, 128
KINDS = (
    (("DNG",), 6),
    (("JPG",), 3),
    (("DNG", "JPG"), 2),
    (("JPG", "DNG"), 2),
    (("DNG", "xmp"), 2),
    (("xmp", "DNG"), 1),
    (("JPG", "DNG", "xmp"), 1),
)
"""What one release writes, in the order in which it is written, and how often that is so."""
COMPANION_SECONDS = 0.2
"""So much later some files come: the first may be on its way before its companion is there."""
SIDECAR = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="{stem}" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{rating}"/>
</rdf:RDF></x:xmpmeta>
"""


@dataclass
class Camera:
    """Two bodies that take turns, and write into one folder."""

    folder: Path
    seed: int
    originals: dict[str, dict[str, str]] = field(default_factory=dict)
    """By the stem of a release: the sha256 of each of its files, by name."""

    def release(self, number: int) -> None:
        """Release the shutter of one body and write what it writes, each file in one of three ways."""
        dice = random.Random(self.seed * 1_000_003 + number)
        body = number % len(BODIES)
        stem = f"{BODIES[body][-1]}_{number:04d}"
        suffixes = dice.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
        made = dict(_files(stem, body, number, self.seed))
        self.originals[stem] = {}
        for suffix in suffixes:
            name, data = f"{stem}.{suffix}", made[suffix]
            self.originals[stem][name] = hashlib.sha256(data).hexdigest()
            time.sleep(dice.choice((0, 0, COMPANION_SECONDS)))
            _write(self.folder / name, data, dice.choice(("at once", "under another name", "in pieces")))

    @property
    def files(self) -> dict[str, str]:
        """Every file that was written: its sha256 by its name."""
        return {name: sha256 for files in self.originals.values() for name, sha256 in files.items()}


def _files(stem: str, body: int, number: int, seed: int) -> Iterator[tuple[str, bytes]]:
    noise = np.random.default_rng([seed, number])
    mosaic = noise.integers(BLACK, WHITE // 2, (HEIGHT, WIDTH), np.uint16)
    preview = noise.integers(0, 255, (HEIGHT // 4, WIDTH // 4, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    taken = Exposure(datetime.now(UTC).astimezone(), serial=BODIES[body])
    yield "DNG", dng(mosaic, taken, preview if number % 4 else None)
    yield "JPG", companion(encode(preview), (WIDTH, HEIGHT), taken)
    yield "xmp", SIDECAR.format(stem=stem, rating=number % 6).encode()


def _write(path: Path, data: bytes, how: str) -> None:
    under = path.with_name(path.name + ".tmp") if how == "under another name" else path
    with under.open("wb", buffering=0) as file:
        half = len(data) // 2 if how == "in pieces" else 0
        file.write(data[:half])
        time.sleep(0.02 if half else 0)
        file.write(data[half:])
    if under != path:
        os.replace(under, path)  # noqa: PTH105 - as cameras' programs do
