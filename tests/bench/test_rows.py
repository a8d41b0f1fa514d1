"""The form of what benches keep: an interface."""

import json

import pytest

from studio_server.bench import coach, fit, judged_rows, matte, vary
from studio_server.bench.faults import MILD, STRONG
from studio_server.bench.haunted import Look
from studio_server.bench.judge import Case
from studio_server.bench.light import Row as Lit
from studio_server.bench.plain import Spent
from studio_server.bench.planted import CROP, Planted
from studio_server.bench.rows import Baseline, compared, unmeasured, write
from studio_server.domain.variation import Measure

KEYS = ["name", "unit", "ours", "baseline", "ratio", "runs", "machine"]
FIT = fit.Row("Tiny", "CPU", 4, [0.5, 1.0, 4.0], [Spent(1.0, 0.5), Spent(3.0, 2.0), Spent(4.0, 2.0)], 1.0)
HEAD = [
    matte.Row("curls", method, value, 0.1, 8.0)
    for method, value in ((matte.OURS, 20.0), (matte.CLEAN, 10.0), (matte.THEIRS, 60.0))
]
VARY = vary.Row("full size", first=[9.0, 9.0], further=[2.0, 4.0], plain=[8.0, 8.0])
KEPT = Measure("hair kept", 0.99, 0.98, passed=True)
FACES = Measure("faces", 0.0, 0.0, passed=True)
CASES = [Case("ann", "garden", done, "", 60.0, (KEPT, FACES)) for done in (True, False)]
PLANTED = [
    Planted("ann", "face", fault, level, refused, "", (), 60.0, held_out=False)
    for fault, level, refused in (("a cast", STRONG, True), ("a cast", MILD, False), (CROP, 0, False))
]
COACHED = [
    ("in focus", True, True, False),
    ("in focus", False, True, False),
    ("in focus", True, False, False),
]
MEASURED = {
    "fit": fit.as_rows([FIT]),
    "fit on a card": fit.as_rows([fit.Row("Tiny", "H100", 4, [0.5], [Spent(1.0, 0.5)], 1.0, 20.0, 0.1)]),
    "vary": vary.as_rows([VARY]),
    "matte": matte.as_rows(HEAD),
    "light": judged_rows.of_lights(
        [Lit(-45, 5, 0.2, 1.0, "left", 1.0, 1.0), Lit(0, 5, 0.2, 1.0, "front", 1.0, 1.0)]
    ),
    "judge": judged_rows.of_cases(CASES),
    "judge, planted faults": judged_rows.of_planted(PLANTED),
    "coach": coach.as_rows(
        [coach.Answer("ann/1", kind, "", right, held, small) for kind, right, held, small in COACHED]
    ),
    "judge, faces": judged_rows.of_looks([Look(0, "garden", 0), Look(1, "garden", 1)]),
}


@pytest.mark.parametrize("name", MEASURED)
def test_every_row_has_the_keys_of_the_interface_and_is_json(name, tmp_path):
    write(MEASURED[name], tmp_path / "rows.json")
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert rows == MEASURED[name]
    for row in rows:
        assert list(row) == (KEYS if row["ratio"] is not None else [*KEYS, "why"])
        assert list(row["ours"]) == ["p50", "p95"]
        assert list(row["baseline"]) == ["name", "p50", "p95"]
        assert "cores" in row["machine"]


def test_the_judge_is_held_against_the_shares_that_were_asked_for():
    accepted, hair, nearest = MEASURED["judge"]
    assert (accepted["ours"]["p50"], accepted["baseline"]["p50"]) == (0.5, 0.7)
    assert hair["name"] == "hair kept"
    assert hair["ours"]["p50"] == pytest.approx(0.5)  # of two hundredths that may be lost, one is
    assert nearest["ratio"] == pytest.approx(2.0)
    strong, mild, crop, *others = MEASURED["judge, planted faults"]
    assert [row["ours"]["p50"] for row in (strong, mild, crop)] == [1.0, 0.0, 1.0]
    assert {row["ratio"] for row in others} == {None}
    assert MEASURED["judge, faces"][0]["ours"]["p50"] == 0.5


def test_the_coach_is_held_against_nine_of_ten_on_people_held_out():
    held_out, tuned, kind, small = MEASURED["coach"]
    assert (held_out["ours"]["p50"], held_out["baseline"]["p50"]) == (0.5, 0.9)
    assert (tuned["ours"]["p50"], kind["ours"]["p50"], small["ratio"]) == (1.0, 0.5, None)


def test_the_light_is_held_against_a_reader_who_always_says_the_front():
    (row,) = MEASURED["light"]
    assert (row["ours"]["p50"], row["baseline"]["p50"], row["ratio"]) == (1.0, 0.5, 2.0)


def test_the_ratio_is_the_median_of_pairs_and_not_the_ratio_of_medians():
    row = compared("step", "s", [1.0, 10.0, 2.0], Baseline("plain", [2.0, 10.0, 8.0]))
    assert (row["ratio"], row["runs"]) == (2.0, 3)
    assert (row["ours"]["p50"], row["baseline"]["p50"]) == (2.0, 8.0)


def test_where_more_is_better_the_ratio_turns_around():
    row = compared("pictures", "per minute", [30.0], Baseline("plain", [10.0]), more_is_better=True)
    assert row["ratio"] == 3.0


def test_pairs_that_are_none_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        compared("step", "s", [1.0, 2.0], Baseline("plain", [1.0]))


def test_what_could_not_be_measured_says_why():
    row = unmeasured("step on a card", "s", "floor", "No GPU is at hand.")
    assert (row["ratio"], row["ours"]["p50"], row["why"]) == (None, None, "No GPU is at hand.")


def test_a_fit_is_held_against_the_plain_loop_and_against_what_caching_can_gain():
    step, share, card = MEASURED["fit"]
    assert step["ratio"] == 2.0
    assert share["ratio"] == pytest.approx(1.0)  # 2 / 2, 3 / 1.5, 1 / 2
    assert card["ratio"] is None
    assert MEASURED["fit on a card"][-1]["ratio"] == pytest.approx(0.2)  # the floor is five times faster


def test_a_fresh_pick_gains_nothing_and_further_contexts_do():
    first, further = MEASURED["vary"]
    assert first["ratio"] == pytest.approx(8 / 9)
    assert further["ratio"] == 3.0


def test_a_matte_is_held_against_rembg_s_with_and_without_the_clean_plate():
    ratios = {row["name"]: row["ratio"] for row in MEASURED["matte"]}
    assert ratios["alpha: curls, ours"] == pytest.approx(3.0)
    assert ratios["alpha: curls, ours, with the clean plate"] == pytest.approx(6.0)
    assert ratios["halo: curls, ours"] == pytest.approx(1.0)
