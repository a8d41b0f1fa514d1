"""The fine-tuning loop: a session's picks -> a LoRA of its light, grain and backdrop.

Read from `LoraFitter.fit` downwards. Every step draws from (seed, step) alone, so a fit that was killed
and goes on from its checkpoint ends with the very weights of one that ran through.
"""

import io
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict

from studio_server.domain.errors import BadInput, Cancelled
from studio_server.domain.likeness import FitReport
from studio_server.domain.ports import FitJob, Fitted, Progress
from studio_server.engines.bases import Base, load_base
from studio_server.engines.fallback import Ladder, Rung, free, in_one_sentence, saving_memory
from studio_server.engines.families.facts import Family
from studio_server.engines.families.interface import Batch
from studio_server.engines.fit_worth import light_match
from studio_server.engines.picks import Crop, FindPerson, Samples, crops_of, encode
from studio_server.engines.shelf import Shelf
from studio_server.imaging.matte import coarse_mask

_CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Recipe:
    """How a fit is run; the defaults are for a small base on two cores."""

    steps: int = 120
    batch: int = 4
    crops_per_pick: int = 4
    rank: int = 8
    learning_rate: float = 1e-3
    snr_gamma: float = 5.0
    """Min-SNR (Hang et al., 2023), capped for v-prediction as SNR/(SNR+1); not for flow matching."""
    caption_dropout: float = 0.05
    checkpoint_every: int = 20
    heldout_timesteps: int = 8
    heldout_noises: int = 2


def recipe_for(family: Family) -> Recipe:
    """Return the recipe of a base that nobody gave another one for."""
    return Recipe(steps=family.fit_steps, rank=family.rank, learning_rate=family.learning_rate)


@dataclass
class _Run:
    """Where a fit stands; all of it goes into the checkpoint, but for the rung on which memory suffices."""

    optimizer: torch.optim.AdamW
    ladder: Ladder = field(default_factory=lambda: Ladder(1))
    step: int = 0
    seconds: float = 0.0
    before: float = 0.0
    resumed_at: int = 0


class LoraFitter:
    """The port `Fitter`. `find_person` is U2-Net from the shelf unless a test brings its own."""

    def __init__(
        self, base: Path, shelf: Shelf, recipe: Recipe | None = None, find_person: FindPerson | None = None
    ) -> None:
        self._base = base
        self._shelf = shelf
        self._recipe = recipe
        self._find_person = find_person

    def fit(self, job: FitJob, progress: Progress) -> Fitted:
        """Fit a LoRA. Raises Cancelled, EngineUnavailable, Unreadable, BadInput (fewer than two picks)."""
        if len(job.picks) < 2:
            msg = "A fit needs two picks at least, one of them to check it on. Pick one more shot."
            raise BadInput(msg)
        try:
            with in_one_sentence("The fit"):
                return self._fit(job, progress)
        finally:
            free()  # the card's memory is the painter's next

    def _fit(self, job: FitJob, progress: Progress) -> Fitted:
        started = time.monotonic()
        job.scratch.mkdir(parents=True, exist_ok=True)
        base = load_base(self._base, fitting=True)
        recipe = self._recipe or recipe_for(base.family)
        learn, heldout, unseen = self._samples(base, job, progress)
        base.denoiser.to(base.device)
        run = _start_or_resume(base, job, recipe)
        run.before = run.before or run.ladder.run(
            lambda rung: heldout_loss(base, heldout, recipe, rung.parts)
        )
        started -= run.seconds
        for _ in range(run.step, recipe.steps):
            _stop_if_cancelled(progress)
            _step(base, run, learn, job.seed, recipe)
            text = f"Fitting: step {run.step} of {recipe.steps}{run.ladder.note}"
            progress.report(run.step, recipe.steps, text)
            if run.step % recipe.checkpoint_every == 0:
                run.seconds = time.monotonic() - started
                _keep(run, base, recipe, job.scratch)
        after = run.ladder.run(lambda rung: heldout_loss(base, heldout, recipe, rung.parts))
        adapter = _adapter(base)
        light = light_match(base, unseen) or (None, None)
        shutil.rmtree(job.scratch, ignore_errors=True)
        seconds = time.monotonic() - started
        stepped_down = ", then ".join(run.ladder.taken)
        report = FitReport(
            base.label, run.step, seconds, run.before, after, run.resumed_at, stepped_down, *light
        )
        return Fitted(adapter, report)

    def _samples(self, base: Base, job: FitJob, progress: Progress) -> tuple[Samples, Samples, Crop]:
        find_person = self._find_person or partial(coarse_mask, u2net=self._shelf.path("u2net.onnx"))
        recipe = self._recipe or recipe_for(base.family)
        views = []
        for number, path in enumerate(job.picks):
            _stop_if_cancelled(progress)
            progress.report(0, recipe.steps, f"Reading pick {number + 1} of {len(job.picks)}")
            count = recipe.crops_per_pick if number < len(job.picks) - 1 else 1
            views.append(crops_of(path, find_person, base.fit_size, range(job.seed, job.seed + count)))
        learn = [view for pick in views[:-1] for view in pick]
        return encode(base, learn), encode(base, views[-1]), views[-1][0]


def stepper(base: Base, job: FitJob, recipe: Recipe, learn: Samples) -> Callable[[], None]:
    """Start a fit, and return what takes its next step: the very step of `fit`, for whoever times it."""
    return partial(_step, base, _start_or_resume(base, job, recipe), learn, job.seed, recipe)


def heldout_loss(base: Base, heldout: Samples, recipe: Recipe, parts: int = 1) -> float:
    """Mean weighted denoising loss over fixed timesteps and noises: the same before and after a fit."""
    times = base.architecture.fixed_times(base.pipeline, recipe.heldout_timesteps)
    losses = []
    with torch.no_grad():
        for number in range(recipe.heldout_noises):
            luck = torch.Generator().manual_seed(number)
            noise = torch.randn((len(times), *heldout.latents.shape[1:]), generator=luck)
            rows = torch.zeros(len(times), dtype=torch.long)
            cuts = torch.arange(len(times)).tensor_split(min(parts, len(times)))
            each = [_losses(base, heldout.take(rows[cut]), noise[cut], times[cut]) for cut in cuts]
            losses.append(torch.cat(each).mean())
    return float(torch.stack(losses).mean())


def _losses(base: Base, batch: Samples, noise: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Squared error of the base's prediction, weighed over the picture; one value per sample."""
    told = Batch(batch.latents, batch.conditions, batch.texts, batch.pooled)
    predicted, target = base.architecture.predict(
        base.pipeline, told, noise.to(base.device), times.to(base.device)
    )
    error = (predicted - target).square().mean(dim=1, keepdim=True) * batch.weights
    return error.sum(dim=(1, 2, 3)) / batch.weights.sum(dim=(1, 2, 3))


def _step(base: Base, run: _Run, learn: Samples, seed: int, recipe: Recipe) -> None:
    luck = torch.Generator().manual_seed(1_000_003 * seed + run.step)
    rows = torch.randint(len(learn.latents), (recipe.batch,), generator=luck)
    batch = learn.take(rows, forget=torch.rand(recipe.batch, generator=luck) < recipe.caption_dropout)
    noise = torch.randn(batch.latents.shape, generator=luck)
    times = base.architecture.drawn_times(base.pipeline, recipe.batch, luck)
    weights = base.architecture.time_weights(base.pipeline, times, recipe.snr_gamma)
    for group in run.optimizer.param_groups:
        group["lr"] = _learning_rate(run.step, recipe)

    def backward(rung: Rung) -> None:
        run.optimizer.zero_grad()
        for cut in torch.arange(recipe.batch).tensor_split(rung.parts):
            with saving_memory(base, rung):
                losses = _losses(base, batch.take(cut), noise[cut], times[cut])
                loss = (losses * weights[cut].to(base.device)).mean() * (len(cut) / recipe.batch)
            loss.backward()

    run.ladder.run(backward)
    torch.nn.utils.clip_grad_norm_(run.optimizer.param_groups[0]["params"], 1.0)
    run.optimizer.step()
    run.optimizer.zero_grad()
    run.step += 1


def _learning_rate(step: int, recipe: Recipe) -> float:
    """Warm up shortly, stay, then fall straight over the last half: the end is what is kept."""
    left = (recipe.steps - step) / recipe.steps
    return recipe.learning_rate * min(1.0, (step + 1) / 10, 2 * left)


def _stop_if_cancelled(progress: Progress) -> None:
    if progress.cancelled():
        raise Cancelled("The fit was stopped. Its checkpoints are kept; start it again to go on.")


def _start_or_resume(base: Base, job: FitJob, recipe: Recipe) -> _Run:
    denoiser = base.denoiser
    with torch.random.fork_rng():
        torch.manual_seed(job.seed)
        targets = base.architecture.lora_targets(denoiser)
        denoiser.add_adapter(LoraConfig(r=recipe.rank, lora_alpha=recipe.rank, target_modules=targets))
    cast_training_params(denoiser, torch.float32)
    learnt = [weight for weight in denoiser.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=recipe.learning_rate, weight_decay=1e-2)
    run = _Run(optimizer, Ladder(recipe.batch))
    path = job.scratch / _CHECKPOINT
    kept = torch.load(path, map_location="cpu", weights_only=True) if path.exists() else {}
    if kept.get("made_by") == _made_by(base, recipe):  # an older version's checkpoint is of no use
        _resume(run, base, kept)
    return run


def _made_by(base: Base, recipe: Recipe) -> str:
    return f"{base.label} {recipe}"


def _resume(run: _Run, base: Base, kept: Mapping[str, Any]) -> None:
    set_peft_model_state_dict(base.denoiser, kept["adapter"])
    run.optimizer.load_state_dict(kept["optimizer"])
    run.step = run.resumed_at = kept["step"]
    run.seconds, run.before = kept["seconds"], kept["before"]


def _keep(run: _Run, base: Base, recipe: Recipe, scratch: Path) -> None:
    """Write a checkpoint whole or not at all: a fit may be killed at any moment."""
    state = {
        "made_by": _made_by(base, recipe),
        "adapter": get_peft_model_state_dict(base.denoiser),
        "optimizer": run.optimizer.state_dict(),
        "step": run.step,
        "seconds": run.seconds,
        "before": run.before,
    }
    fresh = scratch / f"{_CHECKPOINT}.part"
    whole = io.BytesIO()  # written by Python: torch's own writer does not say that a disk is full
    torch.save(state, whole)
    fresh.write_bytes(whole.getbuffer())
    fresh.replace(scratch / _CHECKPOINT)


def _adapter(base: Base) -> bytes:
    """Write the LoRA as diffusers reads it: safetensors with its configuration in the metadata."""
    with tempfile.TemporaryDirectory() as folder:
        base.architecture.save_adapter(base.pipeline, Path(folder))
        return next(Path(folder).glob("*.safetensors")).read_bytes()
