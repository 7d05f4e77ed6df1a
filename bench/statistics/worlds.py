"""Worlds of successes and failures as data: how traffic is split, how rates drift, and what is then seen look by look."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Binary(NamedTuple):
    """Two variants with a success rate each. Paths are knots, joined by straight lines (rates) or held in equal stages (shares)."""

    looks: int
    per_look: int
    """Units that arrive between two looks, both variants together."""
    baseline: tuple[float, ...]
    """The baseline's rate: one number, or knots over the whole time."""
    odds_ratio: float = 1.0
    """The candidate's odds over the baseline's, at any time."""
    lift: float = 1.0
    """The candidate's rate over the baseline's, at any time (after the odds ratio)."""
    shares: tuple[float, ...] = (0.5,)
    """The candidate's share of the traffic in equally long stages."""
    split: str = "exact"
    """`exact`: the share to the unit; `random`: every unit draws its variant."""


class Seen(NamedTuple):
    """Counts between two looks, shape (runs, looks): baseline first, then candidate."""

    n_a: Ints
    s_a: Ints
    n_b: Ints
    s_b: Ints

    @property
    def units(self) -> Ints:
        """Units seen up to each look, of the first run; all runs are alike in this."""
        return np.cumsum(self.n_a[0] + self.n_b[0])

    def cumulative(self) -> "Seen":
        """Counts since the start."""
        return Seen(*(np.cumsum(counts, axis=1) for counts in self))


RAMP = (0.05, 0.10, 0.20, 0.35, 0.50)


def simulate(world: Binary, rng: np.random.Generator, runs: int) -> Seen:
    """What is seen in each run."""
    share = np.broadcast_to(staged(world.shares, world.looks), (runs, world.looks))
    n_b = assigned(share, world.per_look, world.split, rng)
    rate_a, rate_b = rates(world)
    n_a = world.per_look - n_b
    return Seen(n_a, rng.binomial(n_a, rate_a), n_b, rng.binomial(n_b, rate_b))


def rates(world: Binary) -> tuple[Floats, Floats]:
    """The true rates at each look: baseline, candidate."""
    rate_a = path(world.baseline, world.looks)
    odds = rate_a / (1 - rate_a) * world.odds_ratio
    return rate_a, odds / (1 + odds) * world.lift


def assigned(share: Floats, per_look: int, split: str, rng: np.random.Generator) -> Ints:
    """How many units the candidate gets at each look."""
    return np.rint(share * per_look).astype(np.int64) if split == "exact" else rng.binomial(per_look, share)


def stages(world: Binary) -> list[int]:
    """The number of the stage at each look: an epoch of constant split."""
    return (np.arange(world.looks) * len(world.shares) // world.looks).tolist()


def path(knots: tuple[float, ...], looks: int) -> Floats:
    """Knots, joined by straight lines over all looks."""
    return np.interp(np.linspace(0, 1, looks), np.linspace(0, 1, len(knots)), knots) if len(knots) > 1 else np.full(looks, knots[0])


def staged(values: tuple[float, ...], looks: int) -> Floats:
    """Each value held for an equally long stage."""
    return np.asarray(values)[np.arange(looks) * len(values) // looks]
