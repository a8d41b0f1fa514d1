"""What must be true when everything is over: asked at the doors for people, and of the tables and folders."""

import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_server.demo.visitors import Browser, Refused
from tests.soak.house import House

TIDY_SECONDS = 60.0

Originals = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Check:
    what: str
    wanted: object
    found: object
    examples: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.wanted == self.found


def audit(house: House, sessions: dict[str, str], originals: Originals) -> list[Check]:
    """`sessions`: the session of each body, by the first letter of its stems."""
    return [
        *_sheet(house.photographer().browser, sessions, originals),
        *_tables(house.data / "studio.sqlite", originals),
        *_leftovers(house),
        *_blobs(house.data / "blobs", originals),
        *_journal(house.data / "tethering.sqlite", originals),
    ]


def none(what: str, found: list[str]) -> Check:
    return Check(what, 0, len(found), tuple(found[:3]))


def _sheet(browser: Browser, sessions: dict[str, str], originals: Originals) -> Iterator[Check]:
    seen: list[dict[str, Any]] = []
    for body, session in sessions.items():
        page = browser.ask(f"/sessions/{session}")
        shots = page["shots"]
        yield none(
            f"foreign frames in session {body}",
            [shot["file"] for shot in shots if not shot["file"].startswith(body)],
        )
        seen += shots
        yield Check(f"shots in the unclaimed tray, as session {body} says", 0, page["unclaimed"])
    yield Check("shots on the contact sheets", len(originals), len(seen))
    times = Counter(stem for shot in seen for stem in {name.rpartition(".")[0] for name in shot["files"]})
    yield none("releases on the sheets twice", [stem for stem, many in times.items() if many > 1])
    yield none("releases on no sheet", sorted(originals.keys() - times.keys()))
    yield none(
        "shots that are not developed",
        [f"{shot['file']} {shot['state']} {shot['reason']}" for shot in seen if shot["state"] != "developed"],
    )
    yield none("proofs and thumbnails that no page shows", _unseen(browser, seen))


def _unseen(browser: Browser, shots: list[dict[str, Any]]) -> list[str]:
    missing = []
    for address in (f"/media/shots/{shot['id']}/{size}" for shot in shots for size in ("thumbnail", "proof")):
        try:
            if not browser.fetch(address).startswith(b"\xff\xd8\xff"):
                missing.append(address)
        except Refused as error:
            missing.append(f"{address}: {error}")
    return missing


def _tables(file: Path, originals: Originals) -> Iterator[Check]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as base:
        yield Check("the database is sound", "ok", base.execute("pragma integrity_check").fetchone()[0])
        shots = {key: json.loads(body) for key, body in base.execute("select id, body from shots")}
        files = dict(base.execute("select sha256, shot_id from files"))
        undrained = base.execute("select count(*) from outbox where dispatched = 0").fetchone()[0]
    yield Check("rows of shots", len(originals), len(shots))
    yield none("shots without a file", [key for key, shot in shots.items() if not shot["files"]])
    yield none("files without a shot", [sha for sha, shot in files.items() if shot not in shots])
    told = {file["sha256"]: key for key, shot in shots.items() for file in shot["files"]}
    yield Check("files that shots and table agree on", len(told), len(told.items() & files.items()))
    yield Check("files", sum(map(len, originals.values())), len(files))
    wrong = [
        shot["files"][0]["name"]
        for shot in shots.values()
        if {file["name"]: file["sha256"] for file in shot["files"]}
        != originals.get(shot["files"][0]["name"].rpartition(".")[0])
    ]
    yield none("shots with other files than their release wrote", wrong)
    yield Check("facts not drained", 0, undrained)


def _leftovers(house: House) -> Iterator[Check]:
    """What a killed process was about; the house tidies up after it, in a while."""
    end = time.monotonic() + TIDY_SECONDS

    def left() -> list[str]:
        scratch = [path for path in (house.disk / "tmp").glob("*look*") if path.is_dir()]
        return [path.name for path in (*(house.data / "blobs" / "incoming").iterdir(), *scratch)]

    while left() and time.monotonic() < end:
        time.sleep(0.5)
    yield none("half files and folders that killed processes left", left())


def _blobs(root: Path, originals: Originals) -> Iterator[Check]:
    kept = {path.name: path for path in root.rglob("*") if path.is_file() and path.parent.name != "incoming"}
    wanted = {sha256 for files in originals.values() for sha256 in files.values()}
    yield Check("originals in the store", len(wanted), len(wanted & kept.keys()))
    yield none(
        "stored files whose bytes are not those of their name",
        [name for name, path in kept.items() if hashlib.sha256(path.read_bytes()).hexdigest() != name],
    )


def _journal(file: Path, originals: Originals) -> Iterator[Check]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as base:
        rows = list(base.execute("select path, sha256, outcome from offered"))
    answered = {(Path(path.decode()).name, sha256) for path, sha256, outcome in rows if outcome != "refused"}
    wanted = {(name, sha256) for files in originals.values() for name, sha256 in files.items()}
    yield none("files that the journal has no answer for", [name for name, _ in sorted(wanted - answered)])
    yield none("files that were refused", [str(path) for path, _, outcome in rows if outcome == "refused"])
