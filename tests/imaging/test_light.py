"""The light on a face: on lit meshes whose light is known, and on real faces that are mirrored and relit."""

from dataclasses import replace

import numpy as np
import pytest
from people import astronaut, portrait

from studio_server.bench.light import Key, lit, measure, shaken
from studio_server.imaging.faces import find_faces, installed_models
from studio_server.imaging.landmarks import Mesh, find_mesh
from studio_server.imaging.light import CLEAR, SIDED, eyes_of, light_on
from studio_server.imaging.pixels import shrink


def mesh_of(picture, mesh_model):
    return find_mesh(picture, find_faces(picture, installed_models(), embed=False)[0], mesh_model)


@pytest.fixture(scope="module")
def mesh(mesh_model):
    small = mesh_of(astronaut(), mesh_model)
    return Mesh(small.points * 2)


def test_the_side_of_a_known_light_is_read_whatever_the_skin(mesh):
    rows = list(measure(mesh))
    far = [row for row in rows if abs(row.azimuth) >= 45]

    assert len(rows) == 63
    assert all(row.right for row in far)
    assert sum(row.right for row in rows) >= 57
    assert all(abs(row.strength) < SIDED for row in rows if row.azimuth == 0)
    assert all(abs(row.strength) > CLEAR for row in rows if abs(row.azimuth) == 70)


def test_a_small_light_is_harder_than_a_large_one(mesh):
    hardness = [
        light_on(lit(mesh, Key(45, half_angle=size), 0.3, 1), shaken(mesh, 1)).hardness
        for size in (5, 30, 60)
    ]

    assert hardness[0] > 1.1 * hardness[1] > 1.2 * hardness[2]


def test_more_light_from_everywhere_makes_it_less_one_sided(mesh):
    found = [
        light_on(lit(mesh, Key(45, ambient=ambient), 0.3, 1), shaken(mesh, 1)).strength
        for ambient in (0.0, 0.5, 2.0)
    ]

    assert found[0] > found[1] > found[2] > 0


def test_light_from_above_is_told_from_light_from_below(mesh):
    above, below = (light_on(lit(mesh, Key(0, height=height), 0.3, 1), mesh).up for height in (50, -30))

    assert above > 0.2
    assert below < -0.1


@pytest.mark.parametrize("name", ["london_025", "london_037", "london_062"])
def test_a_mirrored_portrait_has_its_light_on_the_other_side(name, mesh_model):
    picture = shrink(portrait(f"{name}/neutral_front.jpg"), 1000)
    other = np.ascontiguousarray(picture[:, ::-1])
    there, back = (light_on(each, mesh_of(each, mesh_model)) for each in (picture, other))

    assert there.strength == pytest.approx(-back.strength, abs=0.08)


def relit(picture, mesh, stops):
    """Light the picture by so many stops more on the right of the face than on its left."""
    width = np.ptp(mesh.points[:, 0])
    across = ((np.arange(picture.shape[1]) - eyes_of(mesh)[0]) / width).clip(-0.5, 0.5)
    gain = 2 ** (stops * across) / 2
    return (255 * ((picture / 255) ** 2.2 * gain[None, :, None]).clip(0, 1) ** (1 / 2.2)).astype(np.uint8)


def test_a_face_that_is_relit_by_known_gains_is_ordered_by_them(mesh_model):
    picture = astronaut()
    mesh = mesh_of(picture, mesh_model)
    found = [light_on(relit(picture, mesh, stops), mesh) for stops in (-2, -1, 0, 1, 2)]

    strengths = [light.strength for light in found]
    assert strengths == sorted(strengths)
    assert np.diff(strengths).min() > 0.1
    assert found[0].clear
    assert strengths[0] < 0 < strengths[-1]


@pytest.mark.parametrize("name", ["london_001", "london_062"])
def test_a_relit_portrait_has_the_side_of_its_gain(name, mesh_model):
    picture = shrink(portrait(f"{name}/neutral_front.jpg"), 1000)
    mesh = mesh_of(picture, mesh_model)

    assert [light_on(relit(picture, mesh, stops), mesh).side for stops in (-2, 0, 2)] == [
        "left",
        "front",
        "right",
    ]


def test_the_colour_follows_a_cast(mesh_model):
    mesh = mesh_of(astronaut(), mesh_model)
    warm = (astronaut() * np.array([1.0, 0.93, 0.8])).astype(np.uint8)
    plain, tinted = light_on(astronaut(), mesh).colour, light_on(warm, mesh).colour

    assert tinted[0] > plain[0] + 0.005
    assert tinted[1] > plain[1] + 0.005


def test_a_face_outside_the_picture_is_not_measured(mesh):
    away = replace(mesh, points=mesh.points + 5000)

    assert light_on(astronaut(), away) is None


def test_what_is_doubted_has_no_side(mesh):
    light = light_on(lit(mesh, Key(70), 0.3, 1), mesh)

    assert light.clear
    assert replace(light, confidence=0.1).side == "front"
    assert not replace(light, confidence=0.1).clear
