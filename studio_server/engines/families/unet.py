"""Stable Diffusion's shape: a UNet that predicts noise or velocity. The starter, SD 1.x, and SDXL."""

import warnings
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLInpaintPipeline,
)
from diffusers.training_utils import _collate_lora_metadata, compute_snr
from peft.utils import get_peft_model_state_dict

from studio_server.engines.families.interface import Batch, Canvas, Memo, Module, Pipeline, Pixels, Words

_ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")


class StableDiffusion:
    """One text encoder. A UNet of nine channels is told the mask and what is kept; one of four is not."""

    part = "unet"
    encoders: tuple[str, ...] = ("vae", "text_encoder")

    def __init__(self, more_targets: tuple[str, ...] = ()) -> None:
        self._targets = (*_ATTENTION, *more_targets)

    def load(self, folder: Path, dtype: torch.dtype, variant: str | None) -> Pipeline:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # diffusers warns of its own future, and of the safety checker
            return _with_noising(self._read(folder, dtype, variant))

    def _read(self, folder: Path, dtype: torch.dtype, variant: str | None) -> Pipeline:
        return StableDiffusionInpaintPipeline.from_pretrained(
            folder, dtype=dtype, variant=variant, local_files_only=True, safety_checker=None
        )

    def lora_targets(self, _denoiser: Module) -> list[str]:
        return list(self._targets)

    def grid(self, pipeline: Pipeline) -> int:
        vae, unet = pipeline.vae.config, pipeline.unet.config
        return int(2 ** (len(vae.block_out_channels) + len(unet.block_out_channels) - 2))

    def words(self, pipeline: Pipeline, prompt: str) -> Words:
        device = pipeline.text_encoder.device
        texts = pipeline.encode_prompt(prompt, device, 1, do_classifier_free_guidance=False)[0]
        return Words(texts, texts.new_zeros((1, 0)))

    def latents(self, pipeline: Pipeline, pictures: torch.Tensor) -> torch.Tensor:
        vae = pipeline.vae
        pictures = pictures.to(vae.device, vae.dtype)
        seen = torch.cat([vae.encode(one[None]).latent_dist.mode() for one in pictures])
        return (seen * vae.config.scaling_factor).float()

    def conditions(self, pipeline: Pipeline, masks: torch.Tensor, blanked: torch.Tensor) -> torch.Tensor:
        if pipeline.unet.config.in_channels == pipeline.vae.config.latent_channels:
            return masks[:, :0]
        kept = self.latents(pipeline, blanked)
        return torch.cat([masks.to(kept.device), kept], dim=1)

    def fixed_times(self, pipeline: Pipeline, count: int) -> torch.Tensor:
        steps = pipeline.scheduler.config.num_train_timesteps
        return torch.linspace(0, steps - 1, count + 2)[1:-1].long()

    def drawn_times(self, pipeline: Pipeline, count: int, luck: torch.Generator) -> torch.Tensor:
        return torch.randint(pipeline.scheduler.config.num_train_timesteps, (count,), generator=luck)

    def time_weights(self, pipeline: Pipeline, times: torch.Tensor, gamma: float) -> torch.Tensor:
        """Weigh easy timesteps down: min(SNR, gamma) / SNR on noise, / (SNR + 1) on velocity."""
        snr = compute_snr(pipeline.scheduler, times)
        velocity = pipeline.scheduler.config.prediction_type == "v_prediction"
        return snr.clamp(max=gamma) / (snr + 1 if velocity else snr)

    def predict(
        self, pipeline: Pipeline, batch: Batch, noise: torch.Tensor, times: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        unet, scheduler = pipeline.unet, pipeline.scheduler
        noisy = scheduler.add_noise(batch.latents, noise, times)
        seen = torch.cat([noisy, batch.conditions], dim=1).to(unet.dtype)
        predicted = unet(
            seen,
            times,
            encoder_hidden_states=batch.texts.to(unet.dtype),
            return_dict=False,
            **self._told(pipeline, batch),
        )[0].float()
        if scheduler.config.prediction_type == "v_prediction":
            return predicted, scheduler.get_velocity(batch.latents, noise, times)
        return predicted, noise

    def _told(self, _pipeline: Pipeline, _batch: Batch) -> dict[str, dict[str, torch.Tensor]]:
        return {}

    def paint(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Pixels:
        height, width = canvas.picture.shape[-2:]
        return pipeline(
            **self._prompted(pipeline, canvas, memo),
            image=canvas.picture,
            mask_image=canvas.mask,
            width=width,
            height=height,
            strength=canvas.strength,
            num_inference_steps=canvas.steps,
            guidance_scale=canvas.guidance,
            generator=torch.Generator().manual_seed(canvas.seed),
            output_type="np",
        ).images[0]

    def invent(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Pixels:
        """Paint everywhere, on nothing: at strength 1 an inpainting pipeline starts from noise alone."""
        grey, everywhere = torch.full_like(canvas.picture, 0.5), torch.ones_like(canvas.mask)
        return self.paint(pipeline, replace(canvas, picture=grey, mask=everywhere, strength=1.0), memo)

    def _prompted(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Memo:
        """Encode a prompt once, and what to stay away from where guidance asks for it."""
        guided = canvas.guidance > 1
        key = f"{guided} {canvas.prompt}"
        if key not in memo:
            texts, against = pipeline.encode_prompt(canvas.prompt, pipeline._execution_device, 1, guided)  # noqa: SLF001 - no public name
            memo[key] = {"prompt_embeds": texts, "negative_prompt_embeds": against}
        return memo[key]

    def save_adapter(self, pipeline: Pipeline, folder: Path) -> None:
        pipeline.save_lora_weights(
            folder,
            unet_lora_layers=get_peft_model_state_dict(pipeline.unet),
            **_collate_lora_metadata({"unet": pipeline.unet}),
        )


class StableDiffusionXL(StableDiffusion):
    """Two text encoders; the second one's pooled vector and the picture's size go in beside the time."""

    encoders: tuple[str, ...] = ("vae", "text_encoder", "text_encoder_2")

    def _read(self, folder: Path, dtype: torch.dtype, variant: str | None) -> Pipeline:
        return StableDiffusionXLInpaintPipeline.from_pretrained(
            folder, dtype=dtype, variant=variant, local_files_only=True, add_watermarker=False
        )

    def words(self, pipeline: Pipeline, prompt: str) -> Words:
        device = pipeline.text_encoder.device
        texts, _, pooled, _ = pipeline.encode_prompt(prompt, device=device, do_classifier_free_guidance=False)
        return Words(texts, pooled)

    def _told(self, pipeline: Pipeline, batch: Batch) -> dict[str, dict[str, torch.Tensor]]:
        height, width = (side * pipeline.vae_scale_factor for side in batch.latents.shape[-2:])
        sizes = torch.tensor([height, width, 0, 0, height, width], dtype=torch.float32)
        times = sizes.to(batch.latents.device).expand(len(batch.latents), -1)
        pooled = batch.pooled.to(pipeline.unet.dtype)
        return {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": times}}

    def _prompted(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Memo:
        guided = canvas.guidance > 1
        key = f"{guided} {canvas.prompt}"
        if key not in memo:
            device = pipeline._execution_device  # noqa: SLF001 - no public name
            names = (
                "prompt_embeds",
                "negative_prompt_embeds",
                "pooled_prompt_embeds",
                "negative_pooled_prompt_embeds",
            )
            found = pipeline.encode_prompt(canvas.prompt, device=device, do_classifier_free_guidance=guided)
            memo[key] = dict(zip(names, found, strict=True))
        return memo[key]


def _with_noising(pipeline: Pipeline) -> Pipeline:
    """Fit and paint with one scheduler. Euler's and PNDM's noise is scaled otherwise than a fit's."""
    if not isinstance(pipeline.scheduler, DDIMScheduler | DDPMScheduler):
        pipeline.scheduler = DDIMScheduler.from_config(
            pipeline.scheduler.config, clip_sample=False, set_alpha_to_one=False
        )
    return pipeline
