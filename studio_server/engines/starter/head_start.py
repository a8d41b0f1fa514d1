"""Where the autoencoder begins: as a plain average of 8 x 8 px and a smooth interpolation back.

From random weights a small autoencoder spends its first thousand steps on learning that colours exist.
Begun as a linear filter it keeps them from the first step, and training is left with edges and texture.
Group normalisation would forget each picture's brightness; one channel of a large constant (the anchor)
rules its statistics, so that it passes all else on unchanged.
"""

import torch
from diffusers import AutoencoderKL

_ANCHOR = 60.0
_SPARE = 9
"""Channels that the linear filter uses; as many again carry their negatives, for `_close`."""

_COLOURS = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [0.5, 0.0, -0.5], [-0.25, 0.5, -0.25]])
"""Brightness and two differences."""


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
def begin_linear(vae: AutoencoderKL) -> None:
    """Set an untrained autoencoder to average and interpolate; blocks begin as the identity."""
    encoder, decoder = vae.encoder, vae.decoder
    for part in (encoder, decoder):
        for module in part.modules():
            _pass_on(module)
    _open(encoder.conv_in, torch.eye(3))
    for block in encoder.down_blocks[:-1]:
        _halve(block.downsamplers[0].conv)
    latents = torch.zeros(8, 6)
    latents[:3, :3], latents[3, 3:6] = _COLOURS, 1.0
    _close(encoder, latents)
    encoder.conv_out.bias[4:] = -9.0
    _identity(vae.quant_conv)
    _identity(vae.post_quant_conv)
    colours = torch.cat([torch.linalg.inv(_COLOURS), torch.zeros(3, 1)], 1)
    _open(decoder.conv_in, torch.cat([colours, -colours]))
    for block in decoder.up_blocks[:-1]:
        _double(block.upsamplers[0].conv)
    _close(decoder, torch.eye(3))


def hold_anchor(vae: AutoencoderKL) -> None:
    """Keep the anchor as it is while the rest learns: one step on it would drown the picture."""
    for part in (vae.encoder, vae.decoder):
        _hold(part.conv_in, reads=False)
        for name, module in part.named_modules():
            if name.endswith(("downsamplers.0.conv", "upsamplers.0.conv", "conv_shortcut")):
                _hold(module, reads=True)
            elif name.endswith("conv2"):
                _hold(module, reads=False)


def _hold(conv: torch.nn.Conv2d, *, reads: bool) -> None:
    """Stop gradients to the anchor and, for a layer that `reads` it without a norm, from it."""
    free = torch.ones_like(conv.weight)
    free[-1] = 0.0
    if reads:
        free[:, -1] = 0.0
    bias = torch.ones_like(conv.bias)
    bias[-1] = 0.0
    conv.weight.register_hook(lambda gradient: gradient * free)
    conv.bias.register_hook(lambda gradient: gradient * bias)


def _pass_on(module: torch.nn.Module) -> None:
    """A residual block adds nothing yet; its norms let signals of unit size through as they are."""
    if not hasattr(module, "norm1"):
        return
    torch.nn.init.zeros_(module.conv2.weight)
    torch.nn.init.zeros_(module.conv2.bias)
    if module.conv_shortcut is not None:
        _identity(module.conv_shortcut)
    _undo(module.norm1)


def _undo(norm: torch.nn.GroupNorm) -> None:
    """Cancel a norm whose statistics are the anchor's: mean a/n, spread a sqrt(n-1)/n over n channels."""
    count = norm.num_channels
    norm.weight.fill_(_ANCHOR * (count - 1) ** 0.5 / count)
    norm.bias.fill_(_ANCHOR / count)
    norm.weight[-1], norm.bias[-1] = 0.0, 0.0


def _identity(conv: torch.nn.Conv2d) -> None:
    """Hand channels on; the last one, the anchor, stays last."""
    middle = conv.kernel_size[0] // 2
    conv.weight.zero_()
    conv.bias.zero_()
    for channel in range(min(conv.in_channels, conv.out_channels)):
        conv.weight[channel, channel, middle, middle] = 1.0
    if conv.in_channels != conv.out_channels:
        last = min(conv.in_channels, conv.out_channels) - 1
        conv.weight[last, last] = 0.0
        conv.weight[-1, -1, middle, middle] = 1.0


def _open(conv: torch.nn.Conv2d, matrix: torch.Tensor) -> None:
    """Mix what comes in by `matrix`, leave the spare channels their small random filters, set the anchor."""
    rows, columns = matrix.shape
    conv.bias.zero_()
    conv.weight[:rows] = 0.0
    conv.weight[:rows, :columns, 1, 1] = matrix
    conv.weight[-1] = 0.0
    conv.bias[-1] = _ANCHOR


def _halve(conv: torch.nn.Conv2d) -> None:
    """Average 2 x 2 px of the colours, and take their differences across and down; the rest stays random."""
    conv.bias.zero_()
    conv.weight[:9] = 0.0
    for colour in range(3):
        conv.weight[colour, colour, :2, :2] = 0.25
        conv.weight[3 + colour, colour, :2, :2] = torch.tensor([[0.25, -0.25], [0.25, -0.25]])
        conv.weight[6 + colour, colour, :2, :2] = torch.tensor([[0.25, 0.25], [-0.25, -0.25]])
    if conv.out_channels > 2 * _SPARE:
        conv.weight[_SPARE : 2 * _SPARE] = -conv.weight[:_SPARE]
    conv.weight[:, -1] = 0.0
    conv.weight[-1] = 0.0
    conv.weight[-1, -1, 0, 0] = 1.0


def _double(conv: torch.nn.Conv2d) -> None:
    """Turn repeated pixels into interpolated ones."""
    tent = torch.tensor([1.0, 2.0, 1.0]) / 4
    _identity(conv)
    for channel in range(conv.in_channels - 1):
        conv.weight[channel, channel] = torch.outer(tent, tent)


def _close(part: torch.nn.Module, matrix: torch.Tensor) -> None:
    """Leave through norm and SiLU and mix by `matrix`.

    silu(x) - silu(-x) = x, so each signal comes with its negative; that also keeps the sum of all channels,
    and so the norm's mean, where the anchor puts it.
    """
    rows, columns = matrix.shape
    norm, conv = part.conv_norm_out, part.conv_out
    _undo(norm)
    again = slice(_SPARE, _SPARE + columns) if norm.num_channels > 2 * _SPARE else slice(columns, 2 * columns)
    conv.weight[:] = 0.0
    conv.bias[:] = 0.0
    conv.weight[:rows, :columns, 1, 1] = matrix
    conv.weight[:rows, again, 1, 1] = -matrix
