"""A photograph of a place goes onto the shelf, behind clients, into masters, and off the shelf again."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from studio_server.domain.delivery import SOURCE_TYPE_ROOT
from studio_server.domain.errors import BadInput, Conflict, DiskFull, NotFound, Unreadable
from studio_server.domain.plate import Side
from studio_server.domain.session import Stage
from studio_server.domain.variation import Choice, Pass, context
from studio_server.workflow import pages, plates, proofing
from studio_server.workflow.pages_client import sheet_page, variations_page


def photograph(width=1600, height=1200, tone=120):
    lit = np.linspace(tone, tone + 60, width)[None, :, None] + np.zeros((height, width, 3))
    out = io.BytesIO()
    Image.fromarray(lit.astype(np.uint8)).save(out, "JPEG", quality=90)
    out.seek(0)
    return out


SAID = plates.Settled("Our lobby", "Team page", 0.4, "left", 5200, 6.0, soft=False)


def on_the_shelf(house, title="Our lobby", purpose="Team page"):
    added = plates.add(house.services, photograph(), title, purpose)
    return plates.settle(house.services, added.id, replace(SAID, title=title))


def stored(house):
    return {path for path in (house.hot.parent / "blobs").rglob("*") if path.is_file()}


def test_a_photograph_is_offered_once_the_photographer_has_confirmed_it(house):
    added = plates.add(house.services, photograph(), "  Zürich   lobby ", "Team page")
    assert added.id.startswith("own-zurich-lobby-")
    assert (added.title, added.width, added.height) == ("Zürich lobby", 1600, 1200)
    assert house.read("plates") == [added]
    assert added.id not in {known.id for known in pages.sessions_page(house.services).contexts}
    with pytest.raises(BadInput, match="no context"):
        proofing.open_session(house.services, proofing.NewSession("Ada", (added.id,)))

    settled = plates.settle(house.services, added.id, replace(SAID, title="Zürich lobby", horizon=0.3737))
    assert (settled.horizon, settled.light, settled.behind_m) == (0.374, Side.LEFT, 6.0)
    assert settled.guessed == added.guessed
    offered = pages.sessions_page(house.services).contexts
    assert (offered[-1].id, offered[-1].title, offered[-1].own) == (added.id, "Zürich lobby", True)
    proofing.open_session(house.services, proofing.NewSession("Ada", ("library", added.id)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": " "}, "needs a name"),
        ({"title": "library"}, "already"),
        ({"horizon": 1.2}, "within the picture"),
        ({"light": "below"}, "left, right, front, above"),
        ({"kelvin": 200}, "between 2500 and 9000"),
        ({"behind_m": 0.1}, "0.5 and 500"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_and_changes_nothing(house, change, said):
    added = plates.add(house.services, photograph(), "Lobby of ours", "")
    with pytest.raises(BadInput, match=said):
        plates.settle(house.services, added.id, replace(SAID, **change))
    assert house.read("plates") == [added]


def test_a_refused_photograph_leaves_nothing_behind(house):
    before = stored(house)
    for data, error in ((b"", BadInput), (b"not a picture", Unreadable), (photograph(900, 700), Unreadable)):
        stream = data if isinstance(data, io.BytesIO) else io.BytesIO(data)
        with pytest.raises(error):
            plates.add(house.services, stream, "Lobby of ours", "")
    with pytest.raises(BadInput, match="already"):
        plates.add(house.services, photograph(), "Garden", "")
    assert house.read("plates") == []
    assert stored(house) == before


def test_a_full_disk_is_one_sentence_and_no_row(house, monkeypatch):
    def full(_data):
        raise DiskFull("The file could not be stored: no space. Free some space; the original is untouched.")

    monkeypatch.setattr(house.services.blobs, "put_bytes", full)
    with pytest.raises(DiskFull, match="Free some space"):
        plates.add(house.services, photograph(), "Lobby of ours", "")
    assert house.read("plates") == []


def fitted(house, *contexts):
    session = proofing.open_session(house.services, proofing.NewSession("Ada", contexts))
    house.agree(session)
    house.pick(session, house.shoot(3))
    proofing.lock(house.services, session.id, "client")
    return session


def test_a_session_in_it_ends_in_masters_that_say_composite_of_two_photographs(house):
    plate = on_the_shelf(house, "Our | lobby & bar")
    session = fitted(house, plate.id)
    house.run()
    made = [one for one in house.read("variations", session.id) if one.made_in is Pass.FINAL]
    assert len(made) == 2
    assert all(one.two_photographs and not one.generated for one in made)
    assert {made.context.title for made in pages.session_page(house.services, session.id).finals} == {
        plate.title
    }
    seen = variations_page(house.services, session.id)
    assert [group.context.title for group in seen.groups] == [plate.title]
    assert all(picture.two_photographs for picture in seen.pictures)

    proofing.choose(house.services, session.id, made[0].id, Choice.APPROVED, "client")
    proofing.finish(house.services, session.id, "client")
    house.run()
    (delivery,) = house.read("deliveries", session.id)
    assert delivery.source_type.value == "compositeCapture"
    assert delivery.name.endswith(f"-studio-{plate.id}-1.jpg")
    assert delivery.labels.keywords == ("Studio|Composite", "Studio|Context|Our / lobby & bar")
    master = house.services.blobs.read(delivery.sha256)
    assert (SOURCE_TYPE_ROOT + "compositeCapture").encode() in master
    assert b"AISystemUsed" not in master
    assert "lobby &amp; bar. Composite of two photographs" in master.decode("latin-1")


def test_what_is_taken_off_the_shelf_stays_in_what_was_made_and_comes_back(house):
    plate = on_the_shelf(house)
    session = fitted(house, "library", plate.id)
    house.run()
    made = house.read("variations", session.id)
    assert plate.id in {one.brief.context for one in made}

    other = house.open("Grace")
    house.agree(other)
    proofing.choose_contexts(house.services, other.id, ("library", plate.id), "client")
    plates.remove(house.services, plate.id)

    assert house.read("variations", session.id) == made
    assert {one.context.title for one in pages.session_page(house.services, session.id).finals} >= {
        "Our lobby"
    }
    told = pages.session_page(house.services, other.id)
    assert [place.title for place in told.gone] == ["Our lobby"]
    assert plate.id not in {card.context.id for card in sheet_page(house.services, other.id).contexts}
    house.clock[0] = house.clock[0].replace(hour=12)
    house.pick(other, house.shoot(1))
    looks = {one.brief.context for one in house.read("variations", other.id)}
    assert looks == {"library"}

    plates.put_back(house.services, plate.id)
    assert pages.session_page(house.services, other.id).gone == ()


def test_a_session_whose_every_place_is_gone_fails_with_what_to_do(house):
    plate = on_the_shelf(house)
    session = fitted(house, plate.id)
    plates.remove(house.services, plate.id)
    with pytest.raises(Conflict, match="Put one of them back on the page Plates"):
        house.run()
    assert house.read("session", session.id).stage is Stage.FITTED


def test_a_corrected_plate_makes_new_first_looks(house):
    plate = on_the_shelf(house)
    session = proofing.open_session(house.services, proofing.NewSession("Ada", (plate.id,)))
    house.agree(session)
    house.pick(session, house.shoot(1))
    first = {one.id for one in house.read("variations", session.id)}
    proofing.choose_contexts(house.services, session.id, (plate.id,), "client")
    house.run()
    assert {one.id for one in house.read("variations", session.id)} == first
    plates.settle(house.services, plate.id, replace(SAID, horizon=0.5))
    proofing.choose_contexts(house.services, session.id, (plate.id,), "client")
    house.run()
    assert {one.id for one in house.read("variations", session.id)} > first


def test_a_place_that_nobody_knows_any_more_has_the_name_of_its_id():
    assert context("own-our-old-lobby-0a1b2c").title == "Our old lobby"


def test_there_is_no_plate_that_was_never_added(house):
    with pytest.raises(NotFound):
        plates.remove(house.services, "own-nothing-000000")
