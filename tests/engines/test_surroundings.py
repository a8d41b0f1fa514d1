from dataclasses import replace

import numpy as np
import pytest
from small_world import find_person, portrait

from studio_server.domain.engines import FitJob
from studio_server.engines.bases import load_base
from studio_server.engines.fit import LoraFitter, Recipe
from studio_server.engines.shelf import Shelf
from studio_server.engines.surroundings import Order, _lay_over, paint_surroundings, size_for, wear


class Silence:
    def report(self, done, total, text): ...

    def cancelled(self):
        return False


@pytest.fixture(scope="module")
def base(tiny_base):
    return load_base(tiny_base)


@pytest.fixture(scope="module")
def adapter(tiny_base, pick_files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapters")
    recipe = Recipe(steps=6, batch=2, crops_per_pick=1, learning_rate=1e-2)
    fitted = LoraFitter(tiny_base, Shelf(folder), recipe, find_person).fit(
        FitJob(pick_files, folder / "scratch", 1), Silence()
    )
    (folder / "0123abcd").write_bytes(fitted.adapter)
    return folder / "0123abcd"


@pytest.fixture
def order():
    picture, person = portrait(np.random.default_rng(3), 480, 640)
    plate = np.random.default_rng(4).integers(80, 160, (640, 480, 3)).astype(np.uint8)
    return Order(plate, picture, person, "library", 5, None)


def test_a_base_that_has_earned_nothing_leaves_the_plate_as_it_is(base, order):
    assert paint_surroundings(base, replace(order, context="brick")) is order.plate


def test_the_same_order_is_painted_alike_and_another_seed_differently(base, order):
    one, again = paint_surroundings(base, order), paint_surroundings(base, order)
    other = paint_surroundings(base, replace(order, seed=6))
    assert one.shape == order.plate.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, order.plate)


def test_what_the_base_is_shown_is_never_below_black(base, order, monkeypatch):
    """diffusers takes a picture with any value below 0 for one in -1..1: every place then came out pale."""
    shown = []
    preprocess = base.pipeline.image_processor.preprocess

    def watched(image, *args, **kwargs):
        shown.append(image)
        return preprocess(image, *args, **kwargs)

    monkeypatch.setattr(base.pipeline.image_processor, "preprocess", watched)
    black = np.zeros_like(order.picture)
    paint_surroundings(base, replace(order, picture=black, alpha=order.alpha * np.float32(1.0001)))
    assert shown
    assert all(image.min() >= 0 and image.max() <= 1 for image in shown)


@pytest.mark.parametrize(("hears", "asked"), [(True, ", warm light from the left"), (False, "")])
def test_a_base_is_told_of_the_light_if_it_was_taught_it(base, order, monkeypatch, hears, asked):
    prompts = []

    def watched(_self, _pipeline, canvas, _memo):
        prompts.append(canvas.prompt)
        return canvas.picture[0].permute(1, 2, 0).numpy()

    monkeypatch.setattr(type(base.architecture), "paint", watched)
    paint_surroundings(replace(base, hears_light=hears), replace(order, light="warm light from the left"))
    assert prompts == ["bookshelf in a quiet library, warm lamp light" + asked]


def test_a_bases_own_softness_outdoes_its_familys(base, order):
    soft, softer = (paint_surroundings(replace(base, softness=one), order) for one in (1 / 64, 1 / 8))
    change, less = (np.diff(each.astype(np.int16) - order.plate, axis=0).std() for each in (soft, softer))
    assert less < 0.7 * change


def test_no_second_outline_is_painted_beside_the_person():
    """What the base changed goes on behind the person without a step where the known change ends."""
    y, x = np.mgrid[0:128, 0:96].astype(np.float32)
    where = np.hypot(x - 48, y - 80) > 30
    waves = np.repeat((12 * np.sin(x / 5) * np.cos(y / 4))[..., None], 3, axis=2)
    laid = _lay_over(np.full((1024, 768, 3), 120, np.uint8), waves, where).astype(np.int16)
    assert laid.std() > 3
    assert np.abs(laid[:, 8:] - laid[:, :-8]).max() <= 4  # over one pixel of the base


def test_a_pipeline_that_paints_smaller_than_it_was_asked_to_still_fills_the_plate(base, order, monkeypatch):
    def half(canvas):
        return canvas.picture[0, :, ::2, ::2].permute(1, 2, 0).numpy()

    monkeypatch.setattr(
        type(base.architecture), "paint", lambda _self, _pipeline, canvas, _memo: half(canvas)
    )
    painted = paint_surroundings(base, order)
    assert painted.shape == order.plate.shape
    assert not np.array_equal(painted, order.plate)


def test_the_base_changes_the_large_forms_and_the_plate_keeps_its_detail(base, order):
    def fine(picture):
        grey = picture.astype(np.float32).mean(axis=2)
        return (grey[1:, 1:] - grey[:-1, :-1])[100:300, 100:300]

    painted = paint_surroundings(base, order)
    assert np.corrcoef(fine(painted).ravel(), fine(order.plate).ravel())[0, 1] > 0.95


def test_a_sessions_lora_changes_the_painting_and_leaves_no_trace_when_taken_off(
    base, order, adapter, tmp_path
):
    unfitted = paint_surroundings(base, order)
    fitted = paint_surroundings(base, replace(order, adapter=adapter))
    assert not np.array_equal(fitted, unfitted)
    other = tmp_path / "another"
    other.write_bytes(adapter.read_bytes())
    assert np.array_equal(paint_surroundings(base, replace(order, adapter=other)), fitted)
    assert list(base.pipeline.unet.peft_config) == ["another"]
    assert np.array_equal(paint_surroundings(base, order), unfitted)


def test_a_lora_that_is_worn_already_is_not_read_again(base, adapter, tmp_path):
    copy = tmp_path / "worn"
    copy.write_bytes(adapter.read_bytes())
    wear(base, copy)
    copy.unlink()
    wear(base, copy)
    wear(base, None)


@pytest.mark.parametrize("shape", [(4000, 3000, 3), (3000, 4000, 3), (2000, 2000, 3), (600, 3000, 3)])
def test_the_base_paints_in_the_aspect_of_the_frame(base, shape):
    width, height = size_for(base, shape)
    assert width % 4 == height % 4 == 0
    assert width / height == pytest.approx(shape[1] / shape[0], rel=0.15)


def test_what_the_base_makes_of_the_person_does_not_reach_the_surroundings():
    plate = np.full((640, 480, 3), 100, np.uint8)
    outside = find_person(np.empty((64, 48, 3))) < 0.5
    change = np.where(outside[..., None], [10, 10, 10], 200).astype(np.float32)
    laid = _lay_over(plate, change, outside)
    around = np.kron(outside, np.ones((10, 10))) > 0
    assert np.unique(laid[around]).tolist() == [110]
