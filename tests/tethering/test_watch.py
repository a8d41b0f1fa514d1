import shutil
import threading
import time

import pytest
from camera_files import noise, tiff

from tethering import agent as agent_room
from tethering.watch import Watch

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
    for index in range(2_000):
        (folder / f"{index}.NEF").touch()
    assert eventually(lambda: len(set(noticed)) == 2_000)


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
