"""What a killed process leaves lying about is swept away; what a living one holds is not."""

import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext

import pytest
from PIL import Image

from studio_server.domain.errors import DiskFull
from studio_server.imaging import decoder, scratch
from studio_server.imaging.decoder import DECODER

HOLDER = """
import os, sys, time
from studio_server.imaging.scratch import hold, scratch
from studio_server.storage.blobs import FileBlobs
from pathlib import Path
class Slow:
    def read(self, size):
        if self.sent: print("half", flush=True); time.sleep(60)
        self.sent = True
        return b"half a file"
    sent = False
with scratch() as place:
    (place / "proof.jpg").write_bytes(b"somebody")
    FileBlobs(Path(sys.argv[1])).put(Slow())
"""


@pytest.fixture
def at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(scratch, "YOUNG_SECONDS", -1)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()


@pytest.mark.usefixtures("at_once")
def test_what_a_killed_process_was_about_is_swept_when_it_is_dead_and_not_before(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "blobs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "half\n"

        def left():
            scratch.sweep_scratch()
            scratch.sweep(tmp_path / "blobs" / "incoming")
            found = [*(tmp_path / "tmp").iterdir(), *(tmp_path / "blobs" / "incoming").iterdir()]
            return len(found)

        assert left() == 2
        process.send_signal(signal.SIGKILL)
    assert left() == 0


def test_what_is_young_is_left_alone_for_it_may_not_be_held_yet(tmp_path):
    (tmp_path / "new").touch()
    (tmp_path / "old").touch()
    os.utime(tmp_path / "old", (time.time() - 60,) * 2)
    scratch.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_full_disk_is_said_of_the_disk_and_not_of_the_file(tmp_path, monkeypatch):
    """The decoder finds no room for the proof: this device is always full."""
    for number in range(3):
        (tmp_path / f"proof{number}.jpg").symlink_to("/dev/full")
    monkeypatch.setattr(decoder, "scratch", lambda: nullcontext(tmp_path))
    picture = tmp_path / "A.JPG"
    Image.effect_noise((300, 200), 50).convert("RGB").save(picture)
    with pytest.raises(DiskFull, match="The disk is full"):
        DECODER.look(picture)
