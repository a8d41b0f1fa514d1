"""FLUX.2 klein: a transformer that predicts the way from noise to picture (flow matching).

Four neighbouring latents are one token. They are kept folded into channels here (4C x H/16 x W/16) and are
laid out as a sequence only for the transformer, so that masks and weights are the same as elsewhere.
"""

import warnings
from pathlib import Path

import torch
from diffusers import Flux2KleinInpaintPipeline, Flux2KleinPipeline
from diffusers.training_utils import _collate_lora_metadata
from peft.utils import get_peft_model_state_dict

from studio_server.engines.families.interface import Batch, Canvas, Memo, Module, Pipeline, Pixels, Words

_DOUBLE_BLOCKS = ("to_q", "to_k", "to_v", "to_out.0")


class Flux2Klein:
    part = "transformer"
    encoders: tuple[str, ...] = ("vae", "text_encoder")

    def load(self, folder: Path, dtype: torch.dtype, variant: str | None) -> Pipeline:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # diffusers warns of its own future
            # By name: AutoPipelineForInpainting does not know the family.
            return Flux2KleinInpaintPipeline.from_pretrained(
                folder, dtype=dtype, variant=variant, local_files_only=True
            )

    def lora_targets(self, denoiser: Module) -> list[str]:
        """Name the single blocks' own two projections too: they hold most of the weights.

        Their `to_out` is asked for block by block, as in the double blocks that name is a list of modules.
        """
        count = len(denoiser.single_transformer_blocks)
        singles = [f"single_transformer_blocks.{number}.attn.to_out" for number in range(count)]
        return [*_DOUBLE_BLOCKS, "to_qkv_mlp_proj", *singles]

    def grid(self, pipeline: Pipeline) -> int:
        return int(2 * pipeline.vae_scale_factor)

    def words(self, pipeline: Pipeline, prompt: str) -> Words:
        texts, _ = pipeline.encode_prompt(
            prompt, device=pipeline.text_encoder.device, text_encoder_out_layers=_layers(pipeline)
        )
        return Words(texts, texts.new_zeros((1, 0)))

    def latents(self, pipeline: Pipeline, pictures: torch.Tensor) -> torch.Tensor:
        vae = pipeline.vae
        pictures = pictures.to(vae.device, vae.dtype)
        # its own method also applies the running statistics that stand in for a scaling factor
        seen = [pipeline._encode_vae_image(one[None], generator=None) for one in pictures]  # noqa: SLF001
        return torch.cat(seen).float()

    def conditions(self, _pipeline: Pipeline, masks: torch.Tensor, _blanked: torch.Tensor) -> torch.Tensor:
        return masks[:, :0]

    def fixed_times(self, _pipeline: Pipeline, count: int) -> torch.Tensor:
        return torch.linspace(0, 1, count + 2)[1:-1]

    def drawn_times(self, _pipeline: Pipeline, count: int, luck: torch.Generator) -> torch.Tensor:
        """Logit-normal (Esser et al., 2024): the middle of the way is where there is most to learn."""
        return torch.sigmoid(torch.randn(count, generator=luck))

    def time_weights(self, _pipeline: Pipeline, times: torch.Tensor, _gamma: float) -> torch.Tensor:
        return torch.ones_like(times)

    def predict(
        self, pipeline: Pipeline, batch: Batch, noise: torch.Tensor, times: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        transformer = pipeline.transformer
        sigma = times.view(-1, 1, 1, 1)
        noisy = (1 - sigma) * batch.latents + sigma * noise
        predicted = transformer(
            hidden_states=noisy.flatten(2).transpose(1, 2).to(transformer.dtype),
            timestep=times.to(transformer.dtype),
            guidance=None,
            encoder_hidden_states=batch.texts.to(transformer.dtype),
            txt_ids=pipeline._prepare_text_ids(batch.texts).to(noisy.device),  # noqa: SLF001 - positions; no public name
            img_ids=pipeline._prepare_latent_ids(noisy).to(noisy.device),  # noqa: SLF001 - the same
            return_dict=False,
        )[0]
        return predicted.float().transpose(1, 2).reshape(noisy.shape), noise - batch.latents

    def paint(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Pixels:
        guided = canvas.guidance > 1 and not pipeline.config.is_distilled
        return pipeline(
            prompt_embeds=self._remembered(pipeline, canvas.prompt, memo),
            negative_prompt_embeds=self._remembered(pipeline, "", memo) if guided else None,
            image=canvas.picture,
            mask_image=canvas.mask,
            strength=canvas.strength,
            num_inference_steps=canvas.steps,
            guidance_scale=canvas.guidance if guided else 1.0,
            generator=torch.Generator().manual_seed(canvas.seed),
            output_type="np",
        ).images[0]

    def invent(self, pipeline: Pipeline, canvas: Canvas, memo: Memo) -> Pixels:
        """Ask its plain pipeline: the inpainting one shows the transformer what it paints over."""
        guided = canvas.guidance > 1 and not pipeline.config.is_distilled
        height, width = canvas.picture.shape[-2:]
        plain = Flux2KleinPipeline(**pipeline.components, is_distilled=pipeline.config.is_distilled)
        plain.set_progress_bar_config(disable=True)
        return plain(
            prompt_embeds=self._remembered(pipeline, canvas.prompt, memo),
            negative_prompt_embeds=self._remembered(pipeline, "", memo) if guided else None,
            height=height,
            width=width,
            num_inference_steps=canvas.steps,
            guidance_scale=canvas.guidance if guided else 1.0,
            generator=torch.Generator().manual_seed(canvas.seed),
            output_type="np",
        ).images[0]

    def _remembered(self, pipeline: Pipeline, prompt: str, memo: Memo) -> torch.Tensor:
        if prompt not in memo:
            memo[prompt] = pipeline.encode_prompt(prompt, text_encoder_out_layers=_layers(pipeline))[
                0
            ].detach()
        return memo[prompt]

    def save_adapter(self, pipeline: Pipeline, folder: Path) -> None:
        pipeline.save_lora_weights(
            folder,
            transformer_lora_layers=get_peft_model_state_dict(pipeline.transformer),
            **_collate_lora_metadata({"transformer": pipeline.transformer}),
        )


def _layers(pipeline: Pipeline) -> tuple[int, ...]:
    """At a quarter, half and three quarters of the text encoder: 9, 18 and 27 of Qwen3's 36."""
    count = pipeline.text_encoder.config.num_hidden_layers
    return tuple(quarter * count // 4 for quarter in (1, 2, 3))
