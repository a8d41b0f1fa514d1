"""A tree of processes that starts in order, ends in order, and names at once what died."""

import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

GRACE = 12.0
"""Seconds that a child has to end by itself."""
MOST_RESTARTS = 5
RESTART_WINDOW = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Child:
    name: str
    command: Sequence[str]
    environment: dict[str, str]
    restarts: bool = True
    """Whether it is started again when it dies; without it, the tree ends."""
    ready: Callable[["subprocess.Popen[bytes]"], None] = lambda _process: None


@dataclass
class Tree:
    say: Say
    running: list[tuple[Child, "subprocess.Popen[bytes]"]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _deaths: list[float] = field(default_factory=list)

    def start(self, child: Child) -> None:
        # a session of its own: Ctrl-C reaches the supervisor alone, which then ends the children in order
        process = subprocess.Popen(  # noqa: S603 - our own commands
            child.command,
            env=child.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one C call
        )
        self.running.append((child, process))
        child.ready(process)

    def watch(self, until: Callable[[], bool] = lambda: False) -> int:
        """Until Ctrl-C, SIGTERM, `until`, or a death that cannot be mended. Returns the exit status."""
        self._catch_signals()
        while not self._stop.is_set() and not until():
            for child, process in list(self.running):
                if process.poll() is not None and not self._mend(child, process):
                    return 1
            self._stop.wait(0.2)
        return 0

    def stop(self) -> None:
        """The youngest first, so that nothing loses what it leans on."""
        while self.running:
            child, process = self.running.pop()
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} did not end by itself and was stopped.")
                process.kill()
                process.wait()

    def end(self) -> None:
        self._stop.set()

    def _mend(self, child: Child, process: "subprocess.Popen[bytes]") -> bool:
        self.running.remove((child, process))
        self.say(f"{child.name} has died ({_how(process.returncode)}).")
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if now - death < RESTART_WINDOW] + [now]
        if not child.restarts or len(self._deaths) > MOST_RESTARTS:
            self.say("Everything is stopped. Nothing is lost: start again with `studio up`.")
            return False
        self.say(f"{child.name} is started again.")
        self.start(child)
        return True

    def _catch_signals(self) -> None:
        def asked(_number: int, _frame: FrameType | None) -> None:
            self._stop.set()

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, asked)
            signal.signal(signal.SIGTERM, asked)


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _die_with_parent() -> None:
    """prctl(PR_SET_PDEATHSIG, SIGKILL): a supervisor that is killed leaves no child behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def own(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "studio_server", *arguments]
