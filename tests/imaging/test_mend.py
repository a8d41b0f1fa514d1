"""Strokes over planted faults: what the machine missed comes back, and nothing else moves."""

from dataclasses import replace

import numpy as np
import pytest
from people import coarse, drawn

from studio_server.domain.errors import BadInput
from studio_server.domain.stroke import Stroke, StrokeKind, digest, standing, undone
from studio_server.imaging import mend as mending
from studio_server.imaging.matte import cut_out
from studio_server.imaging.mend import mend

SIDE = 480
SHOULDER, PAPER = (0.2, 0.85), (0.1, 0.3)


@pytest.fixture(scope="module")
def head():
    picture, truth = drawn(SIDE)
    return picture, truth, cut_out(picture, coarse(truth))


def planted(cut, centre, level, radius=20):
    y, x = np.mgrid[:SIDE, :SIDE]
    where = np.hypot(x - centre[0] * SIDE, y - centre[1] * SIDE) < radius
    return replace(cut, alpha=np.where(where, np.float32(level), cut.alpha))


def stroke(kind, centre, width=0.09):
    return Stroke.drawn(kind, width, [centre, (centre[0] + 0.01, centre[1])])


@pytest.mark.parametrize(
    ("kind", "centre", "level"), [(StrokeKind.KEEP, SHOULDER, 0), (StrokeKind.REMOVE, PAPER, 1)]
)
def test_a_stroke_over_a_planted_fault_mends_it(head, kind, centre, level):
    picture, truth, cut = head
    hurt = planted(cut, centre, level)
    mended = mend(picture, hurt, [stroke(kind, centre)])
    before, after = (float(np.abs(one.alpha - truth).sum()) for one in (hurt, mended))
    untouched = float(np.abs(cut.alpha - truth).sum())
    assert before - untouched > 900
    assert after - untouched < 0.05 * (before - untouched)


def test_far_from_the_stroke_nothing_changes(head):
    picture, _, cut = head
    mended = mend(picture, planted(cut, SHOULDER, 0), [stroke(StrokeKind.KEEP, SHOULDER)])
    assert (mended.alpha[: SIDE // 2] == cut.alpha[: SIDE // 2]).all()
    assert (mended.foreground[: SIDE // 2] == cut.foreground[: SIDE // 2]).all()


def test_a_mended_cut_is_in_whole_steps_and_shows_the_photograph_where_it_is_opaque(head):
    picture, _, cut = head
    mended = mend(picture, planted(cut, SHOULDER, 0), [stroke(StrokeKind.KEEP, SHOULDER)])
    assert np.abs(mended.alpha * 255 - np.rint(mended.alpha * 255)).max() < 1e-3
    opaque = (mended.alpha == 1) & (cut.alpha == 1)
    assert (mended.foreground[opaque] == picture[opaque]).all()


def test_what_is_mended_small_is_carried_to_the_full_size(head, monkeypatch):
    picture, truth, cut = head
    monkeypatch.setattr(mending, "WORKING_SIDE", 240)
    hurt = planted(cut, SHOULDER, 0)
    mended = mend(picture, hurt, [stroke(StrokeKind.KEEP, SHOULDER)])
    assert mended.alpha.shape == truth.shape
    assert np.abs(mended.alpha - truth).sum() < 0.3 * np.abs(hurt.alpha - truth).sum()


def test_a_stroke_over_flat_colour_or_beside_the_picture_is_no_error(head):
    picture, _, cut = head
    flat = np.full_like(picture, 128)
    kept = mend(flat, replace(cut, alpha=np.zeros_like(cut.alpha)), [stroke(StrokeKind.KEEP, PAPER)])
    assert kept.alpha[round(PAPER[1] * SIDE), round(PAPER[0] * SIDE)] == 1
    assert mend(picture, cut, [stroke(StrokeKind.KEEP, (1.4, 1.4), 0.01)]) is cut


def test_undo_and_redo_are_entries_of_the_log_and_a_new_stroke_ends_what_could_be_redone():
    one, two = stroke(StrokeKind.KEEP, SHOULDER), stroke(StrokeKind.REMOVE, PAPER)
    undo, redo = Stroke(StrokeKind.UNDO), Stroke(StrokeKind.REDO)
    assert standing([one, two, undo]) == (one,)
    assert undone([one, two, undo]) == (two,)
    assert standing([one, two, undo, redo]) == (one, two)
    assert standing([undo, one, undo, two, redo]) == (two,)
    assert digest([]) == ""
    assert digest([one]) != digest([one, two])


@pytest.mark.parametrize("points", [[], [(0.5,)], [(0.5, 9.0)], [(float("nan"), 0.5)], [(0.5, 0.5)] * 401])
def test_a_stroke_that_nobody_can_have_drawn_is_refused(points):
    with pytest.raises(BadInput, match="draw it once more"):
        Stroke.drawn(StrokeKind.KEEP, 0.01, points)


@pytest.mark.parametrize(
    "points", [[PAPER], [PAPER, (0.9, 0.3)], [(0.05, 0.05), PAPER, (0.05, 0.9), (0.9, 0.95)]]
)
@pytest.mark.parametrize("width", [0.02, 0.25])
def test_a_dot_and_a_long_stroke_hold_along_their_whole_middle(head, monkeypatch, points, width):
    """However many pieces it is solved in, and at however much less than its size."""
    monkeypatch.setattr(mending, "LARGEST", 6000)
    picture, _, cut = head
    kept = mend(picture, cut, [Stroke.drawn(StrokeKind.KEEP, width, points)]).alpha
    line = np.concatenate([np.linspace(a, b, 60) for a, b in zip(points, points[1:] or points, strict=False)])
    at = np.rint(line * SIDE - 0.5).astype(int).clip(0, SIDE - 1)
    assert kept[at[:, 1], at[:, 0]].min() >= 254 / 255 - 1e-6
    assert (kept >= cut.alpha - 1e-6).all()
