"""Frozen weights in 8 bits: half the memory of bfloat16, for a fit that fits in no other way.

One scale per output, symmetric, weights only (LLM.int8(), Dettmers et al., 2022, without its outliers).
What is learnt, the LoRA, keeps its own precision. Backward reads the 8 bits again in place of keeping what
forward made of them, or nothing would be gained.
"""

from typing import Any

import torch

_STEPS = 127


class EightBits(torch.nn.Linear):
    """Stands in for a frozen `Linear`. It still is one, so that peft finds it and gives it a LoRA."""

    def __init__(self, frozen: torch.nn.Linear) -> None:
        torch.nn.Module.__init__(self)  # not Linear's own: that would make weights of full size first
        self.in_features, self.out_features = frozen.in_features, frozen.out_features
        scale = frozen.weight.detach().abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / _STEPS
        self.register_buffer("weight", (frozen.weight.detach() / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)
        self.bias = frozen.bias

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return _Product.apply(seen, self.weight, self.scale, self.bias)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's own bundle
        seen: torch.Tensor,
        weight: torch.Tensor,
        scale: torch.Tensor,
        bias: torch.Tensor | None,
    ) -> torch.Tensor:
        ctx.save_for_backward(weight, scale)
        return torch.nn.functional.linear(seen, weight.to(scale.dtype) * scale, bias)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401 - the same
        weight, scale = ctx.saved_tensors
        return grad @ (weight.to(scale.dtype) * scale), None, None, None


def squeeze(denoiser: torch.nn.Module) -> None:
    """Replace every frozen linear layer, those under a LoRA too. Twice is fine."""
    for parent in list(denoiser.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Linear and not child.weight.requires_grad:
                setattr(parent, name, EightBits(child))
