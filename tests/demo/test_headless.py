"""The headless demo's judgement and what it leaves: always a report, and an honest exit status."""

import json
import threading
from pathlib import Path

import pytest
from demo_fakes import say, serving

from studio_server.demo import headless, player
from studio_server.demo.headless import Leaves, play_to_the_end
from studio_server.demo.stage import DemoFailed, Stage, timed
from studio_server.demo.visitors import Refused


def stage(tmp_path, base="http://127.0.0.1:9", said=None):
    heard = [] if said is None else said
    return Stage(base, "secret", tmp_path / "hot", tmp_path, None, tmp_path / "out", heard.append)


def watch(until):
    while not until():
        threading.Event().wait(0.01)
    return 0


@pytest.fixture
def ended(tmp_path, monkeypatch):
    """ended(act, watch) -> exit status, report, what was said: a play whose one act is `act`."""

    def run(act, watched=watch, sheet=None):
        said = []
        monkeypatch.setattr(player, "_play", lambda _stage, _after, found: act(found))
        leaves = Leaves(tmp_path / "new" / "r.json", sheet, said.append)
        status = play_to_the_end(stage(tmp_path), watched, leaves)
        return status, json.loads((tmp_path / "new" / "r.json").read_text()), said

    return run


def test_a_session_that_reaches_its_floors_ends_with_0(ended, monkeypatch):
    monkeypatch.setattr(headless, "missed", lambda _report: [])
    status, report, _ = ended(lambda found: found.update(approved=3))
    assert (status, report["missed"], report["approved"]) == (0, [], 3)
    assert not report.keys() & {"error", "running", "broken_off", "traceback"}


def test_each_missed_floor_is_said_and_the_exit_status_is_1(ended, monkeypatch):
    monkeypatch.setattr(headless, "missed", lambda report: [f"{report['approved']} is too few.", "So is 2."])
    status, report, said = ended(lambda found: found.update(approved=1))
    assert status == 1
    assert report["missed"] == ["1 is too few.", "So is 2."] == said[-2:]


@pytest.mark.parametrize(
    ("error", "sentence", "foreseen"),
    [
        (DemoFailed("Waited in vain."), "Waited in vain.", True),
        (Refused("No entry.", 403), "No entry.", True),
        (KeyError("likeness"), "The demo itself broke, which nobody foresaw: KeyError: 'likeness'.", False),
    ],
)
def test_whatever_breaks_stands_in_the_report_with_the_timings_so_far(ended, error, sentence, foreseen):
    def act(found):
        found["seconds"]["shoot"] = 12.5
        raise error

    status, report, said = ended(act)
    assert (status, report["error"], said[-1]) == (1, sentence, sentence)
    assert report["seconds"]["shoot"] == 12.5
    assert report["seconds"]["session"] >= 0
    assert report["missed"]
    assert ("traceback" in report) is not foreseen


@pytest.mark.parametrize(("own_status", "status"), [(0, 130), (1, 1)])
def test_a_studio_that_ends_first_leaves_a_report_too(ended, own_status, status):
    over = threading.Event()

    def act(found):
        found["approved"] = 3
        found["seconds"]["shoot"] = 2.0
        with timed(found, "develop"):
            over.wait(10)

    found_status, report, _ = ended(act, lambda _until: threading.Event().wait(0.1) or own_status)
    over.set()
    assert found_status == status
    assert report["approved"] == 3
    assert report["seconds"]["shoot"] == 2.0
    assert report["seconds"]["session"] >= report["seconds"]["develop"] >= 0.05
    assert report["broken_off"] == ["session", "develop"]
    assert "ended before the session did" in report["error"]


def test_a_sheet_that_cannot_be_drawn_does_not_cost_the_report(ended, monkeypatch, tmp_path):
    monkeypatch.setattr(headless, "missed", lambda _report: [])
    made = {"accepted": True, "context_title": "Loft", "file": str(tmp_path / "gone.jpg")}
    status, report, said = ended(lambda found: found.update(variations=[made]), sheet=tmp_path / "sheet.jpg")
    assert status == 1
    assert report["missed"] == []
    assert "contact sheet could not be drawn" in said[-1]


def test_a_studio_that_does_not_start_is_reported(tmp_path):
    with pytest.raises(RuntimeError), Leaves(tmp_path / "r.json", None, print).what_breaks():
        raise RuntimeError("Redis is not there.")
    assert json.loads((tmp_path / "r.json").read_text())["error"] == "Redis is not there."


def test_without_a_file_the_report_is_printed_as_json():
    said = []
    Leaves(None, None, said.append).report_of({"seconds": {"session": 1.0}})
    assert json.loads(said[0])["seconds"] == {"session": 1.0}


def test_the_camera_alone_says_what_went_wrong_in_one_sentence(tmp_path):
    said = []
    player.shoot_only(stage(tmp_path, said=said))  # nobody listens on the discard port
    assert len(said) == 1
    assert said[0].startswith("The camera has stopped. The studio did not answer as it should: ")


def test_the_camera_alone_says_that_a_folder_has_no_pictures(tmp_path, monkeypatch):
    def begin(stage, found):
        raise FileNotFoundError("There is no picture in here: name a folder.")

    said = []
    monkeypatch.setattr(player, "_begin", begin)
    player.shoot_only(stage(tmp_path, said=said))
    assert said == ["The camera has stopped. There is no picture in here: name a folder."]


def test_a_login_that_is_refused_is_the_servers_sentence(tmp_path):
    answer = json.dumps({"error": "Too many tries. Wait a minute."}).encode()
    with serving(lambda handler: say(handler, 429, answer)) as base, pytest.raises(DemoFailed) as failure:
        player.play(stage(tmp_path, base))
    assert str(failure.value) == "Too many tries. Wait a minute."
    assert Path(tmp_path / "hot").exists() is False
