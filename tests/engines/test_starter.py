"""The starter base: what it learns from, its words, its weights, and the road from one to the other."""

import json
import subprocess
import sys
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

from studio_server.domain.variation import CONTEXTS
from studio_server.engines.plates.shelf import records, spoken_light
from studio_server.engines.starter import data
from studio_server.engines.starter import judge as judge_room
from studio_server.engines.starter.distance import Reference
from studio_server.engines.starter.export import WEIGHTS, Facts, export
from studio_server.engines.starter.judge import Row, earned
from studio_server.engines.starter.parts import SIZE, make_parts
from studio_server.engines.starter.stages import Recipe
from studio_server.engines.starter.train import train
from studio_server.engines.starter.vocabulary import LENGTH, SYNONYMS, caption, make_tokenizer, words

IDS = [known.id for known in CONTEXTS]
WIDTH, HEIGHT = SIZE
LIGHT = "warm light from the left"


def places(count, seed=0):
    """`count` pictures of walls that are lit from a side."""
    rng = np.random.default_rng(seed)
    across = np.linspace(0, 1, WIDTH)[None, :, None]
    tones = rng.uniform(40, 200, (count, 3))
    lit = (tones[:, None, None] * (1.2 - 0.8 * across)).clip(0, 255)
    return np.broadcast_to(lit, (count, HEIGHT, WIDTH, 3)).astype(np.uint8)


@pytest.fixture
def developed(tmp_path):
    """A directory in which two renders of each context lie, developed; and two more, held out."""
    contexts, lights = (
        np.repeat(np.arange(len(IDS)), 2),
        [[LIGHT, "warm light from the right"]] * 2 * len(IDS),
    )
    for seed, name in enumerate(("scenes", "held-out")):
        pictures = places(2 * len(IDS), seed)
        np.savez(tmp_path / f"{name}.npz", pictures=pictures, contexts=contexts, lights=lights)
    return tmp_path


RENDER = """
import sys
from pathlib import Path
import mitsuba
mitsuba.set_variant("scalar_rgb")
from studio_server.domain.variation import context
from studio_server.engines.plates.render import Quality
from studio_server.engines.starter.renders import render_all
contexts = [context("studio-grey"), context("brick")]
render_all(Path(sys.argv[1]), int(sys.argv[2]), Quality(48, 16), contexts)
"""


def rendered(folder, count):
    subprocess.run([sys.executable, "-c", RENDER, str(folder / "renders"), str(count)], check=True)
    return sorted((folder / "renders").glob("*.json"))


@pytest.mark.timeout(120)
def test_scenes_are_path_traced_once_varied_and_developed_apart_from_those_held_out(tmp_path):
    first = rendered(tmp_path, 1)
    written = [sheet.stat().st_mtime_ns for sheet in first]
    sheets = rendered(tmp_path, data.HELD_OUT + 2)

    assert len(sheets) == 2 * (data.HELD_OUT + 2)
    assert [sheet.stat().st_mtime_ns for sheet in first] == written
    known, held_out = data.scenes(tmp_path), data.scenes(tmp_path, held_out=True)
    assert known.pictures.shape == (4, HEIGHT, WIDTH, 3)
    assert len(held_out.pictures) == 2 * data.HELD_OUT
    for context_id in ("studio-grey", "brick"):
        means = held_out.of(context_id).mean((1, 2, 3))
        assert len(means) == data.HELD_OUT
        assert means.std() > 1.5  # lamps, paints and exposure differ
        assert 20 < means.mean() < 200
    for light, mirrored in held_out.lights:
        swapped = light.replace("left", "x").replace("right", "left").replace("x", "right")
        assert mirrored == swapped


def test_without_renders_the_message_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="Run the verb `render` first"):
        data.scenes(tmp_path)


def test_light_is_spoken_of_in_words_that_the_base_knows():
    said = {record.spoken for record in records()} | {record.mirrored().spoken for record in records()}

    assert {word for text in said for word in text.split()} <= set(words())
    assert spoken_light((0.9, 0.3, 0.3), 4000) == "warm light from the right"
    assert spoken_light((-0.1, 0.98, 0.1), 6500) == "cool light from above"
    assert spoken_light((0.1, 0.4, 0.9), 5500) == "neutral light from the front"


def test_nobody_has_a_face_among_the_shapes_that_the_base_learns_from():
    find = dlib.get_frontal_face_detector()

    for seed in range(10):
        shape, _ = data.person(np.random.default_rng(seed))
        _, scores, _ = find.run(cv2.resize(shape, (480, 640)), 1, 0.5)
        assert not list(scores)


def test_the_distance_grows_with_what_is_wrong_and_knows_its_own():
    known = Reference(list(places(40)))
    more = list(places(20, seed=1))
    speckled = [
        each // 2 + np.random.default_rng(0).integers(0, 120, each.shape).astype(np.uint8) for each in more
    ]

    assert known.distance(list(places(40))) == pytest.approx(0, abs=1e-6)
    near, blue, noisy = (known.distance(each) for each in (more, [p * [0, 0, 1] for p in more], speckled))
    assert near < blue
    assert near < noisy


def test_each_word_of_the_prompts_is_one_token():
    tokenizer = make_tokenizer()
    for known in CONTEXTS:
        spoken = f"{known.prompt}, {LIGHT}".replace(",", " ").split()

        assert [piece.removesuffix("</w>") for piece in tokenizer.tokenize(" ".join(spoken))] == spoken
    assert len(words()) > 100


def test_an_unknown_word_falls_apart_and_a_long_text_is_cut():
    tokenizer = make_tokenizer()

    assert len(tokenizer.tokenize("xylophone")) > 1
    cut = tokenizer("zürich " * 50, truncation=True, max_length=LENGTH).input_ids
    assert len(cut) == LENGTH


def test_captions_vary_but_speak_known_words():
    rng = np.random.default_rng(0)
    said = {caption("library", LIGHT, rng) for _ in range(40)}

    assert len(said) > 10
    assert 0 < sum("from the left" in text for text in said) < len(said)
    known = set(words())
    for text in said:
        assert set(text.replace(",", " ").replace("-", " ").split()) <= known
    assert SYNONYMS["bookshelf"]


def test_a_person_for_training_stands_in_the_frame_and_leaves_surroundings():
    for seed in range(20):
        shape, inside = data.person(np.random.default_rng(seed))

        assert shape.shape == (HEIGHT, WIDTH, 3)
        assert 0.15 < inside.mean() < 0.9
        assert not inside[0].any()


def test_an_untrained_autoencoder_already_gives_a_picture_back():
    parts = make_parts(0)
    light = torch.from_numpy(places(3).copy()).permute(0, 3, 1, 2).float() / 127.5 - 1

    with torch.no_grad():
        seen = parts.vae.decode(parts.vae.encode(light).latent_dist.mode()).sample

    assert float((seen - light).square().mean().sqrt()) < 0.12
    assert float((seen - light).mean().abs()) < 0.06


def test_a_strength_is_earned_only_if_every_lower_one_is_clean():
    def row(strength, mottle, distance=1.0):
        return Row("garden", strength, mottle=mottle, chroma=1.0, colour=1.0, distance=distance)

    assert earned([row(0.1, 0.1), row(0.2, 0.1), row(0.35, 9.0), row(0.5, 0.1)]) == {"garden": 0.2}
    assert earned([row(0.2, 0.1), row(0.1, 9.0)]) == {"garden": 0.0}
    assert earned([row(0.1, 0.1), row(0.2, 0.1, distance=1.4)]) == {"garden": 0.1}


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


@cache
def _facts():
    return json.loads((WEIGHTS / "studio.json").read_text(encoding="utf-8"))


def _painted(prompt, seed):
    width, height = _facts()["size"]
    picture = _pipeline()(
        prompt=prompt,
        image=Image.new("RGB", (width, height), (128, 128, 128)),
        mask_image=Image.new("L", (width, height), 255),
        width=width,
        height=height,
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

    assert grey.shape == (*reversed(_facts()["size"]), 3)
    assert np.array_equal(grey, again)
    assert np.abs(grey - other).mean() > 0.002
    assert dark.mean() < grey.mean() - 0.1


def test_the_weights_are_small_and_say_what_they_are():
    _pipeline()
    facts = _facts()

    assert sum(file.stat().st_size for file in WEIGHTS.rglob("*.safetensors")) <= 80_000_000
    assert facts["family"] == "starter"
    assert facts["licence"] == "Apache-2.0"
    assert set(facts["strength"]) <= set(IDS)
    assert all(0 <= strength <= 1 for strength in facts["strength"].values())


@pytest.mark.timeout(240)
def test_one_command_trains_exports_goes_on_from_its_checkpoint_and_is_judged(developed, monkeypatch):
    tiny = Recipe(minutes=0.02, vae_batch=1, batch=2, people=4, checkpoint_seconds=0)
    train(developed, tiny)
    steps = json.loads(Path(developed / "unet.json").read_text(encoding="utf-8"))["steps"]
    parts = train(developed, tiny)

    assert steps >= 1
    assert json.loads(Path(developed / "unet.json").read_text(encoding="utf-8"))["steps"] == steps
    size = export(parts, Facts(dict.fromkeys(IDS, 0.2)), developed / "weights")
    assert 1_000_000 < size < 80_000_000
    assert (developed / "weights" / "unet" / "diffusion_pytorch_model.safetensors").exists()
    sheet = json.loads((developed / "weights" / "studio.json").read_text(encoding="utf-8"))
    assert (sheet["size"], sheet["hears_light"]) == (list(SIZE), True)

    monkeypatch.setattr(judge_room, "CONTEXTS", CONTEXTS[:2])
    monkeypatch.setattr(judge_room, "STRENGTHS", (0.05, 0.5))
    known, held_out = data.scenes(developed), data.scenes(developed, held_out=True)
    rows = judge_room.judge(developed / "weights", developed / "judged.png", known, held_out, (20, 1.0))
    assert [(row.context, row.strength) for row in rows] == [
        (one, at) for one in IDS[:2] for at in (0.05, 0.5)
    ]
    assert all(row.mottle >= 0 and row.distance > 0 for row in rows)
    assert cv2.imread(str(developed / "judged.png")).shape == (4 * HEIGHT, 3 * WIDTH, 3)
