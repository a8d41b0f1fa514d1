"""A session: one client, one sitting."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import NewType, Self

from studio_server.domain.errors import Conflict

SessionId = NewType("SessionId", str)


class Stage(IntEnum):
    """How far a session has come. The rank of a session never falls."""

    PROOFING = 0
    LOCKED = 1
    FITTED = 2
    VARIED = 3
    APPROVED = 4
    DELIVERED = 5


@dataclass(frozen=True)
class ChosenShot:
    context: str
    shot_id: str


@dataclass(frozen=True)
class GreyCard:
    shot_id: str
    """The shot that shows it."""
    white: tuple[float, ...]
    """Factors on linear red, green and blue."""


@dataclass(frozen=True)
class Session:
    id: SessionId
    client_name: str
    contexts: tuple[str, ...]
    camera_serial: str
    """Shots of this camera join the session while it is open; empty: of any camera."""
    opened_at: datetime
    closed_at: datetime | None = None
    days_kept: int = 30
    pick_limit: int = 10
    stage: Stage = Stage.PROOFING
    retouch: int = 0
    """How far blemishes and shine are taken back, 0 to 100: 0 is the person as photographed."""
    clean_plate: str | None = None
    """The shot that shows the empty backdrop; None: there is none."""
    grey_card: GreyCard | None = None
    """By which the session's photographs are balanced; None: as the camera did."""
    chosen: tuple[ChosenShot, ...] = ()
    """The contexts whose shot the photographer chose; the others get the pick that suits them."""

    @property
    def white(self) -> tuple[float, ...]:
        return self.grey_card.white if self.grey_card else ()

    def shot_for(self, context: str) -> str:
        """The shot that the photographer chose for a context; empty: none."""
        return next((one.shot_id for one in self.chosen if one.context == context), "")

    def reached(self, stage: Stage) -> Self:
        return replace(self, stage=max(self.stage, stage))

    def takes(self, serial: str, captured_at: datetime) -> bool:
        """Whether a shot of this camera at this time belongs here."""
        return self.takes_within(serial, captured_at, captured_at)

    def takes_within(self, serial: str, start: datetime, end: datetime) -> bool:
        """Whether a shot of this camera, taken at some time from start to end, may belong here.

        Cameras write whole seconds: one that was taken in the very second of the opening belongs here.
        """
        if self.camera_serial not in ("", serial):
            return False
        return self.opened_at.replace(microsecond=0) <= end and (
            self.closed_at is None or start <= self.closed_at
        )

    def require_open_picks(self) -> None:
        if self.stage >= Stage.LOCKED:
            msg = "The picks of this session are locked. Ask the photographer to open a new session for more."
            raise Conflict(msg)
