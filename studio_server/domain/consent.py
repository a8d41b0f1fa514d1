"""Consent: what the client agreed to, purpose by purpose, in the words that they saw.

Records are appended and never edited; what counts for a purpose is the newest record.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from studio_server.domain.errors import ConsentMissing
from studio_server.domain.session import SessionId

NOTICE_VERSION = "2026-11.3"


class Purpose(StrEnum):
    PROOFING = "proofing"
    FACES = "faces"
    FITTING = "fitting"
    GENERATION = "generation"
    SYNTHETIC = "synthetic"
    """Asked for only where the base can do it; it needs the three before it too."""


NOTICE: dict[Purpose, str] = {
    Purpose.PROOFING: (
        "Show my photographs on this tablet and to my photographer, so that we can choose together."
    ),
    Purpose.FACES: (
        "Find and measure my face in my photographs (this is biometric data), to frame and to check pictures."
    ),
    Purpose.FITTING: (
        "Fit a model to my picks on this studio's own machine. "
        "It belongs to my session and is erased with it."
    ),
    Purpose.GENERATION: (
        "Make pictures of me in the contexts that I choose; my face and hair stay as photographed."
    ),
    Purpose.SYNTHETIC: (
        "Fit a second model, of my face, and make whole pictures of me. Nothing in them is photographed: "
        "my face is generated too, and each picture says so. This model is erased with my session."
    ),
}
WHOLE_PICTURES = frozenset({Purpose.FACES, Purpose.FITTING, Purpose.GENERATION, Purpose.SYNTHETIC})
"""What has to be live for the synthetic lane: without measuring the face nothing could say whose it is."""


def offered(*, synthetic: bool) -> tuple[Purpose, ...]:
    """What a client is asked. `synthetic`: whether the base in use can make whole pictures of a person."""
    return tuple(one for one in Purpose if synthetic or one is not Purpose.SYNTHETIC)


class ConsentEvent(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class ConsentRecord:
    id: str
    session_id: SessionId
    event: ConsentEvent
    purposes: frozenset[Purpose]
    notice: str
    """The exact text that was shown."""
    notice_sha256: str
    language: str
    signed_name: str
    signature: str
    """sha256 of the drawn signature (PNG) in the blob store; empty for a withdrawal."""
    at: datetime
    until: datetime


def allowed(records: Iterable[ConsentRecord], now: datetime) -> frozenset[Purpose]:
    """The purposes that are live at `now`, from records in the order in which they were made."""
    live: frozenset[Purpose] = frozenset()
    for record in records:
        if record.event is ConsentEvent.WITHDRAWN:
            live -= record.purposes
        elif now < record.until:
            live |= record.purposes
        else:
            live -= record.purposes
    return live


def whole_pictures(records: Iterable[ConsentRecord], now: datetime) -> bool:
    return allowed(records, now) >= WHOLE_PICTURES


def require(records: Iterable[ConsentRecord], purpose: Purpose, now: datetime) -> None:
    if purpose not in allowed(records, now):
        msg = f"The client has not agreed to this: “{NOTICE[purpose]}” Ask them on the consent page."
        raise ConsentMissing(msg)
