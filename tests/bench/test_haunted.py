"""Faces in painted surroundings are counted by the real detector, and the count goes on where it stopped."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from skimage.data import astronaut

from studio_server.bench.haunted import haunted, read_looks, write_looks
from studio_server.imaging.faces import installed_models


class Painter:
    """Paints grey paper; every third picture is a portrait of somebody."""

    def paint(self, _pipeline, canvas, _memo):
        return astronaut() / 255 if canvas.seed % 3 == 2 else np.full((256, 192, 3), 0.5)


@pytest.fixture
def base():
    return SimpleNamespace(
        size=(192, 256), steps=1, guidance=1.0, memo={}, pipeline=None, architecture=Painter()
    )


def test_a_face_in_the_surroundings_is_found_and_counted(base):
    found = list(haunted(base, installed_models(), [1, 2]))
    assert [(look.number, look.faces) for look in found] == [(1, 0), (2, 1)]


def test_looks_are_kept_whole(base, tmp_path):
    file = tmp_path / "looks.json"
    assert read_looks(file) == []
    found = list(haunted(base, installed_models(), [0]))
    write_looks(file, found)
    assert read_looks(file) == found
    write_looks(file, [*found, replace(found[0], number=7)])
    assert [look.number for look in read_looks(file)] == [0, 7]
