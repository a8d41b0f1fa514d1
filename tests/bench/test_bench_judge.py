from dataclasses import replace

import numpy as np
import pytest
from skimage.data import astronaut

from studio_server.bench.faults import (
    MILD,
    STRONG,
    colour_cast,
    darker_skin,
    lighter_skin,
    smooth_skin,
)
from studio_server.bench.judge import (
    Case,
    group_of,
    nearness,
    people_of,
    read_cases,
    shares,
    write_cases,
)
from studio_server.bench.reshaped import Sitter, larger_eyes, narrow_nose, slim_jaw
from studio_server.domain.errors import NotFound
from studio_server.domain.variation import Measure

ROW = Measure("hair kept", 0.99, 0.98, passed=True)
CASE = Case("ann", "garden", True, "Accepted.", 60.0, (ROW,))


def test_cases_come_back_from_the_file_as_they_were(tmp_path):
    write_cases(tmp_path / "cases.json", [CASE])
    assert read_cases(tmp_path / "cases.json") == [CASE]
    assert read_cases(tmp_path / "none.json") == []


def test_shares_are_counted_for_all_for_skin_and_for_tags():
    refused = replace(CASE, person="bob", accepted=False, ita=-40.0)
    found = shares([CASE, refused], {"bob": ["beard"]})
    assert found == {"all": (1, 2), "beard": (0, 1), "skin: dark": (0, 1), "skin: very light": (1, 1)}
    assert group_of(None) == "no face found"


def test_the_nearer_to_a_limit_the_earlier_a_picture_is_looked_at():
    close = replace(CASE, rows=(replace(ROW, value=0.981),))
    assert nearness(close) > nearness(CASE)


def test_a_folder_without_people_is_explained(tmp_path):
    with pytest.raises(NotFound, match="No person"):
        people_of(tmp_path, "*")


@pytest.mark.parametrize(
    "fault", [lighter_skin, darker_skin, smooth_skin, colour_cast, narrow_nose, larger_eyes, slim_jaw]
)
def test_a_strong_fault_changes_more_than_a_mild_one(fault):
    eyes = np.array([[250, 107], [227, 107], [183, 107], [208, 107], [216, 140]], np.float32)
    sitter = Sitter(astronaut(), eyes)
    changes = [
        np.abs(fault(sitter, sitter, level).astype(float) - astronaut()).mean() for level in (MILD, STRONG)
    ]
    assert changes[1] > 1.3 * changes[0] > 0
