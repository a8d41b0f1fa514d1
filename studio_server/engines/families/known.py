"""The architecture of each family."""

from collections.abc import Mapping
from types import MappingProxyType

from studio_server.engines.families.flux2 import Flux2Klein
from studio_server.engines.families.interface import Architecture
from studio_server.engines.families.unet import StableDiffusion, StableDiffusionXL

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "starter": StableDiffusion(more_targets=("conv1", "conv2")),
        "sd15": StableDiffusion(),
        "sdxl": StableDiffusionXL(),
        "klein": Flux2Klein(),
    }
)
