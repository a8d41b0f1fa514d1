"""A real `studio up` on a small disk of its own; it can be killed in parts, and as a whole."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from redis import Redis

from studio_server.demo.visitors import Browser, Photographer

PASSWORD = "a-password-for-the-soak"
UP_SECONDS = 90.0
PARTS = {
    "agent": ("tethering.cli",),
    "server": ("studio_server", "serve"),
    "cpu worker": ("studio_server", "work", "cpu"),
    "engine worker": ("studio_server", "work", "engine"),
}
"""The command that each part of the tree is known by."""


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[tuple[Path, bool]]:
    """A folder, and whether it is a disk of its own that can be filled. Mounting one takes root, on Linux."""
    place = Path(tempfile.mkdtemp(prefix="soak-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "soak", str(place)]
    mounted = sys.platform == "linux" and os.geteuid() == 0 and _ran(command)
    try:
        yield place, mounted
    finally:
        if mounted and not _ran(["umount", str(place)]):
            _ran(["umount", "--lazy", str(place)])
        shutil.rmtree(place, ignore_errors=True)


def _ran(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@dataclass
class House:
    disk: Path
    hot: Path
    log: Path
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.port = self.port or _free_port()

    @property
    def data(self) -> Path:
        return self.disk / "data"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Everything that `studio up` starts; what it writes aside lies on the small disk, too."""
        (self.disk / "tmp").mkdir(exist_ok=True)
        own = {
            "DATA_DIR": self.data,
            "HOT_FOLDER": self.hot,
            "PORT": self.port,
            "HOST": "127.0.0.1",
            "OWNER_PASSWORD": PASSWORD,
            "ENGINES": "fake",
        }
        around = {key: value for key, value in os.environ.items() if not key.startswith("STUDIO_")}
        told = {f"STUDIO_{key}": str(value) for key, value in own.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "studio_server", "up"],
                env={**around, **told, "TMPDIR": str(self.disk / "tmp"), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        end = time.monotonic() + UP_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.url}/login", timeout=5).ok:
                    return
            time.sleep(0.1)
        message = f"The studio does not answer after {UP_SECONDS:g} s; its log is {self.log}."
        raise TimeoutError(message)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def part(self, name: str) -> psutil.Process | None:
        """The living process of this part; None while it is down."""
        assert self.process
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    if child.status() != psutil.STATUS_ZOMBIE and set(PARTS[name]) <= set(child.cmdline()):
                        return child
        return None

    def redis(self) -> Redis:
        """The tree's own Redis, whose address each of its children is told."""
        worker = self.part("cpu worker") or self.part("server")
        assert worker
        return Redis.from_url(worker.environ()["STUDIO_REDIS_URL"])

    def photographer(self) -> Photographer:
        person = Photographer(Browser(self.url))
        person.log_in(PASSWORD)
        return person

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
