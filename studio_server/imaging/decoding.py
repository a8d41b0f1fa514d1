"""The decoder's own process: a keeper that has everything loaded, and a forked child for each file.

Run as `python -m studio_server.imaging.decoding FD`, FD being one end of a pair of sockets. Each byte that
comes through it brings a socket along: a line to somebody with one file to read.
"""

import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from studio_server.domain.errors import Unreadable, disk_is_full
from studio_server.domain.shot import Capture
from studio_server.imaging import exif, places, quality, raw, render
from studio_server.imaging.origin import read_origin
from studio_server.imaging.pictures import FORMATS
from studio_server.imaging.pixels import Picture
from studio_server.imaging.white import balanced, white_of

Request = dict[str, Any]
Say = Callable[[dict[str, Any]], None]


def main(door: socket.socket) -> None:
    """Fork a child for each line that comes in, until the other side closes the door."""
    _warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: the kernel buries them
    while True:
        called, lines, _, _ = socket.recv_fds(door, 1, 1)
        if not called:
            return
        for line in lines:
            if os.fork() == 0:
                door.close()
                _serve(socket.socket(fileno=line))
                os._exit(0)
            os.close(line)


def _warm() -> None:
    """Load what is loaded at its first use; nothing here may start a thread, which no fork survives."""
    Image.init()
    render.srgb_profile()
    assert set(FORMATS) <= set(Image.OPEN)


def _serve(line: socket.socket) -> None:
    """Read one file. Whatever goes wrong stays here."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line.sendall(b"!")
    with line.makefile("rb") as stream:
        request = json.loads(stream.readline())
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders chat about every damaged tag

    def say(answer: dict[str, Any]) -> None:
        line.sendall(json.dumps(answer).encode() + b"\n")

    try:
        _restrict(request["limits"])
        VERBS[request["verb"]](request, say)
        say({"end": True})
    except Unreadable as error:
        say({"refused": str(error)})
    except BaseException as error:  # noqa: BLE001 - it costs one file, is told to our log, and this process ends
        say({"full": str(error)} if disk_is_full(error) else {"bug": traceback.format_exc()[-4000:]})


def _restrict(limits: dict[str, Any]) -> None:
    """Set limits that hold inside a decoder's C code too: the kernel keeps them."""
    for what, wanted in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, max(1, int(2 * limits["seconds"]))),
        (resource.RLIMIT_FSIZE, limits["written"]),
        (resource.RLIMIT_CORE, 0),
    ):
        allowed = resource.getrlimit(what)[1]
        most = int(wanted) if allowed == resource.RLIM_INFINITY else min(int(wanted), allowed)
        resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process, whatever it is doing
    signal.setitimer(signal.ITIMER_REAL, limits["seconds"])
    first_to_go = Path("/proc/self/oom_score_adj")  # Linux: when memory runs out, let it be this process
    if first_to_go.exists():
        first_to_go.write_text("1000")


def _capture(request: Request, say: Say) -> None:
    say({"capture": _told(raw.read_capture(Path(request["path"])))})


def _told(capture: Capture) -> dict[str, Any]:
    taken = capture.captured_at
    return {**asdict(capture), "captured_at": taken.isoformat() if taken else None}


def _origin(request: Request, say: Say) -> None:
    origin = read_origin(Path(request["path"]))
    say({"origin": {**asdict(origin), "capture": _told(origin.capture)}})


def _look(request: Request, say: Say) -> None:
    """Say first what somebody waits for, and then what takes its time."""
    path, refused, look = Path(request["path"]), "", None
    try:
        for number, look in enumerate([raw.rendered_look(path)] if request["rendered"] else raw.looks(path)):
            _show(look.picture, number, request)
            say({"shown": number})
    except Unreadable as error:
        refused = str(error)
    _capture(request, say)
    if look is not None:
        say({"quality": asdict(quality.measure(look.picture))})
    try:
        raw.check_whole(path)
    except Unreadable as error:  # it says more of what is missing than the look's failure
        refused = str(error)
    say({"reason": refused})


def _show(picture: Picture, number: int, request: Request) -> None:
    """Each under a name of its own: what was shown before may just be read."""
    shown, target = balanced(picture, request["white"]), Path(request["target"])
    (target / f"proof{number}.jpg").write_bytes(render.proof(shown))
    (target / f"thumbnail{number}.jpg").write_bytes(render.thumbnail(shown))


def _develop(request: Request, _say: Say) -> None:
    picture = balanced(raw.develop(Path(request["path"])), request["white"])
    Image.fromarray(picture).save(request["target"], format="TIFF")


def _white(request: Request, say: Say) -> None:
    say({"white": white_of(raw.first_look(Path(request["path"])).picture)})


def _exif(request: Request, say: Say) -> None:
    say({"exif": exif.carry_exif(Path(request["path"]), request["width"], request["height"]).hex()})


def _place(request: Request, say: Say) -> None:
    target = Path(request["target"])
    picture = places.prepared(raw.develop(Path(request["path"])))
    (target / "picture.jpg").write_bytes(render.encode_master(picture))
    (target / "thumbnail.jpg").write_bytes(render.thumbnail(picture))
    size = {"width": picture.shape[1], "height": picture.shape[0]}
    say({**size, "estimate": asdict(places.estimate(picture))})


VERBS: dict[str, Callable[[Request, Say], None]] = {
    "capture": _capture,
    "origin": _origin,
    "look": _look,
    "develop": _develop,
    "white": _white,
    "exif": _exif,
    "place": _place,
}

if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
