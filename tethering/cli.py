"""studio-tether: watch the folder that the camera writes to, and hand each file to Studio Server."""

import argparse
import hashlib
import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import FrameType

from tethering.agent import Agent, Options
from tethering.journal import Journal
from tethering.line import Away, SinkError
from tethering.pace import Pace, rate
from tethering.sessions import Names, is_session
from tethering.settle import Patience
from tethering.sink import Sink

KEY_VARIABLE = "STUDIO_TETHER_KEY"
ATTEMPTS_ONCE = 5

log = logging.getLogger("tethering")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _prepare_to_speak()
    try:
        return _run(options)
    except (SinkError, _UsageError, OSError) as problem:
        print(f"studio-tether: {problem}", file=sys.stderr)  # noqa: T201 - this is a command's own voice
        return 1


def _prepare_to_speak() -> None:
    """Let a file name that is no UTF-8 be logged, each line be seen at once, and the library be silent."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )
    logging.getLogger("watchdog").setLevel(logging.ERROR)
    # watchdog's own race where folders are made one in the other; it overwrites a callback by its equal
    warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)


class _UsageError(Exception): ...


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="studio-tether", description=__doc__)
    parser.add_argument("--server", required=True, metavar="URL", help="where Studio Server answers")
    parser.add_argument("--key", default="", help=f"the key that the server made (or in {KEY_VARIABLE})")
    parser.add_argument("--folder", required=True, type=Path, help="the folder that the camera writes to")
    parser.add_argument(
        "--polling",
        action="store_true",
        help="look often, use no folder events (as is done by itself where a network share is recognised)",
    )
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="what was delivered (default: your state folder)"
    )
    limit = "bytes a second that all uploads share, as rsync's --bwlimit: 2M, 500K; 0 is none (default)"
    parser.add_argument("--limit", default="0", metavar="RATE", help=limit)
    parser.add_argument("--once", action="store_true", help="deliver what is there now, then end")
    for part in fields(Names):
        told = f"what the {part.default} folder of your Capture One sessions is called"
        parser.add_argument(f"--{part.name}", default=part.default, metavar="NAME", help=told)
    quiet = "how long a file without a structural end must be quiet (default: %(default)s)"
    parser.add_argument("--quiet", type=float, default=Patience.unknown, metavar="SECONDS", help=quiet)
    return parser


def _run(options: argparse.Namespace) -> int:
    folder = _folder(options.folder)
    sink = Sink(options.server, _key(options.key), Pace(_rate(options.limit)))
    _greet(sink, options.once)
    journal = Journal(options.journal or _default_journal(folder, options.server))
    patience = Patience(unknown=options.quiet, cut=max(Patience.cut, options.quiet))
    give_up = ATTEMPTS_ONCE if options.once else None
    names = Names(options.selects, options.trash, options.output)
    agent = Agent(Options(folder, options.polling or options.once, patience, give_up, names), journal, sink)
    _end_on_signal(agent)
    if is_session(folder.parent):
        log.info("This folder is part of a Capture One session. Watch %s instead,", folder.parent)
        log.info("and what you move to Selects or Trash, and what you export, is understood too.")
    try:
        log.info("Watching %s for %s", folder, sink.server)
        agent.run_once() if options.once else agent.run()
    finally:
        journal.close()
    return 1 if options.once and agent.failed else 0


def _rate(text: str) -> float:
    try:
        return rate(text)
    except ValueError as problem:
        raise _UsageError(str(problem)) from None


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise _UsageError(f"There is no folder {folder}: make it, or name the one that the camera writes to.")
    return folder.resolve()


def _key(given: str) -> str:
    key = given or os.environ.get(KEY_VARIABLE, "")
    if not key:
        raise _UsageError(f"No key: give --key, or set {KEY_VARIABLE} to the key that the server made.")
    return key


def _greet(sink: Sink, once: bool) -> None:  # noqa: FBT001 - private, called once
    """End on a wrong key or address; a server that is not up yet is waited for, unless --once."""
    try:
        log.info("Connected to %s as %s", sink.server, sink.hello())
    except Away as problem:
        if once:
            raise
        log.warning("%s Files wait until it does", problem)


def _default_journal(folder: Path, server: str) -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    name = hashlib.sha256(f"{folder}|{server}".encode(errors="surrogateescape")).hexdigest()[:16]
    return state / "studio-tether" / f"{name}.sqlite"


def _end_on_signal(agent: Agent) -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        agent.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


if __name__ == "__main__":
    sys.exit(main())
