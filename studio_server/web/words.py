"""How the photographer's pages say numbers and states."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from studio_server.domain.delivery import SourceType
from studio_server.domain.ports import JobState
from studio_server.domain.provenance import Finding, Standing
from studio_server.domain.shot import RAW_SUFFIXES, Capture
from studio_server.domain.variation import Measure, context

_VERBS = {
    "develop": "Developing a shot",
    "coach": "Looking at a shot",
    "preview": "First looks",
    "train": "Fitting the session",
    "vary": "Making variations",
    "layers": "Layered TIFF",
    "deliver": "Writing masters",
    "erase": "Erasing",
    "mirror": "Second copy",
}
_HARD_SPACE = "\N{NO-BREAK SPACE}"
_STAGES = ("Proofing", "Picks locked", "Fitted", "Variations ready", "Approved", "Delivered")


def left(seconds: float | None) -> str:
    """In the same words as the client's pages."""
    if seconds is None or seconds <= 0:
        return ""
    if seconds < 50:
        return "less than a minute left"
    return "about a minute left" if seconds < 90 else f"about {round(seconds / 60)} minutes left"


def job_title(job: JobState) -> str:
    return _VERBS.get(job.id.partition("-")[0], "Working")


def place(context_id: str) -> str:
    return context(context_id).title


def stage(number: int) -> str:
    return _STAGES[number]


def moment(at: datetime | None) -> str:
    """Local to the server, which stands in the studio."""
    return f"{at.astimezone():%d %b %Y, %H:%M}" if at else ""


def clock(at: datetime | None) -> str:
    return f"{at.astimezone():%H:%M:%S}" if at else ""


def astray(behind: timedelta) -> str:
    """Say how far a camera's clock is off: 9 min 2 s slow."""
    seconds = abs(round(behind.total_seconds()))
    if not seconds:
        return "right"
    minutes, hours = seconds // 60 % 60, seconds // 3600
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else seconds % 60, "s"))
    said = " ".join(f"{number}{_HARD_SPACE}{unit}" for number, unit in parts if number)
    return f"{said} {'slow' if behind > timedelta(0) else 'fast'}"


def exposure(capture: Capture) -> str:
    """As a photographer says it: 85 mm · 1/200 s · f/2.8 · ISO 400. A line breaks only after a dot."""
    parts = (
        f"{capture.focal_length_mm:g} mm" if capture.focal_length_mm else "",
        _shutter(capture.exposure_seconds),
        f"f/{capture.f_number:g}" if capture.f_number else "",
        f"ISO {capture.iso}" if capture.iso else "",
    )
    joined = " · ".join(part.replace(" ", _HARD_SPACE) for part in parts if part)
    return joined.replace(" ·", f"{_HARD_SPACE}·")


def standing(finding: Finding) -> str:
    return {
        Standing.OURS: "Whole, and ours",
        Standing.ANOTHERS: "Whole, signed by somebody else",
        Standing.CHANGED: "Changed",
        Standing.UNSIGNED: "Not signed",
    }[finding.standing]


def source_type(name: str) -> str:
    """What a picture's IPTC DigitalSourceType means; that of others is shown as it is."""
    return SourceType(name).words if name in set(SourceType) else name


def stamped(iso: str) -> str:
    try:
        return moment(datetime.fromisoformat(iso))
    except ValueError:
        return iso


def figure(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def measure(row: Measure) -> str:
    if row.value is None:
        return f"not measured: {row.why.removeprefix('not measured: ')}" if row.why else "not measured"
    return figure(row.value) + (f" (limit {figure(row.limit)})" if row.limit is not None else "")


def certainty(sure: str) -> str:
    """How far a first guess is to be believed."""
    return {
        "sure": "The picture says so plainly.",
        "fair": "The picture suggests it; please look.",
        "guess": "The picture does not tell; this is only where it usually is.",
    }[sure]


def pixels(width: int, height: int) -> str:
    return f"{width} \N{MULTIPLICATION SIGN} {height}" if width and height else ""


def _shutter(seconds: float | None) -> str:
    if not seconds:
        return ""
    return f"{seconds:g} s" if seconds >= 0.3 else f"1/{round(1 / seconds)} s"


def raws() -> str:
    """Return the suffixes of RAW files, as a file field wants them: browsers know no media type for most."""
    return ",".join(sorted(RAW_SUFFIXES))


FILTERS: dict[str, Callable[..., Any]] = {
    "left": left,
    "job_title": job_title,
    "stage": stage,
    "place": place,
    "moment": moment,
    "clock": clock,
    "astray": astray,
    "exposure": exposure,
    "raws": raws,
    "standing": standing,
    "source_type": source_type,
    "stamped": stamped,
    "figure": figure,
    "measure": measure,
    "pixels": pixels,
    "certainty": certainty,
}
