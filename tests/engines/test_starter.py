"""The starter base: its scenes, its words, its weights, and the road from one to the other."""

import json
import warnings
from functools import cache
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline
from PIL import Image

from studio_server.engines.starter import data, optics
from studio_server.engines.starter.export import WEIGHTS, Facts, export
from studio_server.engines.starter.judge import Row, earned
from studio_server.engines.starter.parts import make_parts
from studio_server.engines.starter.scenes import KNOWN, render
from studio_server.engines.starter.train import Recipe, train
from studio_server.engines.starter.vocabulary import LENGTH, SYNONYMS, caption, make_tokenizer, words

IDS = [known.id for known in KNOWN]
SMALL = (192, 256)
CHROMA = {
    "office-window": 25,
    "garden": 25,
    "library": 25,
    "lobby": 25,
    "brick": 27,
    "city-dusk": 34,
    "stage": 39,
}


@pytest.mark.parametrize("context_id", IDS)
def test_a_scene_is_the_same_for_the_same_seed_and_another_for_another(context_id):
    first, again, other = (render(context_id, seed, SMALL).picture for seed in (3, 3, 4))

    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 0.5


@pytest.mark.parametrize("size", [(192, 256), (333, 251), (480, 480)])
def test_a_scene_has_the_size_that_was_asked_for(size):
    for context_id in IDS:
        picture = render(context_id, 1, size).picture

        assert picture.shape == (size[1], size[0], 3)
        assert picture.dtype == np.uint8


@pytest.mark.parametrize("context_id", IDS)
def test_a_scene_is_one_composition_at_every_size(context_id):
    small = render(context_id, 5, SMALL).picture
    large = render(context_id, 5, (768, 1024)).picture
    shrunk = cv2.resize(large, SMALL, interpolation=cv2.INTER_AREA)

    assert np.abs(small.astype(int) - shrunk).mean() < 9


@pytest.mark.parametrize("context_id", IDS)
def test_colours_stay_muted(context_id):
    limit = CHROMA.get(context_id, 20)

    for seed in range(4):
        assert optics.chroma(render(context_id, seed, SMALL).picture) <= limit


def test_what_a_plate_says_of_itself_can_be_used():
    for context_id in IDS:
        plate = render(context_id, 2, SMALL)

        assert 0.3 < plate.horizon < 0.5
        assert 0.5 < abs(plate.key_side) <= 1
        assert 2500 < plate.kelvin < 9000
        assert 0.005 < plate.luminance < 0.7


def test_nobody_has_a_face_in_a_scene_nor_in_what_the_base_learns_from():
    find = dlib.get_frontal_face_detector()
    shapes = [data.person(np.random.default_rng(seed))[0] for seed in range(10)]
    pictures = [render(context_id, seed, (480, 640)).picture for context_id in IDS for seed in (11, 12)]

    for picture in [*pictures, *(cv2.resize(shape, (480, 640)) for shape in shapes)]:
        _, scores, _ = find.run(picture, 1, 0.5)
        assert not list(scores)


def test_the_blur_disc_follows_the_thin_lens():
    aperture, focal, focus = 0.085 / 2.8, 0.085, 2.0
    for distance in (2.5, 4.0, 9.0):
        image_focus, image = 1 / (1 / focal - 1 / focus), 1 / (1 / focal - 1 / distance)
        disc = aperture * abs(image_focus - image) / image

        assert optics.blur_disc(distance) == pytest.approx(disc / 0.036, rel=0.03)
    assert optics.blur_disc(2.0) == 0


def test_defocus_keeps_the_light_and_turns_a_point_into_a_disc():
    light = np.zeros((81, 81, 3), np.float32)
    light[40, 40] = 100

    blurred = optics.defocus(light, 20)

    assert blurred.sum() == pytest.approx(300, rel=1e-3)
    assert blurred[40, 40, 0] > 0.5 * blurred.max()
    assert blurred[40, 52, 0] == pytest.approx(0, abs=1e-4)


def test_each_word_of_the_prompts_is_one_token():
    tokenizer = make_tokenizer()
    for known in KNOWN:
        spoken = known.prompt.replace(",", " ").split()

        assert [piece.removesuffix("</w>") for piece in tokenizer.tokenize(" ".join(spoken))] == spoken
    assert len(words()) > 100


def test_an_unknown_word_falls_apart_and_a_long_text_is_cut():
    tokenizer = make_tokenizer()

    assert len(tokenizer.tokenize("xylophone")) > 1
    cut = tokenizer("zürich " * 50, truncation=True, max_length=LENGTH).input_ids
    assert len(cut) == LENGTH


def test_captions_vary_but_speak_known_words():
    rng = np.random.default_rng(0)
    said = {caption("library", rng) for _ in range(40)}

    assert len(said) > 10
    known = set(words())
    for text in said:
        assert set(text.replace(",", " ").replace("-", " ").split()) <= known
    assert SYNONYMS["bookshelf"]


def test_a_person_for_training_stands_in_the_frame_and_leaves_surroundings():
    for seed in range(20):
        shape, inside = data.person(np.random.default_rng(seed))

        assert shape.shape == (256, 192, 3)
        assert 0.15 < inside.mean() < 0.9
        assert not inside[0].any()


def test_an_untrained_autoencoder_already_gives_a_picture_back():
    parts = make_parts(0)
    plates = np.stack(
        [render(context_id, 1, SMALL).picture for context_id in ("garden", "stage", "studio-dark")]
    )
    light = torch.from_numpy(plates).permute(0, 3, 1, 2).float() / 127.5 - 1

    with torch.no_grad():
        seen = parts.vae.decode(parts.vae.encode(light).latent_dist.mode()).sample

    assert float((seen - light).square().mean().sqrt()) < 0.12
    assert float((seen - light).mean().abs()) < 0.06


def test_a_strength_is_earned_only_if_every_lower_one_is_clean():
    def row(strength, mottle):
        return Row("garden", strength, mottle=mottle, chroma=1.0, colour=1.0)

    assert earned([row(0.1, 0.1), row(0.2, 0.1), row(0.35, 9.0), row(0.5, 0.1)]) == {"garden": 0.2}
    assert earned([row(0.2, 0.1), row(0.1, 9.0)]) == {"garden": 0.0}


@cache
def _pipeline():
    if not (WEIGHTS / "model_index.json").exists():
        pytest.skip("the starter base's weights are not in this checkout")
    torch.set_num_threads(1)
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(
        WEIGHTS, dtype=torch.float32, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _painted(prompt, seed):
    picture = _pipeline()(
        prompt=prompt,
        image=Image.new("RGB", SMALL, (128, 128, 128)),
        mask_image=Image.new("L", SMALL, 255),
        width=SMALL[0],
        height=SMALL[1],
        num_inference_steps=8,
        guidance_scale=2.0,
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
    )
    return picture.images[0]


def test_the_weights_load_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _pipeline.cache_clear()

        assert _pipeline().unet.config.in_channels == 9


def test_the_base_paints_pictures_that_follow_seed_and_prompt():
    grey, again = (
        _painted("seamless grey studio paper, soft light", 1),
        _painted("seamless grey studio paper, soft light", 1),
    )
    other = _painted("seamless grey studio paper, soft light", 2)
    dark = _painted("dark studio backdrop, low key light", 1)

    assert grey.shape == (256, 192, 3)
    assert np.array_equal(grey, again)
    assert np.abs(grey - other).mean() > 0.002
    assert dark.mean() < grey.mean() - 0.1


def test_the_weights_are_small_and_say_what_they_are():
    _pipeline()
    facts = json.loads((WEIGHTS / "studio.json").read_text(encoding="utf-8"))

    assert sum(file.stat().st_size for file in WEIGHTS.rglob("*.safetensors")) <= 60_000_000
    assert facts["family"] == "starter"
    assert facts["licence"] == "Apache-2.0"
    assert facts["size"] == list(SMALL)
    assert set(facts["strength"]) == set(IDS)
    assert all(0 <= strength <= 1 for strength in facts["strength"].values())


@pytest.mark.timeout(240)
def test_one_command_renders_trains_and_exports_and_goes_on_from_its_checkpoint(tmp_path):
    tiny = Recipe(minutes=0.02, per_context=2, vae_batch=1, batch=2, people=4, checkpoint_seconds=0)
    train(tmp_path, tiny)
    steps = json.loads(Path(tmp_path / "unet.json").read_text(encoding="utf-8"))["steps"]
    parts = train(tmp_path, tiny)

    assert steps >= 1
    assert json.loads(Path(tmp_path / "unet.json").read_text(encoding="utf-8"))["steps"] == steps
    size = export(parts, Facts(dict.fromkeys(IDS, 0.2)), tmp_path / "weights")
    assert 1_000_000 < size < 60_000_000
    assert (tmp_path / "weights" / "unet" / "diffusion_pytorch_model.safetensors").exists()
