"""A soak: shots arrive while the house is killed in parts, its disk is filled and Redis forgets everything.

python -m tests.soak                                             1,000 shots at 5 a second, ten kills
python -m tests.soak --shots 36 --kills 3 --limit 120            the short form
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.soak.audit import Check, audit
from tests.soak.frames import BODIES, Camera
from tests.soak.house import House, small_disk
from tests.soak.mischief import Mischief, plan

SAY_SECONDS = 5.0
LAST = 6
"""Shots that are not taken before the last mishap has begun."""
ROOM = 160
"""Megabytes that the disk has besides what the shots take."""


say = partial(print, flush=True)


def main() -> int:
    options = _options()
    out = Path(tempfile.mkdtemp(prefix="soak-report-")) if options.log is None else options.log.parent
    log = options.log or out / "studio.log"
    with (
        small_disk(ROOM + options.shots // 4) as (disk, mounted),
        tempfile.TemporaryDirectory(prefix="camera-") as hot,
    ):
        soak = Soak(House(disk, Path(hot), log), options, disk_of_its_own=mounted)
        try:
            soak.house.start()
            report = soak.run()
        finally:
            soak.house.stop()
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    say("\n".join(_told(report, log)))
    return 0 if report["passed"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=5.0, help="shots a second")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=1500.0, help="seconds that all of it may take")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here, too")
    parser.add_argument("--log", type=Path, metavar="FILE", help="what the studio says (default: a new file)")
    return parser.parse_args()


@dataclass
class Soak:
    house: House
    options: argparse.Namespace
    disk_of_its_own: bool

    def run(self) -> dict[str, Any]:
        options = self.options
        seconds = options.shots / options.rate
        deeds = plan(options.kills, seconds, options.seed, disk=self.disk_of_its_own)
        self.camera, self.mischief = Camera(self.house.hot, options.seed), Mischief(self.house, deeds)
        sessions = self._open_sessions()
        self.begun = self.said_at = time.monotonic()
        self.mischief.begin()
        self._shoot()
        shot = time.monotonic() - self.begun
        in_time = self._wait_for_the_tail()
        tail = time.monotonic() - self.begun - shot
        checks = [*self._course(in_time=in_time), *audit(self.house, sessions, self.camera.originals)]
        return {
            "passed": all(check.passed for check in checks),
            "shots": options.shots,
            "files": len(self.camera.files),
            "seconds": {"shooting": round(shot, 1), "tail": round(tail, 1)},
            "rate": round(options.shots / shot, 2),
            "seed": options.seed,
            "mischief": [asdict(done) for done in self.mischief.done],
            "checks": [{**asdict(check), "passed": check.passed} for check in checks],
        }

    def _open_sessions(self) -> dict[str, str]:
        photographer, opened = self.house.photographer(), {}
        for body in BODIES:
            photographer.open_session(f"Client of {body}", photographer.contexts()[:1], body)
            opened[body[-1]] = photographer.session
        return opened

    def _shoot(self) -> None:
        late = 0.0
        for number in range(self.options.shots):
            time.sleep(max(0.0, self.begun + late + number / self.options.rate - time.monotonic()))
            if number == self.options.shots - LAST:
                late = self._wait_for_mischief()
            self.camera.release(number)
            self._say()

    def _wait_for_mischief(self) -> float:
        """On a busy machine it takes longer; a disk that is full while nothing comes would prove nothing."""
        since = time.monotonic()
        while not self.mischief.nearly_over() and time.monotonic() < since + self.options.limit:
            time.sleep(0.05)
        return time.monotonic() - since

    def _wait_for_the_tail(self) -> bool:
        """Everything that is to be done to the house is done, and everything that came is developed."""
        while time.monotonic() < self.begun + self.options.limit:
            if self.mischief.over() and self._come() == (
                len(self.camera.originals),
                len(self.camera.files),
                0,
            ):
                return True
            self._say()
            time.sleep(0.5)
        return False

    def _come(self) -> tuple[int, int, int]:
        """Shots that are developed, files that are there, and facts that are not drained yet."""
        with sqlite3.connect(
            f"file:{self.house.data / 'studio.sqlite'}?mode=ro", uri=True, timeout=30
        ) as base:
            developed = "select count(*) from shots where json_extract(body, '$.state') = 'developed'"
            queries = (
                developed,
                "select count(*) from files",
                "select count(*) from outbox where dispatched = 0",
            )
            counts = [base.execute(query).fetchone()[0] for query in queries]
        return counts[0], counts[1], counts[2]

    def _course(self, *, in_time: bool) -> list[Check]:
        done = self.mischief.done
        kills = [one for one in done if one.what not in ("flush", "disk") and one.bit]
        found = [
            Check("everything came to its end in time", True, in_time),
            Check("mischief went wrong itself", None, self.mischief.error and repr(self.mischief.error)),
            Check("processes killed", self.options.kills, len(kills)),
            Check("Redis forgot everything", 1, sum(one.what == "flush" for one in done)),
        ]
        if self.disk_of_its_own:
            found.append(Check("the disk was full", 1, sum(one.bit for one in done if one.what == "disk")))
        return found

    def _say(self) -> None:
        now = time.monotonic()
        if now < self.said_at + SAY_SECONDS:
            return
        self.said_at = now
        taken, wanted = len(self.camera.originals), self.options.shots
        developed = self._come()[0]
        left = (now - self.begun) / developed * (wanted - developed) if developed else 0.0
        deeds = f"{len(self.mischief.done)} of {len(self.mischief.deeds)} mishaps"
        about = f", about {left:.0f} s left" if developed else ""
        say(f"{taken} of {wanted} shots taken, {developed} developed, {deeds}{about}")


def _told(report: dict[str, Any], log: Path) -> Iterator[str]:
    yield f"\n{'at':>7}  {'what':<14} {'over after':>10}"
    for one in report["mischief"]:
        yield f"{one['at']:6.1f}s  {one['what']:<14} {one['seconds']:9.1f}s{'' if one['bit'] else '  missed'}"
    yield ""
    for check in report["checks"]:
        wanted = "" if check["passed"] else f" (wanted {check['wanted']}) {'; '.join(check['examples'])}"
        yield f"{'ok  ' if check['passed'] else 'FAIL'} {check['what']}: {check['found']}{wanted}"
    seconds, count = report["seconds"], f"{report['shots']} shots, {report['files']} files"
    yield f"\n{count} at {report['rate']} a second; everything developed {seconds['tail']} s after the last."
    yield f"{'Passed' if report['passed'] else 'FAILED'}. What the studio said: {log}"


if __name__ == "__main__":
    sys.exit(main())
