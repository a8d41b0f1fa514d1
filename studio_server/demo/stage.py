"""Where a session is played, by whom, and what has been seen of it so far."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_server.demo.camera import Written
from studio_server.demo.visitors import Client, Photographer

LONGEST = {"develop": 120.0, "first look": 180.0, "fit": 420.0, "vary": 600.0, "deliver": 120.0}
"""Seconds; after so long the demo says what did not come true."""


@dataclass(frozen=True)
class Stage:
    """Where the play is given."""

    base_url: str
    password: str
    hot_folder: Path
    plugin_dir: Path
    photos: Path | None
    out: Path
    say: Callable[[str], None]


class DemoFailed(Exception):
    """Something did not come true: one sentence."""


@dataclass
class Play:
    stage: Stage
    photographer: Photographer
    client: Client
    pin: str
    key: str
    found: dict[str, Any] = field(default_factory=lambda: {"seconds": {}})
    """The report, as far as it goes."""
    written: list[Written] = field(default_factory=list)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        with timed(self.found, name):
            yield

    def wait(self, what: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look at the photographer's page until it shows what is waited for."""
        deadline = time.monotonic() + LONGEST[what]
        said = ""
        while time.monotonic() < deadline:
            seen = self.photographer.sees()
            if until(seen):
                return seen
            if (line := _progress(seen)) != said:
                said = line
                self.stage.say(f"  {line}")
            _stop_if_failed(seen)
            time.sleep(0.5)
        msg = f"Waited {LONGEST[what]:.0f} s for “{what}” in vain. The server's own lines above say more."
        raise DemoFailed(msg)


@contextmanager
def timed(found: dict[str, Any], name: str) -> Iterator[None]:
    """Note the seconds under the name of the stage, however the stage ends."""
    started = found.setdefault("running", {})[name] = time.monotonic()
    try:
        yield
    finally:
        found["seconds"][name] = _since(started)
        del found["running"][name]


def as_it_stands(found: dict[str, Any]) -> dict[str, Any]:
    """Return the report of this moment; stages that still run are timed so far, and named `broken_off`."""
    running = dict(found.get("running", {}))
    so_far = {name: _since(started) for name, started in running.items()}
    told = {name: value for name, value in found.items() if name != "running"}
    told["seconds"] = {**found.get("seconds", {}), **so_far}
    return {**told, "broken_off": list(running)} if running else told


def _since(started: float) -> float:
    return round(time.monotonic() - started, 2)


def _progress(seen: dict[str, Any]) -> str:
    running = [job for job in seen["jobs"] if job["state"] == "running"]
    if not running:
        return f"{len(seen['shots'])} shots, {len(seen['variations'])} pictures"
    left = running[-1]["seconds_left"]
    return str(running[-1]["text"]) + (f", about {left:.0f} s left" if left else "")


def _stop_if_failed(seen: dict[str, Any]) -> None:
    for job in seen["jobs"]:
        if job["state"] == "failed":
            raise DemoFailed(f"A job failed: {job['reason']}")
