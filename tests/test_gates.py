"""Every layer contract holds, and every one bites: violations are planted in a copy and must be caught."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLANTED = {
    "Dependencies point down only": (
        "studio_server/imaging/render.py",
        "import studio_server.workflow.ingest",
    ),
    "The domain reads top to bottom": ("studio_server/domain/session.py", "import studio_server.domain.shot"),
    "Tethering and the server meet": ("tethering/journal.py", "import studio_server.domain.errors"),
    "The domain imports nothing but": ("studio_server/domain/errors.py", "import flask"),
    "Only engines may import torch": ("studio_server/worker.py", "import torch"),
    "Web calls verbs": ("studio_server/web/wire.py", "import sqlalchemy"),
    "The demo plays people": ("studio_server/demo/report.py", "import studio_server.domain.shot"),
    "Only the composition root": ("studio_server/web/live.py", "import studio_server.settings"),
}


def _lint(folder: Path) -> str:
    tool = Path(sys.executable).with_name("lint-imports")
    command = [str(tool), "--config", "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> str:
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in ("studio_server", "tethering"):
        ignored = shutil.ignore_patterns("__pycache__", "weights", "static", "templates")
        shutil.copytree(ROOT / package, copy / package, ignore=ignored)
    for file, line in PLANTED.values():
        with (copy / file).open("a") as module:
            module.write(f"\n{line}\n")
    return _lint(copy)


def test_the_house_as_it_stands_keeps_every_contract():
    assert re.search(r"Contracts: \d+ kept, 0 broken", _lint(ROOT))


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_is_caught(verdicts, contract):
    assert re.search(rf"^{re.escape(contract)}.* BROKEN$", verdicts, re.MULTILINE), verdicts


def test_no_contract_is_without_its_planted_violation():
    names = re.findall(r'^name = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1:]
    assert all(any(name.startswith(start) for start in PLANTED) for name in names)
