"""A whole studio to be measured: `studio up` in a process of its own, and a client's tablet in Chromium."""

from __future__ import annotations  # Playwright is only where the benches' extra is

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from studio_server.demo.visitors import Browser, Client, Photographer
from studio_server.domain.errors import EngineUnavailable
from studio_server.supervisor import own

if TYPE_CHECKING:
    from playwright.sync_api import Page

TABLET = {"width": 1024, "height": 1366}
START_SECONDS, SHOWN_SECONDS = 180.0, 120.0
READY = ("cpu worker: ready", "engine worker: ready", "Watching ")
"""What the log says when both workers, with all that they warm up, and the agent wait for work."""
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
WATCHING = """
window.studioSeen = {};
const seen = (img) => {
  const card = img.closest("[id^=shot-]");
  if (!card || !img.naturalWidth || window.studioSeen[card.id]) return;
  window.studioSeen[card.id] = 1;
  requestAnimationFrame(() => requestAnimationFrame(() => { window.studioSeen[card.id] = Date.now(); }));
};
const loaded = (event) => event.target.matches?.("#sheet img") && seen(event.target);
document.addEventListener("load", loaded, true);
new MutationObserver(() => document.querySelector("#sheet > :last-child")?.scrollIntoView())
  .observe(document, { childList: true, subtree: true });
"""
"""When each card's picture was loaded and painted; the newest is kept in sight, as who waits for it would."""


@dataclass(frozen=True)
class Sight:
    """What the measurement sees and touches."""

    hot: Path
    page: Page
    photographer: Photographer

    def wait_for(self, known: frozenset[str], more: int = 1) -> Mapping[str, float]:
        """Return when (time.time()) each picture came in sight that is not `known`, once there are `more`."""
        deadline = time.monotonic() + SHOWN_SECONDS
        while time.monotonic() < deadline:
            told: dict[str, float] = self.page.evaluate("() => window.studioSeen")
            fresh = {
                name.removeprefix("shot-"): at / 1000
                for name, at in told.items()
                if at > 1 and name.removeprefix("shot-") not in known
            }
            if len(fresh) >= more:
                return fresh
            self.page.wait_for_timeout(20)
        msg = f"Not all photographs were in sight of the client after {SHOWN_SECONDS:.0f} s."
        raise EngineUnavailable(msg)

    def settle(self) -> None:
        """Wait until all that was taken in is developed: what is measured next has the machine alone."""
        deadline = time.monotonic() + SHOWN_SECONDS
        while time.monotonic() < deadline:
            if all(shot["state"] != "received" for shot in self.photographer.sees()["shots"]):
                return
            time.sleep(0.1)


@contextmanager
def studio(folder: Path) -> Iterator[Sight]:
    """Yield a running studio with one session, whose client watches the contact sheet."""
    port, password = _free_port(), secrets.token_urlsafe(9)
    around = os.environ  # noqa: TID251 - passed on, not read
    settings = {"DATA_DIR": folder / "data", "PORT": port, "OWNER_PASSWORD": password}
    surroundings = {**around, **{f"STUDIO_{name}": str(value) for name, value in settings.items()}}
    log = folder / "studio.log"
    with log.open("w") as said:
        running = subprocess.Popen(own("up"), env=surroundings, stdout=said, stderr=said)  # noqa: S603 - our own command
    try:
        _wait_until_ready(log, running)
        with _tablet() as page:
            yield _open_session(f"http://127.0.0.1:{port}", password, page, folder / "data" / "hot")
    finally:
        running.terminate()
        running.wait(60)


def missing() -> str:
    """Say what a browser lacks here; "" where nothing does."""
    try:
        import playwright  # noqa: F401, PLC0415 - only the benches' extra has it
    except ImportError:
        return "Playwright is not installed: pip install 'studio-server[bench]'."
    return "" if shutil.which("chromium") else "chromium could not be found: apt-get install chromium."


def _wait_until_ready(log: Path, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        if all(word in log.read_text(errors="replace") for word in READY):
            return
        time.sleep(0.2)
    msg = f"The studio to be measured did not start. Its log ends: {log.read_text(errors='replace')[-400:]}"
    raise EngineUnavailable(msg)


def _open_session(url: str, password: str, page: Page, hot: Path) -> Sight:
    photographer = Photographer(Browser(url))
    photographer.log_in(password)
    link, pin = photographer.open_session("Ada Example", photographer.contexts(), "")
    client = Client(Browser(url), urlsplit(link).path)
    client.come_in(pin)
    client.consent("Ada Example", ("proofing",))
    page.goto(url + client.door)
    page.get_by_label("PIN").fill(pin)
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector("#sheet", state="attached")
    return Sight(hot, page, photographer)


@contextmanager
def _tablet() -> Iterator[Page]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only the benches' extra has it

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_context(viewport=TABLET, has_touch=True).new_page()  # type: ignore[arg-type] # a plain dict
        page.add_init_script(WATCHING)
        yield page
        browser.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
