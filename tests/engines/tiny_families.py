"""One random pipeline of every family, of the real classes, some thousand weights large.

With Euler where real ones have Euler. `write(name, folder)` saves it in diffusers' format and describes it.
"""

import json
import warnings

import small_world
import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    PNDMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
)

SIZE = (48, 64)
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def _text(kind):
    words = small_world.tokenizer()
    size = len(words)
    config = CLIPTextConfig(
        vocab_size=size, bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=size - 1, hidden_size=32,
        intermediate_size=32, num_attention_heads=4, num_hidden_layers=2, projection_dim=32,
    )  # fmt: skip
    return kind(config), words


def _unet(**more):
    return UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, block_out_channels=(16, 32), layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), norm_num_groups=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=4, **more,
    )  # fmt: skip


def _vae():
    return AutoencoderKL(
        block_out_channels=[8, 16], down_block_types=["DownEncoderBlock2D"] * 2, latent_channels=4,
        up_block_types=["UpDecoderBlock2D"] * 2, norm_num_groups=4, sample_size=64,
    )  # fmt: skip


def starter():
    return small_world.pipeline()


def sd15():
    encoder, words = _text(CLIPTextModel)
    return StableDiffusionPipeline(
        vae=_vae(), text_encoder=encoder, tokenizer=words, unet=_unet(cross_attention_dim=32),
        scheduler=PNDMScheduler(skip_prk_steps=True, **BETAS),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def sdxl():
    one, words = _text(CLIPTextModel)
    two, more_words = _text(CLIPTextModelWithProjection)
    unet = _unet(
        cross_attention_dim=64, use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=8, projection_class_embeddings_input_dim=6 * 8 + 32,
        transformer_layers_per_block=(1, 1),
    )  # fmt: skip
    return StableDiffusionXLPipeline(
        vae=_vae(), text_encoder=one, text_encoder_2=two, tokenizer=words, tokenizer_2=more_words, unet=unet,
        scheduler=EulerDiscreteScheduler(timestep_spacing="leading", **BETAS), add_watermarker=False,
    )  # fmt: skip


def klein():
    vae = AutoencoderKLFlux2(
        sample_size=32, down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        block_out_channels=(8, 16), layers_per_block=1, latent_channels=4, norm_num_groups=4,
    )  # fmt: skip
    vae.bn.running_mean.normal_(std=0.1)
    vae.bn.running_var.uniform_(0.5, 1.5)
    text = Qwen3Config(
        hidden_size=16, intermediate_size=16, num_hidden_layers=4, num_attention_heads=2, head_dim=8,
        num_key_value_heads=2, vocab_size=300, max_position_embeddings=512,
    )  # fmt: skip
    transformer = Flux2Transformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=2, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=48, timestep_guidance_channels=32,
        axes_dims_rope=[4, 4, 4, 4], guidance_embeds=False,
    )  # fmt: skip
    return Flux2KleinPipeline(
        vae=vae, tokenizer=_qwen_words(), text_encoder=Qwen3ForCausalLM(text), transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )  # fmt: skip


def _qwen_words():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(rest))]
    pieces = [*letters, "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    words = Qwen2Tokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[])
    words.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
        "{% endfor %}"
    )
    return words


MAKERS = {"starter": starter, "sd15": sd15, "sdxl": sdxl, "klein": klein}


def write(name, folder):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        MAKERS[name]().save_pretrained(folder)
    facts = {
        "name": f"Tiny {name}", "version": "0", "family": name, "size": SIZE, "steps": 4,
        "strength": {"library": 0.5},
    }  # fmt: skip
    (folder / "studio.json").write_text(json.dumps(facts))
    return folder
