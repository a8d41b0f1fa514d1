"""`studio bench matte`: errors of the matte against rendered truth, beside what else a studio could use."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio_server.bench.hair import Truth, encoded, truths
from studio_server.bench.rows import Baseline, Wire, compared
from studio_server.domain.errors import EngineUnavailable
from studio_server.imaging.coarse import coarse_mask
from studio_server.imaging.matte import cut_out
from studio_server.imaging.pixels import Field, Mask, Picture, grow

NEW_PLACE = np.array([0.10, 0.14, 0.09], np.float32)
"""Linear RGB of the backdrop on which halos are looked for: a dark garden."""
OURS, CLEAN, THEIRS = "ours", "ours, with the clean plate", "rembg's alpha matting"
MEASURES = (("absolute", "alpha", "x 1000"), ("gradient", "slope", "x 1000"), ("halo", "halo", "levels"))
BAND = 12
"""Pixels around what is neither person nor backdrop: there errors are looked for."""


@dataclass(frozen=True)
class Answer:
    """What a method makes of a frame."""

    alpha: Field
    foreground: Picture
    """The person's own colour, HxWx3 sRGB."""


Method = Callable[[Truth], Answer]


@dataclass(frozen=True)
class Row:
    head: str
    method: str
    absolute: float
    """Mean absolute error of alpha in the band, x 1000."""
    gradient: float
    """Mean squared difference of the slopes of alpha (at a sigma of 1.4 px; Rhemann et al., 2009), x 1000."""
    halo: float
    """RMS difference (levels of 255) to the true composite on a dark place, in the band."""


def methods(u2net: Path) -> dict[str, Method]:
    """Ours without and with the clean plate, the network's mask alone, and rembg's alpha matting with it."""

    def ours(truth: Truth) -> Answer:
        cut = cut_out(truth.frame, coarse_mask(truth.frame, u2net))
        return Answer(cut.alpha, cut.foreground)

    def clean(truth: Truth) -> Answer:
        cut = cut_out(truth.frame, coarse_mask(truth.frame, u2net), clean=truth.empty)
        return Answer(cut.alpha, cut.foreground)

    def network(truth: Truth) -> Answer:
        return Answer(coarse_mask(truth.frame, u2net), truth.frame)

    return {
        OURS: ours,
        CLEAN: clean,
        "the network's mask alone": network,
        THEIRS: _rembg(u2net),
    }


def measure(kept: Path, u2net: Path) -> Iterator[Row]:
    for truth in truths(kept):
        for name, method in methods(u2net).items():
            yield errors(truth, name, method(truth))


def as_rows(found: Sequence[Row]) -> list[Wire]:
    """Ours beside rembg's; ratios over 1: so many times smaller is our error."""
    told = {(row.head, row.method): row for row in found}
    heads = list(dict.fromkeys(row.head for row in found))
    return [
        compared(
            f"{title}: {head}, {method}", unit, [getattr(told[head, method], name)], Baseline(THEIRS, [base])
        )
        for head in heads
        for method in (OURS, CLEAN)
        for name, title, unit in MEASURES
        for base in [getattr(told[head, THEIRS], name)]
    ]


def errors(truth: Truth, method: str, answer: Answer) -> Row:
    band = _band(truth.alpha)
    off = np.abs(answer.alpha - truth.alpha)[band]
    slopes = [_slopes(alpha) for alpha in (answer.alpha, truth.alpha)]
    gradient = ((slopes[0] - slopes[1]) ** 2).sum(-1)[band]
    # each is mixed as our compositor mixes: in the levels of sRGB
    alpha = answer.alpha[..., None]
    made = alpha * answer.foreground + (1 - alpha) * encoded(NEW_PLACE)
    halo = (made - truth.before(NEW_PLACE))[band]
    return Row(
        truth.name,
        method,
        1000 * float(off.mean()),
        1000 * float(gradient.mean()),
        float(np.sqrt((halo**2).mean())),
    )


def _band(alpha: Field) -> Mask:
    return grow((alpha > 0.02) & (alpha < 0.98), BAND)


def _slopes(alpha: Field) -> NDArray[np.float32]:
    soft = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    return np.stack(
        [cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)], -1
    )


def _rembg(u2net: Path) -> Method:
    """As its command line does with `-a`: the same network, a trimap by erosion, then closed form."""
    try:
        rembg: Any = importlib.import_module("rembg")
        session: Any = importlib.import_module("rembg.sessions.u2net").U2netSession
        options: Any = importlib.import_module("onnxruntime").SessionOptions()
    except ImportError:
        msg = "The baseline rembg is not installed. Run `pip install 'studio-server[bench]'` and try again."
        raise EngineUnavailable(msg) from None
    on_the_shelf = type(
        "OnTheShelf", (session,), {"download_models": classmethod(lambda *_, **__: str(u2net))}
    )
    ready = on_the_shelf("u2net", options, providers=["CPUExecutionProvider"])

    def method(truth: Truth) -> Answer:
        made = rembg.remove(Image.fromarray(truth.frame), session=ready, alpha_matting=True)
        cut = np.asarray(made.convert("RGBA"))
        return Answer(np.asarray(cut[..., 3] / 255, np.float32), np.ascontiguousarray(cut[..., :3]))

    return method
