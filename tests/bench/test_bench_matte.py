import numpy as np
import pytest
from click.testing import CliRunner

from studio_server.bench import hair
from studio_server.bench.commands import bench
from studio_server.bench.matte import NEW_PLACE, Answer, Row, errors
from studio_server.bench.tables import spread

BOB = hair.HEADS[1]


@pytest.fixture(scope="module")
def truth():
    """A soft disc of dark hair before light paper; nothing of it is rendered."""
    y, x = np.mgrid[0:120, 0:90]
    alpha = np.clip((30 - np.hypot(x - 45, y - 60)) / 20 + 0.5, 0, 1).astype(np.float32)
    colour = np.array([0.04, 0.03, 0.02], np.float32)
    return hair.seen(BOB, np.dstack([alpha[..., None] * colour, alpha]).astype(np.float32), 1)


def perfect(truth):
    return Answer(truth.alpha, np.rint(hair.encoded(truth.person)).astype(np.uint8))


def test_the_true_answer_has_no_error_of_alpha_and_hardly_a_halo(truth):
    row = errors(truth, "truth", perfect(truth))
    assert (row.absolute, row.gradient) == (0, 0)
    assert row.halo < 6  # levels: light mixes by coverage, an editor by shares of levels


def test_an_alpha_that_is_off_by_a_tenth_is_off_by_a_hundred_thousandths(truth):
    off = Answer(np.clip(truth.alpha - 0.1, 0, 1), perfect(truth).foreground)
    row = errors(truth, "off", off)
    assert 50 < row.absolute <= 100.01
    assert row.gradient < 1


def test_the_old_backdrop_in_the_foreground_is_a_halo(truth):
    haloed = Answer(truth.alpha, truth.frame)
    assert errors(truth, "haloed", haloed).halo > errors(truth, "truth", perfect(truth)).halo + 5


def test_what_is_dark_before_light_paper_has_a_smaller_share_of_levels_than_of_light(truth):
    half = (truth.coverage > 0.45) & (truth.coverage < 0.55)
    assert truth.alpha[half].mean() < truth.coverage[half].mean() - 0.1
    mixed = truth.alpha[..., None] * hair.encoded(truth.person) + (1 - truth.alpha[..., None]) * hair.encoded(
        np.array(BOB.paper, np.float32)
    )
    assert np.abs(mixed - truth.frame)[half].mean() < 12  # the paper falls off to the sides


def test_the_same_person_before_another_backdrop_is_mixed_in_light(truth):
    made = truth.before(NEW_PLACE)
    assert np.allclose(made[0, 0], hair.encoded(NEW_PLACE), atol=1e-3)
    assert np.allclose(made[60, 45], hair.encoded(truth.person[60, 45]), atol=1e-3)


def test_a_head_is_rendered_strand_by_strand_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(hair, "SIZE", (60, 80))
    monkeypatch.setattr(hair, "SAMPLES", 8)
    thin = [hair.Hair("few", 400, 0.9, 0.02, 1.0, 0.2, 1.6, 0.1, 0.5, hair.LIGHT)]
    monkeypatch.setattr(hair, "HEADS", tuple(thin))
    first = next(hair.truths(tmp_path))
    assert first.frame.shape == (80, 60, 3)
    assert 0.2 < first.coverage.mean() < 0.9
    assert ((first.coverage > 0.1) & (first.coverage < 0.9)).sum() > 40
    kept = next(tmp_path.glob("*.npy")).stat().st_mtime_ns
    again = next(hair.truths(tmp_path))
    assert np.array_equal(again.frame, first.frame)
    assert next(tmp_path.glob("*.npy")).stat().st_mtime_ns == kept
    assert not list(tmp_path.glob("*.txt"))


def test_the_spread_is_over_our_own_rows():
    rows = [
        Row(str(n), method, value, 0, 0)
        for n, (method, value) in enumerate(
            [("ours", 4.0), ("ours", 6.0), ("ours", 8.0), ("rembg's alpha matting", 99.0)]
        )
    ]
    assert spread(rows) == (8.0, 6.0)


def test_the_command_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_SHELF_DIR", str(tmp_path))
    done = CliRunner().invoke(
        bench, ["matte", "--renders", str(tmp_path), "--json", str(tmp_path / "r.json")]
    )
    assert done.exit_code != 0
    assert "studio models pull" in str(done.exception)
    assert not (tmp_path / "r.json").exists()
