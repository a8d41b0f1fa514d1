import io

import pytest
from verbs_help import jpeg, later

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import BadInput, Cancelled, Conflict, ConsentMissing, NotAllowed, NotFound
from studio_server.domain.likeness import LikenessState
from studio_server.domain.provenance import Standing
from studio_server.domain.session import Stage
from studio_server.domain.shot import Flag
from studio_server.domain.variation import Choice, Pass
from studio_server.workflow import consenting, deliver, developing, doors, proofing, train, vary
from studio_server.workflow.recover import pending
from studio_server.workflow.verifying import verify


def finals(house, session):
    made = house.read("variations", session.id)
    return [one for one in made if one.made_in is Pass.FINAL]


def varied(house, purposes=(), serial="B0D1"):
    session = house.open(serial=serial)
    house.agree(session, *purposes)
    house.pick(session, house.shoot(4, serial))
    proofing.lock(house.services, session.id, "client")
    house.run()
    return session


def approve_all(house, session):
    for made in finals(house, session):
        if made.resemblance.accepted:
            proofing.choose(house.services, session.id, made.id, Choice.APPROVED, "client")
    proofing.finish(house.services, session.id, "client")
    house.run()


def test_the_whole_trip_ends_delivered(house):
    session = varied(house)
    assert house.read("session", session.id).stage is Stage.VARIED
    assert {one.brief.context for one in finals(house, session)} == {"library", "garden"}
    approve_all(house, session)
    deliveries = house.read("deliveries", session.id)
    assert len(deliveries) == 2
    for one in deliveries:
        assert (house.hot / one.name).read_bytes() == house.services.blobs.read(one.sha256)
        deliver.acknowledge(house.services, one.id, one.laid_path)
        deliver.acknowledge(house.services, one.id, one.laid_path)
    assert house.read("session", session.id).stage is Stage.DELIVERED
    assert pending(house.services) == []


def test_every_job_may_run_twice(house):
    session = varied(house)
    approve_all(house, session)
    before = house.read("variations", session.id), house.read("deliveries", session.id)
    likeness = house.read("likenesses", session.id)[-1]
    train.train(house.services, likeness.id, house.board)
    vary.vary(house.services, session.id, house.board)
    deliver.deliver(house.services, session.id, house.board)
    for shot in house.read("shots", session.id):
        developing.develop(house.services, shot.id)
    assert (house.read("variations", session.id), house.read("deliveries", session.id)) == before


def test_our_own_master_is_known_when_the_agent_offers_it(house):
    session = varied(house)
    approve_all(house, session)
    (one, *_) = house.read("deliveries", session.id)
    shots = len(house.read("shots", session.id))
    assert house.send((house.hot / one.name).read_bytes(), one.name).state == "ours"
    assert len(house.read("shots", session.id)) == shots


def test_what_the_judge_refused_cannot_be_approved(house):
    session = varied(house)
    refused = next(one for one in finals(house, session) if not one.resemblance.accepted)
    with pytest.raises(NotFound):
        proofing.choose(house.services, session.id, refused.id, Choice.APPROVED, "client")


def test_no_face_is_looked_for_without_consent_to_it(house):
    session = varied(house, (Purpose.PROOFING, Purpose.FITTING, Purpose.GENERATION))
    faces = house.services.derived.directory(f"{session.id}/faces")
    assert list(faces.iterdir()) == []
    other = varied(house, serial="0THER")
    assert list(house.services.derived.directory(f"{other.id}/faces").iterdir()) != []


@pytest.mark.parametrize("missing", [Purpose.FITTING, Purpose.GENERATION])
def test_no_lock_without_consent_to_fit_and_to_generate(house, missing):
    session = house.open()
    house.agree(session, *(set(Purpose) - {missing}))
    shots = house.shoot(3)
    for shot in shots:
        proofing.flag(house.services, session.id, shot, Flag.PICK, "client")
    with pytest.raises(ConsentMissing):
        proofing.lock(house.services, session.id, "client")


def test_the_pick_limit_holds_and_three_picks_are_needed(house):
    session = house.open(pick_limit=3)
    house.agree(session)
    shots = house.shoot(4)
    house.pick(session, shots[:2])
    with pytest.raises(Conflict, match="at least 3"):
        proofing.lock(house.services, session.id, "client")
    house.pick(session, shots[2:3])
    with pytest.raises(Conflict, match="3 of 3"):
        proofing.flag(house.services, session.id, shots[3], Flag.PICK, "client")


def test_locked_picks_stay_as_they_are(house):
    session = varied(house)
    shot = house.read("shots", session.id)[0]
    with pytest.raises(Conflict, match="locked"):
        proofing.flag(house.services, session.id, shot.id, Flag.NONE, "client")


def test_withdrawing_stops_what_is_queued_and_what_would_be_delivered(house):
    session = varied(house)
    made = next(one for one in finals(house, session) if one.resemblance.accepted)
    proofing.choose(house.services, session.id, made.id, Choice.APPROVED, "client")
    proofing.finish(house.services, session.id, "client")
    consenting.withdraw(house.services, session.id, "client")
    with pytest.raises(ConsentMissing):
        house.run()
    assert house.read("deliveries", session.id) == []


def test_consent_ends_with_its_days(house):
    session = house.open(days_kept=2)
    house.agree(session)
    house.pick(session, house.shoot(3))
    later(house, days=3)
    with pytest.raises(ConsentMissing):
        proofing.lock(house.services, session.id, "client")


def test_a_cancelled_fit_says_so_and_can_be_fitted_again(house):
    session = house.open()
    house.agree(session)
    house.pick(session, house.shoot(3))
    proofing.lock(house.services, session.id, "client")
    house.board.cancel_after = 0
    with pytest.raises(Cancelled):
        house.run()
    assert house.read("likenesses", session.id)[-1].state is LikenessState.CANCELLED
    house.board.cancel_after = None
    proofing.refit(house.services, session.id, "photographer")
    house.run()
    assert house.read("session", session.id).stage is Stage.VARIED


def test_retouching_holds_for_what_is_made_from_then_on_and_ends_with_the_approval(house):
    session = house.open()
    house.agree(session)
    house.pick(session, house.shoot(3))
    house.run()
    before = {made.id for made in house.read("variations", session.id)}
    proofing.set_retouch(house.services, session.id, 40, "photographer")
    with pytest.raises(BadInput):
        proofing.set_retouch(house.services, session.id, 101, "photographer")
    proofing.lock(house.services, session.id, "client")
    house.run()
    looks = {made.brief.retouch for made in house.read("variations", session.id) if made.id in before}
    finals = [made for made in house.read("variations", session.id) if made.id not in before]
    assert looks == {0}
    assert {made.brief.retouch for made in finals} == {40}
    shown = next(made for made in finals if made.resemblance.accepted)
    proofing.choose(house.services, session.id, shown.id, Choice.APPROVED, "client")
    proofing.finish(house.services, session.id, "client")
    with pytest.raises(Conflict):
        proofing.set_retouch(house.services, session.id, 0, "photographer")
    with pytest.raises(Conflict):
        proofing.refit(house.services, session.id, "photographer")


def test_recovery_owes_exactly_what_has_not_ended(house):
    session = house.open()
    house.agree(session)
    house.send(b"\xff\xd8 not a picture", "BAD.JPG")
    assert [type(fact).__name__ for fact in pending(house.services)] == ["ShotReceived"]
    house.run()
    house.pick(session, house.shoot(3))
    proofing.lock(house.services, session.id, "client")
    assert [type(fact).__name__ for fact in pending(house.services)] == ["PicksLocked"]
    house.run()
    assert pending(house.services) == []
    assert house.read("session", session.id).stage is Stage.VARIED


def test_a_ticket_dies_after_ten_wrong_pins(house):
    session = house.open()
    ticket, pin = doors.issue_ticket(house.services, session.id)
    wrong = "0000" if pin != "0000" else "1111"
    for _ in range(doors.MOST_TRIES):
        with pytest.raises(NotAllowed):
            doors.enter(house.services, ticket.id, wrong)
    with pytest.raises(NotAllowed, match="Too many"):
        doors.enter(house.services, ticket.id, pin)


def test_a_new_link_ends_the_old_one_and_links_expire(house):
    session = house.open()
    old, _ = doors.issue_ticket(house.services, session.id)
    new, pin = doors.issue_ticket(house.services, session.id)
    with pytest.raises(NotAllowed):
        doors.live_ticket(house.services, old.id)
    assert doors.enter(house.services, new.id, pin).session_id == session.id
    later(house, days=40)
    with pytest.raises(NotAllowed):
        doors.live_ticket(house.services, new.id)


def test_a_master_never_overwrites_another_file(house):
    session = varied(house)
    for made in finals(house, session):
        shot = house.read("shot", made.brief.shot_id)
        (house.hot / f"{shot.stem}-studio-library-1.jpg").write_bytes(b"somebody else's")
    approve_all(house, session)
    for one in house.read("deliveries", session.id):
        assert one.laid_path.endswith("-2.jpg")
        assert (house.hot / one.name).read_bytes() == b"somebody else's"


def test_a_full_disk_is_one_sentence(house):
    class Full(io.RawIOBase):
        def read(self, _size=-1):
            raise OSError(28, "No space left on device")

    with pytest.raises(Exception, match="Free some space") as caught:
        house.services.blobs.put(Full())
    assert caught.value.status == 507


def test_a_pick_of_which_a_new_version_comes_is_made_anew_from_it(house):
    session = house.open()
    house.agree(session)
    shots = house.shoot(3)
    house.pick(session, shots)
    before = house.read("variations", session.id)
    name = house.read("shot", shots[0]).original.name
    release = house.read("shot", shots[0]).release
    house.send(jpeg(77), name, release=release)
    house.run()
    after = [one for one in house.read("variations", session.id) if one not in before]
    assert {one.brief.shot_id for one in after} == {shots[0]}
    assert {one.brief.version for one in after} == {house.read("shot", shots[0]).original.sha256}


def test_what_is_delivered_is_signed_as_what_it_is(house):
    session = varied(house)
    approve_all(house, session)
    for one in house.read("deliveries", session.id):
        with (house.hot / one.name).open("rb") as file:
            finding = verify(house.services.signer, file, one.name)
        assert (finding.standing, finding.title) == (Standing.OURS, one.name)
        assert finding.source_type == one.source_type.value
        assert finding.captures == (one.parent.name,)


def test_a_delivery_that_died_after_signing_lays_no_second_master(house, monkeypatch):
    session = varied(house)
    for made in finals(house, session)[:1]:
        proofing.choose(house.services, session.id, made.id, Choice.APPROVED, "client")
    proofing.finish(house.services, session.id, "client")
    monkeypatch.setattr(deliver, "Delivery", lambda *_: 1 / 0)  # after the file was laid down
    with pytest.raises(ZeroDivisionError):
        house.run()
    monkeypatch.undo()
    deliver.deliver(house.services, session.id, house.board)
    (one,) = house.read("deliveries", session.id)
    assert [path.name for path in house.hot.glob("*-studio-*")] == [one.name]
