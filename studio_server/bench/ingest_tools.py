"""What a studio script would use instead of us: exiftool with libvips as the floor, and darktable."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

FLOOR = "exiftool's preview + vipsthumbnail to 2048 px"
DARKTABLE = "darktable-cli to the same size, its own start included"
PREVIEWS = ("-JpgFromRaw", "-PreviewImage", "-OtherImage", "-ThumbnailImage")
"""Where exiftool finds a preview, by maker; the first that is there is taken, as a script would."""
PACKAGES = {
    "exiftool": "libimage-exiftool-perl",
    "vipsthumbnail": "libvips-tools",
    "darktable-cli": "darktable",
}
PATIENCE = 120.0


def missing(*tools: str) -> str:
    """Say which tools are not here and how they come; "" where all are."""
    gone = [tool for tool in tools if shutil.which(tool) is None]
    if not gone:
        return ""
    packages = " ".join(PACKAGES[tool] for tool in gone)
    return f"{' and '.join(gone)} could not be found: apt-get install {packages}."


def preview_option(raw: Path) -> str:
    """The option with which exiftool gives the largest preview of this file; "" where it knows none."""
    found = {option: len(_said("exiftool", "-b", option, str(raw))) for option in PREVIEWS}
    best = max(found, key=lambda option: found[option])
    return best if found[best] else ""


def shot_now(source: Path, target: Path, number: int) -> bool:
    """Copy a RAW as if it had been shot now, so that it is another file and joins the session that is open.

    Nothing is changed but its dates and a number in its comment. False where exiftool cannot write it.
    """
    dates = ("-AllDates=now", f"-UserComment=shot {number}")
    done = subprocess.run(  # noqa: S603 - our own words
        ["exiftool", "-q", "-q", "-m", *dates, "-o", str(target), str(source)],  # noqa: S607 - found on PATH
        check=False, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    return done.returncode == 0 and target.is_file()


def floor(raw: Path, option: str, folder: Path, side: int = 2048) -> float:
    """Seconds from a RAW to its preview as a JPEG of at most `side` pixels; two programs, started anew."""
    large, small = folder / f"{raw.stem}.preview.jpg", folder / f"{raw.stem}.floor.jpg"
    started = time.perf_counter()
    with large.open("wb") as file:
        subprocess.run(["exiftool", "-b", option, str(raw)], stdout=file, check=True, timeout=PATIENCE)  # noqa: S603, S607 - our own words
    size = f"{side}x{side}>"
    command = ["vipsthumbnail", str(large), "-s", size, "-o", f"{small}[Q=88]"]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)  # noqa: S603 - the same
    return time.perf_counter() - started


@dataclass(frozen=True)
class Darktable:
    """darktable-cli with a configuration of its own, so that nothing of this machine's user goes in."""

    folder: Path

    def seconds(self, source: Path, side: int) -> float | None:
        """How long it takes to a JPEG of at most `side` pixels; None: it cannot read this file."""
        target = self.folder / f"{source.name}.darktable.jpg"
        target.unlink(missing_ok=True)
        started = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own words
            self._command(source, target, side), check=False, capture_output=True, timeout=PATIENCE
        )
        took = time.perf_counter() - started
        read = done.returncode == 0 and target.is_file() and _shows_something(target)
        return took if read else None

    def start(self) -> float:
        """Seconds that its start takes: it is given a picture of 64 pixels."""
        tiny = self.folder / "tiny.png"
        cv2.imwrite(str(tiny), np.tile(np.arange(64, dtype=np.uint8) * 3, (64, 1)))
        return self.seconds(tiny, 64) or 0.0

    def _command(self, source: Path, target: Path, side: int) -> Sequence[str]:
        own = (
            "--library",
            ":memory:",
            "--configdir",
            self.folder / "config",
            "--cachedir",
            self.folder / "cache",
        )
        options = ("--width", side, "--height", side, "--apply-custom-presets", "false")
        quality = ("--conf", "plugins/imageio/format/jpeg/quality=88")
        words = ("darktable-cli", source, target, *options, "--core", *own, *quality)
        return [str(word) for word in words]


def _shows_something(path: Path) -> bool:
    picture = cv2.imread(str(path))
    return picture is not None and float(picture.std()) > 2


def _said(*command: str) -> bytes:
    return subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE).stdout  # noqa: S603 - our own words
