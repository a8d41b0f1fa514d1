"""On real faces: the expression tells one person's pictures apart."""

from dataclasses import replace

import numpy as np
import pytest
from people import astronaut, portrait

from studio_server.imaging.faces import find_faces, installed_models
from studio_server.imaging.landmarks import expression_of, find_mesh


def found(picture, mesh_model):
    face = find_faces(picture, installed_models(), embed=False)[0]
    return face, find_mesh(picture, face, mesh_model)


def test_the_mesh_lies_on_the_face(mesh_model):
    face, mesh = found(astronaut(), mesh_model)
    left, top, right, bottom = face.box
    assert mesh.points.shape == (468, 3)
    inside = (mesh.points[:, 0] > left - 20) & (mesh.points[:, 0] < right + 20)
    assert inside.mean() > 0.98
    assert (mesh.points[:, 1] < bottom + 25).all()
    assert (mesh.points[:, 1] > top - 60).all()
    assert np.linalg.norm(mesh.points[1, :2] - face.landmarks[4]) < 0.1 * (right - left)


def test_it_follows_a_tilted_head(mesh_model):
    face, mesh = found(astronaut(), mesh_model)
    tilted = np.rot90(astronaut()).copy()
    turn = np.array([[0, 1], [-1, 0]], np.float32)
    side = astronaut().shape[1]
    turned = replace(
        face,
        landmarks=np.asarray(face.landmarks @ turn.T + [0, side], np.float32),
        box=(face.box[1], side - face.box[2], face.box[3], side - face.box[0]),
    )
    there = find_mesh(tilted, turned, mesh_model).points[:, :2]
    assert np.abs(there - (mesh.points[:, :2] @ turn.T + [0, side])).max() < 6
    assert expression_of(find_mesh(tilted, turned, mesh_model)).smile == pytest.approx(
        expression_of(mesh).smile, abs=0.03
    )


def test_a_mirrored_face_turns_the_other_way(mesh_model):
    picture = portrait("barack_obama/03_obama3.jpg")
    one, other = (expression_of(found(each, mesh_model)[1]) for each in (picture, picture[:, ::-1].copy()))
    assert abs(one.yaw) > 8
    assert one.yaw == pytest.approx(-other.yaw, abs=4)
    assert one.eyes > 0.12


@pytest.mark.parametrize("who", ["001", "008", "025", "030", "034", "038", "062", "099"])
def test_a_smile_is_told_from_the_same_face_at_rest(mesh_model, who):
    calm, smiling = (
        expression_of(found(portrait(f"london_{who}/{mood}_front.jpg"), mesh_model)[1])
        for mood in ("neutral", "smiling")
    )
    assert smiling.smile > calm.smile + 0.05
