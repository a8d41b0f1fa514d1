"""The acts that judge: picking what cannot be read, choosing places, measuring sizes."""

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from demo_fakes import say, serving
from PIL import Image

from studio_server.demo import acts, report
from studio_server.demo.dng import Exposure, dng
from studio_server.demo.stage import DemoFailed, Play, Stage, timed
from studio_server.demo.visitors import Browser, Client, Machine, Photographer, Refused, ticked

CUT = {"id": "cut", "file": "STU_0012.DNG", "state": "unreadable", "reason": "The file ends too early."}
BOXES = """<input type="checkbox" name="contexts" value="library" checked>
<input type="checkbox" class="place" name="contexts" value="studio-grey" id="context-studio-grey" >
<input name="name" value="checked">
<input type="checkbox" name="contexts" value="lobby" id="context-lobby" checked>"""


def playing(base, said=None):
    heard = [] if said is None else said
    here = Path()
    stage = Stage(base, "secret", here, here, None, here, heard.append)
    return Play(stage, Photographer(Browser(base), "s"), Client(Browser(base), "/c/t"), "1234", "key")


def refusing(base, shot=CUT, said=None):
    return acts._must_refuse(playing(base, said), shot)


def answering(status, body):
    return serving(lambda handler: say(handler, status, json.dumps(body).encode()))


def test_a_shot_that_cannot_be_read_is_refused_with_409_and_its_sentence_kept():
    said, sentence = [], "This picture cannot be picked. The file ends too early."
    with answering(409, {"error": sentence}) as base:
        kept = refusing(base, said=said)
    assert kept == {"file": CUT["file"], "reason": CUT["reason"], "status": 409, "sentence": sentence}
    assert said == [f"STU_0012.DNG cannot be picked: {sentence}"]


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422, 500, 503])
def test_any_other_error_is_no_refusal(status):
    with answering(status, {"error": "Something."}) as base, pytest.raises(DemoFailed) as failure:
        refusing(base)
    msg = f"Picking STU_0012.DNG, which cannot be read, was to be answered 409; the answer was {status}"
    assert str(failure.value) == f"{msg}: Something."


def test_a_cut_shot_that_can_be_picked_ends_the_demo():
    with answering(200, {"ok": True}) as base, pytest.raises(DemoFailed, match="yet it could be picked"):
        refusing(base)


def test_a_cut_shot_without_a_reason_ends_the_demo():
    with pytest.raises(DemoFailed, match="no reason is given"):
        refusing("http://127.0.0.1:9", CUT | {"reason": ""})


def sheet_of(kept, sent):
    """The client's sheet, which offers three places, and a door that keeps `kept` of them."""

    def get(handler):
        if "json" in handler.headers.get("Accept", ""):
            say(handler, 200, json.dumps({"contexts": kept}).encode())
        else:
            say(handler, 200, BOXES.encode(), "text/html")

    def post(handler):
        sent.append(handler.path)
        say(handler, 200, b'{"ok": true}')

    return serving(get, post)


def test_the_client_chooses_every_place_through_the_door_of_the_tablet():
    sent, said = [], []
    with sheet_of(["library", "lobby", "studio-grey"], sent) as base:
        acts._choose_places(playing(base, said))
    assert sent == ["/c/t/contexts"]
    assert said == ["The client chose 3 places."]


def test_places_that_the_session_does_not_keep_end_the_demo():
    with sheet_of(["library"], []) as base, pytest.raises(DemoFailed, match="the session has library"):
        acts._choose_places(playing(base))


def test_the_photographer_leaves_the_ticks_as_they_are():
    assert ticked(BOXES) == ["library", "lobby"]


def test_a_machine_that_is_turned_away_is_told_so():
    def get(handler):
        entered = handler.headers["Authorization"] == "Bearer right"
        say(handler, 200 if entered else 401, json.dumps({"error": "Wrong key."}).encode())

    with serving(get) as base:
        assert Machine(base, "right").ask("/api/v1/deliveries") == {"error": "Wrong key."}
        with pytest.raises(Refused, match=re.escape("Wrong key.")) as refusal:
            Machine(base, "wrong").fetch("/api/v1/deliveries/1/file")
    assert refusal.value.status == 401


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (90, 60)), (3, (90, 60)), (6, (60, 90)), (8, (60, 90))]
)
def test_a_raw_is_measured_right_side_up(tmp_path, orientation, size):
    taken = Exposure(datetime(2026, 3, 4, tzinfo=UTC), orientation)
    (tmp_path / "a.dng").write_bytes(dng(np.full((60, 90), 2000, np.uint16), taken, None))
    assert report.raw_size(tmp_path / "a.dng") == size


def test_what_is_no_raw_has_no_size(tmp_path):
    (tmp_path / "a.dng").write_bytes(b"II*\0")
    assert report.raw_size(tmp_path / "a.dng") is None


def test_a_composite_is_measured_on_its_bytes_and_not_on_what_is_said_of_it(tmp_path):
    data = io.BytesIO()
    Image.new("RGB", (30, 40)).save(data, "JPEG")
    (tmp_path / "a.jpg").write_bytes(data.getvalue())
    said = dict.fromkeys(report.KEPT, "") | {"width": 3000, "height": 4000}
    found = report.variation(said, tmp_path / "a.jpg", (3000, 4000))
    assert (found["width"], found["height"]) == (30, 40)
    assert (found["shot_width"], found["shot_height"]) == (3000, 4000)


def test_an_act_that_breaks_is_timed_up_to_there():
    found = {"seconds": {}}
    with pytest.raises(KeyError), timed(found, "fit"):
        raise KeyError
    assert found["seconds"]["fit"] >= 0
