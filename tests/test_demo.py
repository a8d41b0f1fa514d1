"""The whole trip, once: `studio demo --headless` in its own process tree; the tests read what it left."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

PLATE_URI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
URI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

STAGES = {"shoot", "develop", "first look", "fit", "vary", "deliver", "lightroom", "session"}


@dataclass(frozen=True)
class Played:
    report: dict
    data: Path
    output: str


@pytest.fixture(scope="session")
def played(tmp_path_factory) -> Played:
    folder = tmp_path_factory.mktemp("demo")
    report = folder / "r.json"
    command = [sys.executable, "-m", "studio_server", "demo", "--headless", "--report", str(report)]
    command += ["--data", str(folder / "data"), "--sheet", str(folder / "sheet.jpg")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    if shelf := os.environ.get("STUDIO_SHELF_DIR"):
        environment["STUDIO_SHELF_DIR"] = shelf
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return Played(json.loads(report.read_text()), folder / "data", ended.stdout)


pytestmark = pytest.mark.timeout(1300)


def test_every_shot_that_was_written_is_received_and_only_the_cut_one_is_unreadable(played):
    shots = played.report["shots"]
    assert shots["received"] == shots["written"] >= 14
    assert shots["unreadable"] == 1
    assert shots["developed"] == shots["written"] - 1
    assert shots["files_written"] > shots["written"]


def test_proofs_are_timed_for_every_developed_shot(played):
    seconds = played.report["proof_seconds"]
    assert 0 < seconds["p50"] <= seconds["p95"]
    assert seconds["measured"] == played.report["shots"]["developed"]


def test_the_cut_shot_is_listed_with_its_reason_and_refused_as_a_pick(played):
    (cut,) = played.report["cut"]
    assert cut["reason"]
    assert cut["status"] == 409
    assert cut["reason"] in cut["sentence"]


def test_no_floor_is_missed_and_every_stage_is_timed(played):
    assert played.report["missed"] == []
    assert "error" not in played.report
    seconds = played.report["seconds"]
    assert set(seconds) == STAGES
    assert min(seconds.values()) >= 0
    assert seconds["session"] >= max(seconds[stage] for stage in STAGES - {"session"})


def test_the_fit_lowers_the_loss_on_the_pick_that_was_held_out(played):
    fit = played.report["fit"]
    assert fit["heldout_after"] < fit["heldout_before"]
    assert fit["steps"] > 0


def test_enough_variations_are_accepted_and_each_is_as_large_as_its_shot(played):
    accepted = [one for one in played.report["variations"] if one["accepted"]]
    assert len(accepted) >= 12
    assert len({one["context"] for one in accepted}) >= 8
    for one in accepted:
        assert {one["width"], one["height"]} == {3000, 4000}
        assert (one["width"], one["height"]) == (one["shot_width"], one["shot_height"])
        with Image.open(one["file"]) as picture:
            assert picture.size == (one["width"], one["height"])


def test_lightroom_imports_and_stacks_and_a_second_run_changes_nothing(played):
    lightroom, delivered = played.report["lightroom"], played.report["delivered"]
    assert len(delivered) >= 3
    assert lightroom["imported"] == lightroom["stacked"] == len(delivered) == played.report["approved"]
    assert lightroom["second_run_changes"] == 0


def test_originals_are_kept_byte_for_byte(played):
    stored = {path.name for path in (played.data / "blobs").rglob("*") if path.is_file()}
    written = [
        path for path in (played.data / "hot").iterdir() if "-studio-" not in path.name and path.is_file()
    ]
    assert written
    for path in written:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in stored


def test_exiftool_reads_the_masters_without_a_warning(played):
    if shutil.which("exiftool") is None:
        if os.environ.get("CI"):
            pytest.fail("exiftool is missing")
        pytest.skip("exiftool is missing")
    for one in played.report["delivered"]:
        generated = one["source_type"] == URI
        assert generated or one["source_type"] == PLATE_URI
        found = _exiftool("-j", "-a", "-G1", one["file"])
        fields = json.loads(found)[0]
        assert fields["XMP-xmp:Rating"] == 5
        assert ("XMP-iptcExt:AISystemUsed" in fields) == generated
        assert fields["IFD0:Make"]
        assert fields["ICC_Profile:ProfileDescription"]
        warnings = _exiftool("-validate", "-warning", "-a", one["file"]).splitlines()
        assert not [line for line in warnings if "Warning" in line and "[minor]" not in line.lower()], (
            warnings
        )


def _exiftool(*arguments: str) -> str:
    return subprocess.run(["exiftool", *arguments], capture_output=True, text=True, check=True).stdout
