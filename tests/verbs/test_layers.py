"""A finished composite as a layered TIFF: asked for, made in the background, and erased with the consent."""

import io
from dataclasses import replace

import pytest
import tifffile

from studio_server.domain.consent import Purpose
from studio_server.domain.errors import Conflict, NotAllowed, NotFound
from studio_server.domain.stroke import Stroke, StrokeKind
from studio_server.domain.variation import Pass
from studio_server.workflow import brushing, erase, layers, proofing, vary


@pytest.fixture
def varied(house):
    session = house.open()
    house.agree(session)
    house.pick(session, house.shoot(3))
    proofing.lock(house.services, session.id, "client")
    house.run()
    return session


def finals(house, session, made_in=Pass.FINAL):
    return [one for one in house.read("variations", session.id) if one.made_in is made_in]


def test_the_layers_of_a_picture_are_made_once_and_say_what_they_are(house, varied):
    one = finals(house, varied)[0]
    with pytest.raises(NotFound, match="no layered TIFF"):
        layers.name_of(house.services, one.id)
    layers.want(house.services, one.id)
    assert house.run() == ["layers"]
    sha, name = layers.name_of(house.services, one.id)
    tiff = tifffile.TiffFile(io.BytesIO(house.services.blobs.read(sha)))
    assert tiff.pages[0].shape == (one.height, one.width, 3)
    xmp = tiff.pages[0].tags[700].value
    assert b"<dc:format>image/tiff</dc:format>" in xmp
    assert b"DigitalSourceType" in xmp
    assert name.endswith(".tif")
    assert f"-studio-{one.brief.context}-" in name
    layers.want(house.services, one.id)
    assert house.run() == []


def test_strokes_that_were_drawn_later_do_not_change_what_was_made_before(house, varied):
    one = finals(house, varied)[0]
    brushing.draw(house.services, one.brief.shot_id, Stroke.drawn(StrokeKind.KEEP, 0.1, [(0.1, 0.1)]))
    assert vary.same_again(house.services, one).cut.strokes == ()
    brushing.make_again(house.services, one.brief.shot_id)
    house.run()
    mended = next(one for one in finals(house, varied) if one.brief.brush)
    brushing.draw(house.services, one.brief.shot_id, Stroke(StrokeKind.UNDO))
    assert len(vary.same_again(house.services, mended).cut.strokes) == 1


def test_a_picture_that_would_come_out_otherwise_is_refused_in_words(house, varied, monkeypatch):
    one = finals(house, varied)[0]
    paint = house.services.painter.layers
    monkeypatch.setattr(
        house.services.painter, "layers", lambda job, xmp: paint(replace(job, seed=job.seed + 1), xmp)
    )
    with pytest.raises(Conflict, match="cannot be taken apart"):
        layers.make(house.services, one.id, house.board)
    monkeypatch.setattr(layers, "same_again", lambda *_: None)
    with pytest.raises(Conflict, match="Fit again"):
        layers.make(house.services, one.id, house.board)
    assert not finals(house, varied)[0].layers


def test_a_first_look_has_none(house, varied):
    with pytest.raises(Conflict, match="Only a finished composite"):
        layers.want(house.services, finals(house, varied, Pass.PREVIEW)[0].id)


def test_they_hold_the_matte_and_go_with_the_consent_to_it(house, varied):
    one = finals(house, varied)[0]
    layers.want(house.services, one.id)
    house.run()
    sha, _ = layers.name_of(house.services, one.id)
    house.agree(varied, Purpose.PROOFING)
    assert f"layers {one.id}" in erase.erase(house.services, varied.id)
    with pytest.raises(NotFound):
        house.services.blobs.path(sha)
    assert house.services.blobs.path(one.picture).exists()
    with pytest.raises(NotAllowed):
        layers.want(house.services, one.id)
