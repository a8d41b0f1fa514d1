"""White balance from a frame of the grey card: found or refused, followed by all shots, and taken back."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data as samples

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import Conflict, NotFound, Unreadable
from studio_server.domain.shot import Flag, ShotId
from studio_server.imaging import render
from studio_server.imaging.decoder import DECODER
from studio_server.imaging.white import balanced, white_of
from studio_server.workflow import grey_card, pages, proofing, recover
from studio_server.workflow.renditions import rendition

FACE = np.ascontiguousarray(samples.astronaut()[90:190, 190:260])
CAST = np.array([1.25, 1.0, 0.7])
"""Of tungsten light that the camera has left standing, on sRGB levels."""


def lit(picture, cast=CAST):
    return (np.asarray(picture) * cast).clip(0, 255).astype(np.uint8)


def card(cast=CAST, side=100, level=120.0):
    """A hand-held grey card before the portrait, in the light of `cast`."""
    scene = cv2.resize(samples.astronaut(), (480, 480)).astype(float)
    middle = slice(240 - side // 2, 240 + side // 2)
    scene[middle, middle] = level + np.random.default_rng(1).normal(0, 2, (side, side, 1))
    return lit(scene, cast)


def jpeg(picture):
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.mark.parametrize(
    "cast", [CAST, np.array([0.8, 1.0, 1.2]), np.ones(3)], ids=["warm", "cool", "neutral"]
)
def test_the_card_is_found_and_made_neutral(cast):
    picture = card(cast)
    made = balanced(picture, white_of(picture))[220:260, 220:260].reshape(-1, 3).mean(axis=0)
    assert np.ptp(made) < 2
    assert abs(made.mean() - picture[220:260, 220:260].mean()) < 8


@pytest.mark.parametrize(
    "picture",
    [FACE, card(side=20), np.full((90, 90, 3), 255, np.uint8)],
    ids=["a face", "a tiny card", "burnt out"],
)
def test_what_shows_no_card_is_refused(picture):
    with pytest.raises(Unreadable, match="No grey card was found"):
        white_of(np.ascontiguousarray(picture))


def shots_of(house, session):
    return [frame.shot for frame in pages.session_page(house.services, session.id).frames]


def middle_of(house, shot):
    proof = render.decode(house.services.blobs.read(shot.proof))
    return proof[220:260, 220:260].reshape(-1, 3).mean(axis=0)


@pytest.fixture
def sitting(house):
    session = house.open()
    house.agree(session, Purpose.PROOFING, Purpose.GENERATION, Purpose.FACES)
    house.send(jpeg(card()), "CARD.JPG")
    house.send(jpeg(lit(np.full((480, 480, 3), 150.0))), "LATER.JPG")
    house.run()
    return session, shots_of(house, session)


def test_all_proofs_and_renditions_follow_the_card_and_undo_brings_back_the_cameras(house, sitting):
    session, (first, second) = sitting
    before = second.proof
    assert np.ptp(middle_of(house, second)) > 50
    grey_card.mark_card(house.services, session.id, first.id, "photographer")
    house.run()
    for shot in shots_of(house, session):
        assert shot.white == house.read("session", session.id).white
        assert np.ptp(middle_of(house, shot)) < 4
    made = np.asarray(Image.open(rendition(house.services, shots_of(house, session)[1])))
    assert np.ptp(made.reshape(-1, 3).mean(axis=0)) < 4
    house.send(jpeg(lit(np.full((480, 480, 3), 151.0))), "NEXT.JPG")
    house.run()
    assert np.ptp(middle_of(house, shots_of(house, session)[2])) < 4
    grey_card.unmark_card(house.services, session.id, "photographer")
    house.run()
    assert shots_of(house, session)[1].proof == before


def test_a_queue_that_was_lost_is_filled_with_what_is_not_balanced_yet(house, sitting):
    session, (first, _) = sitting
    grey_card.mark_card(house.services, session.id, first.id, "photographer")
    house._due()  # taken from the outbox, and lost
    assert {fact.shot_id for fact in recover.pending(house.services)} == {
        shot.id for shot in shots_of(house, session)
    }


def test_the_first_looks_of_a_pick_are_made_anew(house, sitting):
    session, (first, second) = sitting
    house.pick(session, [second.id])
    grey_card.mark_card(house.services, session.id, first.id, "photographer")
    assert house.run().count("preview") == 1


def test_a_card_that_is_moved_away_takes_its_white_with_it(house, sitting):
    session, (first, _) = sitting
    grey_card.mark_card(house.services, session.id, first.id, "photographer")
    house.run()
    proofing.move_on(house.services, session.id, [first.id], None, "photographer")
    house.run()
    (left,) = shots_of(house, session)
    assert left.white == ()
    assert house.read("shot", first.id).white == ()


def test_it_is_refused_for_strangers_and_once_the_picks_are_locked(house, sitting):
    session, (first, second) = sitting
    with pytest.raises(NotFound):
        grey_card.mark_card(house.services, session.id, ShotId("nobody"), "photographer")
    shot = house.send(jpeg(FACE), "FACE.JPG").shot_id
    house.run()
    with pytest.raises(Unreadable, match="No grey card"):
        grey_card.mark_card(house.services, session.id, shot, "photographer")
    house.agree(session)
    picks = [first.id, second.id, shot]
    for each in picks:
        proofing.flag(house.services, session.id, each, Flag.PICK, "client")
    proofing.lock(house.services, session.id, "client")
    with pytest.raises(Conflict, match="locked"):
        grey_card.mark_card(house.services, session.id, first.id, "photographer")


@pytest.fixture(autouse=True, scope="module")
def _keeper():
    yield
    DECODER.close()
