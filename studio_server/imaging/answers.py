"""What a decoder's child answers, in lines of JSON and in files, and what is made of it.

Nothing that it says is executed, and an answer that is not such as ours are is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from studio_server.domain.plate import Certainty, Estimate, Side
from studio_server.domain.rendition import Origin
from studio_server.domain.shot import Capture, Quality

Answer = Mapping[str, Any]
White = tuple[float, ...]
"""Factors on linear red, green and blue; none: as the camera balanced it."""


@dataclass(frozen=True)
class Look:
    """What one look at a file gives: everything that the contact sheet shows of it."""

    capture: Capture = field(default_factory=Capture)
    reason: str = ""
    """Why the file cannot be developed; empty: it can."""
    quality: Quality | None = None
    proof: bytes = b""
    """JPEG, 2048 px; empty where nothing can be shown."""
    thumbnail: bytes = b""


@dataclass(frozen=True)
class Place:
    """A photograph of a place, ready to be composed with, and what it tells of itself."""

    picture: bytes
    """JPEG: sRGB, right side up, at most 3200 px, without metadata."""
    thumbnail: bytes
    width: int
    height: int
    estimate: Estimate


def grown(found: Look, answer: Answer, place: Path) -> Look:
    """Add one answer. Raises KeyError, TypeError, ValueError or OSError where it is not such as ours are."""
    if "capture" in answer:
        return replace(found, capture=_capture(answer["capture"]))
    if "shown" in answer:
        number = int(answer["shown"])
        proof, thumbnail = ((place / f"{name}{number}.jpg").read_bytes() for name in ("proof", "thumbnail"))
        return replace(found, proof=proof, thumbnail=thumbnail)
    if "quality" in answer:
        told = answer["quality"]
        numbers = (float(told["sharpness"]), float(told["exposure"]), float(told["clipped"]))
        notes = tuple(str(note) for note in told["notes"])
        return replace(found, quality=Quality(*numbers, notes, str(told["gist"])))
    return replace(found, reason=str(answer.get("reason", "")))


def _capture(told: dict[str, Any]) -> Capture:
    taken, iso = told["captured_at"], told["iso"]
    return Capture(
        make=str(told["make"]),
        model=str(told["model"]),
        lens=str(told["lens"]),
        serial=str(told["serial"]),
        captured_at=None if taken is None else datetime.fromisoformat(taken),
        exposure_seconds=_number(told["exposure_seconds"]),
        f_number=_number(told["f_number"]),
        iso=None if iso is None else int(iso),
        focal_length_mm=_number(told["focal_length_mm"]),
        orientation=int(told["orientation"]),
        width=int(told["width"]),
        height=int(told["height"]),
    )


def origin_of(answer: Answer) -> Origin:
    """Raises KeyError, TypeError or ValueError where the answer is not such as ours are."""
    told = answer["origin"]
    return Origin(
        capture=_capture(told["capture"]),
        program=str(told["program"]),
        source=str(told["source"]),
        of_camera=bool(told["of_camera"]),
        composed=bool(told["composed"]),
    )


def place_of(told: Answer, folder: Path) -> Place:
    guessed = told["estimate"]
    estimate = Estimate(
        horizon=float(guessed["horizon"]),
        horizon_sure=Certainty(guessed["horizon_sure"]),
        light=Side(guessed["light"]),
        light_sure=Certainty(guessed["light_sure"]),
        kelvin=int(guessed["kelvin"]),
        kelvin_sure=Certainty(guessed["kelvin_sure"]),
        soft=bool(guessed["soft"]),
    )
    picture, thumbnail = ((folder / name).read_bytes() for name in ("picture.jpg", "thumbnail.jpg"))
    return Place(picture, thumbnail, int(told["width"]), int(told["height"]), estimate)


def _number(told: float | None) -> float | None:
    return None if told is None else float(told)
