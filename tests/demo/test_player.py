"""The parts of the played session that need no server: what is heard, what is measured, what is drawn."""

import base64
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio_server.demo import report, sheet
from studio_server.demo.camera import Expected, Written
from studio_server.demo.stage import Stage
from studio_server.demo.visitors import drawn_signature

URI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def written(name, completed_at, expected=Expected.GOOD):
    role = "raw" if name.endswith(".DNG") else "picture"
    return Written(Path("/hot") / name, name, role, completed_at, name.rpartition(".")[0], expected)


def shot(number, state="developed"):
    return {"id": f"id-{number}", "file": f"STU_{number}.DNG", "state": state}


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_percentiles_are_those_of_numpy(share):
    values = [0.31, 2.4, 0.9, 1.1, 0.72, 5.0, 0.4]
    assert report.percentile(values, share) == pytest.approx(np.percentile(values, share * 100), abs=1e-3)


def test_percentiles_of_one_value_and_of_none():
    assert report.percentile([0.7], 0.95) == 0.7
    assert report.percentile([], 0.5) is None


def test_a_raw_and_its_companion_are_one_shot_and_two_files():
    files = [written("STU_1.DNG", 1.0), written("STU_1.JPG", 1.2), written("STU_2.DNG", 2.0)]
    found = report.shots(files, [shot(1), shot(2, "unreadable")])
    assert found == {"files_written": 3, "written": 2, "received": 2, "developed": 1, "unreadable": 1}


def test_the_wait_for_a_proof_begins_with_the_first_complete_file():
    files = [written("STU_1.JPG", 10.0), written("STU_1.DNG", 11.0)]
    assert report.proof_seconds(files, [shot(1)], {"id-1": 12.5})["p50"] == pytest.approx(2.5)


def test_only_developed_shots_that_were_heard_are_timed():
    files = [written(f"STU_{number}.DNG", 10.0) for number in (1, 2, 3)]
    seen = [shot(1), shot(2, "unreadable"), shot(3)]
    found = report.proof_seconds(files, seen, {"id-1": 11.0, "id-2": 99.0})
    assert found == {"p50": 1.0, "p95": 1.0, "measured": 1}


def test_a_session_without_a_fit_is_reported_as_nothing_and_not_as_a_zero():
    assert report.fit({"likeness": None})["heldout_after"] is None
    made = {"base": "starter", "steps": 60, "seconds": 41.0, "heldout_before": 0.2, "heldout_after": 0.1}
    made |= {"light_before": 9.0, "light_after": 6.0, "worth": "It helps."}
    assert report.fit({"likeness": {"report": {**made, "more": 1}}}) == made


def test_a_master_is_measured_on_its_bytes():
    data = io.BytesIO()
    packet = f"<rdf:Description><Iptc4xmpExt:DigitalSourceType>{URI}</Iptc4xmpExt:DigitalSourceType>"
    Image.new("RGB", (40, 30)).save(data, "JPEG", xmp=packet.encode())
    claimed = {"laid_path": "", "file": "STU_1-studio-loft-1.jpg", "width": 9, "height": 9, "sha256": "no"}
    assert report.delivered(claimed, data.getvalue()) == {
        "file": "STU_1-studio-loft-1.jpg",
        "width": 40,
        "height": 30,
        "sha256": hashlib.sha256(data.getvalue()).hexdigest(),
        "source_type": URI,
    }


def test_a_master_without_a_source_type_is_reported_so():
    data = io.BytesIO()
    Image.new("RGB", (40, 30)).save(data, "JPEG")
    assert (
        report.delivered({"laid_path": "/hot/m.jpg", "file": "m.jpg"}, data.getvalue())["source_type"] == ""
    )


def test_the_signature_is_a_png_with_ink_on_clear_paper():
    head, _, body = drawn_signature().partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(body))) as paper:
        ink = np.asarray(paper.getchannel("A")) > 0
    assert 0.005 < ink.mean() < 0.2


def test_the_sheet_shows_the_photograph_and_only_what_the_judge_accepted(tmp_path):
    colours = {"STU_1.JPG": (200, 0, 0), "loft.jpg": (0, 200, 0), "street.jpg": (0, 0, 200)}
    for name, colour in colours.items():
        Image.new("RGB", (300, 400), colour).save(tmp_path / name, quality=95)
    Image.new("RGB", (300, 400), "white").save(tmp_path / "STU_1-studio-loft-1.JPG")
    stage = Stage("", "", tmp_path, tmp_path, None, tmp_path, print)
    made = [
        {"context_title": "Loft", "accepted": True, "file": str(tmp_path / "loft.jpg")},
        {"context_title": "Street", "accepted": False, "file": str(tmp_path / "street.jpg")},
    ]
    sheet.draw_sheet(stage, {"variations": made}, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as drawn:
        pixels = np.asarray(drawn.convert("RGB")).astype(int)
    area = sheet.CELL[0] * sheet.CELL[1]
    counts = {
        name: (np.abs(pixels - colour).sum(axis=2) < 30).sum() / area for name, colour in colours.items()
    }
    assert counts["STU_1.JPG"] == pytest.approx(1, abs=0.02)
    assert counts["loft.jpg"] == pytest.approx(1, abs=0.02)
    assert counts["street.jpg"] == 0


def labels(monkeypatch, tmp_path, *made):
    drawn = []
    monkeypatch.setattr(sheet, "_draw", lambda _sheet, _place, label, file: drawn.append((label, file)))
    (tmp_path / "hot").mkdir()
    stage = Stage("", "", tmp_path / "hot", tmp_path, None, tmp_path, print)
    sheet.draw_sheet(stage, {"variations": made}, tmp_path / "sheet.png")
    return drawn


def test_the_sheet_names_places_by_their_titles(monkeypatch, tmp_path):
    made = {"context": "library", "context_title": "Law library", "accepted": True, "file": "a.jpg"}
    assert [label for label, _ in labels(monkeypatch, tmp_path, made)][1:] == ["Composite: Law library"]


def test_the_sheet_shows_a_proof_where_the_camera_wrote_no_jpeg(monkeypatch, tmp_path):
    assert labels(monkeypatch, tmp_path) == [("Photograph", tmp_path / "photograph.jpg")]
