import numpy as np
import pytest
from people import astronaut, coarse, drawn, portrait

from studio_server.domain.errors import EngineUnavailable
from studio_server.imaging.closed_form import enlarge, solve
from studio_server.imaging.coarse import coarse_mask
from studio_server.imaging.cut import Cut
from studio_server.imaging.matte import cut_out


@pytest.fixture(scope="module")
def head():
    picture, truth = drawn()
    return picture, truth, cut_out(picture, coarse(truth))


def test_alpha_is_close_to_the_truth_that_was_drawn(head):
    _, truth, cut = head
    assert np.abs(cut.alpha - truth).mean() < 0.012
    assert (np.abs(cut.alpha - truth) > 0.5).mean() < 0.003


def test_single_strands_before_the_paper_are_kept(head):
    picture, truth, cut = head
    strands = (truth > 0.5) & (picture.max(-1) < 120) & (coarse(truth) < 0.5)
    assert strands.sum() > 30
    assert (cut.alpha[strands] > 0.3).mean() > 0.95


def test_a_white_shirt_before_light_paper_has_no_holes(head):
    _, truth, cut = head
    shirt = truth.copy()
    shirt[: round(len(truth) * 0.8)] = 0
    inside = shirt >= 1
    assert (cut.alpha[inside] > 0.9).mean() > 0.985


def test_the_foreground_holds_none_of_the_old_backdrop(head):
    picture, truth, cut = head
    soft = (cut.alpha > 0.35) & (cut.alpha < 0.9) & (truth[...] > 0) & (np.arange(len(truth))[:, None] < 150)
    assert soft.sum() > 50
    assert cut.foreground[soft].mean() < picture[soft].mean() - 25


def test_smooth_paper_is_modelled_and_its_noise_is_measured(head):
    picture, truth, cut = head
    assert cut.backdrop is not None
    assert 0.6 < cut.backdrop.noise < 2.0
    model = cut.backdrop.picture(*truth.shape)
    assert np.abs(model - picture)[truth == 0].mean() < 2.5


def test_a_cut_comes_back_from_its_folder_as_it_was(head, tmp_path):
    _, _, cut = head
    cut.save(tmp_path / "cut")
    again = Cut.load(tmp_path / "cut")
    band = (cut.alpha > 0) & (cut.alpha < 1)
    assert (again.alpha == cut.alpha).all()
    assert (again.foreground[band] == cut.foreground[band]).all()
    assert np.allclose(again.backdrop.coefficients, cut.backdrop.coefficients)
    assert np.abs(again.hair - cut.hair).max() < 0.01


def test_half_a_cut_is_no_cut(head, tmp_path):
    head[2].save(tmp_path)
    (tmp_path / "cut.json").unlink()
    assert Cut.load(tmp_path) is None
    assert Cut.load(tmp_path / "nowhere") is None


def test_a_busy_backdrop_is_not_modelled_but_the_person_is_cut_out():
    picture = astronaut()
    mask = np.zeros((512, 512), np.float32)
    mask[20:512, 90:400] = 1
    cut = cut_out(picture, mask)
    assert cut.backdrop is None
    assert cut.hair is None
    assert (cut.alpha[200:300, 200:300] == 1).all()
    assert (cut.alpha[:, :40] == 0).all()


def test_the_closed_form_finds_a_soft_edge_between_two_colours():
    ramp = np.clip((np.arange(120) - 50) / 20, 0, 1).astype(np.float32)
    alpha = np.tile(ramp, (60, 1))
    mixed = alpha[..., None] * (200, 120, 90) + (1 - alpha[..., None]) * (20, 60, 180)
    picture = np.rint(mixed + np.random.default_rng(1).normal(0, 1, mixed.shape)).astype(np.uint8)
    trimap = np.full(alpha.shape, 0.5, np.float32)
    trimap[:, :40], trimap[:, 80:] = 0, 1
    assert np.abs(solve(picture, trimap) - alpha).max() < 0.05


def test_what_lies_among_nothing_but_backdrop_is_backdrop():
    trimap = np.zeros((40, 40), np.float32)
    trimap[15:25, 15:25] = 0.5
    picture = np.random.default_rng(2).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    assert (solve(picture, trimap) == 0).all()


def test_alpha_is_carried_to_full_size_along_the_edges_of_the_full_picture():
    picture, truth = drawn(960)
    small, _ = drawn(960)
    small = np.ascontiguousarray(small.reshape(480, 2, 480, 2, 3).mean((1, 3)).astype(np.uint8))
    coarse_alpha = truth.reshape(480, 2, 480, 2).mean((1, 3)).astype(np.float32)
    plain = np.kron(coarse_alpha, np.ones((2, 2), np.float32))
    assert np.abs(enlarge(coarse_alpha, small, picture) - truth).mean() < np.abs(plain - truth).mean()


def test_a_missing_network_is_explained_in_a_sentence(tmp_path):
    with pytest.raises(EngineUnavailable, match="studio models pull"):
        coarse_mask(drawn(64)[0], tmp_path / "u2net.onnx")


def test_loose_curls_of_a_real_person_are_kept_and_the_paper_is_not():
    picture = portrait()[::2, ::2]
    grey = np.abs(picture.astype(np.int16) - picture[:40].mean((0, 1)).astype(np.int16)).max(-1)
    mask = coarse((grey > 30).astype(np.float32))
    cut = cut_out(np.ascontiguousarray(picture), mask)
    assert cut.backdrop is not None
    dark = picture.max(-1) < 90
    assert (cut.alpha[dark] > 0.5).mean() > 0.98
    assert (cut.alpha[:100, :100] == 0).all()
