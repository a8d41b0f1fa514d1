"""Bases of the real classes without anybody's weights: speed and memory depend on shapes alone.

At `shrink` 1 the figures of each configuration are the published model's; at 4 every width is a quarter of
it, in all parts alike, so that what a step spends on encoding keeps its proportion to what it spends on the
denoiser.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
)

_NOISING = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False}
_HOLDER = Any
"""A pipeline of diffusers: untyped."""


@dataclass(frozen=True)
class Shape:
    """`family` is the product's word for it; `make` takes the shrink."""

    family: str
    make: Callable[[int], _HOLDER]


def write(name: str, shrink: int, size: tuple[int, int], folder: Path) -> Path:
    """Write a base of random weights to `folder`, as the product finds bases; `size` is that of its crops.

    Full ones are written in bfloat16: that is what a card reads.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if shrink == 1 else torch.float32)
    try:
        with warnings.catch_warnings(), torch.random.fork_rng():
            warnings.simplefilter("ignore")  # of their own future
            torch.manual_seed(0)
            SHAPES[name].make(shrink).save_pretrained(folder)
    finally:
        torch.set_default_dtype(before)
    width = "" if shrink == 1 else f", 1/{shrink} of the width"
    facts = {
        "name": f"{name}{width}, random weights",
        "version": "",
        "family": SHAPES[name].family,
        "size": size,
    }
    (folder / "studio.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def sd15(shrink: int) -> _HOLDER:
    encoder, words = _clip(CLIPTextModel, (768, 12, 12), shrink)
    unet = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=_narrow((320, 640, 1280, 1280), shrink),
        cross_attention_dim=768 // shrink,
        attention_head_dim=8,
        norm_num_groups=_groups(shrink),
    )
    return StableDiffusionPipeline(
        vae=_vae(shrink),
        text_encoder=encoder,
        tokenizer=words,
        unet=unet,
        scheduler=DDIMScheduler(**_NOISING),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl(shrink: int) -> _HOLDER:
    one, words = _clip(CLIPTextModel, (768, 12, 12), shrink)
    two, more_words = _clip(CLIPTextModelWithProjection, (1280, 32, 20), shrink)
    unet = UNet2DConditionModel(
        sample_size=128,
        block_out_channels=_narrow((320, 640, 1280), shrink),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048 // shrink,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=6 * 256 + 1280 // shrink,
        norm_num_groups=_groups(shrink),
    )
    return StableDiffusionXLPipeline(
        vae=_vae(shrink),
        text_encoder=one,
        text_encoder_2=two,
        tokenizer=words,
        tokenizer_2=more_words,
        unet=unet,
        scheduler=DDIMScheduler(**_NOISING),
        add_watermarker=False,
    )


def klein(shrink: int) -> _HOLDER:
    width = 2560 // shrink
    text = Qwen3Config(
        hidden_size=width,
        intermediate_size=9728 // shrink,
        num_hidden_layers=36,
        num_attention_heads=32 // shrink,
        num_key_value_heads=8 // shrink,
        head_dim=128,
        vocab_size=151936 // shrink,
    )
    transformer = Flux2Transformer2DModel(
        in_channels=128,
        num_layers=5,
        num_single_layers=20,
        attention_head_dim=128,
        num_attention_heads=24 // shrink,
        joint_attention_dim=3 * width,
        timestep_guidance_channels=256,
        axes_dims_rope=(32, 32, 32, 32),
        guidance_embeds=False,
    )
    vae = AutoencoderKLFlux2(
        block_out_channels=_narrow((128, 256, 512, 512), shrink), norm_num_groups=_groups(shrink)
    )
    return Flux2KleinPipeline(
        vae=vae,
        tokenizer=_qwen_words(),
        text_encoder=Qwen3ForCausalLM(text),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )


SHAPES: Mapping[str, Shape] = {
    "sd15": Shape("sd15", sd15),
    "sdxl": Shape("sdxl", sdxl),
    "klein-4b": Shape("klein", klein),
}


def _narrow(widths: tuple[int, ...], shrink: int) -> tuple[int, ...]:
    return tuple(width // shrink for width in widths)


def _groups(shrink: int) -> int:
    return max(1, 32 // shrink)


def _vae(shrink: int) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=_narrow((128, 256, 512, 512), shrink),
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=2,
        latent_channels=4,
        norm_num_groups=_groups(shrink),
    )


def _clip(kind: Any, shape: tuple[int, int, int], shrink: int) -> tuple[Any, CLIPTokenizer]:  # noqa: ANN401 - untyped classes
    """Return a text encoder (width, layers, heads) and a tokenizer that reads letter by letter."""
    letters = [chr(code) for code in range(33, 127)]
    pieces = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    width, layers, heads = shape
    end = len(pieces) - 1
    config = CLIPTextConfig(
        vocab_size=max(len(pieces), 49408 // shrink),
        bos_token_id=end - 1,
        eos_token_id=end,
        pad_token_id=end,
        hidden_size=width // shrink,
        intermediate_size=4 * width // shrink,
        num_hidden_layers=layers,
        num_attention_heads=max(1, heads // shrink),
        projection_dim=width // shrink,
    )
    return kind(config), CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def _qwen_words() -> Qwen2Tokenizer:
    """Read byte by byte: every byte has its own letter, as in GPT-2's table."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = 256 - len(printable)
    pieces = [*(chr(byte) for byte in printable), *(chr(256 + number) for number in range(others))]
    pieces += ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    words = Qwen2Tokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[])
    words.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
        "{% endfor %}"
    )
    return words
