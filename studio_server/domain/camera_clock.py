"""A camera's clock beside the studio's: how far it is off is measured by when its shots appear.

A tethered shot appears some seconds after its capture, never before it. So of the lags between the two the
smallest that several shots agree on is the clock's offset; what was carried over on a card has lags that
scatter as widely as its captures do, and measures nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

ZERO = timedelta(0)
AGREE = timedelta(seconds=10)
"""Lags of one clock differ by no more: a slow cable, a large file. Nearer to right than this is right."""
EARLY = timedelta(seconds=2)
"""A shot may seem to appear so long before its capture: cameras write whole seconds."""
FEWEST = 3
APART = timedelta(seconds=20)
"""Between the first and the last of those that agree: the shots of one burst agree by themselves."""
ASTRAY = timedelta(minutes=75)
"""As far as an unknown clock is taken to be off: nobody set it to summer time, and it drifted since."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Sighting:
    captured_at: datetime
    """By the camera's clock, with a zone."""
    appeared_at: datetime

    @property
    def lag(self) -> timedelta:
        return self.appeared_at - self.captured_at


@dataclass(frozen=True)
class Taken:
    at: datetime
    """By the studio's clock, as far as is known."""
    or_else: tuple[Span, ...] = ()
    """When it may have been instead; empty: the time is sure."""


def offsets(sightings: Iterable[Sighting]) -> tuple[timedelta, ...]:
    """Return what is to be added to this camera's times: more than one where its clock was set meanwhile."""
    rest, found = sorted(sightings, key=lambda one: one.lag), []
    while rest:
        first = rest[0].lag
        group = [one for one in rest if one.lag <= first + AGREE]
        times = [one.captured_at for one in group]
        agreed = len(group) >= FEWEST and max(times) - min(times) >= APART
        if agreed:
            found.append(ZERO if abs(first) <= AGREE else first)
        rest = rest[len(group) if agreed else 1 :]
    return tuple(found)


def reckon(captured: datetime, appeared: datetime | None, known: Iterable[timedelta], now: datetime) -> Taken:
    """Say when a shot was taken; `known` are its camera's offsets, `appeared` is None for what came late.

    All times have a zone. Nothing is captured after it appeared, and what appears within seconds of its
    capture is from a clock that is right.
    """
    latest = (appeared or now) + EARLY
    possible = [offset for offset in known if captured + offset <= latest]
    if appeared is None:
        return _one_of(captured, possible) if possible else _unknown(captured, now)
    lag = appeared - captured
    if fits := [offset for offset in possible if lag - offset <= AGREE]:
        return Taken(captured + max(fits))
    if -EARLY <= lag <= AGREE:
        return _one_of(captured, [ZERO, *possible])
    if possible:
        return _one_of(captured, possible)
    return _unknown(captured, appeared, (appeared, appeared))


def _one_of(captured: datetime, possible: list[timedelta]) -> Taken:
    first, *others = (captured + offset for offset in possible)
    return Taken(first, tuple((other, other) for other in others))


def _unknown(captured: datetime, latest: datetime, *more: Span) -> Taken:
    end = min(captured + ASTRAY, latest)
    around = ((captured - ASTRAY, end),) if captured - ASTRAY <= end else ()
    return Taken(captured, (*around, *more))
