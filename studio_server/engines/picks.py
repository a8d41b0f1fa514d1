"""From picks to what a fit is made of: latents, conditions and text embeddings, cached once.

In the locked lane the base paints what is outside the person, so the crops keep the session's backdrop
and light around the person and the loss weighs there. There are no flips: light has a side.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage.color import rgb2lab

from studio_server.domain.errors import Unreadable
from studio_server.domain.variation import context
from studio_server.engines.bases import Base
from studio_server.engines.cutting import FindPerson

_LOOK_AT = 1024
"""Long side, px, at which a pick is read at least: more than any base on a CPU paints at."""
_INSIDE = 0.1
"""Weight of the loss inside the person, 1 outside."""


@dataclass(frozen=True)
class Crop:
    """One view of a pick at the base's size: picture HxWx3 uint8, person HxW bool."""

    picture: NDArray[np.uint8]
    person: NDArray[np.bool_]
    caption: str
    weight: NDArray[np.float32] | None = None
    """HxW: how much the loss counts, where the person is learnt and the whole picture is painted; None: the
    surroundings are learnt, and painted around them."""


@dataclass(frozen=True)
class Samples:
    """N crops as the base sees them; h and w are those of its latents."""

    latents: torch.Tensor
    """Nx4xhxw, scaled as the base is trained."""
    conditions: torch.Tensor
    """Nx5xhxw: the mask (1: paint here) and the latents of the picture with that part blanked."""
    weights: torch.Tensor
    """Nx1xhxw: how much the loss counts."""
    texts: torch.Tensor
    """NxTxD."""
    silence: torch.Tensor
    """1xTxD: the empty prompt."""
    pooled: torch.Tensor
    """NxP: captions as one vector each; P is 0 where the family has none."""
    silence_pooled: torch.Tensor
    """1xP."""

    def take(self, rows: torch.Tensor, forget: torch.Tensor | None = None) -> "Samples":
        """Return a batch; where `forget` is true, the caption is dropped."""
        rows = rows.to(self.latents.device)
        texts, pooled = self.texts[rows], self.pooled[rows]
        if forget is not None:
            forget = forget.to(self.latents.device)
            texts = torch.where(forget[:, None, None], self.silence, texts)
            pooled = torch.where(forget[:, None], self.silence_pooled, pooled)
        return replace(
            self,
            latents=self.latents[rows],
            conditions=self.conditions[rows],
            weights=self.weights[rows],
            texts=texts,
            pooled=pooled,
        )


def read_small(path: Path, long_side: int = _LOOK_AT) -> NDArray[np.uint8]:
    """HxWx3 sRGB, right side up, at most `long_side`. Raises Unreadable."""
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (long_side, long_side))  # a 12 MP JPEG is decoded at a quarter of its size
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            upright.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
            return np.asarray(upright)
    except OSError as error:
        msg = f"A pick's rendition cannot be read ({error}). Unpick that shot, or develop it again."
        raise Unreadable(msg) from error


def crops_of(path: Path, find_person: FindPerson, size: tuple[int, int], seeds: Iterable[int]) -> list[Crop]:
    picture = read_small(path, max(_LOOK_AT, max(size) * 5 // 4))
    mask = find_person(picture)
    return [crop(picture, mask, size, seed) for seed in seeds]


def crop(picture: NDArray[np.uint8], mask: NDArray[np.float32], size: tuple[int, int], seed: int) -> Crop:
    """Cut a window of the base's aspect out of a pick, 80-100 % of the largest that fits, and scale it."""
    window = window_of(mask.shape[:2], size, seed)
    small = cv2.resize(picture[window], size, interpolation=cv2.INTER_AREA)
    person = cv2.resize(mask[window], size, interpolation=cv2.INTER_AREA) > 0.5
    # Its rim is dilated, so that hair that a coarse mask misses is not learnt as backdrop.
    rim = dilated(person)
    view = small.astype(np.uint8)
    return Crop(view, rim, caption_of(view, rim))


def window_of(shape: tuple[int, ...], size: tuple[int, int], seed: int) -> tuple[slice, slice]:
    """Rows and columns of a window, 80-100 % of the largest of this aspect, somewhere in the picture."""
    luck = np.random.default_rng(seed)
    height, width = shape
    scale = min(width / size[0], height / size[1]) * luck.uniform(0.8, 1.0)
    across, down = int(size[0] * scale), int(size[1] * scale)
    left, top = luck.integers(0, width - across + 1), luck.integers(0, height - down + 1)
    return slice(top, top + down), slice(left, left + across)


def dilated(person: NDArray[np.bool_]) -> NDArray[np.bool_]:
    reach = max(5, 2 * (max(person.shape) // 102) + 1)
    return np.asarray(cv2.dilate(person.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0)


def caption_of(picture: NDArray[np.uint8], person: NDArray[np.bool_]) -> str:
    """Name what varies, the backdrop and its light, in words that the base was trained with."""
    outside = picture[~person] if (~person).any() else picture.reshape(-1, 3)
    lightness, _, yellow = rgb2lab(outside[None, ::7] / 255.0).reshape(-1, 3).mean(axis=0)
    if lightness < 35:
        return context("studio-dark").prompt
    return context("studio-warm" if yellow > 8 else "studio-grey").prompt


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is skipped by mypy
def encode(base: Base, views: Sequence[Crop]) -> Samples:
    """Cache everything that does not change while fitting: it is most of the cost of a naive step."""
    architecture, pipeline = base.architecture, base.pipeline
    pictures = torch.stack([_to_tensor(view.picture) for view in views])
    masks = torch.stack([_where_to_paint(view) for view in views])
    counts = torch.stack([_what_counts(view) for view in views])
    with base.at_work("vae"):
        latents = architecture.latents(pipeline, pictures)
        small_masks = torch.nn.functional.interpolate(masks, size=latents.shape[-2:])
        weights = torch.nn.functional.interpolate(counts, size=latents.shape[-2:])
        conditions = architecture.conditions(pipeline, small_masks, pictures * (masks < 0.5))
    with base.at_work(*(part for part in architecture.encoders if part != "vae")):
        words = {
            caption: architecture.words(pipeline, caption)
            for caption in {view.caption for view in views} | {""}
        }
    told = [words[view.caption] for view in views]
    return Samples(
        latents=latents.to(base.device),
        conditions=conditions.to(base.device),
        weights=weights.to(base.device),
        texts=torch.cat([each.texts for each in told]).to(base.device),
        silence=words[""].texts.to(base.device),
        pooled=torch.cat([each.pooled for each in told]).to(base.device),
        silence_pooled=words[""].pooled.to(base.device),
    )


def _where_to_paint(view: Crop) -> torch.Tensor:
    where = ~view.person if view.weight is None else np.ones_like(view.person)
    return torch.from_numpy(where)[None].float()


def _what_counts(view: Crop) -> torch.Tensor:
    counts = np.where(view.person, _INSIDE, 1.0) if view.weight is None else view.weight
    return torch.from_numpy(counts.astype(np.float32))[None]


def _to_tensor(picture: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)
