"""`studio bench ingest`: from the last byte of a RAW to its proof before the client's eyes.

Everything is real: the agent on its folder, the server, Redis, the decoder's processes and a browser. The
baselines are what a script does with the same files in the same run.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from studio_server.bench import ingest_tools as tools
from studio_server.bench.ingest_studio import Sight, missing, studio
from studio_server.bench.rows import Baseline, Wire, compared, unmeasured
from studio_server.demo.camera import Camera, Pace
from studio_server.demo.frames import RAW_SUFFIXES, Frame, plan
from studio_server.domain.errors import BadInput
from studio_server.imaging import raw, render
from studio_server.imaging.decoder import Decoder

FIRST = "ingest, last byte written to proof in sight"
BURST = "ingest, a burst"
EMBEDDED = "proof from the embedded preview"
RENDERED = "proof rendered from RAW"
TWO_AT_ONCE = f"{tools.FLOOR}, two files at once"
PIECES = 8

Say = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How often each thing is done."""

    firsts: int = 20
    burst: int = 24
    rounds: int = 3
    """Of each file beside darktable, which takes seconds."""


QUICK = Effort(firsts=3, burst=4, rounds=1)


def raws_in(folder: Path | None, made: Path) -> list[Path]:
    """The RAW files of a folder; without one, those that the demo's camera writes into `made`."""
    if folder is None:
        frames = [frame for frame in plan() if not frame.companion and not frame.temporary][:4]
        return [
            one.path for one in Camera(made, "BENCH", pace=Pace(0, 0)).shoot([*frames, Frame(preview=False)])
        ]
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in {*RAW_SUFFIXES, ".kdc"})
    if not found:
        raise BadInput(f"There is no RAW file in {folder}. Name a folder that has some, or leave --raws out.")
    return found


def measure(raws: Sequence[Path], folder: Path, effort: Effort, say: Say) -> list[Wire]:
    """Return the bench's rows; `folder` is for what is made on the way."""
    say(f"{len(raws)} RAW files.")
    return [*_in_sight(raws, folder, effort, say), *_beside_darktable(raws, folder, effort, say)]


# in sight of the client


def _in_sight(raws: Sequence[Path], folder: Path, effort: Effort, say: Say) -> list[Wire]:
    if why := missing() or tools.missing("exiftool", "vipsthumbnail"):
        return [unmeasured(FIRST, "s", tools.FLOOR, why), unmeasured(BURST, "shots/s", TWO_AT_ONCE, why)]
    options = _with_a_floor(raws, say)
    if not options:
        why = "exiftool found no preview in any of the files that are read here, so there is no floor."
        return [unmeasured(FIRST, "s", tools.FLOOR, why), unmeasured(BURST, "shots/s", TWO_AT_ONCE, why)]
    say("A studio is started.")
    with studio(folder) as sight:
        place = _Place(options, folder, count(1))
        return [_firsts(sight, place, effort.firsts, say), _burst(sight, place, effort.burst, say)]


def _with_a_floor(raws: Sequence[Path], say: Say) -> dict[Path, str]:
    """Return the files that both can show, with exiftool's option for the preview of each."""
    decoder, found = Decoder(), dict[Path, str]()
    for path in raws:
        option = tools.preview_option(path)
        if not option or decoder.look(path).reason:
            say(
                f"{path.name} is left out: {'it cannot be developed here' if option else 'it has no preview'}"
            )
        else:
            found[path] = option
    decoder.close()
    return found


@dataclass(frozen=True)
class _Place:
    options: Mapping[Path, str]
    folder: Path
    numbers: Iterator[int]

    def shots(self, how_many: int) -> Iterator[tuple[Path, str]]:
        """Yield shots that nobody has seen yet, the files in turns, with exiftool's option for each."""
        sources = list(self.options)
        for index in range(how_many):
            source, number = sources[index % len(sources)], next(self.numbers)
            path = self.folder / f"SHOT{number:04d}{source.suffix}"
            if tools.shot_now(source, path, number):
                yield path, self.options[source]


def _firsts(sight: Sight, place: _Place, how_many: int, say: Say) -> Wire:
    ours, floors, known = [], [], frozenset[str]()
    for path, option in place.shots(how_many):
        floors.append(tools.floor(path, option, place.folder))
        written = write_as_a_camera(path.read_bytes(), sight.hot / path.name)
        fresh = sight.wait_for(known)
        known |= fresh.keys()
        ours.append(max(fresh.values()) - written)
        say(f"{path.name}: {ours[-1]:.2f} s, the floor {floors[-1]:.2f} s")
        sight.settle()
    return compared(FIRST, "s", ours, Baseline(tools.FLOOR, floors))


def write_as_a_camera(data: bytes, path: Path) -> float:
    """Write in pieces under the final name, as most tethering programs do; return when the last byte came."""
    step, last = max(1, -(-len(data) // PIECES)), time.time()
    with path.open("wb", buffering=0) as file:
        for at in range(0, len(data), step):
            file.write(memoryview(data)[at : at + step])
            last = time.time()
            time.sleep(0.01 if at + step < len(data) else 0)
    return last


def _burst(sight: Sight, place: _Place, how_many: int, say: Say) -> Wire:
    shots = list(place.shots(how_many))
    known = frozenset(sight.wait_for(frozenset(), 0))
    begun = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda shot: tools.floor(shot[0], shot[1], place.folder), shots))
    floor = len(shots) / (time.perf_counter() - begun)
    started = time.time()
    for path, _ in shots:
        shutil.copyfile(path, sight.hot / path.name)
    fresh = sight.wait_for(known, len(shots))
    ours = len(shots) / (max(fresh.values()) - started)
    say(f"A burst of {len(shots)}: {ours:.1f} shots a second, the floor {floor:.1f}")
    sight.settle()
    name = f"{BURST} of {len(shots)}"
    return compared(name, "shots/s", [ours], Baseline(TWO_AT_ONCE, [floor]), more_is_better=True)


# beside darktable


def _beside_darktable(raws: Sequence[Path], folder: Path, effort: Effort, say: Say) -> list[Wire]:
    if why := tools.missing("darktable-cli"):
        return [unmeasured(name, "s", tools.DARKTABLE, why) for name in (EMBEDDED, RENDERED)]
    darktable, decoder = tools.Darktable(folder), Decoder()
    decoder.keep()
    start = darktable.start()
    say(f"darktable-cli takes {start:.2f} s to start; a script pays it for each file, and it is counted.")
    pairs: dict[str, list[tuple[float, float]]] = {EMBEDDED: [], RENDERED: []}
    for path in raws:
        for kind, ours, side in _proofs(decoder, path):
            for _ in range(effort.rounds):
                own = ours()
                if (theirs := darktable.seconds(path, side)) is None:
                    say(f"{path.name}: darktable cannot read it")
                    break
                pairs[kind].append((own, theirs))
                say(f"{path.name}, {kind}, {side} px: {own:.3f} s, darktable {theirs:.2f} s")
    decoder.close()
    return [row for kind, found in pairs.items() for row in _rows(kind, found, start)]


def _proofs(decoder: Decoder, path: Path) -> Iterator[tuple[str, Callable[[], float], int]]:
    """Yield each kind of proof that this file has with us: what makes it, and its longer side in pixels."""
    for kind, rendered in ((EMBEDDED, False), (RENDERED, True)):
        look = decoder.look(path, rendered=rendered)
        if look.proof and (rendered or raw.first_look(path).source == "embedded"):
            yield kind, partial(_seconds, decoder, path, rendered=rendered), _side(look.proof)


def _seconds(decoder: Decoder, path: Path, *, rendered: bool) -> float:
    """From the question to the decoder until its proof is there; the child goes on checking the file."""
    shown: list[float] = []
    started = time.perf_counter()
    decoder.look(path, lambda _: shown.append(time.perf_counter()), rendered=rendered)
    return shown[0] - started


def _side(jpeg: bytes) -> int:
    return int(max(render.decode(jpeg).shape))


def _rows(kind: str, pairs: Sequence[tuple[float, float]], start: float) -> list[Wire]:
    """Beside darktable as a script starts it, and as if its start cost nothing."""
    without = f"darktable-cli to the same size, less the {start:.2f} s that its start takes"
    if not pairs:
        why = "Of no file here both could make such a proof."
        return [unmeasured(kind, "s", tools.DARKTABLE, why)]
    own, theirs = zip(*pairs, strict=True)
    rest = [max(0.001, value - start) for value in theirs]
    return [
        compared(kind, "s", own, Baseline(tools.DARKTABLE, theirs)),
        compared(f"{kind}, darktable's start left out", "s", own, Baseline(without, rest)),
    ]
