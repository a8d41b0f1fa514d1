import os
import re
import signal
import subprocess
import sys
import time

import pytest
from camera_files import noise, tiff
from studio_stub import KEY

pytestmark = pytest.mark.timeout(40)


@pytest.fixture
def tether(folder, tmp_path, server):
    """tether(*more): the command, as `studio up` starts it."""
    running = []

    def begin(*more, key=KEY, url=None, **changes):
        command = [sys.executable, "-m", "tethering.cli", "--server", url or server.url]
        command += [
            "--folder",
            str(changes.get("folder", folder)),
            "--journal",
            str(tmp_path / "cli.sqlite"),
            *more,
        ]
        environment = os.environ | {"STUDIO_TETHER_KEY": key}
        running.append(subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment))
        return running[-1]

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_once_delivers_what_is_there_and_ends(tether, folder, server):
    (folder / "A.NEF").write_bytes(tiff(noise(9_000)))
    (folder / "notes.txt").write_text("lunch at one")
    out, err = (process := tether("--once")).communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert server.names == ["A.NEF"]
    assert "A.NEF received shot-1" in out
    assert "notes.txt is no picture or sidecar; left alone" in out
    assert "Connected to" in out


def test_what_takes_long_says_how_far_it_is(tether, folder, server):
    server.slowness = 0.6
    for number in range(10):
        (folder / f"{number}.NEF").write_bytes(tiff(noise(400_000)))
    out, _ = tether("--once").communicate(timeout=35)
    told = re.findall(r"(\d+) of 10 files done(?:, about (\d+) s left)?", out)
    assert told
    assert all(int(done) < 10 for done, _ in told)
    assert any(left for _, left in told)


def test_a_termination_ends_it_cleanly(tether, folder, server, eventually):
    process = tether()
    (folder / "A.NEF").write_bytes(tiff(noise(9_000)))
    assert eventually(lambda: server.taken)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=5)
    assert (process.returncode, err) == (0, "")
    assert "A.NEF received" in out


def test_it_may_start_before_the_server(tether, folder, server, eventually):
    server.stop()
    tether()
    (folder / "A.NEF").write_bytes(tiff(noise(9_000)))
    time.sleep(1.0)
    server.start()
    assert eventually(lambda: server.taken)


def test_a_name_that_is_no_utf8_and_one_of_255_bytes_arrive(tether, folder, server):
    odd = os.path.join(os.fsencode(folder), b"caf\xe9.NEF")  # noqa: PTH118 - pathlib takes no bytes
    try:
        with open(odd, "wb") as file:  # noqa: PTH123
            file.write(tiff(noise(9_000)))
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    (folder / ("ü" * 125 + "a.NEF")).write_bytes(tiff(noise(9_000)))
    out, err = (process := tether("--once")).communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert len(server.taken) == 2
    assert out.count("received") == 2


@pytest.mark.parametrize(
    ("more", "changes", "sentence"),
    [
        ((), {"key": ""}, "No key: give --key, or set STUDIO_TETHER_KEY"),
        ((), {"key": "wrong"}, "This key is not known here"),
        (("--once",), {"url": "http://127.0.0.1:9"}, "does not answer (no connection)"),
        (("--limit", "fast"), {}, "“fast” is no limit: write bytes a second as 2M"),
        ((), {"folder": "/no/such/folder"}, "There is no folder /no/such/folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tether, more, changes, sentence):
    process = tether(*more, **changes)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert sentence in err
    assert len(err.splitlines()) == 1
