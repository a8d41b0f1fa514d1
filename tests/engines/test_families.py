"""One contract for every family, on tiny random pipelines of the real classes, written and read back."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import Flux2Transformer2DModel, UNet2DConditionModel
from peft import LoraConfig
from safetensors.torch import load, safe_open, save_file
from small_world import Watch, find_person, portrait
from tiny_families import MAKERS, write

from studio_server.domain.engines import FitJob
from studio_server.domain.errors import Cancelled, EngineUnavailable
from studio_server.engines import fit, surroundings
from studio_server.engines.bases import load_base
from studio_server.engines.eight_bits import EightBits
from studio_server.engines.families.known import ARCHITECTURES
from studio_server.engines.fit import LoraFitter, Recipe
from studio_server.engines.shelf import Shelf
from studio_server.engines.surroundings import Order, paint_surroundings

RECIPE = Recipe(steps=12, batch=2, crops_per_pick=1, rank=4, learning_rate=2e-2, checkpoint_every=4)


@pytest.fixture(scope="module", params=MAKERS)
def folder(request, tmp_path_factory):
    return write(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def base(folder):
    return load_base(folder)


@pytest.fixture
def job(pick_files, tmp_path):
    return FitJob(pick_files[:3], tmp_path / "scratch", seed=7)


def fitter(folder, tmp_path, recipe=RECIPE):
    return LoraFitter(folder, Shelf(tmp_path), recipe, find_person)


@pytest.fixture(scope="module")
def fitted(folder, pick_files, tmp_path_factory):
    place = tmp_path_factory.mktemp("fitted")
    done = fitter(folder, place).fit(FitJob(pick_files[:3], place / "scratch", 7), Watch())
    (place / "adapter").write_bytes(done.adapter)
    return done, place / "adapter"


@pytest.fixture
def order():
    picture, person = portrait(np.random.default_rng(3), 240, 320)
    plate = np.random.default_rng(4).integers(80, 160, (320, 240, 3)).astype(np.uint8)
    return Order(plate, picture, person, "library", 5, None)


def test_a_fit_lowers_the_masked_loss_of_a_pick_that_was_held_out(fitted):
    report = fitted[0].report
    assert report.heldout_after < report.heldout_before
    assert (report.steps, report.stepped_down) == (12, "")


def test_the_adapter_is_safetensors_as_diffusers_writes_it_and_no_weight_of_the_base(base, fitted):
    with safe_open(fitted[1], "pt") as kept:
        assert "lora_adapter_metadata" in kept.metadata()
        names = list(kept.keys())
    assert all(name.startswith(f"{base.architecture.part}.") and "lora_" in name for name in names)


def test_every_layer_that_the_family_names_is_reached(base, fitted):
    names = " ".join(load(fitted[0].adapter))
    for target in base.architecture.lora_targets(base.denoiser):
        assert f".{target}." in names


def test_an_adapter_that_is_read_back_predicts_as_the_one_that_was_trained(folder, fitted, job, monkeypatch):
    trained, worn = load_base(folder), load_base(folder)
    monkeypatch.setattr(fit, "load_base", lambda *_, **__: trained)
    fitter(folder, job.scratch).fit(job, Watch())
    worn.denoiser.load_lora_adapter(load(fitted[0].adapter), prefix=worn.architecture.part)
    views = fit.crops_of(job.picks[-1], find_person, worn.fit_size, [0])
    samples = fit.encode(worn, views)
    assert fit.heldout_loss(worn, samples, RECIPE) == pytest.approx(
        fit.heldout_loss(trained, samples, RECIPE), rel=1e-4
    )


def test_a_context_in_which_nothing_was_earned_leaves_the_plate(base, order):
    assert paint_surroundings(base, replace(order, context="brick")) is order.plate


def test_the_same_seed_gives_the_same_picture_and_another_seed_another(base, order):
    one, again = paint_surroundings(base, order), paint_surroundings(base, order)
    assert one.shape == order.plate.shape
    assert np.array_equal(one, again)
    assert not np.array_equal(one, order.plate)
    assert not np.array_equal(one, paint_surroundings(base, replace(order, seed=6)))


def test_a_freshly_read_base_paints_the_same(base, folder, order):
    assert np.array_equal(paint_surroundings(base, order), paint_surroundings(load_base(folder), order))


def test_what_is_painted_where_the_person_stands_is_not_used(base, order, monkeypatch):
    once = paint_surroundings(base, order)

    def defaced(base, canvas, real=surroundings._paint):
        painted = real(base, canvas).copy()
        painted[canvas.mask[0, 0].numpy() < 0.5] = 1
        return painted

    monkeypatch.setattr(surroundings, "_paint", defaced)
    assert np.array_equal(once, paint_surroundings(base, order))


def test_a_session_is_put_on_changed_and_taken_off_without_a_trace(base, order, fitted, tmp_path):
    plain = paint_surroundings(base, order)
    dressed = paint_surroundings(base, replace(order, adapter=fitted[1]))
    other = tmp_path / "other"
    stronger = {name: 3 * tensor for name, tensor in load(fitted[0].adapter).items()}
    save_file(stronger, other)
    changed = paint_surroundings(base, replace(order, adapter=other))
    back = paint_surroundings(base, replace(order, adapter=fitted[1]))
    assert not np.array_equal(dressed, plain)
    assert not np.array_equal(changed, dressed)
    assert np.array_equal(back, dressed)
    assert np.array_equal(paint_surroundings(base, order), plain)


def test_a_fit_that_is_cancelled_stops_and_one_that_goes_on_ends_with_the_same_weights(
    folder, fitted, job, tmp_path
):
    with pytest.raises(Cancelled):
        fitter(folder, tmp_path).fit(job, Watch(stop_after=6))
    resumed = fitter(folder, tmp_path).fit(job, Watch())
    assert resumed.report.resumed_at == 4
    one, other = load(fitted[0].adapter), load(resumed.adapter)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_pictures_and_words_are_encoded_before_the_first_step_and_never_again(
    folder, job, tmp_path, monkeypatch
):
    base, calls = load_base(folder), []
    for part in base.architecture.encoders:
        encoder = getattr(base.pipeline, part)
        inner = encoder.encoder if part == "vae" else encoder
        inner.register_forward_hook(lambda *_, part=part: calls.append(part))
    monkeypatch.setattr(fit, "load_base", lambda *_, **__: base)

    def step(*args, real=fit._step):
        calls.append("step")
        real(*args)

    monkeypatch.setattr(fit, "_step", step)
    fitter(folder, tmp_path).fit(job, Watch())
    first = calls.index("step")
    assert set(calls[:first]) == set(base.architecture.encoders)
    assert calls[first : first + RECIPE.steps] == ["step"] * RECIPE.steps
    assert "step" not in calls[first + RECIPE.steps :]  # what a fit is worth is painted after it


def test_a_fit_that_is_short_of_memory_steps_down_says_so_and_learns_the_same(
    folder, fitted, job, monkeypatch
):
    left = [3]

    def short(*args, real=fit._losses):
        if torch.is_grad_enabled() and left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore")
        return real(*args)

    monkeypatch.setattr(fit, "_losses", short)
    watch = Watch()
    done = fitter(folder, job.scratch).fit(job, watch)
    ways = ["batches in 2 parts", "gradient checkpointing", "offload to main memory"]
    assert done.report.stepped_down == ", then ".join(ways)
    assert any(ways[-1] in said for _, said in watch.seen)
    one, other = load(fitted[0].adapter), load(done.adapter)
    assert all(torch.allclose(one[name], other[name], atol=2e-2) for name in one)
    assert done.report.heldout_after == pytest.approx(fitted[0].report.heldout_after, rel=1e-2)


def test_adapters_reach_the_layers_of_the_real_architectures():
    """Without their weights: on torch's meta device, from the configurations as published."""
    with torch.device("meta"):
        klein = Flux2Transformer2DModel(
            in_channels=128, num_layers=5, num_single_layers=20, attention_head_dim=128,
            num_attention_heads=24, joint_attention_dim=7680, guidance_embeds=False,
        )  # fmt: skip
        sdxl = UNet2DConditionModel(
            block_out_channels=(320, 640, 1280), attention_head_dim=[5, 10, 20], cross_attention_dim=2048,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=[1, 2, 10], use_linear_projection=True,
            addition_embed_type="text_time", addition_time_embed_dim=256,
            projection_class_embeddings_input_dim=2816,
        )  # fmt: skip
        for name, model, rank, layers in (("klein", klein, 32, 60), ("sdxl", sdxl, 16, 560)):
            targets = ARCHITECTURES[name].lora_targets(model)
            model.add_adapter(LoraConfig(r=rank, target_modules=targets))
            assert sum(hasattr(module, "lora_A") for module in model.modules()) == layers


def gradients(folder, job, rungs_down):
    base = load_base(folder)
    views = [view for path in job.picks for view in fit.crops_of(path, find_person, base.fit_size, [0])]
    learn = fit.encode(base, views)
    run = fit._start_or_resume(base, job, RECIPE)
    run.ladder._left = run.ladder._left[rungs_down:]
    learnt = run.optimizer.param_groups[0]["params"]
    luck = torch.Generator().manual_seed(1)
    with torch.no_grad():  # the second half of a fresh adapter is zero, and would hide the first half's
        for weight in learnt:
            weight.normal_(std=0.1, generator=luck)
    seen = []
    run.optimizer.step = lambda: seen.extend(weight.grad.clone() for weight in learnt)
    fit._step(base, run, learn, 7, RECIPE)
    return seen, base.denoiser.is_gradient_checkpointing


def test_every_way_to_save_memory_gives_the_same_gradients(folder, job):
    job.scratch.mkdir()
    plain, _ = gradients(folder, job, 0)
    assert all(grad.abs().max() > 0 for grad in plain)
    for rungs_down, checkpointing in [(1, False), (2, True), (3, True)]:
        saving, checkpointed = gradients(folder, job, rungs_down)
        assert checkpointed is checkpointing
        for one, other in zip(plain, saving, strict=True):
            assert torch.allclose(one, other, atol=1e-6 + 1e-3 * float(one.abs().max()))


def test_a_base_in_8_bits_learns_nearly_the_same(folder, job):
    job.scratch.mkdir()
    plain, _ = gradients(folder, job, 0)
    small, _ = gradients(folder, job, 4)
    one, other = (torch.cat([grad.flatten() for grad in grads]) for grads in (plain, small))
    assert torch.nn.functional.cosine_similarity(one, other, dim=0) > 0.99
    assert not torch.equal(one, other)


def test_a_base_whose_weights_alone_do_not_fit_is_fitted_in_8_bits_and_says_so(folder, job, monkeypatch):
    base, tried = load_base(folder), []

    def to(place, real=base.denoiser.to):
        tried.append(place)
        if len(tried) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore")
        return real(place)

    monkeypatch.setattr(base.denoiser, "to", to)
    monkeypatch.setattr(fit, "load_base", lambda *_, **__: base)
    done = fitter(folder, job.scratch).fit(job, Watch())
    assert done.report.stepped_down == "the base in 8 bits"
    assert done.report.heldout_after < done.report.heldout_before
    frozen = [module for module in base.denoiser.modules() if isinstance(module, EightBits)]
    assert len(frozen) > 10
    assert not any(
        type(module) is torch.nn.Linear
        for module in base.denoiser.modules()
        if not any(weight.requires_grad for weight in module.parameters())
    )


def test_weights_that_are_missing_end_in_one_sentence(folder, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(folder, half)
    next((half / load_base(folder).architecture.part).glob("*.safetensors")).unlink()
    with pytest.raises(EngineUnavailable, match="is not whole"):
        load_base(half)
