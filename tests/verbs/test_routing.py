"""Two bodies whose clocks differ, sitting after sitting, with files that come late: whose shot is it?"""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from verbs_help import jpeg, later

from studio_server.domain.camera_clock import AGREE, Sighting, Taken, offsets, reckon
from studio_server.domain.shot import Place
from studio_server.web import words
from studio_server.workflow import ingest, proofing
from studio_server.workflow.pages import unclaimed_page

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NINE = timedelta(minutes=9)


def seconds(number):
    return timedelta(seconds=number)


def seen(offset, *at, lag=2.0):
    """Sightings of a camera whose clock is `offset` behind, at these seconds by the studio's clock."""
    times = [(NOON + seconds(one), each) for one, each in zip(at, np.broadcast_to(lag, len(at)), strict=True)]
    return [Sighting(time - offset, time + seconds(float(each))) for time, each in times]


@pytest.mark.parametrize("offset", [NINE, -NINE, timedelta(hours=-1)])
def test_a_clock_is_measured_by_three_shots_that_agree(offset):
    (found,) = offsets(seen(offset, 0, 15, 40, lag=[3.0, 1.0, 6.0]))
    assert abs(found - offset) < seconds(2)


@pytest.mark.parametrize(
    "sightings",
    [
        seen(NINE, 0, 15),  # two
        seen(NINE, 0, 1, 2, 3, 4),  # one burst
        seen(NINE, *range(0, 300, 15), lag=[600 - 14 * one for one in range(20)]),  # carried over on a card
    ],
)
def test_what_agrees_on_nothing_measures_nothing(sightings):
    assert offsets(sightings) == ()


def test_a_clock_that_is_right_but_for_the_cable_is_right():
    assert offsets(seen(timedelta(0), 0, 20, 40, lag=4.0)) == (timedelta(0),)


def test_a_clock_that_was_set_has_two_offsets():
    assert len(offsets(seen(NINE, 0, 30, 60) + seen(timedelta(0), 90, 120, 150))) == 2


def test_a_shot_that_appears_at_once_is_from_a_clock_that_is_right():
    assert reckon(NOON, NOON + seconds(3), (), NOON) == Taken(NOON)


def test_a_late_shot_is_corrected_by_what_was_measured():
    assert reckon(NOON, None, [NINE], NOON + 5 * NINE) == Taken(NOON + NINE)
    assert reckon(NOON, NOON + 3 * NINE, [NINE], NOON + 3 * NINE) == Taken(NOON + NINE)


def test_nothing_is_captured_after_it_appeared():
    """The clock was set right since it was measured."""
    assert reckon(NOON, NOON + seconds(2), [NINE], NOON) == Taken(NOON)


def test_of_two_clocks_the_one_that_explains_its_appearing_counts():
    taken = reckon(NOON, NOON + NINE + seconds(3), [timedelta(0), NINE], NOON + NINE)
    assert taken == Taken(NOON + NINE)


@given(
    st.integers(-4000, 4000),
    st.none() | st.integers(-4000, 4000),
    st.lists(st.integers(-4000, 4000), max_size=3),
)
def test_a_sure_time_is_never_after_the_shot_appeared(captured, appeared, known):
    at = NOON + seconds(captured)
    came = None if appeared is None else NOON + seconds(appeared)
    now = NOON + seconds(4000)
    taken = reckon(at, came, [seconds(one) for one in known], now)
    if not taken.or_else:
        assert taken.at <= (came or now) + seconds(2)
    if came and at <= came and not known and came - at > AGREE:
        assert taken.or_else, "an unknown clock is never sure of a shot that came late"


class Studio:
    """Sitting after sitting, ten minutes each, with two bodies in every one of them."""

    def __init__(self, house, offset, seed):
        self.house, self.random = house, np.random.default_rng(seed)
        self.offsets = {"B0D1": timedelta(0), "B0D2": offset}
        self.truth, self.waiting, self.number = {}, [], 0

    def sit(self, name, frames=24):
        session = self.house.open(name, serial="")
        for _ in range(frames):
            later(self.house, seconds=float(self.random.uniform(8, 25)))
            self.release(session)
            self.bring_what_waited()
            self.look()
        later(self.house, seconds=20)
        proofing.close_session(self.house.services, session.id, "photographer")
        later(self.house, seconds=40)

    def release(self, session):
        body = str(self.random.choice(list(self.offsets)))
        at = (self.house.clock[0] - self.offsets[body]).replace(microsecond=0)
        self.number += 1
        way = self.random.choice(["tethered", "slow", "card"], p=[0.8, 0.1, 0.1])
        frame = (session.id, body, at, self.number, way)
        if way == "tethered":
            later(self.house, seconds=float(self.random.uniform(0.5, 4)))
            self.send(frame)
        else:
            due = self.house.clock[0] + timedelta(minutes=float(self.random.uniform(1, 25)))
            self.waiting.append((due, frame))

    def bring_what_waited(self, *, all_of_it=False):
        due = [one for one in self.waiting if all_of_it or one[0] <= self.house.clock[0]]
        self.waiting = [one for one in self.waiting if one not in due]
        for _, frame in due:
            self.send(frame)

    def send(self, frame):
        session, body, at, number, way = frame
        name = f"{body}_{number:04d}.JPG"
        receipt = self.house.send(jpeg(number), name, body, at=at, late=way == "card")
        self.truth[receipt.shot_id] = session

    def look(self):
        """No frame is ever where it does not belong, not for a moment."""
        with self.house.services.read() as work:
            for session in work.sessions():
                for shot in work.shots(session.id):
                    assert self.truth[shot.id] == session.id


@pytest.mark.parametrize("offset", [NINE, -NINE])
def test_no_frame_of_two_bodies_nine_minutes_apart_is_ever_anothers_and_none_is_lost(house, offset):
    studio = Studio(house, offset, seed=7)
    for name in ("Ada", "Bea", "Cleo", "Dora"):
        studio.sit(name)
    studio.bring_what_waited(all_of_it=True)
    studio.look()
    with house.services.read() as work:
        found = Counter(len(work.shots(one.id)) for one in work.sessions())
        tray = work.shots(None)
    assert found == Counter({24: 4}), [shot.original.name for shot in tray]


def test_the_order_on_the_sheet_is_that_of_the_studios_clock(house):
    session = house.open(serial="")
    shots = []
    for number, body in enumerate(("B0D2", "B0D1") * 6):
        later(house, seconds=30)
        at = house.clock[0] - (NINE if body == "B0D2" else timedelta(0))
        shots.append(house.send(jpeg(number), f"A{number}.JPG", body, at=at).shot_id)
    assert [shot.id for shot in house.read("shots", session.id)] == shots


def test_a_shot_that_makes_the_clock_known_has_the_studios_time_itself(house):
    """Also where its session was never in doubt."""
    session = house.open(serial="B0D2")
    later(house, minutes=10)
    for number in range(3):
        later(house, seconds=30)
        late = house.clock[0] - seconds(240)
        receipt = house.send(jpeg(number), f"A{number}.JPG", "B0D2", at=late)
        assert receipt.session_id == session.id
    assert house.read("shot", receipt.shot_id).taken_at == house.clock[0]


def test_an_export_that_waits_for_its_shot_is_not_claimed_by_a_clock(house):
    house.open(serial="")
    export = ingest.Incoming("E.JPG", "/c1/Output/E.JPG", "B0D2", house.clock[0], "e", place=Place.OUTPUT)
    waiting = ingest.receive(house.services, export, io.BytesIO(jpeg(50)))
    for number in range(3):
        later(house, seconds=30)
        house.send(jpeg(number), f"A{number}.JPG", "B0D2", at=house.clock[0] - timedelta(hours=1))
    assert house.read("shot", waiting.shot_id).session_id is None


def test_what_waited_for_its_clock_is_told_to_every_page_and_stays_moved_when_it_was_moved(house):
    house.open("Ada", serial="")
    grace = house.open("Grace", serial="OTHER")
    shots = []
    for number in range(3):
        later(house, seconds=30)
        at = house.clock[0] - timedelta(hours=1)
        shots.append(house.send(jpeg(number), f"A{number}.JPG", "B0D2", at=at).shot_id)
        if number == 0:
            proofing.claim(house.services, shots[0], grace.id, "photographer")
        if number == 1:
            (clock,) = unclaimed_page(house.services).clocks
            assert clock.behind is None
            house.board.published.clear()
    owners = [house.read("shot", one).session_id for one in shots]
    assert owners[0] == grace.id
    assert owners[1] == owners[2] != grace.id
    told = {(session, data["shot"], data["state"]) for session, _, data in house.board.published}
    assert {(owners[1], one, "received") for one in shots[1:]} <= told
    assert (None, shots[1], "gone") in told


def test_a_clock_is_said_as_a_photographer_says_it():
    assert words.astray(timedelta(0)) == "right"
    assert words.astray(NINE + seconds(2)).replace("\xa0", " ") == "9 min 2 s slow"
    assert words.astray(-timedelta(hours=1, seconds=5)).replace("\xa0", " ") == "1 h fast"
