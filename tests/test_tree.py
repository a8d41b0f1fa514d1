"""The real process tree is killed where it hurts, and goes on as if nothing had been."""

import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from studio_server.demo.camera import Camera, Pace
from studio_server.demo.frames import plan
from studio_server.demo.visitors import Browser, Client, Photographer

SERIAL = "KILL1"
PURPOSES = ("proofing", "faces", "fitting", "generation")

pytestmark = pytest.mark.timeout(900)


class Studio:
    """`studio up` in a process of its own, on a data folder that outlives it."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data, self.log = data, data.with_suffix(".log")
        self.password = secrets.token_urlsafe(9)
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        own = {"DATA_DIR": str(self.data), "PORT": str(self.port), "OWNER_PASSWORD": self.password}
        environment = {**os.environ, **{f"STUDIO_{name}": value for name, value in own.items()}}
        command = [sys.executable, "-m", "studio_server", "up"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        wait(60, self._answers)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/login", timeout=2).ok
        except requests.RequestException:
            return False

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill_all(self) -> None:
        children = self.children()
        self.process.kill()
        self.process.wait()
        psutil.wait_procs(children, timeout=10)
        assert not [child for child in children if child.is_running() and child.status() != "zombie"]

    def imports(self, folder: Path) -> subprocess.CompletedProcess[str]:
        own = {"STUDIO_DATA_DIR": str(self.data), "STUDIO_PORT": str(self.port)}
        command = [sys.executable, "-m", "studio_server", "import", str(folder)]
        return subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)

    def engine(self) -> psutil.Process:
        return next(child for child in self.children() if child.cmdline()[-2:] == ["work", "engine"])


def wait(seconds: float, until: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.2)


@pytest.fixture
def studio(tmp_path):
    made = Studio(tmp_path / "data")
    made.start()
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(60)
    print(made.log.read_text()[-5000:])  # noqa: T201 - shown only where the test fails


def fitting_step(seen: dict) -> int:
    texts = [job["text"] for job in seen["jobs"] if job["text"].startswith("Fitting: step")]
    return int(texts[-1].split()[2]) if texts else 0


def test_kills_in_the_middle_of_ingest_and_of_the_fit_lose_nothing(studio):  # noqa: PLR0915 - one story
    photographer = Photographer(Browser(studio.url))
    photographer.log_in(studio.password)
    link, pin = photographer.open_session("Ada", ["studio-grey"], SERIAL)

    hot = studio.data / "hot"
    camera = Camera(hot, SERIAL, pace=Pace(between_shots=0.3, between_pieces=0.01))
    for number, _ in enumerate(camera.shoot(plan()[:5])):
        if number == 2:
            studio.kill_all()
    studio.start()
    photographer = Photographer(Browser(studio.url), photographer.session)
    photographer.log_in(studio.password)

    def developed() -> bool:
        return [shot["state"] for shot in photographer.sees()["shots"]] == ["developed"] * 5

    wait(90, developed)
    imported = studio.imports(hot)
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.count("is there already") >= 5
    assert len(photographer.sees()["shots"]) == 5
    stored = {path.name for path in (studio.data / "blobs").rglob("*") if path.is_file()}
    originals = [path for path in hot.iterdir() if path.suffix in (".DNG", ".JPG")]
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in originals} <= stored

    client = Client(Browser(studio.url), urlsplit(link).path)
    client.come_in(pin)
    client.consent("Ada", PURPOSES)
    for shot in photographer.sees()["shots"][:3]:
        client.flag(shot["id"], 1)
    client.lock()
    wait(180, lambda: fitting_step(photographer.sees()) > 25)
    studio.engine().send_signal(signal.SIGKILL)
    wait(300, lambda: (photographer.sees()["likeness"] or {}).get("report"))
    fitted = photographer.sees()["likeness"]
    assert fitted["state"] == "ready"
    assert fitted["report"]["resumed_at"] >= 20
    assert "Engine worker has died (signal SIGKILL)" in studio.log.read_text()
    wait(180, lambda: photographer.sees()["stage"] == "varied")

    children = studio.children()
    studio.process.send_signal(signal.SIGINT)
    assert studio.process.wait(60) == 0
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
