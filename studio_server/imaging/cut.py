"""A person cut out of a picture, and how the cut is kept between the pictures that are made of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_server.imaging.backdrop import Backdrop
from studio_server.imaging.clean_plate import SIDE, Known
from studio_server.imaging.pixels import Field, Picture, shrink


@dataclass(frozen=True)
class Cut:
    alpha: Field
    """HxW, 0..1 in steps of 1/255."""
    foreground: Picture
    """HxWx3: the person's own colours, free of the backdrop; holds good where 0 < alpha < 1 only, elsewhere
    it is the rendition (alpha 1) or unseen (alpha 0)."""
    mask: Field
    """The network's own word, at most 400 px (0..1)."""
    backdrop: Backdrop | Known | None
    """The old backdrop, if it was photographed, or smooth enough to be modelled."""
    hair: Field | None
    """How much of the outline is hair, at most 400 px (0..1); None where it could not be told."""
    note: str = ""
    """Why a clean plate was not used, in a sentence."""

    def save(self, folder: Path) -> None:
        """Write the cut as PNG files and its numbers; the last file marks it whole. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        alpha = np.rint(self.alpha * 255).astype(np.uint8)
        edge = np.where(((alpha > 0) & (alpha < 255))[..., None], self.foreground, np.uint8(0))
        _write(folder / "alpha.png", alpha)
        _write(folder / "edge.png", edge[..., ::-1])
        _write(folder / "mask.png", np.rint(self.mask * 255).astype(np.uint8))
        if self.hair is not None:
            _write(folder / "hair.png", np.rint(self.hair * 255).astype(np.uint8))
        told: dict[str, Any] | None = None
        if isinstance(self.backdrop, Backdrop):
            told = {"coefficients": self.backdrop.coefficients.tolist(), "noise": self.backdrop.noise}
        elif self.backdrop is not None:
            told = {"noise": self.backdrop.noise}
            _write(folder / "old.png", shrink(self.backdrop.levels, SIDE)[..., ::-1])
        (folder / "cut.json").write_text(json.dumps({"backdrop": told, "note": self.note}))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read the cut that was saved there; None if there is none, or only half of one."""
        if not (folder / "cut.json").exists():
            return None
        alpha = cv2.imread(str(folder / "alpha.png"), cv2.IMREAD_GRAYSCALE)
        edge = cv2.imread(str(folder / "edge.png"), cv2.IMREAD_COLOR)
        mask = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_GRAYSCALE)
        if alpha is None or edge is None or mask is None:
            return None
        hair = None
        if (folder / "hair.png").exists():
            hair = cv2.imread(str(folder / "hair.png"), cv2.IMREAD_GRAYSCALE)
        told = json.loads((folder / "cut.json").read_text())
        return cls(
            _share(alpha),
            np.ascontiguousarray(edge[..., ::-1]),
            _share(mask),
            _backdrop_in(folder, told["backdrop"]),
            None if hair is None else _share(hair),
            told.get("note", ""),
        )


def _write(file: Path, picture: NDArray[np.uint8]) -> None:
    """As OpenCV's own writing, but that a full disk is an error."""
    file.write_bytes(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())


def _backdrop_in(folder: Path, told: dict[str, Any] | None) -> Backdrop | Known | None:
    if told is None:
        return None
    if "coefficients" in told:
        return Backdrop(np.array(told["coefficients"]), float(told["noise"]))
    levels = cv2.imread(str(folder / "old.png"), cv2.IMREAD_COLOR)
    return None if levels is None else Known(np.ascontiguousarray(levels[..., ::-1]), float(told["noise"]))


def _share(levels: NDArray[Any]) -> Field:
    return np.asarray(levels / 255, np.float32)
