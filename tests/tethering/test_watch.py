import os
import shutil
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from camera_files import noise, tiff
from watchdog.events import (
    DirCreatedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileOpenedEvent,
)

from tethering import agent as agent_room
from tethering.mounts import is_remote
from tethering.watch import Watch, _Hints


def of(kind, *names):
    """of(kind, *names)(folder): that event for these names in the folder, in bytes where a name is bytes."""

    def placed(folder, name):
        if not name:
            return ""
        return os.fsencode(folder) + b"/" + name if isinstance(name, bytes) else str(folder / name)

    return lambda folder: kind(*(placed(folder, name) for name in names))


created, modified = partial(of, FileCreatedEvent), partial(of, FileModifiedEvent)
opened, closed = partial(of, FileOpenedEvent), partial(of, FileClosedEvent)
moved, deleted = partial(of, FileMovedEvent), partial(of, FileDeletedEvent)

pytestmark = [
    pytest.mark.timeout(40),
    # watchdog's own race where folders are made one in the other; it overwrites a callback by its equal
    pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning"),
]


@pytest.fixture
def watched(folder):
    """watched(): a Watch on the folder, and the names that it noticed."""
    running = []

    def begin(watch_type=Watch, sweep=0.2, **more):
        noticed = []
        watch = watch_type(folder, lambda path: noticed.append(path.name), **more)
        watch.sweep_seconds = sweep
        watch.start()
        running.append(watch)
        time.sleep(0.3)
        return watch, noticed

    yield begin
    for watch in running:
        watch.stop()


class Deaf(Watch):
    """No event ever comes: what a network share does."""

    def hint(self, path):
        pass


def test_the_sweep_finds_what_no_event_told(watched, folder, eventually):
    _, noticed = watched(Deaf)
    (folder / "A.NEF").write_bytes(b"x")
    (folder / "S" / "T").mkdir(parents=True)
    (folder / "S" / "T" / "B.NEF").write_bytes(b"x")
    assert eventually(lambda: sorted(set(noticed)) == ["A.NEF", "B.NEF"])


def test_a_file_that_does_not_change_is_noticed_once_by_the_sweep(watched, folder, eventually):
    _, noticed = watched(Deaf, sweep=0.05)
    (folder / "A.NEF").write_bytes(b"x")
    assert eventually(lambda: noticed)
    time.sleep(0.4)
    assert noticed == ["A.NEF"]
    (folder / "A.NEF").write_bytes(b"longer")
    assert eventually(lambda: noticed == ["A.NEF", "A.NEF"])


def test_events_come_long_before_the_next_sweep(watched, folder, eventually):
    _, noticed = watched(sweep=30.0)
    (folder / "A.NEF").write_bytes(b"x")
    assert eventually(lambda: "A.NEF" in noticed, 1.0)


def test_a_dead_emitter_is_noticed_and_replaced(watched, folder, eventually, caplog):
    watch, noticed = watched()
    for emitter in watch._observer.emitters:
        emitter.stop()
    assert eventually(lambda: "started again" in caplog.text)
    watch.sweep_seconds = 30.0
    time.sleep(0.5)
    (folder / "A.NEF").write_bytes(b"x")
    assert eventually(lambda: "A.NEF" in noticed, 1.0)


def test_a_folder_deleted_and_made_again_is_watched_again(watched, folder, eventually, caplog):
    watch, noticed = watched()
    shutil.rmtree(folder)
    assert eventually(lambda: "is away" in caplog.text)
    folder.mkdir()
    assert eventually(lambda: "started again" in caplog.text)
    watch.sweep_seconds = 30.0
    time.sleep(0.5)
    (folder / "A.NEF").write_bytes(b"x")
    assert eventually(lambda: "A.NEF" in noticed, 1.0)


def test_links_out_of_the_folder_are_not_followed(watched, folder, outside, eventually, caplog):
    caplog.set_level("INFO")
    (outside / "A.NEF").write_bytes(b"x")
    (folder / "link.NEF").symlink_to(outside / "A.NEF")
    (folder / "tree").symlink_to(outside)
    (folder / "circle").symlink_to(folder)
    _, noticed = watched()
    (folder / "B.NEF").write_bytes(b"x")
    assert eventually(lambda: "B.NEF" in noticed)
    time.sleep(0.4)
    assert set(noticed) == {"B.NEF"}
    assert caplog.text.count("link.NEF is a link") == 1


def test_private_folders_are_not_entered_and_odd_ones_are(watched, folder, eventually):
    _, noticed = watched()
    for name in ("@eaDir", ".thumbs", "CaptureOne", "tour.tmp"):
        (folder / name).mkdir()
        (folder / name / f"{name}.NEF").write_bytes(b"x")
    assert eventually(lambda: noticed)
    time.sleep(0.4)
    assert set(noticed) == {"tour.tmp.NEF"}


def test_a_burst_of_files_is_noticed_in_full(watched, folder, eventually):
    _, noticed = watched(sweep=1.0)
    for index in range(30_000):
        (folder / f"{index}.NEF").touch()
    assert eventually(lambda: len(set(noticed)) == 30_000, 30.0)


TABLE = {
    "slow write in place": [created("A.NEF"), opened("A.NEF"), modified("A.NEF"), closed("A.NEF")],
    "opened and closed twice": [created("A.NEF"), closed("A.NEF"), opened("A.NEF"), closed("A.NEF")],
    "temporary name, then its own": [created("A.NEF.tmp"), closed("A.NEF.tmp"), moved("A.NEF.tmp", "A.NEF")],
    "moved in, or hard-linked: created alone": [created("A.NEF")],
    "put in place of another": [created("A.NEF"), created("A.NEF")],
    "gphoto2: moved and touched": [moved("A.tmp", "A.NEF"), modified("A.NEF")],
    "polling, renamed: created alone": [created("A.NEF")],
    "polling, slow write: never closed": [created("A.NEF"), modified("A.NEF"), modified("A.NEF")],
    "moved out of a folder that nobody watches": [moved("", "A.NEF")],
    "bytes for a name": [created(b"A.NEF")],
}


@pytest.mark.parametrize("row", TABLE)
def test_whatever_events_a_platform_sends_the_file_is_noticed(folder, row):
    """The event table, played to the handler by no observer at all."""
    noticed = []
    hints = _Hints(Watch(folder, lambda path: noticed.append(path.name)))
    (folder / "A.NEF").write_bytes(b"x")
    for event in TABLE[row]:
        hints.on_any_event(event(folder))
    assert set(noticed) == {"A.NEF"}


@pytest.mark.parametrize("row", [[deleted("A.NEF")], [opened("A.NEF")], [moved("A.NEF", "A.NEF.tmp")]])
def test_what_says_of_no_new_bytes_is_not_noticed(folder, row):
    noticed = []
    hints = _Hints(Watch(folder, noticed.append))
    for event in row:
        hints.on_any_event(event(folder))
    assert noticed == []


def test_of_fifty_folders_made_at_once_one_event_each_is_enough(folder):
    noticed = []
    hints = _Hints(Watch(folder, lambda path: noticed.append(path.name)))
    for index in range(50):
        (folder / str(index)).mkdir()
        (folder / str(index) / f"{index}.NEF").write_bytes(b"x")
        hints.on_any_event(DirCreatedEvent(str(folder / str(index))))
    assert len(noticed) == 50


def test_polling_sees_a_rename_and_a_slow_write(watched, folder, eventually):
    watch, noticed = watched(polling=True, sweep=0.1)
    assert watch._observer is None
    (folder / "A.NEF.part").write_bytes(b"x")
    (folder / "A.NEF.part").rename(folder / "A.NEF")
    assert eventually(lambda: noticed == ["A.NEF"])
    with (folder / "B.NEF").open("wb") as file:
        for _ in range(3):
            file.write(b"more")
            file.flush()
            time.sleep(0.3)
    assert eventually(lambda: noticed.count("B.NEF") >= 3)


MOUNTED = """\
/dev/sda1 / ext4 rw 0 0
//nas/studio /mnt/studio\\040share cifs rw 0 0
/dev/sdb1 /mnt/studio\\040share/card exfat rw 0 0
sshfs#host /home/remote fuse.sshfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("/mnt/studio share/hot", True),
        ("/mnt/studio share/card/hot", False),
        ("/mnt/studio", False),
        ("/home/remote/hot", True),
        ("/srv/hot", False),
        (r"\\nas\studio\hot", True),
        ("//nas/studio/hot", True),
    ],
)
def test_a_share_is_recognised_by_what_is_mounted_or_by_its_name(tmp_path, path, remote):
    (tmp_path / "mounts").write_text(MOUNTED)
    assert is_remote(Path(path), tmp_path / "mounts") is remote


def test_where_nobody_says_what_is_mounted_a_folder_counts_as_local(tmp_path):
    assert is_remote(Path("/mnt/nas"), tmp_path / "none") is False


def test_a_share_is_looked_through_often_without_being_asked(folder, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr("tethering.watch.is_remote", lambda _: True)
    watch = Watch(folder, print)
    assert (watch.polling, watch.sweep_seconds) == (True, 0.4)
    assert "is on another machine" in caplog.text


# what only the agent sees


def test_a_file_that_is_closed_to_us_is_tried_again(start, server, eventually, monkeypatch, caplog):
    honest, refusals = agent_room.watch_on, [1, 2]

    def reluctant(*arguments):
        if refusals:
            refusals.pop()
            raise PermissionError(13, "Permission denied")
        return honest(*arguments)

    monkeypatch.setattr(agent_room, "watch_on", reluctant)
    monkeypatch.setattr("tethering.watch.SWEEP_SECONDS", 0.2)
    (start().folder / "A.NEF").write_bytes(tiff(noise(9_000)))
    assert eventually(lambda: server.names == ["A.NEF"])
    assert caplog.text.count("A.NEF cannot be read (Permission denied)") == 1


def test_two_agents_on_one_folder_deliver_each_file(start, folder, server, eventually):
    start()
    start()
    for index in range(6):
        (folder / f"{index}.NEF").write_bytes(tiff(noise(9_000)))
    assert eventually(lambda: len({taken.sha256 for taken in server.taken}) == 6)


def test_files_that_vanish_and_come_while_others_upload_are_all_taken(start, folder, server, eventually):
    server.slowness = 0.02
    start()
    writers = [
        threading.Thread(
            target=lambda first: [
                (folder / f"{first + index}.NEF").write_bytes(tiff(noise(3_000))) for index in range(40)
            ],
            args=(number * 100,),
        )
        for number in range(3)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert eventually(lambda: len(server.taken) == 120, 20)
