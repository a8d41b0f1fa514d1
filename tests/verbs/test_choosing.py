from dataclasses import replace
from datetime import UTC, datetime

import pytest

from studio_server.domain.shot import Expression, FileRole, Quality, Shot, ShotFile, ShotId
from studio_server.workflow.choosing import HEROES, heroes, ranked

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def shot(name, sharpness=50.0):
    file = ShotFile(name, FileRole.RAW, f"{name}.DNG", f"/hot/{name}.DNG", 1)
    made = Shot(ShotId(name), None, name, (file,), NOW)
    return replace(made, quality=Quality(sharpness, 0.4, 0.0))


LAUGH, CALM, TURNED, BLINK = (shot(name) for name in ("laugh", "calm", "turned", "blink"))
SEEN = {
    LAUGH.id: Expression(smile=0.80, eyes=0.25, yaw=1, pitch=0),
    CALM.id: Expression(smile=0.50, eyes=0.33, yaw=-2, pitch=0),
    TURNED.id: Expression(smile=0.55, eyes=0.30, yaw=-24, pitch=0),
    BLINK.id: Expression(smile=0.90, eyes=0.05, yaw=40, pitch=0),
}
ALL = [BLINK, TURNED, CALM, LAUGH]


@pytest.mark.parametrize(
    ("place", "best"),
    [("office-window", LAUGH), ("library", CALM), ("stage", TURNED), ("a new place", LAUGH)],
)
def test_each_place_gets_the_pick_that_suits_it_and_a_blink_comes_last(place, best):
    order = ranked(place, ALL, SEEN)
    assert order[0] is best
    assert order[-1] is BLINK


def test_what_shows_no_face_comes_after_a_blink():
    behind = shot("behind")
    assert [one.id for one in ranked("lobby", [behind, *ALL], SEEN)][-2:] == ["blink", "behind"]


def test_where_no_face_was_looked_for_the_order_stays():
    assert ranked("library", ALL, {}) == ALL


def test_the_sharpest_picks_are_the_heroes():
    shots = [shot(str(n), sharpness=n) for n in range(8)]
    assert [one.id for one in heroes(shots)] == ["7", "6", "5", "4"]
    assert len(heroes(shots)) == HEROES
