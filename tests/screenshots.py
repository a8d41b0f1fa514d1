"""Pictures of every page in both sizes and both themes, by real Chromium, while a demo session runs.

python -m tests.screenshots [FOLDER]      (docs/images)
"""

import io
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from studio_server.demo.player import Play, Stage, play
from studio_server.demo.sheet import draw_crops, draw_sheet
from studio_server.engines.plates.lens import developed
from studio_server.engines.plates.shelf import load

SIZES = {"tablet": (1024, 1366), "phone": (390, 844)}
THEMES = ("light", "dark")
LARGEST = 200_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CLIENT = ("consent", "", "lock", "variations", "finish", "next", "withdraw")
NAMES = {"": "sheet"}
SHOWN = {
    "pick": frozenset(
        {
            "login",
            "verify",
            "sessions",
            "unclaimed",
            "plates",
            "plate",
            "keys",
            "pin",
            "consent",
            "sheet",
            "lock",
            "shot",
            "withdraw",
        }
    ),
    "fit_and_vary": frozenset({"session", "brush", "variations", "compare", "finish"}),
    "approve": frozenset({"next"}),
}
"""After which act of the play each page is photographed: when there is most to see on it."""


@dataclass(frozen=True)
class Wanted:
    base: str
    password: str
    client_url: str
    pin: str
    out: Path
    pages: frozenset[str]


def _take_all(browser: Browser, wanted: Wanted, size: str, theme: str) -> None:
    width, height = SIZES[size]
    for role in (_photographer, _client):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            has_touch=True,
            reduced_motion="reduce",
        )
        for name, page in role(context, wanted):
            if name in wanted.pages:
                (wanted.out / f"{name}-{size}-{theme}.jpg").write_bytes(_small(_settled(page)))
        context.close()


def _photographer(context: BrowserContext, wanted: Wanted) -> Iterator[tuple[str, Page]]:
    if not wanted.password:
        return
    page = context.new_page()
    page.goto(urljoin(wanted.base, "/verify"))
    yield "verify", page
    page.goto(urljoin(wanted.base, "/login"))
    yield "login", page
    page.locator("input[name=password]").fill(wanted.password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    yield "sessions", page
    links = [str(link.get_attribute("href")) for link in page.locator("a[href*='/sessions/']").all()]
    page.goto(urljoin(wanted.base, "/unclaimed"))
    yield "unclaimed", page
    yield from _plates(page, wanted.base)
    page.goto(urljoin(wanted.base, "/keys"))
    yield "keys", page
    for href in links[:1]:
        page.goto(urljoin(wanted.base, href))
        yield "session", page
        brush = page.get_by_role("link", name="Mend the outline").first
        if brush.count():
            brush.click()
            page.get_by_text("As the machine cut it out.").wait_for(timeout=60_000)
            yield "brush", page


def _plates(page: Page, base: str) -> Iterator[tuple[str, Page]]:
    """The shelf with one photograph of a place on it (`_place`), and that photograph's own page."""
    page.goto(urljoin(base, "/plates"))
    if not page.locator(".p-own .p-plate").count():
        file = {"name": "corridor.jpg", "mimeType": "image/jpeg", "buffer": _place()}
        page.locator("#photograph").set_input_files(file)
        page.get_by_label("Name of the place").fill("The client's corridor")
        page.get_by_label("What pictures of it are for").fill("Team page")
        page.get_by_role("button", name="Add it").click()
        page.wait_for_url("**/plates/own-*")
        page.goto(urljoin(base, "/plates"))
    yield "plates", page
    page.locator(".p-own .p-plate a").first.click()
    page.wait_for_url("**/plates/own-*")
    yield "plate", page


def _place() -> bytes:
    """A render of ours stands for the photograph of a place: no photograph lies in this repository."""
    light = load("corridor-office").light
    out = io.BytesIO()
    Image.fromarray(developed(light)).resize((1600, 1600)).save(out, "JPEG", quality=92)
    return out.getvalue()


def _client(context: BrowserContext, wanted: Wanted) -> Iterator[tuple[str, Page]]:
    if not wanted.client_url:
        return
    root = urljoin(wanted.base, wanted.client_url).rstrip("/")
    page = context.new_page()
    page.goto(root)
    yield "pin", page
    page.locator("input[name=pin]").fill(wanted.pin)
    page.locator("input[name=pin]").press("Enter")
    page.wait_for_url(lambda url: url != root)
    for path in CLIENT:
        if _reached(page, f"{root}/{path}"):
            yield NAMES.get(path, path), page
    yield from _details(page, root)


def _details(page: Page, root: str) -> Iterator[tuple[str, Page]]:
    """One photograph seen large, and one composite beside it."""
    for name, where, pattern in (
        ("shot", "", "/shots/"),
        ("compare", "variations", "/compare/"),
        ("compare", "", "/compare/"),
    ):
        if not _reached(page, f"{root}/{where}"):
            continue
        links = page.locator(f"a[href*='{pattern}']")
        if links.count() and _reached(page, urljoin(root, str(links.first.get_attribute("href")))):
            yield name, page
            if name == "compare":
                return


def _reached(page: Page, address: str) -> bool:
    answer = page.goto(address)
    return answer is not None and answer.ok and urlsplit(page.url).path == urlsplit(address).path


def _settled(page: Page) -> bytes:
    """A screenshot with every picture of the first screen loaded."""
    shown = """() => [...document.images].filter((it) => {
        const box = it.getBoundingClientRect();
        return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    }).every((it) => it.complete)"""
    with suppress(TooLate):  # a picture that is still being made is shown as what it is: not there yet
        page.wait_for_function(shown, timeout=5_000)
    page.wait_for_timeout(250)
    return page.screenshot()


def _small(png: bytes) -> bytes:
    """A JPEG of at most LARGEST bytes."""
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    data = b""
    for quality in (88, 80, 70, 60):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, subsampling=0, optimize=True)
        data = out.getvalue()
        if len(data) < LARGEST:
            break
    return data


def main() -> int:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images")
    out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("chromium is not on PATH. Install it, then try again.\n")
        return 3
    with (
        tempfile.TemporaryDirectory() as folder,
        _running(Path(folder)) as stage,
        sync_playwright() as play_in,
    ):
        browser = play_in.chromium.launch(executable_path=chromium, args=FLAGS)
        found = play(stage, after=lambda act, acts: _take_act(browser, act, acts, out))
        draw_sheet(stage, found, out / "variations.jpg")
        draw_crops(found, out / "crops.jpg")
        browser.close()
    return 0


@contextmanager
def _running(folder: Path) -> Iterator[Stage]:
    """`studio up` on a fresh data folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, password = folder / "data", secrets.token_urlsafe(9)
    own = {"DATA_DIR": str(data), "PORT": str(port), "OWNER_PASSWORD": password}
    environment = {**os.environ, **{f"STUDIO_{name}": value for name, value in own.items()}}
    tree = subprocess.Popen([sys.executable, "-m", "studio_server", "up"], env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(base)
        plugin = Path("plugins/lightroom/studio.lrplugin").resolve()
        yield Stage(base, password, data / "hot", plugin, None, folder / "out", print)
    finally:
        tree.terminate()
        tree.wait(60)


def _wait_for(base: str) -> None:
    for _ in range(300):
        try:
            requests.get(f"{base}/login", timeout=1)
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return


def _take_act(browser: Browser, act: str, acts: Play, out: Path) -> None:
    if act not in SHOWN:
        return
    wanted = Wanted(acts.stage.base_url, acts.stage.password, acts.client.door, acts.pin, out, SHOWN[act])
    for size, theme in ((size, theme) for size in SIZES for theme in THEMES):
        _take_all(browser, wanted, size, theme)


if __name__ == "__main__":
    sys.exit(main())
