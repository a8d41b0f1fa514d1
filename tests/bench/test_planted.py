"""Planted faults: what is planted, what the judge says of it, and how it is counted."""

import io
import os
from dataclasses import replace

import cv2
import numpy as np
import pytest
from people import coarse, drawn, portrait, upright_face
from rich.console import Console

from studio_server.bench import planted_composites
from studio_server.bench.faults import MILD, STRONG
from studio_server.bench.greyed import darkened, painted_grey
from studio_server.bench.judge import Models
from studio_server.bench.planted import CROP, Planted, read_planted, write_planted
from studio_server.bench.planted_composites import UNTOUCHED, plant_composites
from studio_server.bench.planted_table import fault_table, group_table, missed, share
from studio_server.bench.relit import side_lit
from studio_server.bench.torn import OF_A_COMPOSITE, halo, has_strands, lost_strands, torn_shoulder
from studio_server.bootstrap import shelf
from studio_server.imaging.coarse import coarse_mask
from studio_server.imaging.composite_measures import rows_of_cut
from studio_server.imaging.face_hair import hair_mask, hair_of
from studio_server.imaging.face_skin import skin_of
from studio_server.imaging.faces import installed_models
from studio_server.imaging.matte import cut_out
from studio_server.settings import Settings

ONE = Planted("ann", "face", "narrowed nose", MILD, True, "Refused: the nose.", ("nose",), 60.0, False)


@pytest.fixture(scope="module")
def head():
    picture, truth = drawn(900)
    return picture, cut_out(picture, coarse(truth))


@pytest.mark.parametrize("name", OF_A_COMPOSITE)
def test_a_strong_fault_of_a_composite_changes_more_than_a_mild_one(head, name):
    picture, cut = head
    mild, strong = (np.abs(OF_A_COMPOSITE[name](picture, cut, level).alpha - cut.alpha) for level in (0, 1))
    assert strong.sum() > 1.3 * mild.sum() > 0


def test_a_halo_shows_the_old_backdrop_and_leaves_the_person(head):
    picture, cut = head
    wide = halo(picture, cut, STRONG)
    rim = (wide.alpha > 0.9) & (cut.alpha == 0)
    assert (wide.foreground[rim] == picture[rim]).all()
    assert (wide.alpha >= cut.alpha).all()


def test_a_torn_shoulder_has_the_shots_own_pixels_along_the_bites(head):
    picture, cut = head
    bare = replace(cut, foreground=np.where(cut.alpha[..., None] < 1, cut.foreground, np.uint8(0)))
    torn = torn_shoulder(picture, bare, STRONG)
    bitten = (torn.alpha > 0) & (torn.alpha < 1) & (cut.alpha == 1)
    assert bitten.sum() > 100
    assert (torn.foreground[bitten] == picture[bitten]).all()
    assert (torn.alpha[: len(cut.alpha) // 2] == cut.alpha[: len(cut.alpha) // 2]).all()


def test_all_loose_strands_are_lost_and_a_bald_head_has_none(head):
    picture, cut = head
    assert has_strands(cut)
    assert not has_strands(lost_strands(picture, cut, STRONG))
    assert not has_strands(replace(cut, hair=None, alpha=(cut.alpha > 2).astype(np.float32)))


def test_the_rows_of_the_judge_name_what_was_planted(head):
    picture, cut = head
    expected = {"halo": "old backdrop left", "torn shoulder": "outline torn", "lost strands": "hair kept"}
    for fault, row in expected.items():
        rows = {one.name: one for one in rows_of_cut(picture, OF_A_COMPOSITE[fault](picture, cut, STRONG))}
        assert not rows[row].passed, fault


def test_people_are_planted_once_and_not_where_the_untouched_is_refused(tmp_path, head, monkeypatch):
    file = tmp_path / "ann" / "shot.png"
    file.parent.mkdir()
    cv2.imwrite(str(file), head[0][..., ::-1])
    monkeypatch.setattr(planted_composites, "cut_of", lambda *_: head[1])
    monkeypatch.setattr(planted_composites, "OF_A_COMPOSITE", {"halo": halo})
    models = Models(tmp_path / "none", installed_models(), None)
    found = next(plant_composites([file], models, tmp_path, frozenset()))
    assert {one.fault for one in found if not one.refused} == {UNTOUCHED}
    assert [(one.fault, one.level) for one in found[1:]] == [("halo", MILD), ("halo", STRONG)]
    assert list(plant_composites([file], models, tmp_path, frozenset(["ann"]))) == []
    monkeypatch.setattr(planted_composites, "cut_of", lambda *_: halo(*head, STRONG))
    assert [one.fault for one in next(plant_composites([file], models, tmp_path, frozenset()))] == [UNTOUCHED]


def test_hair_is_painted_grey_and_grey_is_darkened():
    face, person = upright_face()
    skin = skin_of(face)
    hair = hair_mask(face, person, skin)
    grey = replace(face, picture=painted_grey(face.picture, hair, 1.0))
    half = replace(face, picture=painted_grey(face.picture, hair, 0.5))
    dyed = replace(face, picture=darkened(grey.picture, hair, STRONG))
    young, old, between, again = (hair_of(each, person, skin) for each in (face, grey, half, dyed))
    assert young[0] < between[0] < old[0]
    assert again[3] < old[3] - 20
    assert (painted_grey(face.picture, hair, 0.0)[~hair] == face.picture[~hair]).all()


def test_what_is_known_comes_back_from_the_file(tmp_path):
    write_planted(tmp_path / "planted.json", [ONE])
    assert read_planted(tmp_path / "planted.json") == [ONE]
    assert read_planted(tmp_path / "none.json") == []


def test_the_tables_count_refusals_by_half_and_by_group():
    crop = replace(ONE, fault=CROP, refused=False, failed=())
    other = replace(ONE, person="bob", refused=False, held_out=True, ita=-40.0)
    every = [ONE, crop, other]
    console = Console(width=250, record=True, file=io.StringIO())
    console.print(fault_table(every))
    console.print(group_table(every, {"bob": ["beard"]}))
    lines = {line.split("  ")[0].strip(): line for line in console.export_text().splitlines()}
    assert lines["narrowed nose"].split()[2:] == ["1/1", "(100.0%)", "-", "0/1", "(0.0%)", "-"]
    assert "0/1 (0.0%)" in lines["beard"]
    assert lines["skin: dark"].split()[2:4] == ["1", "0/1"]
    assert share([]) == "-"
    assert missed(every) == ["bob: narrowed nose, mild"]
    assert missed([replace(crop, refused=True)]) == ["ann: untouched crop: Refused: the nose."]


def test_a_mild_halo_around_a_real_person_is_seen():
    kept = shelf(Settings())
    if "u2net.onnx" in kept.missing():
        if os.environ.get("CI"):
            pytest.fail("The matting model is missing: run `make models`.")
        pytest.skip("The matting model is missing: run `make models`.")
    picture = portrait("london_037/neutral_front.jpg")
    cut = cut_out(picture, coarse_mask(picture, kept.path("u2net.onnx")))
    plain, wide = (
        next(row for row in rows_of_cut(picture, each) if row.name == "old backdrop left")
        for each in (cut, halo(picture, cut, MILD))
    )
    assert plain.passed
    assert not wide.passed


def test_a_light_from_the_side_is_on_the_person_alone(head):
    picture, cut = head
    lit, other = (side_lit(picture, cut, STRONG, right=right) for right in (True, False))
    behind = cut.alpha == 0
    assert (lit[0][behind] == picture[behind]).all()
    left, right = np.s_[380:400, 340:360], np.s_[380:400, 540:560]
    brighter = lambda shot: shot[right].mean() - shot[left].mean()  # noqa: E731
    assert brighter(lit[0]) > brighter(picture) + 20 > brighter(other[0]) + 40
    assert np.array_equal(lit[1].alpha, cut.alpha)
    mild = side_lit(picture, cut, MILD, right=True)[0]
    assert brighter(picture) < brighter(mild) < brighter(lit[0])
