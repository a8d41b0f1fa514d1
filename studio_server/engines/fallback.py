"""What does not fit falls back by itself, step by step, and says which step it took.

A fit: smaller batches -> gradient checkpointing -> what is kept for the way back lies in main memory -> the
frozen weights in 8 bits.
A painting: the whole base on the card -> one part of it at a time -> layer by layer.
"""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError

from studio_server.domain.errors import EngineUnavailable, disk_is_full
from studio_server.engines.bases import Base
from studio_server.engines.eight_bits import squeeze

log = logging.getLogger(__name__)
T = TypeVar("T")

_SHORT = (torch.OutOfMemoryError, MemoryError)
_PLACED = "place to be"
_PLACED_AS = "placed as"
_SQUEEZED = "in 8 bits"


@dataclass(frozen=True)
class Rung:
    """One way to take a step of a fit, the lower ones in less memory.

    All give the same gradients but for the last: 8 bits hold the frozen weights less exactly.
    """

    name: str
    parts: int = 1
    """Into how many parts a batch is cut; their gradients are added up."""
    checkpointing: bool = False
    offload: bool = False
    eight_bits: bool = False


EIGHT_BITS = "the base in 8 bits"


def rungs(batch: int) -> tuple[Rung, ...]:
    """Return halves of the batch down to one sample, then checkpointing, then offload, then 8 bits."""
    parts, cut = [], 2
    while cut < 2 * batch:
        parts.append(min(cut, batch))
        cut *= 2
    smaller = [Rung(f"batches in {count} parts", count) for count in parts]
    return (
        Rung("", 1),
        *smaller,
        Rung("gradient checkpointing", batch, checkpointing=True),
        Rung("offload to main memory", batch, checkpointing=True, offload=True),
        Rung(EIGHT_BITS, batch, checkpointing=True, offload=True, eight_bits=True),
    )


class Ladder:
    """Stands on one rung and only goes down: what did not fit once will not fit later."""

    def __init__(self, batch: int) -> None:
        self._left = list(rungs(batch))
        self.taken: list[str] = []

    @property
    def rung(self) -> Rung:
        return self._left[0]

    @property
    def note(self) -> str:
        """For the progress line: empty as long as everything fits."""
        return f" (short of memory: {self.taken[-1]})" if self.taken else ""

    def run(self, attempt: Callable[[Rung], T]) -> T:
        """Try until it fits. Raises EngineUnavailable with what was tried."""
        while True:
            try:
                return attempt(self.rung)
            except _SHORT as error:
                reason = _first_line(error)
            # after the except: as long as the error lives, so does everything that it ran out of memory with
            free()
            self._down(reason)

    def _down(self, reason: str) -> None:
        if len(self._left) == 1:
            tried = ", ".join(self.taken)
            msg = f"The fit does not fit into this machine's memory ({reason}); tried were {tried}."
            raise EngineUnavailable(f"{msg} Close other programs on the GPU, or use a smaller base.")
        self._left.pop(0)
        self.taken.append(self.rung.name)
        log.warning("The fit is short of memory (%s): %s", reason, self.rung.name)


def saving_memory(base: Base, rung: Rung) -> AbstractContextManager[Any]:
    """Take a step of a fit as this rung says."""
    if rung.checkpointing and not base.denoiser.is_gradient_checkpointing:
        base.denoiser.enable_gradient_checkpointing()
    if rung.eight_bits:
        squeezed(base)
    return _kept_in_main_memory(base) if rung.offload else nullcontext()


def come_aboard(base: Base) -> tuple[str, ...]:
    """Lend a fit's denoiser the device; where its weights alone do not fit, in 8 bits. Says what it took."""
    try:
        base.denoiser.to(base.device)
    except _SHORT as error:
        log.warning("The base is too large for the card (%s): %s", _first_line(error), EIGHT_BITS)
    else:
        return ()
    squeezed(base)  # after the except: as long as the error lives, so does what it ran out of memory with
    return (EIGHT_BITS,)


def squeezed(base: Base) -> None:
    """Put the frozen weights into 8 bits, in main memory, and lend them the device."""
    if base.memo.get(_SQUEEZED):
        return
    base.denoiser.to("cpu")
    squeeze(base.denoiser)
    base.memo[_SQUEEZED] = True
    free()
    base.denoiser.to(base.device)


def _kept_in_main_memory(base: Base) -> AbstractContextManager[Any]:
    """Lay what backward needs into main memory; the weights stay where they are."""
    own = (*base.denoiser.parameters(), *base.denoiser.buffers())
    weights = {weight.untyped_storage().data_ptr() for weight in own}

    def pack(tensor: torch.Tensor) -> tuple[torch.device, torch.Tensor]:
        stays = tensor.untyped_storage().data_ptr() in weights
        return tensor.device, tensor if stays else tensor.to("cpu")

    def unpack(packed: tuple[torch.device, torch.Tensor]) -> torch.Tensor:
        device, tensor = packed
        return tensor.to(device)

    return torch.autograd.graph.saved_tensors_hooks(pack, unpack)


def paint_or_step_down(base: Base, attempt: Callable[[], T]) -> T:
    """Paint with the base placed as large as it fits. Raises EngineUnavailable with what was tried."""
    while True:
        place = base.memo.setdefault(_PLACED, 0)
        try:
            _place(base, place)
            return attempt()
        except _SHORT as error:
            reason = _first_line(error)
        free()
        if base.device.type == "cpu" or place + 1 == len(_PLACES):
            msg = f"There is not enough memory to paint with {base.label} ({reason})."
            raise EngineUnavailable(f"{msg} Close other programs, or use a smaller base.")
        base.memo[_PLACED] = place + 1
        log.warning("Painting is short of memory (%s): %s", reason, _PLACES[place + 1])


_PLACES = ("the whole base on the card", "one part of the base at a time", "the base layer by layer")


def _place(base: Base, place: int) -> None:
    if base.device.type == "cpu" or base.memo.get(_PLACED_AS) == place:
        return
    if place == 0:
        base.pipeline.to(base.device)
    else:
        base.pipeline.to("cpu")
        base.pipeline.vae.enable_tiling()
        offload = (base.pipeline.enable_model_cpu_offload, base.pipeline.enable_sequential_cpu_offload)
        offload[place - 1](device=base.device)
    base.memo[_PLACED_AS] = place


def take_off(base: Base) -> None:
    """Leave the card to a fit. Where only parts are on it at a time, their own hooks see to that."""
    if base.device.type != "cpu" and base.memo.get(_PLACED_AS) == 0:
        base.pipeline.to("cpu")
        del base.memo[_PLACED_AS]
        free()


@contextmanager
def in_one_sentence(doing: str) -> Iterator[None]:
    """Turn a full disk and memory that is short into EngineUnavailable; `doing` begins the sentence."""
    try:
        yield
    except _SHORT as error:
        msg = f"{doing} stopped: this machine's memory is too small for it ({_first_line(error)})."
        raise EngineUnavailable(f"{msg} Close other programs, or use a smaller base.") from error
    except (OSError, SafetensorError) as error:
        if not disk_is_full(error):
            raise
        msg = f"{doing} stopped: the disk is full. Nothing that was kept is lost."
        raise EngineUnavailable(
            f"{msg} Make room and start it again; it goes on from where it was."
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:120]


def free() -> None:
    """Give memory that nobody holds any more back to the card."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
