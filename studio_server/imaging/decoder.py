"""Decoding that cannot hurt: files from outside are read in a process that may die of them.

A keeper process of our own (`decoding.py`) has the decoders loaded and never reads a file itself. For each
file it forks a child with limits, which is born warm, reads that one file, and ends. The child answers in
lines of JSON and in files; nothing that it says is executed. If it crashes, hangs or wants too much memory,
that file is Unreadable, with a sentence, and the next one finds a child as fresh as the first.
"""

import atexit
import binascii
import errno
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from studio_server.domain.errors import DiskFull, Unreadable
from studio_server.domain.rendition import Origin
from studio_server.domain.shot import Capture
from studio_server.imaging.answers import Answer, Look, Place, White, grown, origin_of, place_of
from studio_server.imaging.scratch import scratch

log = logging.getLogger(__name__)

GRACE_SECONDS = 30.0
"""For the keeper to start, and for the kernel to end a child that is over its time."""
MOST_ANSWER = 1 << 20
"""Bytes. A longer answer is not one of ours."""
CAPTURE_SECONDS = 5.0
"""For what a file says of its exposure, asked once more after a decoder has died of its pixels."""
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "OMP_NUM_THREADS")
"""All that decoders are told of their surroundings: no address and no password of ours."""

CRASHED = (
    "The decoder broke down over this file, so it is damaged or of a kind that is not known here. "
    "Copy it again from the card, or export it as JPEG."
)
TOO_LONG = (
    "Decoding this file took longer than {seconds:g} seconds, so it was stopped. "
    "Copy it again from the card, or export it as JPEG."
)
NO_ROOM = (
    "The disk is full, so there was no room to decode a picture. Nothing that was kept is lost. "
    "Make room: it is then decoded by itself."
)
HURT_ITSELF = (
    "The decoder broke down over this file after it had shown it, so its data are damaged. "
    "Copy it again from the card."
)


@dataclass(frozen=True)
class Limits:
    """What one file may cost. A sensor of 150 megapixels is developed within them."""

    seconds: float = 90.0
    """By the clock; twice that of processor time, which several threads share."""
    memory: int = 8 << 30
    """Bytes of address space; a 12-megapixel RAW takes 1.2 GB of it, decoders' code included."""
    written: int = 2 << 30
    """Bytes of one file that the decoder writes."""


class Decoder:
    """One keeper and its children; used by the process that made it, and by whatever that forks."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._owner = 0
        self._keeper: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        self._asking = threading.RLock()
        """Held while a child is asked for, not while it works."""
        os.register_at_fork(after_in_child=self._forked)
        atexit.register(self.close)

    def look(
        self,
        path: Path,
        seen: Callable[[Look], None] = lambda _: None,
        *,
        rendered: bool = False,
        white: White = (),
    ) -> Look:
        """Return capture, proof, thumbnail and the coach's numbers, or the reason why there are none.

        `seen` is told as soon as there is a proof, before anything else is asked of the file; once more where
        a small preview of the camera's is shown while the proof is developed. `rendered`: the
        proof is developed by us, whatever preview the file carries. `white`: of the session's grey card.
        Raises nothing on hostile files: what was found out before the decoder died is kept. Raises DiskFull.
        """
        with scratch() as place:
            found, died = Look(), ""
            try:
                asked = {"path": str(path), "target": str(place), "rendered": rendered, "white": white}
                for answer in self._answers({"verb": "look", **asked}):
                    found = grown(found, answer, place)
                    if "shown" in answer:
                        seen(found)
            except Unreadable as error:
                died = str(error)
            except (KeyError, TypeError, ValueError, OSError) as error:  # an answer that is none of ours
                log.warning("%s: the decoder's answer makes no sense (%s)", path.name, error)
                died = CRASHED
        if died == CRASHED and not found.proof:  # its child died before it came to the capture
            found = replace(found, capture=self.capture(path, CAPTURE_SECONDS))
        if died == CRASHED and found.proof:
            died = HURT_ITSELF
        return replace(found, reason=found.reason or died)

    def capture(self, path: Path, seconds: float | None = None) -> Capture:
        """Return what the file says of its exposure; an empty Capture where it cannot be read.

        `seconds`: within them, instead of within the time that a whole development has.
        """
        found = Look()
        try:
            request = {"verb": "capture", "path": str(path)}
            for answer in self._answers(request, seconds):
                found = grown(found, answer, path)
        except (Unreadable, KeyError, TypeError, ValueError, OSError) as error:
            log.info("%s says nothing of its capture (%s)", path.name, error)
        return found.capture

    def origin(self, path: Path) -> Origin:
        """Return how a picture came about; an empty Origin where it cannot be read."""
        try:
            told = list(self._answers({"verb": "origin", "path": str(path)}))
            return next((origin_of(answer) for answer in told if "origin" in answer), Origin())
        except (Unreadable, KeyError, TypeError, ValueError, OSError) as error:
            log.info("%s says nothing of its origin (%s)", path.name, error)
            return Origin()

    def white(self, path: Path) -> White:
        """Return the white balance of the grey card that a photograph shows. Raises Unreadable."""
        try:
            told = [answer["white"] for answer in self._answers({"verb": "white", "path": str(path)})]
            red, green, blue = (float(factor) for factor in told[0])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise Unreadable(CRASHED) from error
        return red, green, blue

    def develop(self, path: Path, target: Path, white: White = ()) -> None:
        """Write the full-size rendition as a TIFF (sRGB, right side up) to `target`.

        Raises Unreadable, DiskFull.
        """
        try:
            request = {"verb": "develop", "path": str(path), "target": str(target), "white": white}
            for _ in self._answers(request):
                pass
        except (Unreadable, DiskFull):
            target.unlink(missing_ok=True)
            raise

    def carry_exif(self, original: Path, width: int, height: int) -> bytes:
        """Return the EXIF block for a master of `width` by `height` pixels. Raises Unreadable."""
        request = {"verb": "exif", "path": str(original), "width": width, "height": height}
        try:
            blocks = [bytes.fromhex(answer["exif"]) for answer in self._answers(request) if "exif" in answer]
            return blocks[0]
        except (KeyError, TypeError, ValueError, IndexError, binascii.Error) as error:
            raise Unreadable(CRASHED) from error

    def place(self, path: Path) -> Place:
        """Read a photograph of a place. Raises Unreadable for what is none, or is too small."""
        with scratch() as folder:
            request = {"verb": "place", "path": str(path), "target": str(folder)}
            try:
                (told,) = [answer for answer in self._answers(request) if "estimate" in answer]
                return place_of(told, folder)
            except (KeyError, TypeError, ValueError, OSError) as error:
                raise Unreadable(CRASHED) from error

    def keep(self) -> None:
        """Start the keeper unless it runs: at a worker's start, and now and then. For its owner alone."""
        with self._asking:
            owned = self._keeper is not None and self._owner == os.getpid()
            if not owned or (self._keeper is not None and self._keeper.poll() is not None):
                self._start()

    def close(self) -> None:
        """End the keeper, if this process started it."""
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._keeper is not None and self._owner == os.getpid():
            try:
                self._keeper.wait(2)
            except subprocess.TimeoutExpired:  # a forked child of ours still holds the door open
                self._keeper.kill()
                self._keeper.wait()
        self._keeper = None

    def _forked(self) -> None:
        """Another thread may have held it when we were forked, and that thread is not here."""
        self._asking = threading.RLock()

    def _start(self) -> None:
        self.close()
        ours, theirs = socket.socketpair()
        around = os.environ  # noqa: TID251 - passed on, not read: the child gets these few and no more
        variables = {name: around[name] for name in KEPT_VARIABLES if name in around}
        with theirs:
            self._keeper = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                [sys.executable, "-m", "studio_server.imaging.decoding", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**variables, "OPENBLAS_NUM_THREADS": "1"},  # its threads would not survive a fork
                start_new_session=True,  # Ctrl-C is for us; the keeper ends when we close the door
            )
        self._owner, self._door = os.getpid(), ours

    def _answers(self, request: dict[str, Any], seconds: float | None = None) -> Iterator[Answer]:
        """Yield what the child answers.

        Raises Unreadable where it refuses, dies, or takes too long, and DiskFull where it found no room.
        """
        started = time.monotonic()
        limits = replace(self.limits, seconds=min(seconds or self.limits.seconds, self.limits.seconds))
        with self._line({**request, "limits": asdict(limits)}) as line:
            for answer in _lines(line):
                if "refused" in answer:
                    raise Unreadable(str(answer["refused"])[:500])
                if "full" in answer:
                    raise DiskFull(NO_ROOM) from OSError(errno.ENOSPC, str(answer["full"])[:100])
                if "bug" in answer:
                    log.error("%s: %s", request["path"], answer["bug"])
                    raise Unreadable(CRASHED)
                if "end" in answer:
                    return
                yield answer
        late = time.monotonic() - started >= limits.seconds
        raise Unreadable(TOO_LONG.format(seconds=limits.seconds) if late else CRASHED)

    def _line(self, request: dict[str, Any]) -> socket.socket:
        """Ask the keeper for a child, and return the line to it. A keeper that is gone is replaced once."""
        with self._asking:
            line = self._called(request)
            if line is None:
                self._start()
                line = self._called(request)
        if line is not None:
            return line
        message = "The decoder cannot be started. See the worker's log, and free some memory."
        raise Unreadable(message)

    def _called(self, request: dict[str, Any]) -> socket.socket | None:
        if self._door is None:
            return None
        ours, theirs = socket.socketpair()
        ours.settimeout(self.limits.seconds + GRACE_SECONDS)
        try:
            with theirs:
                socket.send_fds(self._door, [b"?"], [theirs.fileno()])
            if ours.recv(1) == b"!":  # a child is there; whatever happens from now on is the file's doing
                ours.sendall(json.dumps(request).encode() + b"\n")
                return ours
        except OSError as error:
            log.warning("The decoder's keeper does not answer (%s); a new one is started.", error)
        ours.close()
        return None


def _lines(line: socket.socket) -> Iterator[Answer]:
    """Yield the child's answers until it ends; one that is no JSON object ends them as a crash would."""
    total = 0
    try:
        with line.makefile("rb") as stream:
            while text := stream.readline(MOST_ANSWER):
                total += len(text)
                answer = json.loads(text)
                if total > MOST_ANSWER or not isinstance(answer, dict):
                    return
                yield answer
    except (OSError, ValueError) as error:  # time is over, the line broke, or half an answer
        log.info("A decoder's answer broke off (%s)", error)


DECODER = Decoder()
"""The one of this process and of all that it forks."""
