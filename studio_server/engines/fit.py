"""The fine-tuning loop: a session's picks -> a LoRA of its light, grain and backdrop, or of its person.

Read from `LoraFitter.fit` downwards. Every step draws from (seed, step) alone, so a fit that was killed
and goes on from its checkpoint ends with the very weights of one that ran through.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict

from studio_server.domain.engines import FitJob, Fitted, Progress
from studio_server.domain.errors import BadInput, Cancelled
from studio_server.domain.likeness import FitReport, Learns
from studio_server.engines.acquaintance import Acquaintance
from studio_server.engines.bases import Base, load_base
from studio_server.engines.checkpoints import Kept, write_checkpoint
from studio_server.engines.cutting import FindPerson, Scissors
from studio_server.engines.fallback import Ladder, Rung, come_aboard, free, in_one_sentence, saving_memory
from studio_server.engines.families.interface import Batch
from studio_server.engines.fit_worth import light_match
from studio_server.engines.person import ShelfSight, Sight, meet, person_crops
from studio_server.engines.picks import Crop, Samples, crops_of, encode
from studio_server.engines.recipe import Recipe, recipe_for
from studio_server.engines.shelf import Shelf
from studio_server.engines.synthetic import likeness_of_previews, require_person

_CHECKPOINT = "checkpoint.pt"


@dataclass
class _Run:
    """Where a fit stands; all of it goes into the checkpoint, but for the rung on which memory suffices."""

    optimizer: torch.optim.AdamW
    kept: Kept
    ladder: Ladder = field(default_factory=lambda: Ladder(1))
    step: int = 0
    seconds: float = 0.0
    before: float = 0.0
    resumed_at: int = 0


class LoraFitter:
    """The port `Fitter`. What finds people and faces comes from the shelf unless a test brings its own."""

    def __init__(
        self,
        base: Path,
        shelf: Shelf,
        recipe: Recipe | None = None,
        find_person: FindPerson | None = None,
        sight: Sight | None = None,
    ) -> None:
        self._base = base
        self._shelf = shelf
        self._recipe = recipe
        self._find_person = Scissors(shelf, find_person).find_person
        self._sight = sight or ShelfSight(shelf)

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
        session = self._session(base, job)
        recipe = self._recipe or recipe_for(base.family)
        learn, heldout, unseen = self._samples(base, job, progress)
        squeezed = come_aboard(base)
        run = _start_or_resume(base, job, recipe)
        run.ladder.taken.extend(squeezed)
        run.before = run.before or _heldout(base, run, heldout, recipe)
        started -= run.seconds
        for _ in range(run.step, recipe.steps):
            _stop_if_cancelled(progress)
            _step(base, run, learn, job.seed, recipe)
            text = f"Fitting: step {run.step} of {recipe.steps}{run.ladder.note}"
            progress.report(run.step, recipe.steps, text)
            if recipe.judges(run.step):
                progress.report(run.step, recipe.steps, f"{text}; looking at what it has learnt")
                self._offer(base, run, session, lambda: _heldout(base, run, heldout, recipe))
            if run.step % recipe.checkpoint_every == 0:
                run.seconds = time.monotonic() - started
                _keep(run, base, _made_by(base, recipe, job.learns), job.scratch)
        run.kept.settle()
        after = _heldout(base, run, heldout, recipe)
        adapter = _adapter(base)
        report = _report(base, run, time.monotonic() - started, after, job.learns)
        if job.learns is Learns.SURROUNDINGS:
            progress.report(recipe.steps, recipe.steps, "Looking at what the fit is worth")
            report = _with_worth(base, unseen, report)
        shutil.rmtree(job.scratch, ignore_errors=True)
        return Fitted(adapter, report)

    def _offer(self, base: Base, run: _Run, session: Acquaintance | None, loss: Callable[[], float]) -> None:
        """Score the average as it is now: whose face it paints, then the held-out loss."""
        with run.kept.worn():
            faces = (likeness_of_previews(base, session, self._sight),) if session else ()
            run.kept.offer(run.step, (*faces, loss()))

    def _session(self, base: Base, job: FitJob) -> Acquaintance | None:
        """Measure whom the previews of a fit to the person are held against; None in the locked lane."""
        if job.learns is not Learns.PERSON:
            return None
        require_person(base)
        session = meet(job.picks, self._sight)
        if not session.shots:
            msg = "No face was found in the picks, so nobody can be learnt from them."
            raise BadInput(f"{msg} Pick shots that show the face from the front.")
        return session

    def _samples(self, base: Base, job: FitJob, progress: Progress) -> tuple[Samples, Samples, Crop]:
        recipe = self._recipe or recipe_for(base.family)
        views = []
        for number, path in enumerate(job.picks):
            _stop_if_cancelled(progress)
            progress.report(0, recipe.steps, f"Reading pick {number + 1} of {len(job.picks)}")
            count = recipe.crops_per_pick if number < len(job.picks) - 1 else 1
            views.append(self._views(base, job, path, range(job.seed, job.seed + count)))
        learn = [view for pick in views[:-1] for view in pick]
        return encode(base, learn), encode(base, views[-1]), views[-1][0]

    def _views(self, base: Base, job: FitJob, path: Path, seeds: range) -> list[Crop]:
        if job.learns is Learns.PERSON:
            return person_crops(path, self._find_person, self._sight, base.fit_size, seeds)
        return crops_of(path, self._find_person, base.fit_size, seeds)


def _heldout(base: Base, run: _Run, heldout: Samples, recipe: Recipe) -> float:
    def look(rung: Rung) -> float:
        with saving_memory(base, rung):
            return heldout_loss(base, heldout, recipe, rung.parts)

    return run.ladder.run(look)


def _with_worth(base: Base, unseen: Crop, report: FitReport) -> FitReport:
    before, after = light_match(base, unseen) or (None, None)
    return replace(report, light_before=before, light_after=after)


def _report(base: Base, run: _Run, seconds: float, after: float, learns: Learns) -> FitReport:
    kept_for = ""
    if run.kept.step:
        best = [f"{value:.3g}" for value in run.kept.score]
        faces = f"a distance of {best[0]} of four previews' faces, " if learns is Learns.PERSON else ""
        kept_for = f"{faces}held-out loss {best[-1]}"
    return FitReport(
        base=base.label,
        steps=run.step,
        seconds=seconds,
        heldout_before=run.before,
        heldout_after=after,
        resumed_at=run.resumed_at,
        stepped_down=", then ".join(run.ladder.taken),
        kept_step=run.kept.step,
        kept_for=kept_for,
    )


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
        group["lr"] = recipe.rate(run.step)

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
    run.kept.follow(run.step)
    run.step += 1


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
    run = _Run(optimizer, Kept(learnt, recipe.ema), Ladder(recipe.batch))
    path = job.scratch / _CHECKPOINT
    kept = torch.load(path, map_location="cpu", weights_only=True) if path.exists() else {}
    if kept.get("made_by") == _made_by(
        base, recipe, job.learns
    ):  # an older version's checkpoint is of no use
        _resume(run, base, kept)
    return run


def _made_by(base: Base, recipe: Recipe, learns: Learns) -> str:
    return f"{base.label} {recipe} {learns}"


def _resume(run: _Run, base: Base, kept: Mapping[str, Any]) -> None:
    set_peft_model_state_dict(base.denoiser, kept["adapter"])
    run.optimizer.load_state_dict(kept["optimizer"])
    run.step = run.resumed_at = kept["step"]
    run.seconds, run.before = kept["seconds"], kept["before"]
    run.kept.load(kept["kept"])


def _keep(run: _Run, base: Base, made_by: str, scratch: Path) -> None:
    state = {
        "made_by": made_by,
        "adapter": get_peft_model_state_dict(base.denoiser),
        "optimizer": run.optimizer.state_dict(),
        "kept": run.kept.state(),
        "step": run.step,
        "seconds": run.seconds,
        "before": run.before,
    }
    write_checkpoint(state, scratch / _CHECKPOINT)


def _adapter(base: Base) -> bytes:
    """Write the LoRA as diffusers reads it: safetensors with its configuration in the metadata."""
    with tempfile.TemporaryDirectory() as folder:
        base.architecture.save_adapter(base.pipeline, Path(folder))
        return next(Path(folder).glob("*.safetensors")).read_bytes()
