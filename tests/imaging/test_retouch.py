"""On the NASA portrait, enlarged as a camera would have it, with spots that are planted."""

import cv2
import numpy as np
import pytest
from people import astronaut

from studio_server.imaging.faces import find_faces, installed_models
from studio_server.imaging.retouch import retouch

CHEEK = (0.5, 0.55)
FOREHEAD = (0.1, -0.55)


@pytest.fixture(scope="module")
def sitter():
    enlarged = cv2.resize(astronaut(), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(5).normal(0, 3, enlarged.shape)
    picture = np.rint((enlarged + noise).clip(0, 255)).astype(np.uint8)
    face = find_faces(picture, installed_models(), embed=False)[0]
    return picture, np.ones(picture.shape[:2], np.float32), face


def between_the_eyes(face):
    return float(np.linalg.norm(face.landmarks[0:2].mean(0) - face.landmarks[2:4].mean(0)))


def at(face, place):
    """Pixel of a place in distances between the eyes, across and down from the point between them."""
    right, left = face.landmarks[0:2].mean(0), face.landmarks[2:4].mean(0)
    across = right - left
    x, y = (right + left) / 2 + place[0] * across + place[1] * np.array([-across[1], across[0]])
    return round(float(x)), round(float(y))


def spotted(picture, face, place, lab_change):
    """A soft round spot of about a twentieth of the distance between the eyes."""
    x, y = at(face, place)
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    spot = np.exp(-(((rows - y) ** 2 + (columns - x) ** 2) / (2 * (0.03 * between_the_eyes(face)) ** 2)))
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab += spot[..., None].astype(np.float32) * np.array(lab_change, np.float32)
    return np.rint((cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).clip(0, 255)).astype(np.uint8)


def seen(picture, clean, face, place):
    """How far the spot stands out: mean Lab against the clean skin, at its middle."""
    x, y = at(face, place)
    half = round(0.015 * between_the_eyes(face))
    part = (slice(y - half, y + half + 1), slice(x - half, x + half + 1))
    lab, before = (
        cv2.cvtColor(each[part].astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for each in (picture, clean)
    )
    return (lab - before).mean((0, 1))


def test_off_is_off(sitter):
    picture, person, face = sitter
    assert retouch(picture, person, face, 0) is picture


def test_a_red_blemish_goes_by_as_much_as_is_asked(sitter):
    picture, person, face = sitter
    red = spotted(picture, face, CHEEK, (-2, 12, 3))
    left = [
        seen(retouch(red, person, face, amount), retouch(picture, person, face, amount), face, CHEEK)[1]
        for amount in (0, 50, 100)
    ]
    assert left[0] > left[1] > left[2]
    assert left[2] < 0.45 * left[0]


@pytest.mark.parametrize("change", [(-22, 5, 6), (-8, 2, 5), (8, -4, -3)], ids=["mole", "freckle", "scar"])
def test_moles_freckles_and_scars_stay(sitter, change):
    picture, person, face = sitter
    marked = spotted(picture, face, CHEEK, change)
    before = seen(marked, picture, face, CHEEK)
    after = seen(retouch(marked, person, face, 100), retouch(picture, person, face, 100), face, CHEEK)
    assert np.abs(after - before).max() < 0.3 * np.abs(before).max()


def test_shine_is_brought_down_and_not_to_nothing(sitter):
    picture, person, face = sitter
    shining = spotted(picture, face, CHEEK, (16, -6, -10))
    before = seen(shining, picture, face, CHEEK)[0]
    after = seen(retouch(shining, person, face, 100), picture, face, CHEEK)[0]
    assert 0.1 * before < after < 0.85 * before


def test_the_texture_of_cheeks_and_forehead_is_kept(sitter):
    """High-frequency energy within 15 % of the photograph's, at the strongest setting."""
    picture, person, face = sitter
    done = retouch(picture, person, face, 100)
    half = round(0.15 * between_the_eyes(face))
    for place in (CHEEK, (-CHEEK[0], CHEEK[1]), FOREHEAD):
        x, y = at(face, place)
        part = (slice(y - half, y + half), slice(x - half, x + half))
        fine = [
            grey - cv2.GaussianBlur(grey, (0, 0), 2)
            for grey in (
                cv2.cvtColor(each[part], cv2.COLOR_RGB2GRAY).astype(np.float32) for each in (picture, done)
            )
        ]
        assert fine[1].std() == pytest.approx(fine[0].std(), rel=0.15)


def test_eyes_mouth_hair_and_all_that_is_not_the_person_stay_to_the_bit(sitter):
    picture, person, face = sitter
    half = person.copy()
    half[:, : at(face, (0, 0))[0]] = 0
    done = retouch(picture, half, face, 100)
    changed = (done != picture).any(-1)
    assert changed.any()
    assert not changed[half == 0].any()
    for place in ((0.5, 0.0), (-0.5, 0.0)):
        x, y = at(face, place)
        assert not changed[y - 5 : y + 5, x - 5 : x + 5].any()
    assert not changed[: at(face, (0, -1.4))[1]].any()
