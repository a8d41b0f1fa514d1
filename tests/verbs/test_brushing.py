"""Strokes on a pick: kept as they are drawn, and the pictures that are made anew by them."""

import io
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from verbs_help import later

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import BadInput, Conflict, NotAllowed
from studio_server.domain.shot import ShotId
from studio_server.domain.stroke import MOST_STROKES, Stroke, StrokeKind
from studio_server.domain.variation import Choice, Pass
from studio_server.workflow import brushing, erase, pages, pages_client, proofing

CORNER = Stroke.drawn(StrokeKind.KEEP, 0.1, [(0.1, 0.1), (0.2, 0.1)])
MIDDLE = Stroke.drawn(StrokeKind.REMOVE, 0.1, [(0.5, 0.7)])


@pytest.fixture
def sitting(house):
    session = house.open()
    house.agree(session)
    shots = house.shoot(4)
    house.pick(session, shots[:3])
    return session, shots


def made(house, session, made_in=Pass.FINAL):
    return [one for one in house.read("variations", session.id) if one.made_in is made_in]


def alpha(house, shot):
    picture = Image.open(io.BytesIO(brushing.person(house.services, shot)))
    assert picture.size == Image.open(io.BytesIO(brushing.photograph(house.services, shot))).size
    return np.asarray(picture)[..., 3]


def test_a_stroke_changes_the_cut_and_undo_brings_the_machines_own_back(house, sitting):
    shot = ShotId(sitting[1][0])
    before = alpha(house, shot)
    page = brushing.draw(house.services, shot, CORNER)
    assert (page.strokes, page.undone) == (1, 0)
    after = alpha(house, shot)
    assert after[60, 70] == 255 > before[60, 70]
    states = {page.digest}
    page = brushing.draw(house.services, shot, Stroke(StrokeKind.UNDO))
    assert (page.strokes, page.undone) == (0, 1)
    assert (alpha(house, shot) == before).all()
    states.add(page.digest)
    states.add(brushing.draw(house.services, shot, Stroke(StrokeKind.REDO)).digest)
    assert (alpha(house, shot) == after).all()
    assert len(states) == 2
    assert [one.kind for one in house.read("shot", shot).brush] == ["keep", "undo", "redo"]


def test_before_the_lock_the_first_looks_are_made_anew(house, sitting):
    session, shots = sitting
    shot = ShotId(shots[0])
    before = {one.id for one in made(house, session, Pass.PREVIEW)}
    brushing.draw(house.services, shot, CORNER)
    later(house, minutes=1)
    brushing.make_again(house.services, shot)
    house.run()
    new = [one for one in made(house, session, Pass.PREVIEW) if one.id not in before]
    assert {one.brief.shot_id for one in new} == {shot}
    assert {one.brief.brush for one in new} == {
        house.read("shot", shot) and brushing.brush_page(house.services, shot).digest
    }


def test_finished_pictures_of_this_shot_alone_are_made_anew_and_give_way_unless_they_were_chosen(
    house, sitting
):
    session, _ = sitting
    proofing.lock(house.services, session.id, "client")
    house.run()
    old = [one for one in made(house, session) if one.shown]
    mine = [one for one in old if one.brief.shot_id == old[0].brief.shot_id]
    assert 0 < len(mine) < len(made(house, session))
    proofing.choose(house.services, session.id, mine[0].id, Choice.APPROVED, "client")
    later(house, minutes=1)
    brushing.draw(house.services, mine[0].brief.shot_id, MIDDLE)
    brushing.make_again(house.services, mine[0].brief.shot_id)
    house.run()
    new = [one for one in made(house, session) if one.brief.brush]
    assert {one.brief.shot_id for one in new} == {mine[0].brief.shot_id}
    shown = {one.id for one in pages_client.variations_page(house.services, session.id).pictures}
    assert mine[0].id in shown
    assert {one.id for one in new if one.shown} <= shown
    assert not {one.id for one in mine[1:]} & shown
    page = pages.session_page(house.services, session.id)
    gone = {each.variation.id for frame in page.frames for each in frame.finals if each.replaced}
    assert {one.id for one in mine[1:]} <= gone
    brushing.make_again(house.services, mine[0].brief.shot_id)
    house.run()
    assert [one for one in made(house, session) if one.brief.brush] == new


def test_only_a_pick_whose_client_agreed_is_cut_out(house, sitting):
    session, shots = sitting
    with pytest.raises(Conflict, match="Only picks"):
        brushing.brush_page(house.services, ShotId(shots[3]))
    house.agree(session, Purpose.PROOFING)
    for verb in (brushing.person, brushing.photograph, brushing.brush_page, brushing.make_again):
        with pytest.raises(NotAllowed):
            verb(house.services, ShotId(shots[0]))


def test_the_cut_is_erased_with_the_consent_to_composites(house, sitting):
    session, shots = sitting
    brushing.draw(house.services, ShotId(shots[0]), CORNER)
    brushing.person(house.services, ShotId(shots[0]))
    folder = house.services.derived.directory(session.id)
    assert list(folder.glob("cut-*/*/alpha.png"))
    house.agree(session, Purpose.PROOFING)
    erase.erase(house.services, session.id)
    assert not list(folder.glob("cut-*"))


def test_there_is_an_end_to_strokes(house, sitting, monkeypatch):
    assert MOST_STROKES >= 100
    monkeypatch.setattr(brushing, "MOST_STROKES", 1)
    brushing.draw(house.services, ShotId(sitting[1][0]), CORNER)
    with pytest.raises(BadInput, match="1 strokes are drawn"):
        brushing.draw(house.services, ShotId(sitting[1][0]), MIDDLE)
    assert brushing.draw(house.services, ShotId(sitting[1][0]), Stroke(StrokeKind.UNDO)).strokes == 0


def test_a_page_that_asks_for_everything_at_once_gets_everything(house, sitting):
    """As a browser does: nothing is cut out yet, and no rendition is made."""
    shot = ShotId(sitting[1][1])
    for folder in house.services.derived.directory(sitting[0].id).iterdir():
        shutil.rmtree(folder)
    asked = [brushing.person, brushing.photograph] * 3
    with ThreadPoolExecutor(6) as threads:
        got = list(threads.map(lambda verb: verb(house.services, shot), asked))
    assert len(set(got)) == 2
    assert not list(house.services.derived.directory(sitting[0].id).rglob("*.part"))
