"""Cases of the list in FACTS that want a process, a mount or a file system of their own."""

import ctypes
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from camera_files import jpeg, noise, tiff

from tethering import exif
from tethering.journal import Entry, Journal
from tethering.settle import Stamp
from tethering.watch import Watch

pytestmark = pytest.mark.timeout(60)
ROOT = sys.platform == "linux" and os.geteuid() == 0
XMP = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + " " * 90 + "</x:xmpmeta>\n"
FIRST = "SER-7", "2026:03:04 05:06:07", "89", "-03:30"
LATER = "SER-7", "2026:03:05 09:10:11", "12", "-03:30"


# one release, one key


def test_a_sidecar_that_comes_first_has_the_place_for_its_key_and_the_raw_says_the_same_place(
    start, folder, server, eventually
):
    """The server puts them together by it: tests/verbs/test_releases.py."""
    start()
    (folder / "DSC_1.xmp").write_text(XMP)
    assert eventually(lambda: server.taken)
    (folder / "DSC_1.NEF").write_bytes(jpeg(*FIRST))
    assert eventually(lambda: len(server.taken) == 2)
    sidecar, raw = server.taken
    assert sidecar.release == sidecar.spot == raw.spot
    assert raw.release not in ("", raw.spot)


@pytest.mark.parametrize(
    "name", ["DSC_1.xmp", "dsc_1.XMP", "DSC_1.NEF.xmp", unicodedata.normalize("NFD", "Zoë 1.xmp")]
)
def test_a_sidecar_beside_its_raw_has_its_key_whatever_case_unicode_form_or_program(folder, name):
    raw = folder / ("Zoë 1.NEF" if "1.xmp" in name and "DSC" not in name else "DSC_1.NEF")
    raw.write_bytes(jpeg(*FIRST))
    sidecar = folder / name
    sidecar.write_text(XMP)
    assert exif.release(sidecar, exif.of_release(sidecar)) == exif.release(raw, exif.of_release(raw))
    assert exif.spot(sidecar) == exif.spot(raw)


def test_a_counter_that_begins_anew_is_another_release(start, folder, server, eventually):
    """DSC_0001 once more over the old one, after 9999: the same name in the same folder."""
    start()
    (folder / "DSC_0001.NEF").write_bytes(jpeg(*FIRST))
    assert eventually(lambda: len(server.taken) == 1)
    (folder / "DSC_0001.NEF").write_bytes(jpeg(*LATER, colour=9))
    assert eventually(lambda: len(server.taken) == 2)
    assert len({taken.release for taken in server.taken}) == 2


def test_the_same_content_under_a_new_name_is_asked_for_and_not_sent(start, folder, server, eventually):
    start()
    (folder / "A.NEF").write_bytes(tiff(noise(9_000)))
    assert eventually(lambda: len(server.taken) == 1)
    (folder / "A.NEF").rename(folder / "Ada-1.NEF")
    assert eventually(lambda: len(server.asked) == 2)
    time.sleep(0.2)
    assert server.names == ["A.NEF"]


# processes


@pytest.fixture
def tether(folder, tmp_path, server):
    """tether(): the agent in a process of its own; killed at the end."""
    running = []

    def begin(journal="one.sqlite", *more, **how):
        where = ["--folder", str(folder), "--journal", str(tmp_path / journal), "--quiet", "0.3"]
        command = [
            sys.executable,
            "-m",
            "tethering.cli",
            "--server",
            server.url,
            "--key",
            "right-key",
            *where,
        ]
        running.append(subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, **how))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("journals", [("one.sqlite", "one.sqlite"), ("one.sqlite", "two.sqlite")])
def test_two_agents_in_processes_of_their_own_lose_nothing_and_agree(tether, folder, server, journals):
    """On one journal or on two; what both have sent is one shot to the server, by its content."""
    for index in range(8):
        (folder / f"{index}.NEF").write_bytes(tiff(noise(9_000)))
    agents = [tether(journal, "--once") for journal in journals]
    assert [agent.wait(30) for agent in agents] == [0, 0]
    assert server.names[0] == "0.NEF"
    assert len({taken.sha256 for taken in server.taken}) == 8


def test_an_agent_killed_while_a_file_is_on_its_way_sends_it_once(tether, folder, server, eventually):
    server.slowness = 0.8
    (folder / "A.NEF").write_bytes(tiff(noise(9_000)))
    first = tether()
    assert eventually(lambda: server.most_at_once)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert eventually(lambda: server.names == ["A.NEF"])  # it was over there; nobody heard the answer
    server.slowness = 0.0
    assert tether("one.sqlite", "--once").wait(30) == 0
    assert server.names == ["A.NEF"]


# the file system says no


def without_privilege():
    """In the child: root may read everything, unless two capabilities are taken from all it can have."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def test_a_file_that_may_not_be_read_is_taken_once_it_may(tether, folder, server, eventually):
    closed = folder / "A.NEF"
    closed.write_bytes(tiff(noise(9_000)))
    closed.chmod(0)
    tether("one.sqlite", preexec_fn=without_privilege if ROOT else None)
    (folder / "B.NEF").write_bytes(tiff(noise(9_000)))
    assert eventually(lambda: server.names == ["B.NEF"], 15)
    time.sleep(0.5)
    assert server.names == ["B.NEF"]
    closed.chmod(0o600)
    assert eventually(lambda: server.names == ["A.NEF", "B.NEF"], 15)


def mount(place):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "share", str(place)], check=True)


def unmount(place):
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def may_mount(place):
    """Root alone does not do: a container may be kept from it."""
    try:
        mount(place)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
    return True


def test_a_share_that_goes_away_leaves_its_empty_mount_point_and_is_watched_again(folder, eventually, caplog):
    """The folder is there all the time; what lies under its name is another one."""
    if not may_mount(folder):
        pytest.skip("nothing can be mounted here")
    noticed = []
    watch = Watch(folder, lambda path: noticed.append(path.name))
    watch.sweep_seconds = 0.1
    try:
        watch.start()
        (folder / "A.NEF").write_bytes(b"x")
        assert eventually(lambda: "A.NEF" in noticed)
        unmount(folder)
        mount(folder)  # between two sweeps: nobody can tell, and the sweep finds what comes
        (folder / "B.NEF").write_bytes(b"x")
        assert eventually(lambda: "B.NEF" in noticed)
        unmount(folder)
        assert eventually(lambda: caplog.text.count("started again") == 1)
        mount(folder)
        assert eventually(lambda: caplog.text.count("started again") == 2)
        watch.sweep_seconds = 30.0
        time.sleep(0.5)
        (folder / "C.NEF").write_bytes(b"x")
        assert eventually(lambda: "C.NEF" in noticed, 1.0)  # by an event: no sweep is due
    finally:
        watch.stop()
        unmount(folder)


def test_what_a_full_disk_kept_out_of_the_journal_is_written_with_the_next_answer(tmp_path, caplog):
    journal = Journal(tmp_path / "journal.sqlite")
    (pages,) = journal._base.execute("pragma page_count").fetchone()
    journal._base.execute(f"pragma max_page_count = {pages}")  # SQLite's own "database or disk is full"
    entries = [Entry(Path(f"/hot/{n}.NEF"), Stamp(n, n, n), f"{n:064d}" * 60, "received") for n in range(5)]
    for entry in entries[:4]:
        journal.write(entry)
    assert "disk is full" in caplog.text
    journal._base.execute("pragma max_page_count = 100000")
    journal.write(entries[4])
    journal.close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as base:
        assert base.execute("select count(*) from offered").fetchone() == (5,)
