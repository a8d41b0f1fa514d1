from dataclasses import replace

import cv2
import numpy as np
import pytest
from people import astronaut, plate

from studio_server.domain.errors import Unreadable
from studio_server.engines.judge import Exhibit, Judge, Known, session_limit
from studio_server.imaging.compose import compose
from studio_server.imaging.faces import installed_models
from studio_server.imaging.matte import cut_out


@pytest.fixture(scope="module")
def judge():
    return Judge(installed_models())


@pytest.fixture(scope="module")
def scene():
    picture = cv2.resize(astronaut(), (768, 768), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((768, 768), np.float32)
    cv2.ellipse(mask, (336, 210), (112, 190), 0, 0, 360, 1, -1)
    cv2.ellipse(mask, (336, 768), (310, 420), 0, 0, 360, 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 4)
    cut = cut_out(picture, mask)
    return Exhibit(picture, cut, compose(picture, cut, plate(), seed=1), "shot-1", None)


def known(*vectors):
    return [Known(str(index), 1, np.array(vector, np.float32), 30.0) for index, vector in enumerate(vectors)]


def around(middle, spread, count=10):
    random = np.random.default_rng(2)
    return [middle + random.normal(0, spread / np.sqrt(128), 128) for _ in range(count)]


def test_the_untouched_person_in_a_new_place_is_accepted(judge, scene, tmp_path):
    said = judge.judge_composite(replace(scene, session_faces=tmp_path / "faces"))
    assert said.accepted, said.sentence
    assert said.distance < 0.2
    assert abs(said.delta_ita) < 3


def test_rows_that_could_not_be_measured_are_named_in_the_sentence(judge, scene):
    said = judge.judge_composite(scene)
    assert "Not measured on this shot: hair kept" in said.sentence


def test_without_consent_no_face_is_looked_for_and_the_sentence_says_so(judge, scene, tmp_path):
    said = judge.judge_composite(scene)
    assert said.distance is None
    assert said.delta_ita is None
    assert not any("face" in row.name for row in said.measures)
    assert "not agreed to face processing" in said.sentence
    assert list(tmp_path.iterdir()) == []


def test_a_face_in_the_surroundings_is_refused(judge, scene, tmp_path):
    haunted = compose(scene.rendition, scene.cut, astronaut(), seed=1)
    said = judge.judge_composite(replace(scene, composite=haunted, session_faces=tmp_path))
    assert not said.accepted
    assert "something like a face" in said.sentence


def test_a_stranger_is_refused(judge, scene, tmp_path):
    far = np.full(128, 0.2, np.float32)
    judge.judge_composite(replace(scene, session_faces=tmp_path))
    file = next(tmp_path.glob("*.json"))
    text = file.read_text()
    start = text.index("[", text.index('"embedding"'))
    file.write_text(text[:start] + str([float(value) for value in far]) + text[text.index("]", start) + 1 :])
    said = judge.judge_composite(replace(scene, session_faces=tmp_path))
    assert "too far from this session" in said.sentence


def test_a_touched_person_is_refused_in_words(judge, scene):
    picture = scene.composite.picture.copy()
    picture[scene.composite.core] ^= 1
    said = judge.judge_composite(replace(scene, composite=replace(scene.composite, picture=picture)))
    assert said.sentence.startswith("Refused: pixels of the person were changed")


def test_what_depends_on_the_cut_alone_is_measured_once(judge, scene, tmp_path):
    first = judge.judge_composite(replace(scene, memo=tmp_path / "memo"))
    memo = tmp_path / "memo" / "rows.json"
    memo.write_text(memo.read_text().replace("too busy", "as was found before"))
    again = judge.judge_composite(replace(scene, memo=tmp_path / "memo"))
    assert any("as was found before" in row.why for row in again.measures)
    assert first.accepted == again.accepted


def test_learning_twice_keeps_what_is_known_and_a_broken_file_is_explained(judge, tmp_path):
    shot, broken = tmp_path / "shot.png", tmp_path / "broken.jpg"
    cv2.imwrite(str(shot), astronaut()[..., ::-1])
    broken.write_bytes(b"no picture")
    faces = tmp_path / "faces"
    judge.learn([("one", shot)], faces)
    before = {file: file.stat().st_mtime_ns for file in faces.iterdir()}
    judge.learn([("one", shot)], faces)
    assert {file: file.stat().st_mtime_ns for file in faces.iterdir()} == before
    with pytest.raises(Unreadable, match=r"broken\.jpg"):
        judge.learn([("two", broken)], faces)


def test_the_limit_follows_the_session_and_stays_within_reason():
    middle = np.zeros(128)
    assert session_limit([]) == 0.25
    assert session_limit(known(*around(middle, 0.02))) == 0.25
    wide = session_limit(known(*around(middle, 0.3)))
    assert 0.25 < wide < 0.5
    assert session_limit(known(*around(middle, 2.0))) == 0.5


def test_nineteen_of_twenty_shots_of_the_session_itself_pass():
    vectors = around(np.zeros(128), 0.28, 40)
    limit = session_limit(known(*vectors))
    inside = [
        np.linalg.norm(vector - np.mean([o for j, o in enumerate(vectors) if j != i], axis=0)) <= limit
        for i, vector in enumerate(vectors)
    ]
    assert np.mean(inside) >= 0.95
