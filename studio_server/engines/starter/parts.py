"""The architecture of the starter base: small members of diffusers' and transformers' own families."""

from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from studio_server.engines.starter.head_start import begin_linear
from studio_server.engines.starter.vocabulary import LENGTH, make_tokenizer

SIZE = (288, 384)
"""Width and height that the base paints at, px."""

SOFTNESS = 1 / 32
"""Blur of the base's change, of the longer side: one and a half latents, which averages their own noise."""

FACTOR = 8
"""Pixels to a latent, along each side."""

_HIDDEN = 128


@dataclass
class Parts:
    """What a pipeline is put together from."""

    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    unet: UNet2DConditionModel
    scheduler: DDIMScheduler


def make_parts(seed: int) -> Parts:
    """Untrained parts; the same seed gives the same weights."""
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    return Parts(_vae(), _text_encoder(tokenizer), tokenizer, _unet(), make_scheduler())


def make_scheduler() -> DDIMScheduler:
    """v-prediction that ends in pure noise (Lin et al., 2024), and therefore steps counted from the end."""
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def _vae() -> AutoencoderKL:
    """Factor 8, four channels, no attention: what is defocused needs no more."""
    channels = [16, 32, 64, 64]
    vae = AutoencoderKL(
        block_out_channels=channels,
        down_block_types=["DownEncoderBlock2D"] * len(channels),
        up_block_types=["UpDecoderBlock2D"] * len(channels),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=1,
        mid_block_add_attention=False,
        sample_size=max(SIZE),
    )
    begin_linear(vae)
    return vae


def _text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    ends = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=_HIDDEN,
            intermediate_size=2 * _HIDDEN,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=_HIDDEN,
            **ends,
        )
    )


def _unet() -> UNet2DConditionModel:
    """Nine channels in: noisy latents (4), mask (1), latents of the masked picture (4)."""
    return UNet2DConditionModel(
        sample_size=max(SIZE) // FACTOR,
        in_channels=9,
        out_channels=4,
        block_out_channels=(48, 96, 192),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=_HIDDEN,
        attention_head_dim=4,
        norm_num_groups=16,
    )
