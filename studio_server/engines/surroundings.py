"""What is painted behind the person: a plate, repainted by the base as far as the base has earned it.

The base works small; the plate is large. So the base's *change* is what is taken from it (SDEdit at its
strength, minus the plate as its own autoencoder sees it) and laid over the plate, which stays crisp.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from studio_server.domain.variation import context
from studio_server.engines.bases import Base
from studio_server.engines.fallback import paint_or_step_down
from studio_server.engines.families.interface import Canvas, Pixels

SESSION_SHARE = 0.55
"""How much of the session's LoRA goes into a painting: at 1 every place turns into the session's paper."""
_SOFTNESS = 1 / 64
"""Of the longer side: the blur of the base's change. A small base knows light, colour and large forms; what
it paints finer than this is its own noise, and would lie eight times enlarged over the plate's detail."""

_SESSION = "session"
"""The name of the one adapter that is hot-swapped."""
_WORN = "worn adapter"


@dataclass(frozen=True)
class Order:
    """One painting: `plate` HxWx3 uint8; `picture` HxWx3 and its `alpha` HxW (0-1) in the same aspect."""

    plate: NDArray[np.uint8]
    picture: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    context: str
    seed: int
    adapter: Path | None
    light: str = ""
    """Where the plate's light comes from, in words."""


def paint_surroundings(base: Base, order: Order) -> NDArray[np.uint8]:
    """Return HxWx3 uint8 as large as the plate; where nothing was earned, the plate itself."""
    strength = base.strength(order.context)
    if int(base.steps * strength) == 0:
        return order.plate
    wear(base, order.adapter)
    width, height = size_for(base, order.plate.shape)
    plate, picture, alpha = (
        cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        for each in (order.plate, order.picture, order.alpha)
    )
    # The base was taught to paint around somebody who stands there; what it makes of them is not used.
    stood = plate + (picture - plate) * alpha[..., None]
    # clipped: one value a hair below 0, and diffusers takes the whole picture for one in -1..1
    start = torch.from_numpy((stood / 255).clip(0, 1)).permute(2, 0, 1)[None]
    canvas = Canvas(
        prompt=_asked(base, order),
        picture=start,
        mask=torch.from_numpy((alpha < 0.5).astype(np.float32))[None, None],
        strength=strength,
        steps=base.steps,
        guidance=base.guidance,
        seed=order.seed,
    )
    painted, seen = paint_or_step_down(base, lambda: (_paint(base, canvas), _as_the_base_sees(base, start)))
    change = (painted - seen) * 255
    softness = base.softness or base.family.softness
    return _lay_over(order.plate, change.astype(np.float32), alpha < 0.05, softness)


def _asked(base: Base, order: Order) -> str:
    place = context(order.context).prompt
    return f"{place}, {order.light}" if base.hears_light and order.light else place


def _paint(base: Base, canvas: Canvas) -> Pixels:
    painted = base.architecture.paint(base.pipeline, canvas, base.memo)
    height, width = canvas.picture.shape[-2:]
    if painted.shape[:2] != (height, width):  # klein's pipeline makes everything beyond a megapixel smaller
        painted = cv2.resize(painted, (width, height), interpolation=cv2.INTER_CUBIC)
    return painted


def wear(base: Base, adapter: Path | None, share: float = SESSION_SHARE) -> None:
    """Put this session's LoRA on the base, and take another's off; blobs are named by their sha256.

    Where one of the same shape is worn already, its weights are replaced in place (hotswap).
    """
    wanted = adapter.name if adapter is not None else None
    worn: Sequence[str] = list(getattr(base.denoiser, "peft_config", {}))
    if base.family.needs_gpu:
        _wear_in_place(base, adapter, worn, share)
        return
    for name in worn:
        if name != wanted:
            base.denoiser.delete_adapters(name)
    if adapter is not None and wanted not in worn:
        base.denoiser.load_lora_adapter(
            load_file(adapter), prefix=base.architecture.part, adapter_name=wanted
        )
        base.denoiser.set_adapters([wanted], [share])


def _wear_in_place(base: Base, adapter: Path | None, worn: Sequence[str], share: float) -> None:
    if adapter is None:
        for name in worn:
            base.denoiser.delete_adapters(name)
        base.memo.pop(_WORN, None)
        return
    if base.memo.get(_WORN) == adapter.name:
        return
    weights = load_file(adapter)
    rank = next(tensor.shape[0] for name, tensor in weights.items() if "lora_A" in name)
    same = _SESSION in worn and base.denoiser.peft_config[_SESSION].r == rank
    if worn and not same:
        base.denoiser.delete_adapters(list(worn))
    base.denoiser.load_lora_adapter(
        weights, prefix=base.architecture.part, adapter_name=_SESSION, hotswap=same, _pipeline=base.pipeline
    )
    base.denoiser.set_adapters([_SESSION], [share])
    base.memo[_WORN] = adapter.name


def size_for(base: Base, shape: Sequence[int]) -> tuple[int, int]:
    """Width and height of the base's area in the aspect of the frame, in steps that its parts can halve."""
    grid = base.architecture.grid(base.pipeline)
    aspect = shape[1] / shape[0]
    area = base.size[0] * base.size[1]
    width, height = (area * aspect) ** 0.5, (area / aspect) ** 0.5
    return max(grid, round(width / grid) * grid), max(grid, round(height / grid) * grid)


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is skipped by mypy
def _as_the_base_sees(base: Base, picture: torch.Tensor) -> Pixels:
    vae = base.pipeline.vae
    shown = (picture * 2 - 1).to(base.device, vae.dtype)
    seen = vae.decode(vae.encode(shown).latent_dist.mode(), return_dict=False)[0]
    return (seen[0].float().cpu() / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()


def _lay_over(
    plate: NDArray[np.uint8],
    change: NDArray[np.float32],
    where: NDArray[np.bool_],
    softness: float = _SOFTNESS,
) -> NDArray[np.uint8]:
    """Add the softened change; within the person, the change that is around them goes on."""
    height, width = plate.shape[:2]
    sigma = max(change.shape) * softness
    known = _blur_of_known(change, where, sigma)
    beyond = _blur_of_known(change, where, max(change.shape) * 3 * _SOFTNESS)
    # from one into the other without a step: it would be seen as a second outline beside the person's
    share = (2 * cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma)).clip(0, 1)[..., None]
    filled = share * known + (1 - share) * beyond
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    return (plate.astype(np.float32) + large).round().clip(0, 255).astype(np.uint8)


def _blur_of_known(
    values: NDArray[np.float32], known: NDArray[np.bool_], sigma: float
) -> NDArray[np.float32]:
    """Gaussian blur of HxWx3 that knows nothing of pixels where `known` is false."""
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)[..., None]
    total = cv2.GaussianBlur(values * known[..., None], (0, 0), sigma)
    return np.asarray(total / np.maximum(weight, 1e-4), np.float32)
