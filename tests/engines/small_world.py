"""A base of the real classes, some thousand weights large, and pictures of a person on paper."""

import warnings

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

CONTEXTS = {"studio-grey": 0.4, "library": 0.5}


def tokenizer() -> CLIPTokenizer:
    letters = [chr(code) for code in range(33, 127)]
    pieces = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def pipeline() -> StableDiffusionInpaintPipeline:
    torch.manual_seed(0)
    words = tokenizer()
    size = len(words)
    text = CLIPTextConfig(
        vocab_size=size, bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=size - 1,
        hidden_size=32, intermediate_size=32, num_attention_heads=4, num_hidden_layers=1, projection_dim=32,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=9, out_channels=4, block_out_channels=(16, 32), layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), norm_num_groups=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=32, attention_head_dim=4,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=[8, 16], down_block_types=["DownEncoderBlock2D"] * 2, latent_channels=4,
        up_block_types=["UpDecoderBlock2D"] * 2, norm_num_groups=4, sample_size=64,
    )  # fmt: skip
    scheduler = DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False,
        prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return StableDiffusionInpaintPipeline(
            vae=vae, text_encoder=CLIPTextModel(text), tokenizer=words, unet=unet, scheduler=scheduler,
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip


def portrait(luck: np.random.Generator, width: int = 240, height: int = 320):
    """A brown oval with shoulders on lit grey paper, with grain: HxWx3 and its mask."""
    down, across = np.mgrid[:height, :width] / [[[height]], [[width]]]
    head = ((across - 0.5) / 0.17) ** 2 + ((down - 0.45) / 0.27) ** 2 < 1
    shoulders = ((across - 0.5) / 0.42) ** 2 + ((down - 1.05) / 0.42) ** 2 < 1
    person = head | shoulders
    paper = 170 + 50 * (across - 0.5)[..., None] - 40 * (down - 0.5)[..., None] + [0, 0, 6]
    picture = np.where(person[..., None], [150, 100, 80], paper) + luck.normal(0, 3, (height, width, 1))
    return picture.clip(0, 255).astype(np.uint8), person.astype(np.float32)


def find_person(picture: np.ndarray) -> np.ndarray:
    return portrait(np.random.default_rng(0), picture.shape[1], picture.shape[0])[1]


class Watch:
    def __init__(self, stop_after=10**9):
        self.stop_after, self.seen = stop_after, []

    def report(self, done, total, text):
        self.seen.append((done, text))

    def cancelled(self):
        return bool(self.seen) and self.seen[-1][0] >= self.stop_after
