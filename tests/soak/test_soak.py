"""The short form of the soak. The long one is run by hand: python -m tests.soak"""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(240)
@pytest.mark.skipif(sys.platform != "linux", reason="it kills by what Linux knows of processes")
def test_nothing_is_lost_or_doubled_whatever_dies_fills_up_or_forgets(tmp_path):
    short = ["--shots", "30", "--kills", "3", "--limit", "180"]
    files = ["--json", str(tmp_path / "report.json"), "--log", str(tmp_path / "studio.log")]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.soak", *short, *files],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["passed"]
    assert {check["what"]: check["found"] for check in report["checks"]}["rows of shots"] == 30
