"""The synthetic lane from consent to delivery, with instant engines: who is asked, what is kept apart."""

from dataclasses import replace

import pytest

from studio_server.domain.consent import WHOLE_PICTURES, Purpose
from studio_server.domain.delivery import SourceType
from studio_server.domain.errors import BadInput, ConsentMissing, NotFound
from studio_server.domain.likeness import Learns, Likeness, LikenessState
from studio_server.domain.session import Stage
from studio_server.domain.variation import Choice, Lane, Pass
from studio_server.storage.codec import dump, load
from studio_server.web import wire
from studio_server.workflow import consenting, proofing, train, whole
from studio_server.workflow.erase import erase
from studio_server.workflow.pages_client import variations_page
from studio_server.workflow.pages_consent import consent_page
from studio_server.workflow.pages_deliveries import deliveries_page
from studio_server.workflow.recover import pending

LOCKED = frozenset(Purpose) - {Purpose.SYNTHETIC}


class Noting:
    """Remembers what an engine was asked for, and lets the instant one do it."""

    def __init__(self, engine):
        self.engine, self.jobs = engine, []

    def fit(self, job, progress):
        self.jobs.append(job)
        return self.engine.fit(job, progress)

    def paint(self, job):
        self.jobs.append(job)
        return self.engine.paint(job)

    def __getattr__(self, name):
        return getattr(self.engine, name)


@pytest.fixture
def able(house):
    """A house whose base can learn a person."""
    house.services = replace(
        house.services,
        synthetic=True,
        fitter=Noting(house.services.fitter),
        painter=Noting(house.services.painter),
    )
    return house


def sat(house, purposes=frozenset(Purpose)):
    session = house.open()
    house.agree(session, *purposes)
    house.pick(session, house.shoot(3))
    proofing.lock(house.services, session.id, "client")
    house.run()
    return session


def made_whole(house, session):
    return [one for one in house.read("variations", session.id) if one.whole]


def of(house, session, learns):
    return [one for one in house.read("likenesses", session.id) if one.learns is learns]


def withdraw(house, session, *gone):
    kept = frozenset(Purpose) - set(gone)
    consenting.give(house.services, session.id, consenting.ConsentForm(kept, "Ada", consenting.PNG + b"x"))


def test_a_studio_whose_base_cannot_never_asks_and_never_records_it(house):
    session = sat(house)
    assert Purpose.SYNTHETIC not in {row.purpose for row in consent_page(house.services, session.id).rows}
    (record,) = house.read("consents", session.id)
    assert record.purposes == LOCKED
    assert "synthetic" not in record.notice
    assert of(house, session, Learns.PERSON) == []
    assert made_whole(house, session) == []


def test_a_studio_whose_base_can_asks_in_words_that_are_signed_and_ticks_nothing(able):
    session = able.open()
    (row,) = (row for row in consent_page(able.services, session.id).rows if row.purpose is Purpose.SYNTHETIC)
    assert not row.agreed
    able.agree(session)
    (record,) = able.read("consents", session.id)
    assert row.words in record.notice


@pytest.mark.parametrize("missing", sorted(WHOLE_PICTURES - {Purpose.SYNTHETIC}))
def test_whole_pictures_cannot_be_agreed_to_without_what_they_stand_on(able, missing):
    with pytest.raises(BadInput, match="Tick these as well"):
        able.agree(able.open(), *(set(Purpose) - {missing}))


def test_the_composites_come_first_and_each_lane_wears_its_own_likeness(able):
    session = sat(able)
    (surroundings,), (person,) = (of(able, session, learns) for learns in Learns)
    assert person.state is LikenessState.READY
    assert person.adapter != surroundings.adapter
    finals = [one for one in able.read("variations", session.id) if one.made_in is Pass.FINAL]
    assert [one.whole for one in finals] == [False] * 4 + [True] * 2
    asked = {job.lane: job for job in able.services.painter.jobs if job.made_in is Pass.FINAL}
    assert asked[Lane.LOCKED].adapter == able.services.blobs.path(surroundings.adapter)
    assert asked[Lane.SYNTHETIC].adapter == able.services.blobs.path(person.adapter)
    assert len(asked[Lane.SYNTHETIC].shots) == 3
    assert asked[Lane.LOCKED].shots == ()
    fits = able.services.fitter.jobs
    assert [job.learns for job in fits] == [Learns.SURROUNDINGS, Learns.PERSON]
    assert [job.scratch.name.partition("-")[0] for job in fits] == ["fit", "person"]
    assert pending(able.services) == []


def test_without_their_own_consent_nobody_is_learnt(able):
    session = sat(able, LOCKED)
    assert of(able, session, Learns.PERSON) == []
    assert made_whole(able, session) == []


def test_a_person_s_fit_checks_the_consent_itself(able):
    session = sat(able, LOCKED)
    (known,) = of(able, session, Learns.SURROUNDINGS)
    person = replace(known, id="p" * 24, learns=Learns.PERSON, state=LikenessState.FITTING, adapter="")
    with able.services.work() as work:
        work.save(person)
        work.commit()
    with pytest.raises(ConsentMissing):
        train.train(able.services, person.id, able.board)
    assert of(able, session, Learns.PERSON)[0].state is LikenessState.FAILED


def test_taken_back_it_erases_the_person_and_leaves_the_rest(able):
    session = sat(able)
    (surroundings,), (person,) = (of(able, session, learns) for learns in Learns)
    scratch = able.services.derived.directory(f"{session.id}/person-x")
    (scratch / "part.bin").write_bytes(b"learnt")
    withdraw(able, session, Purpose.SYNTHETIC)
    able.run()
    with pytest.raises(NotFound):
        able.services.blobs.path(person.adapter)
    assert not (scratch / "part.bin").exists()
    assert able.services.blobs.path(surroundings.adapter).exists()
    assert of(able, session, Learns.PERSON)[0].state is LikenessState.ERASED
    assert erase(able.services, session.id) == ()


def test_without_measured_faces_the_person_goes_too(able):
    session = sat(able)
    withdraw(able, session, Purpose.FACES, Purpose.SYNTHETIC)
    able.run()
    assert of(able, session, Learns.PERSON)[0].state is LikenessState.ERASED


def test_a_whole_picture_says_so_in_its_master_and_claims_no_camera(able):
    session = sat(able)
    for one in made_whole(able, session):
        if one.resemblance.accepted:
            proofing.choose(able.services, session.id, one.id, Choice.APPROVED, "client")
    proofing.finish(able.services, session.id, "client")
    able.run()
    (delivery,) = able.read("deliveries", session.id)
    assert delivery.source_type is SourceType.GENERATED
    assert "Studio|AI picture" in delivery.labels.keywords
    master = able.services.blobs.read(delivery.sha256)
    assert b"digitalsourcetype/trainedAlgorithmicMedia" in master
    assert b"DateTimeOriginal" not in master
    (row,) = deliveries_page(able.services, "", 10).rows
    assert row.variation.whole
    (told,) = wire.deliveries(deliveries_page(able.services, "", 10))["deliveries"]
    assert told["kind"] == "generated"
    assert "nothing was photographed" in told["caption"]
    withdraw(able, session, Purpose.SYNTHETIC)
    assert deliveries_page(able.services, "", 10).rows == ()


def test_the_client_sees_them_marked_and_no_longer_when_the_consent_is_taken_back(able):
    session = sat(able)
    pictures = variations_page(able.services, session.id).pictures
    assert [picture.context.id for picture in pictures if picture.whole] == [
        "library"
    ]  # the garden is refused
    withdraw(able, session, Purpose.SYNTHETIC)
    assert not any(picture.whole for picture in variations_page(able.services, session.id).pictures)


def test_what_a_crash_left_unmade_is_owed_and_made_once(able):
    session = sat(able)
    (person,) = of(able, session, Learns.PERSON)
    before = able.read("variations", session.id)
    with able.services.read() as work:
        assert whole.owed(work, session.id) == ()
    bigger = replace(able.read("session", session.id), contexts=("library", "garden", "brick"))
    with able.services.work() as work:
        work.save(bigger)
        work.commit()
    (fact,) = pending(able.services)
    assert fact.likeness_id == person.id
    with able.services.work() as work:
        work.commit(fact)
    able.run()
    assert pending(able.services) == []
    after = able.read("variations", session.id)
    assert {one.brief.context for one in made_whole(able, session)} == {"library", "garden", "brick"}
    assert {one.id for one in before} < {one.id for one in after}


def test_a_finished_session_learns_nobody_any_more(able):
    session = sat(able, LOCKED)
    able.agree(session)
    with able.services.work() as work:
        work.save(able.read("session", session.id).reached(Stage.APPROVED))
        assert whole.begin(able.services, work, session.id) == ()


def test_likenesses_of_before_there_were_two_kinds_still_load(able):
    session = sat(able, LOCKED)
    (known,) = of(able, session, Learns.SURROUNDINGS)
    stored = dump(known)
    del stored["learns"], stored["report"]["kept_step"], stored["report"]["kept_for"]
    assert load(Likeness, stored) == known
