import cv2
import numpy as np
import pytest
from people import astronaut, plate, portrait

from studio_server.imaging.faces import find_faces, installed_models, skin_tone


@pytest.fixture(scope="module")
def models():
    return installed_models()


def distance(one, other):
    return float(np.linalg.norm(one.embedding - other.embedding))


def test_the_models_lie_in_the_installed_package(models):
    assert models.landmarks.is_file()
    assert models.embedding.is_file()


def test_one_face_is_found_in_the_portrait_and_lies_where_it_is(models):
    (face,) = find_faces(astronaut(), models)
    left, top, right, bottom = face.box
    assert left < 225 < right
    assert top < 115 < bottom
    assert face.score >= 0.5
    assert face.landmarks.shape == (5, 2)
    assert face.embedding.shape == (128,)


def test_a_large_picture_is_searched_small_and_answered_in_its_own_pixels(models):
    big = cv2.resize(astronaut(), (2048, 2048), interpolation=cv2.INTER_CUBIC)
    (small,), (large,) = find_faces(astronaut(), models), find_faces(big, models)
    assert np.abs(large.landmarks / 4 - small.landmarks).max() < 6
    assert distance(small, large) < 0.2


def test_an_empty_place_has_no_face(models):
    assert find_faces(plate(side=600), models) == []


def test_embedding_is_left_out_where_it_is_not_asked_for(models):
    (face,) = find_faces(astronaut(), models, embed=False)
    assert face.embedding.size == 0


def test_one_person_is_nearer_to_themself_than_to_another(models):
    one, same, other = (
        find_faces(portrait(name), models)[0]
        for name in (
            "london_001/neutral_front.jpg",
            "london_001/smiling_front.jpg",
            "london_042/smiling_front.jpg",
        )
    )
    assert distance(one, same) < 0.5 < distance(one, other)


def test_skin_tone_tells_light_from_dark_skin(models):
    tones = []
    for name in ("london_001/neutral_front.jpg", "london_042/neutral_front.jpg"):
        picture = portrait(name)
        tones.append(skin_tone(picture, find_faces(picture, models, embed=False)[0])[0])
    assert tones[0] > 28
    assert tones[1] < 0


def test_skin_tone_falls_when_the_picture_darkens(models):
    picture = astronaut()
    (face,) = find_faces(picture, models, embed=False)
    darker = np.rint(picture * 0.7).astype(np.uint8)
    assert skin_tone(darker, face)[0] < skin_tone(picture, face)[0] - 5
