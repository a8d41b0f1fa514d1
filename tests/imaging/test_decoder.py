"""One file may crash, hang or overfill its decoder; the next one and everybody else do not notice."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio_server.domain.errors import Unreadable
from studio_server.imaging import render
from studio_server.imaging.decoder import Decoder, Limits
from studio_server.imaging.exif import carry_exif
from studio_server.imaging.raw import develop, read_capture


@pytest.fixture
def decoder():
    made = []

    def make(**limits):
        made.append(Decoder(Limits(**limits)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_comes_out_is_what_decoding_at_home_gives(decoder, negative, tmp_path):
    here, path = decoder(), negative()
    look = here.look(path)
    assert look.reason == ""
    assert look.capture == read_capture(path)
    assert look.capture.captured_at.utcoffset() == read_capture(path).captured_at.utcoffset()
    assert look.proof.startswith(b"\xff\xd8\xff")
    assert look.quality.sharpness > 0
    here.develop(path, tmp_path / "whole.tif")
    with Image.open(tmp_path / "whole.tif") as image:
        assert np.array_equal(np.asarray(image), develop(path))
    assert here.carry_exif(path, 40, 30) == carry_exif(path, 40, 30)


def test_a_decoder_that_hangs_is_stopped_and_the_next_file_comes_in(decoder, camera_jpeg, tmp_path):
    here = decoder(seconds=1.5)
    os.mkfifo(tmp_path / "hang.CR2")  # whoever opens it waits for ever
    began = time.monotonic()
    assert "took longer than 1.5 seconds" in here.look(tmp_path / "hang.CR2").reason
    assert time.monotonic() - began < 20
    patient = decoder()
    assert patient.look(camera_jpeg).reason == ""


def test_a_decoder_that_crashes_costs_one_file(decoder, camera_jpeg, tmp_path):
    here = decoder(seconds=60)
    assert here.look(camera_jpeg).reason == ""
    keeper = here._keeper.pid
    while children_of(keeper):  # the last one is still ending
        time.sleep(0.01)
    os.mkfifo(tmp_path / "crash.CR2")
    found = []
    reader = threading.Thread(target=lambda: found.append(here.look(tmp_path / "crash.CR2")))
    reader.start()
    deadline = time.monotonic() + 20
    while not (born := children_of(keeper)) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)  # until it has taken the request
    os.kill(born[0], signal.SIGSEGV)
    reader.join(20)
    assert found[0].reason.startswith("The decoder broke down over this file")
    assert here.look(camera_jpeg).reason == ""
    assert here._keeper.pid == keeper, "nobody but the child ended"


def test_a_file_that_wants_too_much_memory_is_refused(decoder, negative, camera_jpeg, tmp_path):
    here = decoder(memory=600 << 20)
    with pytest.raises(Unreadable, match=r"\.$"):
        here.develop(negative(), tmp_path / "large.tif")
    assert not (tmp_path / "large.tif").exists()
    assert here.look(camera_jpeg).capture.model == "Twelve"


def test_a_keeper_that_was_killed_is_replaced(decoder, camera_jpeg):
    here = decoder()
    here.keep()
    first = here._keeper.pid
    os.kill(first, signal.SIGKILL)
    here._keeper.wait()
    assert here.look(camera_jpeg).reason == ""
    assert here._keeper.pid != first


def test_a_forked_worker_uses_the_keeper_of_its_parent(decoder, camera_jpeg):
    here = decoder()
    here.keep()
    keeper = here._keeper.pid
    child = os.fork()
    if child == 0:
        fine = here.look(camera_jpeg).reason == "" and here._keeper.pid == keeper
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_every_malformed_file_ends_in_a_look_or_in_one_clear_sentence(decoder, data):
    here = decoder(seconds=30)
    for path in sorted(path for path in (data / "malformed").rglob("*") if path.is_file()):
        look = here.look(path)
        assert look.proof or look.reason, path.name
        assert not look.reason or look.reason.endswith("."), f"{path.name}: {look.reason}"


def test_a_small_preview_is_shown_while_the_proof_is_developed(decoder, data):
    seen = []
    look = decoder(seconds=60).look(data / "raw" / "canon_g2_CRW_0304.CRW", seen.append)
    first, second = (render.decode(each.proof).shape for each in seen)
    assert max(first) == 640
    assert max(second) > 1000
    assert (look.proof, look.quality is not None) == (seen[1].proof, True)
    assert seen[0].capture.model == ""  # nobody waits for that
    assert look.capture.model == "Canon PowerShot G2"
