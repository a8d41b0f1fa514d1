"""Learning the person and the synthetic lane, for every family that can, on tiny random pipelines."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from lookout import Lookout
from PIL import Image
from safetensors.torch import load, save_file
from small_world import Watch, find_person, portrait
from tiny_families import MAKERS, SIZE, write

from studio_server.domain.engines import CutJob, FitJob, PaintJob
from studio_server.domain.errors import BadInput, Cancelled, EngineUnavailable
from studio_server.domain.likeness import Learns
from studio_server.domain.variation import Lane, Pass
from studio_server.engines import checkpoints, person, synthetic
from studio_server.engines.bases import load_base
from studio_server.engines.checkpoints import Kept
from studio_server.engines.families.facts import FAMILIES
from studio_server.engines.families.interface import Canvas
from studio_server.engines.fit import LoraFitter
from studio_server.engines.picks import encode
from studio_server.engines.recipe import Recipe, recipe_for
from studio_server.engines.shelf import Shelf
from studio_server.engines.surroundings import Order, paint_surroundings
from studio_server.engines.synthetic import PREVIEWS, SyntheticPainter

LARGE = [name for name in MAKERS if FAMILIES[name].learns_person]
RECIPE = Recipe(
    steps=12, batch=2, crops_per_pick=1, rank=4, learning_rate=2e-2, checkpoint_every=5, ema=0.99,
    judge_every=4,
)  # fmt: skip


@pytest.fixture(scope="module", params=LARGE)
def folder(request, tmp_path_factory):
    return write(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory):
    """For what no family does in its own way."""
    return write("sd15", tmp_path_factory.mktemp("one"))


@pytest.fixture
def job(pick_files, tmp_path):
    return FitJob(pick_files[:3], tmp_path / "scratch", seed=7, learns=Learns.PERSON)


def fitter(folder, tmp_path, sight=None, recipe=RECIPE):
    return LoraFitter(folder, Shelf(tmp_path), recipe, find_person, sight or Lookout())


def per_check(distances):
    """Every check looks at as many previews as there are."""
    return lambda number: distances[number // len(PREVIEWS)]


@pytest.fixture(scope="module")
def fitted(folder, pick_files, tmp_path_factory):
    place = tmp_path_factory.mktemp("fitted")
    job = FitJob(pick_files[:3], place / "scratch", 7, Learns.PERSON)
    done = fitter(folder, place, Lookout(per_check([0.5, 0.1, 0.3]))).fit(job, Watch())
    (place / "adapter").write_bytes(done.adapter)
    return done, place / "adapter"


def test_a_fit_to_the_person_lowers_the_loss_that_counts_them(fitted):
    report = fitted[0].report
    assert report.heldout_after < report.heldout_before
    assert report.steps == RECIPE.steps


def test_the_checkpoint_whose_previews_are_nearest_is_kept_and_named(fitted):
    report = fitted[0].report
    assert report.kept_step == 8
    assert report.kept_for.startswith("a distance of 0.1 of four previews' faces, held-out loss ")


def test_what_is_kept_is_the_average_as_it_was_at_that_step(one_folder, job, tmp_path, monkeypatch):
    seen = {}

    def offer(self, step, score, real=Kept.offer):
        seen[step] = [weight.clone() for weight in self.average]
        real(self, step, score)

    monkeypatch.setattr(checkpoints.Kept, "offer", offer)
    done = fitter(one_folder, tmp_path, Lookout(per_check([0.5, 0.1, 0.3]))).fit(job, Watch())
    kept = sorted(tensor.double().norm().item() for tensor in load(done.adapter).values())
    for step, same in ((4, False), (8, True), (12, False)):
        norms = sorted(tensor.double().norm().item() for tensor in seen[step])
        assert np.allclose(norms, kept, rtol=1e-5, atol=0) is same


def test_where_no_preview_is_told_from_another_the_held_out_loss_decides(
    one_folder, job, tmp_path, monkeypatch
):
    losses = iter([9.0, 3.0, 2.0, 4.0, 5.0])  # before; after 4, 8 and 12 steps; in the end
    monkeypatch.setattr("studio_server.engines.fit.heldout_loss", lambda *_: next(losses))
    done = fitter(one_folder, tmp_path).fit(job, Watch())
    assert done.report.kept_step == 8
    assert (done.report.heldout_before, done.report.heldout_after) == (9.0, 5.0)


def test_in_the_locked_lane_the_held_out_loss_alone_decides(folder, job, tmp_path):
    watch, sight = Watch(), Lookout()
    done = fitter(folder, tmp_path, sight).fit(replace(job, learns=Learns.SURROUNDINGS), watch)
    assert done.report.kept_step in (4, 8, 12)
    assert done.report.kept_for == f"held-out loss {done.report.heldout_after:.3g}"
    assert (sight.painted, sight.shots) == (0, 0)  # no face is looked for


def test_a_killed_fit_goes_on_with_its_average_and_its_best_and_ends_with_the_same_weights(
    folder, fitted, job, tmp_path
):
    with pytest.raises(Cancelled):
        fitter(folder, tmp_path, Lookout(per_check([0.5, 0.1]))).fit(job, Watch(stop_after=11))
    resumed = fitter(folder, tmp_path, Lookout(per_check([0.3]))).fit(job, Watch())
    assert (resumed.report.resumed_at, resumed.report.kept_step) == (10, 8)
    one, other = load(fitted[0].adapter), load(resumed.adapter)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_of_the_surroundings_is_no_start_for_the_person(one_folder, job, tmp_path):
    with pytest.raises(Cancelled):
        fitter(one_folder, tmp_path).fit(replace(job, learns=Learns.SURROUNDINGS), Watch(stop_after=11))
    assert fitter(one_folder, tmp_path).fit(job, Watch()).report.resumed_at == 0


def test_a_whole_picture_owes_nothing_to_the_canvas_and_all_to_its_seed_and_prompt(folder):
    base = load_base(folder)
    luck = torch.Generator().manual_seed(0)
    blank = torch.full((1, 3, SIZE[1], SIZE[0]), 0.5)
    canvas = Canvas("a person", blank, torch.zeros_like(blank[:, :1]), 0.3, 3, base.guidance, 5)

    def invented(**changes):
        return base.architecture.invent(base.pipeline, replace(canvas, **changes), base.memo)

    plain = invented()
    assert plain.shape == (SIZE[1], SIZE[0], 3)
    assert np.array_equal(plain, invented(picture=torch.rand(blank.shape, generator=luck)))
    assert not np.array_equal(plain, invented(seed=6))
    assert not np.array_equal(plain, invented(prompt="a garden"))


@pytest.fixture
def paint(folder, fitted, pick_files, tmp_path):
    base = load_base(folder)
    job = PaintJob(
        CutJob(pick_files[0], "a" * 64, tmp_path / "cache"), "garden", 1, fitted[1], Pass.FINAL,
        look_for_faces=True, session_faces=tmp_path / "faces", lane=Lane.SYNTHETIC,
        shots=tuple((path.stem, path) for path in pick_files[:3]),
    )  # fmt: skip

    def paint(sight, **changes):
        return SyntheticPainter(lambda: base, sight).paint(replace(job, **changes))

    paint.base, paint.job = base, job
    return paint


def test_a_whole_picture_is_judged_against_the_session_and_a_stranger_is_refused(paint):
    own, stranger = paint(Lookout()), paint(Lookout(lambda _: 0.6))
    assert Image.open(io.BytesIO(own.picture)).size == (own.width, own.height) == SIZE
    assert own.resemblance.accepted
    assert not stranger.resemblance.accepted
    assert "too far from this session's own shots" in stranger.resemblance.sentence


def test_the_person_is_worn_in_full_and_changes_the_picture(paint, fitted, tmp_path):
    sight, nobody = Lookout(), tmp_path / "nobody"
    flat = {name: torch.zeros_like(tensor) for name, tensor in load(fitted[0].adapter).items()}
    save_file(flat, nobody)
    assert paint(sight).picture == paint(sight).picture
    assert paint(sight).picture != paint(sight, adapter=nobody).picture


def test_both_lanes_take_turns_on_one_base_and_each_wears_its_own(folder, fitted, paint, tmp_path):
    surroundings, base = tmp_path / "surroundings", paint.base
    save_file({name: 3 * tensor for name, tensor in load(fitted[0].adapter).items()}, surroundings)
    picture, alpha = portrait(np.random.default_rng(3), 240, 320)
    plate = np.random.default_rng(4).integers(80, 160, (320, 240, 3)).astype(np.uint8)
    order = Order(plate, picture, alpha, "library", 5, surroundings)
    locked, whole = paint_surroundings(base, order), paint(Lookout()).picture
    assert np.array_equal(paint_surroundings(base, order), locked)
    assert paint(Lookout()).picture == whole
    assert not np.array_equal(paint_surroundings(base, replace(order, adapter=None)), locked)


def test_the_shots_are_measured_once_a_session(folder, paint):
    sight = Lookout()
    painter = SyntheticPainter(lambda: paint.base, sight)
    first, second = painter.paint(paint.job), painter.paint(replace(paint.job, seed=2))
    assert sight.shots == 3
    assert first.resemblance.measures == second.resemblance.measures
    painter.paint(replace(paint.job, shots=paint.job.shots[:2]))
    assert sight.shots == 5


def test_nothing_is_painted_without_the_consent_to_face_processing_or_without_a_likeness(paint):
    for changes in ({"look_for_faces": False}, {"adapter": None}):
        with pytest.raises(BadInput, match="consent page"):
            paint(Lookout(), **changes)


def test_the_starter_base_refuses_to_learn_a_person_and_to_make_one_up(tiny_base, job, tmp_path):
    with pytest.raises(EngineUnavailable, match="need a large base"):
        fitter(tiny_base, tmp_path).fit(job, Watch())
    with pytest.raises(EngineUnavailable, match="need a large base"):
        synthetic.require_person(load_base(tiny_base))


def test_picks_without_a_face_teach_nobody(job, tmp_path, one_folder):
    class Blind(Lookout):
        def traits(self, picture):
            return None

    with pytest.raises(BadInput, match="show the face"):
        fitter(one_folder, tmp_path, Blind()).fit(job, Watch())


def test_previews_that_do_not_fit_into_memory_leave_it_to_the_held_out_loss(
    one_folder, job, tmp_path, monkeypatch
):
    def short(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(synthetic, "_invented", short)
    sight = Lookout()
    done = fitter(one_folder, tmp_path, sight).fit(job, Watch())
    assert done.report.kept_for.startswith("a distance of 1 of")
    assert sight.painted == 0


def test_the_face_counts_most_the_person_in_full_and_the_rest_hardly(one_folder, pick_files):
    base = load_base(one_folder)
    views = person.person_crops(pick_files[0], find_person, Lookout(), (96, 128), range(40))
    for view in views:
        assert set(np.unique(view.weight)) == {np.float32(0.1), 1.0, 2.5}
        rows, columns = np.nonzero(view.weight == 2.5)
        assert rows.size > 0.05 * view.weight.size
        assert view.weight[~view.person & (view.weight < 2)].max() == np.float32(0.1)
        face = view.picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        skin = np.abs(face.astype(int) - [150, 100, 80]).max(axis=2) < 30
        assert skin.mean() > 0.55  # the whole oval is in the view, with the corners of its box around it
    (view,) = person.person_crops(pick_files[0], find_person, Lookout(), SIZE, [0])
    samples = encode(base, [view])
    assert samples.weights.max() == 2.5
    assert samples.weights.min() == np.float32(0.1)


def test_captions_name_clothes_and_backdrop_and_never_the_face(pick_files):
    views = person.person_crops(pick_files[0], find_person, Lookout(), (96, 128), range(5))
    said = {view.caption for view in views}
    assert all("clothes, seamless grey studio paper" in caption for caption in said)
    assert not any(word in caption for caption in said for word in ("face", "hair", "skin", "man"))


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ((20, 20, 24), "dark"),
        ((235, 235, 230), "light"),
        ((120, 120, 120), "grey"),
        ((30, 60, 190), "coloured"),
    ],
)
def test_clothes_are_named_by_what_they_look_like(colour, word):
    picture, mask = portrait(np.random.default_rng(0), 96, 128)
    picture[96:][mask[96:] > 0] = colour
    assert person._clothes(picture, mask > 0, 80) == f" in {word} clothes"


def test_the_average_follows_and_a_decay_of_nothing_is_the_weights_themselves():
    weight = torch.nn.Parameter(torch.zeros(3))
    kept, plain = Kept([weight], 0.99), Kept([weight], 0.0)
    with torch.no_grad():
        weight += 1
    kept.follow(0)
    plain.follow(0)
    assert torch.allclose(kept.average[0], torch.full((3,), 0.9))
    assert torch.equal(plain.average[0], weight)
    with kept.worn():
        assert torch.allclose(weight, torch.full((3,), 0.9))
    assert torch.equal(weight, torch.ones(3))


def test_large_bases_are_averaged_and_judged_and_the_starter_is_not():
    for name, family in FAMILIES.items():
        recipe = recipe_for(family)
        assert (recipe.ema, recipe.judge_every) == ((0.0, 0) if name == "starter" else (0.99, 100))
