"""Folders of Capture One and Lightroom, on the real observer: a move is a decision, and nothing is lost."""

import shutil
import time

import pytest
from camera_files import jpeg, noise, tiff

from tethering.sessions import Names, Place, place_of

pytestmark = [
    pytest.mark.timeout(40),
    # watchdog's own race where folders are made one in the other; it overwrites a callback by its equal
    pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning"),
]


@pytest.fixture
def session(folder):
    """A session as Capture One makes it, below the folder that is watched."""
    made = folder / "2026-11-20 Ada"
    for name in ("Capture", "Selects", "Trash", "Output", "Capture/CaptureOne/Cache/Proxies"):
        (made / name).mkdir(parents=True)
    (made / "2026-11-20 Ada.cosessiondb").write_bytes(b"SQLite format 3")
    return made


def shoot(session, name="A.NEF", folder="Capture"):
    path = session / folder / name
    path.write_bytes(tiff(noise(9_000)))
    return path


def places(server):
    return [place for place, _ in server.moves]


def test_captures_selects_and_trash_are_told_and_settings_left_alone(session, start, server, eventually):
    start()
    shot = shoot(session)
    (session / "Capture/CaptureOne/Cache/Proxies/A.NEF.jpg").write_bytes(jpeg())
    assert eventually(lambda: [(one.name, one.place) for one in server.taken] == [("A.NEF", "capture")])
    assert server.moves == []
    steps = ("Selects", "Capture", "Trash", "Capture", "Selects/Look 2")
    for number, step in enumerate(steps, 1):
        goal = session / step / "A.NEF"
        goal.parent.mkdir(exist_ok=True)
        shot = shot.rename(goal)
        assert eventually(lambda number=number: len(server.moves) == number), step
    assert places(server) == ["selects", "capture", "trash", "capture", "selects"]
    assert server.moves[-1][1] == str(shot)
    assert len(server.taken) == 1


def test_an_export_is_told_to_be_one(session, start, server, eventually):
    start()
    (session / "Output/Web").mkdir()
    (session / "Output/Web/A.jpg").write_bytes(jpeg())
    assert eventually(lambda: [(one.name, one.place) for one in server.taken] == [("A.jpg", "output")])


def test_what_was_moved_while_the_agent_was_down_is_told_when_it_is_back(session, start, server, eventually):
    running = start()
    shot, other = shoot(session), shoot(session, "B.NEF")
    assert eventually(lambda: len(server.taken) == 2)
    time.sleep(0.2)
    running.stop()
    shot.rename(session / "Selects/A.NEF")
    running = start()
    assert eventually(lambda: places(server) == ["selects"])
    time.sleep(0.2)
    running.stop()
    (session / "Selects/A.NEF").rename(shot)  # to a path that the journal knows
    other.rename(session / "Trash/B.NEF")
    running = start()
    assert eventually(lambda: sorted(places(server)) == ["capture", "selects", "trash"])
    time.sleep(0.2)
    running.stop()
    start()
    time.sleep(0.5)
    assert len(server.moves) == 3
    assert len(server.taken) == 2


def test_a_copy_in_selects_counts_and_its_end_counts_too(session, start, server, eventually):
    start(polling=True)
    shot = shoot(session)
    assert eventually(lambda: len(server.taken) == 1)
    time.sleep(0.2)
    copy = session / "Selects/A.NEF"
    shutil.copy2(shot, copy)
    assert eventually(lambda: places(server) == ["selects"])
    time.sleep(0.8)  # only a sweep can tell that it is gone
    copy.unlink()
    assert eventually(lambda: places(server) == ["selects", "capture"])


def test_a_trash_that_is_emptied_and_a_session_that_is_away_tell_nothing(session, start, server, eventually):
    start(polling=True)  # which looks more often
    shot = shoot(session)
    shoot(session, "B.NEF")
    assert eventually(lambda: len(server.taken) == 2)
    shot.rename(session / "Trash/A.NEF")
    assert eventually(lambda: places(server) == ["trash"])
    (session / "Trash/A.NEF").unlink()
    away = session.rename(session.parent.parent / "away")
    time.sleep(1.2)
    away.rename(session)
    time.sleep(1.2)
    assert places(server) == ["trash"]


def test_a_move_that_the_server_could_not_hear_is_told_later(session, start, server, eventually):
    start()
    shot = shoot(session)
    assert eventually(lambda: len(server.taken) == 1)
    server.stop()
    shot.rename(session / "Selects/A.NEF")
    time.sleep(0.8)
    server.start()
    assert eventually(lambda: places(server) == ["selects"])


def test_a_server_that_knows_no_places_still_gets_every_shot(session, start, server, eventually):
    server.knows_places = False
    start()
    shot = shoot(session)
    assert eventually(lambda: len(server.taken) == 1)
    shot.rename(session / "Selects/A.NEF")
    shoot(session, "B.NEF", "Selects")
    assert eventually(lambda: server.names == ["A.NEF", "B.NEF"])


def test_lightrooms_folders(folder, start, server, eventually):
    """Tethered capture: a folder per session and per shot. Auto import: moved away, which deletes nothing."""
    start()
    tethered = folder / "Studio Session" / "Look 1"
    tethered.mkdir(parents=True)
    (tethered / "A.NEF").write_bytes(tiff(noise(9_000)))
    (folder / "B.NEF").write_bytes(tiff(noise(9_000)))
    smart = folder / "Lightroom Catalog Smart Previews.lrdata" / "0"
    smart.mkdir(parents=True)
    (smart / "0F.dng").write_bytes(tiff(noise(9_000)))
    assert eventually(lambda: server.names == ["A.NEF", "B.NEF"])
    time.sleep(0.2)
    (folder / "B.NEF").rename(folder.parent / "B.NEF")  # imported, out of what we see
    (tethered / "A.NEF").rename(tethered.parent / "A.NEF")  # and moved within it
    assert eventually(lambda: server.moves == [("", str(tethered.parent / "A.NEF"))])
    time.sleep(0.3)
    assert server.names == ["A.NEF", "B.NEF"]
    assert len(server.moves) == 1


def test_places_by_name(session, folder):
    for path, place in {
        "Capture/A.NEF": Place.CAPTURE,
        "capture/Look 1/A.NEF": Place.CAPTURE,
        "Favourites/A.NEF": Place.CAPTURE,
        "SELECTS/A.NEF": Place.SELECTS,
        "Trash/x/A.NEF": Place.TRASH,
        "Output/Web/A.jpg": Place.OUTPUT,
        "A.NEF": Place.NOWHERE,
    }.items():
        assert place_of(session / path, folder, Names()) is place, path
    assert place_of(folder / "Selects" / "A.NEF", folder, Names()) is Place.NOWHERE, "no session"
    assert place_of(session / "Selects/A.NEF", session / "Selects", Names()) is Place.NOWHERE, "not below"
    renamed = Names(selects="Auswahl")
    assert place_of(session / "Auswahl/A.NEF", folder, renamed) is Place.SELECTS
