"""The coach looks where it may, keeps what it measures with the biometric files, and hides nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from verbs_help import later

from studio_server.domain.bursts import bursts
from studio_server.domain.coach import Seen, notes, reading
from studio_server.domain.consent import Purpose
from studio_server.domain.readiness import NO_FACES, NOT_AGREED, Coached, Readiness, readiness
from studio_server.domain.shot import Capture, FileRole, Flag, Quality, Shot, ShotFile, ShotId, ShotState
from studio_server.workflow import coaching, consenting, pages, proofing
from studio_server.workflow.erase import erase_due
from studio_server.workflow.recover import pending

GOOD = Seen(
    1, focus=1.1, best=0.9, eye_left=1.2, eye_right=1.1, lids=0.3, smile=0.5,
    above=0.3, beside=0.5, below=0.8, height=0.4,
)  # fmt: skip
FINE = Quality(60.0, 0.4, 0.0, gist="00000000000000ff")
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


class Counting:
    """Sees the same in every proof, and counts how often it looked."""

    def __init__(self, before=lambda: None):
        self.looked, self.before = 0, before

    def look(self, _proof):
        self.looked += 1
        self.before()
        return GOOD


@pytest.fixture
def eyes(house):
    made = Counting()
    house.services = replace(house.services, coach=made)
    return made


def kept(house, session):
    folder = house.services.derived.directory(f"{session.id}/faces-coach")
    return sorted(path.stem for path in folder.glob("*.json"))


def measured(house, session):
    """Every file of measures that the session has, wherever it lies."""
    return list(house.services.derived.directory(session.id).rglob("*.json"))


def advice(house, session):
    return {frame.shot.id: frame.coach for frame in pages.session_page(house.services, session.id).frames}


def test_no_face_is_looked_at_before_the_client_has_agreed_and_then_all_are(house, eyes):
    session = house.open()
    shots = house.shoot(2)
    page = pages.session_page(house.services, session.id)
    assert (eyes.looked, page.ready.why) == (0, NOT_AGREED)
    assert not (house.services.derived.directory(session.id) / "faces-coach").exists()
    house.agree(session)
    house.run()
    assert (eyes.looked, kept(house, session)) == (2, sorted(shots))
    shots += house.shoot(1)
    assert (eyes.looked, kept(house, session)) == (3, sorted(shots))
    assert {one.reading for one in advice(house, session).values()} == {"facing the camera, calm"}


def test_who_agrees_to_all_but_faces_is_not_looked_at(house, eyes):
    session = house.open()
    house.agree(session, Purpose.PROOFING, Purpose.FITTING, Purpose.GENERATION)
    house.shoot(2)
    assert eyes.looked == 0
    assert pages.session_page(house.services, session.id).ready.why == NO_FACES


def test_looking_twice_changes_nothing_and_what_was_lost_is_owed_again(house, eyes):
    session = house.open()
    house.agree(session)
    (shot,) = house.shoot(1)
    coaching.coach(house.services, shot)
    assert eyes.looked == 1
    assert pending(house.services) == []
    (house.services.derived.directory(f"{session.id}/faces-coach") / f"{shot}.json").unlink()
    assert [fact.shot_id for fact in pending(house.services)] == [shot]
    coaching.coach(house.services, shot)
    assert kept(house, session) == [shot]


def test_a_proof_that_was_made_anew_is_looked_at_anew(house, eyes):
    session = house.open()
    house.agree(session)
    (shot,) = house.shoot(1)
    with house.services.work() as work:
        work.save(replace(work.shot(shot), proof=work.shot(shot).thumbnail))
        work.commit()
    assert advice(house, session)[shot].reading == ""
    coaching.coach(house.services, shot)
    assert advice(house, session)[shot].reading


@pytest.mark.parametrize("end", ["withdrawn", "past its days"])
def test_what_was_measured_goes_when_the_consent_ends(house, eyes, end):
    session = house.open(days_kept=2)
    house.agree(session)
    house.shoot(1)
    assert len(measured(house, session)) == 1
    if end == "withdrawn":
        consenting.withdraw(house.services, session.id, "client")
        house.run()
    else:
        later(house, days=3)
        erase_due(house.services)
    assert measured(house, session) == []
    assert pages.session_page(house.services, session.id).frames[0].coach.reading == ""
    assert measured(house, session) == []
    assert erase_due(house.services) == 0


def test_a_consent_that_ends_while_the_coach_looks_leaves_nothing_behind(house, eyes):
    session = house.open()
    house.agree(session)
    (shot,) = house.shoot(1)
    measured(house, session)[0].unlink()
    eyes.before = lambda: consenting.withdraw(house.services, session.id, "client")
    coaching.coach(house.services, shot)
    assert (eyes.looked, measured(house, session)) == (2, [])


def test_a_shot_that_is_moved_takes_nothing_of_its_face_along_and_leaves_nothing(house, eyes):
    session, other = house.open(), house.open("Mary", "0THER")
    house.agree(session)
    house.agree(other)
    (shot,) = house.shoot(1)
    proofing.claim(house.services, shot, other.id, "photographer")
    assert (kept(house, session), kept(house, other)) == ([], [])
    house.run()
    assert (kept(house, session), kept(house, other)) == ([], [shot])


def test_after_the_lock_no_face_is_looked_at_for_the_coach(house, eyes):
    session = house.open()
    house.agree(session)
    house.pick(session, house.shoot(3))
    proofing.lock(house.services, session.id, "client")
    house.run()
    house.shoot(1)
    assert eyes.looked == 3
    assert pages.session_page(house.services, session.id).ready is None


def test_the_worst_shot_is_shown_and_can_be_picked(house):
    bad = replace(GOOD, focus=9.0, above=-0.4, eye_left=0.1, eye_right=0.1)
    house.services = replace(house.services, coach=type("", (), {"look": lambda _self, _proof: bad})())
    session = house.open()
    house.agree(session)
    shots = house.shoot(3)
    page = pages.session_page(house.services, session.id)
    assert [frame.shot.id for frame in page.sheet] == shots
    assert {frame.shot.flag for frame in page.sheet} == {Flag.NONE}
    house.pick(session, shots)
    assert pages.session_page(house.services, session.id).picks == 3


# -- the words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ()),
        ({"focus": 2.5}, ("eyes out of focus: the focus lies elsewhere",)),
        ({"focus": 2.5, "best": 2.2}, ("eyes out of focus",)),
        ({"eye_left": 0.3, "eye_right": 0.4}, ("eyes closed or nearly",)),
        ({"eye_left": 0.6}, ("one eye closed or nearly",)),
        ({"focus": 4.0, "best": 4.0, "eye_left": 0.2}, ("eyes out of focus",)),
        ({"above": -0.3}, ("head cut at the top",)),
        ({"beside": -0.1}, ("head cut at the side",)),
        ({"below": -0.1}, ("head cut at the chin",)),
        ({"height": 0.1}, ("small in the frame",)),
        ({"above": 0.01}, ("hardly any room above the head",)),
        ({"clipped": 0.08}, ("highlights clipped on 8 % of the face",)),
        ({"faces": 2}, ("two faces: the nearest is looked at",)),
        ({"faces": 0}, ("no face found: turned away, or small in the frame",)),
    ],
)
def test_what_is_measured_is_said_in_words(change, words):
    assert notes(FINE, replace(GOOD, **change)) == words


def test_eyes_in_focus_outweigh_a_soft_picture_and_the_exposure_is_said_all_the_same():
    soft = replace(FINE, notes=("out of focus", "about two stops under"))
    assert notes(soft, GOOD) == ("about two stops under",)
    assert notes(soft, None) == soft.notes


def test_a_reading_says_pose_and_expression():
    assert reading(replace(GOOD, yaw=-20, smile=0.7, roll=20), 0.5) == "turned left, head tilted, smile"


# -- ready to fit


def shots_of(*seen, picks=0):
    made = []
    for number, one in enumerate(seen):
        file = ShotFile(f"{number}", FileRole.RAW, f"{number}.NEF", "", 1)
        flag = Flag.PICK if number < picks else Flag.NONE
        capture = Capture(captured_at=START + timedelta(seconds=number))
        shot = Shot(
            ShotId(f"s{number}"), None, f"{number}", (file,), START, ShotState.DEVELOPED,
            capture=capture, quality=FINE, flag=flag,
        )  # fmt: skip
        made.append(Coached(shot, notes(FINE, one), one))
    return made


LEFT, RIGHT = replace(GOOD, yaw=-20.0), replace(GOOD, yaw=20.0)
SMILE = replace(GOOD, smile=0.8)
ALL = frozenset(Purpose)


def test_a_session_with_everything_is_ready_and_nothing_is_missing():
    shots = shots_of(*[GOOD] * 6, LEFT, RIGHT, SMILE, picks=9)
    assert readiness(shots, ALL, 10) == Readiness(ready=True, missing=(), better=())


def test_what_is_missing_is_said_in_words():
    told = readiness(shots_of(*[GOOD] * 6, RIGHT, picks=4), ALL, 10)
    assert told.ready
    assert told.better == (
        "Seven sharp shots, nine are better.",
        "Nothing from the left yet.",
        "No smile yet.",
        "Four picks so far: nine are better.",
    )


def test_blurred_shots_and_shut_eyes_do_not_count():
    blurred, shut = replace(GOOD, focus=3.0), replace(GOOD, eye_left=0.2, eye_right=0.2)
    told = readiness(shots_of(GOOD, GOOD, blurred, shut, GOOD, picks=4), ALL, 10)
    assert not told.ready
    assert told.missing == ("Three sharp, open-eyed shots so far: at least five are needed.",)
    assert "The pick 3.NEF: eyes closed or nearly." in told.better


def test_what_has_not_been_looked_at_yet_is_said_and_not_counted():
    told = readiness(shots_of(*[GOOD] * 4, None, None), ALL, 10)
    assert not told.ready
    assert "Two shots are still being looked at." in told.better


def test_only_smiles_want_a_calm_face():
    told = readiness(shots_of(*[SMILE] * 9, picks=9), ALL, 10)
    assert "No calm face yet." in told.better
    assert "No smile yet." not in told.better


# -- bursts


def test_shots_of_one_gesture_are_a_burst_and_the_best_is_suggested():
    shut = replace(GOOD, eye_left=0.2, eye_right=0.2, focus=0.6, smile=0.9)
    looks = (GOOD, replace(GOOD, focus=3.0), shut, replace(GOOD, smile=0.6))
    shots = [one.shot for one in shots_of(*looks)]
    seen = dict(zip([shot.id for shot in shots], looks, strict=True))
    (found,) = bursts(shots, seen)
    assert (found.shots, found.best) == (("s0", "s1", "s2", "s3"), "s3")


def test_time_likeness_pose_and_camera_end_a_burst():
    def two(**second):
        shots = [one.shot for one in shots_of(GOOD, GOOD)]
        return [shots[0], replace(shots[1], **second)]

    late = Capture(captured_at=START + timedelta(seconds=9))
    other = Capture(captured_at=START + timedelta(seconds=1), serial="second body")
    unlike = replace(FINE, gist="ffffffffffff0000")
    assert len(bursts(two(), {})) == 1
    assert bursts(two(capture=late), {}) == ()
    assert bursts(two(capture=other), {}) == ()
    assert bursts(two(quality=unlike), {}) == ()
    assert bursts(two(), {ShotId("s0"): LEFT, ShotId("s1"): GOOD}) == ()


def test_without_consent_the_sharpest_of_a_burst_is_suggested():
    shots = [one.shot for one in shots_of(None, None)]
    sharper = replace(shots[1], quality=replace(FINE, sharpness=90.0))
    assert bursts([shots[0], sharper], {})[0].best == "s1"
