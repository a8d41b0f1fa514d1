"""How a fit is run."""

from dataclasses import dataclass, replace

from studio_server.engines.families.facts import Family


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
    ema: float = 0.0
    """Decay of the running average that is kept in place of the last weights; 0: the last weights."""
    judge_every: int = 0
    """After so many steps the average is scored, and the best one is kept; 0: never."""

    def rate(self, step: int) -> float:
        """Warm up shortly, stay, then fall straight over the last half: the end is what is kept."""
        left = (self.steps - step) / self.steps
        return self.learning_rate * min(1.0, (step + 1) / 10, 2 * left)

    def judges(self, step: int) -> bool:
        """Whether the average is scored after this step; the last one always is."""
        return bool(self.judge_every) and (step % self.judge_every == 0 or step == self.steps)


def recipe_for(family: Family) -> Recipe:
    """Return the recipe of a base that nobody gave another one for."""
    small = Recipe(steps=family.fit_steps, rank=family.rank, learning_rate=family.learning_rate)
    return replace(small, ema=0.99, judge_every=100) if family.learns_person else small
