"""`studio demo --headless`: plays the session, holds it against its floors, and leaves the report always."""

import json
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_server.demo.floors import missed
from studio_server.demo.player import FORESEEN, play, sentence
from studio_server.demo.sheet import draw_sheet
from studio_server.demo.stage import DemoFailed, Stage, as_it_stands

Json = dict[str, Any]
Say = Callable[[str], None]
INTERRUPTED = 130


@dataclass(frozen=True)
class Leaves:
    """Where the report and the contact sheet go; without a file, the report is printed."""

    report: Path | None
    sheet: Path | None
    say: Say

    def report_of(self, found: Json) -> Json:
        """Write the report as it stands, with `missed`: a sentence for each floor that it does not reach."""
        told = as_it_stands(found)
        told["missed"] = missed(told)
        text = json.dumps(told, indent=2, default=str)
        if self.report:
            self.report.parent.mkdir(parents=True, exist_ok=True)
            self.report.write_text(text + "\n")
            self.say(f"Report: {self.report}")
        else:
            self.say(text)
        return told

    @contextmanager
    def what_breaks(self) -> Iterator[None]:
        """For what comes before the play: what breaks there stands in a report, too."""
        try:
            yield
        except Exception as error:
            if self.report:
                self.report_of({"error": str(error)})
            raise


def play_to_the_end(stage: Stage, watch: Callable[[Callable[[], bool]], int], leaves: Leaves) -> int:
    """Return the exit status: 0 only if the whole session was played and every floor is reached.

    `watch` keeps the server's processes alive until what it is given is true, and returns their own status.
    """
    found: Json = {}
    playing = threading.Thread(target=_play, args=(stage, found), daemon=True, name="play")
    playing.start()
    status = watch(lambda: not playing.is_alive())
    if playing.is_alive():
        found["error"] = "The studio ended before the session did: it was interrupted, or a part of it died."
        status = status or INTERRUPTED
    told = leaves.report_of(found)
    judged, drawn = _judged(told, leaves.say), _drawn(stage, told, leaves)
    return status or judged or drawn


def _play(stage: Stage, found: Json) -> None:
    try:
        play(stage, found=found)
    except DemoFailed as failure:
        found["error"] = str(failure)
        if not isinstance(failure.__cause__, FORESEEN):
            found["traceback"] = traceback.format_exception(failure.__cause__)


def _judged(told: Json, say: Say) -> int:
    """Say what went wrong; floors that were never reached because of an error are for the report alone."""
    sentences = [told["error"]] if "error" in told else told["missed"]
    for one in sentences:
        say(one)
    return 1 if sentences else 0


def _drawn(stage: Stage, told: Json, leaves: Leaves) -> int:
    if leaves.sheet is None or "variations" not in told:
        return 0
    try:
        draw_sheet(stage, told, leaves.sheet)
    except (OSError, ValueError) as error:
        leaves.say(f"The contact sheet could not be drawn: {sentence(error)}")
        return 1
    leaves.say(f"Contact sheet: {leaves.sheet}")
    return 0
