"""Every floor of a played session, missed once."""

import copy
import math

import pytest

from studio_server.demo.floors import missed


def variation(number=0, **more):
    size = {"width": 3000, "height": 4000, "shot_width": 3000, "shot_height": 4000}
    return {"accepted": True, "file": f"/out/{number}.jpg", **size, **more}


def good(**more):
    return {
        "photos": "",
        "shots": {"files_written": 20, "written": 16, "received": 16, "developed": 15, "unreadable": 1},
        "proof_seconds": {"p50": 1.0, "p95": 2.0, "measured": 15},
        "fit": {"heldout_before": 0.2, "heldout_after": 0.1},
        "variations": [variation(number, accepted=number < 12) for number in range(16)],
        "approved": 3,
        "delivered": [{"file": f"{number}.jpg"} for number in range(3)],
        "lightroom": {"imported": 3, "stacked": 3, "second_run_changes": 0},
        **more,
    }


def of_photos(**more):
    shots = {"written": 2, "received": 2, "developed": 2, "unreadable": 0}
    one = {"variations": [variation()], "approved": 1, "delivered": [{"file": "0.jpg"}]}
    lightroom = {"imported": 1, "stacked": 1, "second_run_changes": 0}
    own = {"photos": "/my", "shots": shots, "proof_seconds": {"measured": 2}, "lightroom": lightroom, **one}
    return good(**own, **more)


def planted(report, path, value):
    report = copy.deepcopy(report)
    *way, last = path
    inner = report
    for step in way:
        inner = inner[step]
    inner[last] = value
    return report


def test_a_session_that_reaches_every_floor_misses_none():
    assert missed(good()) == []


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("shots", "received"), 15, "The camera wrote 16 shots, and the server received 15."),
        (("shots", "received"), 17, "The camera wrote 16 shots, and the server received 17."),
        (("shots", "unreadable"), 0, "The camera cut off 1 file, and 0 are listed as unreadable."),
        (("shots", "unreadable"), 2, "The camera cut off 1 file, and 2 are listed as unreadable."),
        (
            ("proof_seconds", "measured"),
            14,
            "15 shots were developed, and the tablet heard of 14 as they came.",
        ),
        (
            ("fit", "heldout_after"),
            0.2,
            "The fit did not lower the loss on the held-out pick: 0.2000 before, 0.2000 after.",
        ),
        (
            ("fit", "heldout_after"),
            math.nan,
            "The fit did not lower the loss on the held-out pick: 0.2000 before, nan after.",
        ),
        (("fit", "heldout_after"), None, "The fit was not measured on the pick that was held out."),
        (
            ("variations", 11, "accepted"),
            False,
            "The judge accepted 11 of 16 composites; at least 12 are needed.",
        ),
        (
            ("variations", 3, "width"),
            2999,
            "/out/3.jpg has 2999 x 4000 pixels, and its shot has 3000 x 4000.",
        ),
        (
            ("variations", 15, "height"),
            3000,
            "/out/15.jpg has 3000 x 3000 pixels, and its shot has 3000 x 4000.",
        ),
        (("approved",), 4, "The client approved 4 composites, and 3 were delivered."),
        (
            ("lightroom", "stacked"),
            2,
            "Lightroom imported 3 masters and stacked 2 with their RAW.",
        ),
        (
            ("lightroom", "second_run_changes"),
            1,
            "The plug-in's second run made 1 changes; it should have made none.",
        ),
    ],
)
def test_each_floor_that_is_missed_is_one_sentence(path, value, sentence):
    assert missed(planted(good(), path, value)) == [sentence]


def test_too_few_deliveries_are_missed_even_where_all_that_was_approved_came():
    few = good(
        approved=2, delivered=[{}, {}], lightroom={"imported": 2, "stacked": 2, "second_run_changes": 0}
    )
    assert missed(few) == ["2 masters were delivered; at least 3 are needed."]


def test_what_lightroom_did_not_import_is_missed():
    some = good(lightroom={"imported": 2, "stacked": 2, "second_run_changes": 0})
    assert missed(some) == ["3 masters were delivered, and Lightroom imported 2."]


def test_a_shot_whose_size_is_not_known_is_not_taken_for_an_equal_one():
    unknown = good(variations=[*good()["variations"], variation(16, shot_width=None, shot_height=None)])
    assert missed(unknown) == ["/out/16.jpg has 3000 x 4000 pixels, and its shot has an unknown number."]


def test_a_report_of_nothing_misses_every_floor_and_claims_nothing_that_was_not_seen():
    assert missed({}) == [
        "The shots were not counted.",
        "The proofs were not timed.",
        "The fit was not measured on the pick that was held out.",
        "The judge accepted 0 of 0 composites; at least 12 are needed.",
        "0 masters were delivered; at least 3 are needed.",
        "Lightroom pulled nothing, neither once nor a second time.",
    ]


def test_a_nothing_that_is_equal_to_another_is_not_a_session():
    shots = {"written": 0, "received": 0, "developed": 0, "unreadable": 1}
    nothing = good(shots=shots, proof_seconds={"measured": 0})
    assert len(missed(nothing)) == 2


def test_a_folders_pictures_need_one_accepted_and_delivered_and_no_cut_file():
    assert missed(of_photos()) == []
    assert missed(planted(of_photos(), ("shots", "unreadable"), 1)) == []
    assert len(missed(of_photos() | {"variations": []})) == 1
    assert len(missed(planted(of_photos(), ("shots", "received"), 1))) == 1
    assert len(missed(planted(of_photos(), ("lightroom", "stacked"), 0))) == 1
    assert len(missed(planted(of_photos(), ("fit", "heldout_after"), 0.3))) == 1
