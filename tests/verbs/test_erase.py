from dataclasses import replace

import pytest
from verbs_help import later

from studio_server.domain.consent import ConsentEvent, Purpose
from studio_server.domain.errors import NotFound
from studio_server.domain.likeness import LikenessState
from studio_server.workflow import consenting, proofing
from studio_server.workflow.erase import erase, erase_due


@pytest.fixture
def fitted(house):
    session = house.open(days_kept=2)
    house.agree(session)
    house.pick(session, house.shoot(3))
    house.run()
    proofing.lock(house.services, session.id, "client")
    house.run()
    for name in ("fit-x", "cut-y"):
        (house.services.derived.directory(f"{session.id}/{name}") / "part.bin").write_bytes(b"measured")
    return session


def left(house, session):
    folder = house.services.derived.directory(session.id)
    return sorted(path.name for path in folder.iterdir())


def adapter_of(house, session):
    return house.read("likenesses", session.id)[-1].adapter


def test_while_the_consent_holds_nothing_is_erased(house, fitted):
    before = left(house, fitted)
    assert "faces" in before
    assert erase(house.services, fitted.id) == ()
    assert left(house, fitted) == before
    assert erase_due(house.services) == 0


def test_after_its_days_what_was_measured_and_fitted_is_gone_and_the_pictures_stay(house, fitted):
    adapter = adapter_of(house, fitted)
    assert house.services.blobs.path(adapter).exists()
    made = house.read("variations", fitted.id)
    later(house, days=3)
    assert erase_due(house.services) == 1
    assert not [name for name in left(house, fitted) if name.startswith(("faces", "fit-", "cut-"))]
    with pytest.raises(NotFound):
        house.services.blobs.path(adapter)
    likeness = house.read("likenesses", fitted.id)[-1]
    assert (likeness.state, likeness.adapter) == (LikenessState.ERASED, "")
    assert "consent" in likeness.reason
    assert all(house.services.blobs.path(one.picture).exists() for one in made)
    assert all(
        house.services.blobs.path(shot.files[0].sha256).exists() for shot in house.read("shots", fitted.id)
    )
    assert erase_due(house.services) == 0


def test_consent_that_is_taken_back_is_followed_at_once(house, fitted):
    adapter = adapter_of(house, fitted)
    consenting.withdraw(house.services, fitted.id, "client")
    house.run()
    with pytest.raises(NotFound):
        house.services.blobs.path(adapter)
    assert "faces" not in left(house, fitted)


def test_one_purpose_taken_back_erases_what_was_kept_for_it_alone(house, fitted):
    records = house.read("consents", fitted.id)
    with house.services.work() as work:
        withdrawn = replace(
            records[-1], id="w1", event=ConsentEvent.WITHDRAWN, purposes=frozenset({Purpose.FACES})
        )
        work.save(withdrawn)
        work.commit()
    assert "faces" in erase(house.services, fitted.id)
    assert "fit-x" in left(house, fitted)
    assert house.services.blobs.path(adapter_of(house, fitted)).exists()
