"""Thousands of damaged files: each ends in a picture or in a clear sentence, and ends nobody's process.

500 by default; STUDIO_MUTATIONS=10000 for the long form. The seed is the file's number, so that any of them
can be made again.
"""

import os
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from conftest import DATA, exposure

from studio_server.demo.dng import companion, dng, encode
from studio_server.domain.errors import Unreadable
from studio_server.imaging.decoder import CRASHED, Decoder, Limits

MUTATIONS = int(os.environ.get("STUDIO_MUTATIONS", "500"))
LARGEST = 450_000
"""Bytes. Larger files take longer to decode and have no more headers."""
HEADER = 4096
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)
SENTENCE = re.compile(r"^[A-Z][^\n]{20,260}\.$")


def made():
    """Small files of our own, so that there always are some."""
    rng = np.random.default_rng(1)
    mosaic = rng.integers(600, 9000, (384, 512)).astype(np.uint16)
    picture = rng.integers(0, 255, (384, 512, 3), dtype=np.uint8)
    upright = replace(exposure(), orientation=1)
    yield ".DNG", dng(mosaic, upright, picture)
    yield ".DNG", dng(mosaic, upright, None)
    yield ".JPG", companion(encode(picture), (512, 384), upright)


def sources():
    yield from made()
    if DATA.is_dir():
        for folder in ("raw", "camera_jpeg", "malformed/truncated_raw"):
            for path in sorted((DATA / folder).iterdir()):
                if path.is_file() and path.stat().st_size <= LARGEST:
                    yield path.suffix, path.read_bytes()


def mutated(whole, seed):
    """Damage a file as the seed says: bytes, whole numbers, a cut, a hole, or a piece that is moved."""
    rng = np.random.default_rng(seed)
    data = bytearray(whole)
    for _ in range(int(rng.integers(1, 12))):
        reach = min(len(data), HEADER) if rng.random() < 0.8 else len(data)
        at = int(rng.integers(0, max(1, reach)))
        kind = int(rng.integers(0, 10))
        if kind < 4:
            data[at : at + 1] = bytes([int(rng.choice(INTERESTING))])
        elif kind < 6:
            data[at : at + 1] = bytes([int(rng.integers(0, 256))])
        elif kind < 8:
            data[at : at + 4] = rng.bytes(4) if rng.random() < 0.5 else b"\xff\xff\xff\x7f"
        elif kind == 8:
            source = int(rng.integers(0, max(1, reach)))
            data[at : at + 24] = data[source : source + 24]
        elif rng.random() < 0.3:
            del data[int(len(data) * rng.random()) :]
    return bytes(data)


def refusal(decoder, path, target):
    try:
        decoder.develop(path, target)
    except Unreadable as refused:
        return str(refused)
    return ""


@pytest.mark.timeout(0 if MUTATIONS > 1000 else 280)
def test_mutated_files_end_in_a_picture_or_a_sentence_and_never_in_a_dead_process(tmp_path, record_property):
    decoder = Decoder(Limits(seconds=20, memory=2 << 30))
    decoder.keep()
    keeper, outcomes, crashes = decoder._keeper.pid, Counter(), []
    wholes = list(sources())
    for seed in range(MUTATIONS):
        suffix, whole = wholes[seed % len(wholes)]
        path = tmp_path / f"mutated{suffix}"
        path.write_bytes(mutated(whole, seed))
        look = decoder.look(path)
        assert look.proof or look.reason, f"seed {seed}: neither a picture nor a reason"
        assert not look.reason or SENTENCE.match(look.reason), f"seed {seed}: {look.reason}"
        outcomes[look.reason or "fine"] += 1
        if "broke down" in look.reason or "took longer" in look.reason:
            crashes.append((seed, suffix, look.reason[:60]))
        if not look.reason and seed % 4 == 0:
            refused = refusal(decoder, path, tmp_path / "whole.tif")
            assert not refused or SENTENCE.match(refused), f"seed {seed}: {refused}"
    assert decoder._keeper.pid == keeper
    assert decoder._keeper.poll() is None, "the keeper reads no file, so no file ends it"
    told = [f"{count:6d}  {reason}" for reason, count in outcomes.most_common()]
    record_property("outcomes", "\n".join([*told, f"ended with their decoder: {crashes}"]))
    assert outcomes["fine"] > MUTATIONS / 50, "damage that nothing survives finds nothing"
    assert outcomes[CRASHED] < MUTATIONS / 10
    decoder.close()
