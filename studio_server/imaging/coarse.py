"""Where the person is, roughly: the network's word, on which everything finer rests."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from studio_server.domain.errors import EngineUnavailable
from studio_server.imaging.pixels import Field, Picture

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours, on which U2-Net was trained."""
MASK_SIDE = 320
THREADS = 2


@lru_cache(maxsize=1)
def _network(path: Path) -> Any:  # noqa: ANN401 - onnxruntime has no types
    if not path.exists():
        msg = f"The matting model {path.name} is not on the shelf. Run `studio models pull`."
        raise EngineUnavailable(msg)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def coarse_mask(picture: Picture, u2net: Path) -> Field:
    """Where the person is (float32 HxW, 0..1), by U2-Net (Qin et al., 2020), which sees 320 x 320 pixels.

    Asked twice, of the picture and of its mirror image, for it overlooks what is held before the body once in
    a while; the larger answer counts. Raises EngineUnavailable where the model file is missing.
    """
    network = _network(u2net)
    shrunk = cv2.resize(picture, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA)
    small = np.asarray(shrunk, np.uint8)
    mask = np.maximum(_ask(network, small), _ask(network, small[:, ::-1])[:, ::-1])
    enlarged = cv2.resize(mask, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged.clip(0, 1), np.float32)


def _ask(network: Any, small: Picture) -> Field:  # noqa: ANN401 - onnxruntime has no types
    values = (small / max(1.0, float(small.max())) - MEAN) / SPREAD
    answer = network.run(
        None, {network.get_inputs()[0].name: values.transpose(2, 0, 1)[None].astype(np.float32)}
    )
    mask = answer[0][0, 0]
    return np.asarray((mask - mask.min()) / max(1e-6, float(mask.max() - mask.min())), np.float32)
