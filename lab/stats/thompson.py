"""Shares of the traffic that learn which variant is best: batched top-two Thompson sampling with a floor.

Each batch, a variant's share is half its probability to be best and half its probability to be second (Russo 2020), so that the
runner-up gets what it takes to tell the two apart. The floor keeps every variant measurable. Shares come from the past alone, so the
epoch-wise and block-wise tests of this package stay valid under them; these probabilities themselves decide nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.stats.counts import Counts

# How often the posterior is drawn: a share's error is then at most 0.5 percentage points.
DRAWS = 10_000


class Chances(NamedTuple):
    """One probability per variant, in the order given: to be best, and to be second."""

    best: NDArray[np.float64]
    second: NDArray[np.float64]


def rate_draws(arms: Sequence[Counts], generator: np.random.Generator, draws: int = DRAWS) -> NDArray[np.float64]:
    """Rates drawn from Beta(1 + successes, 1 + failures), shape (draws, arms). A variant without data may be anything."""
    checked = [arm.checked() for arm in arms]
    wins, losses = np.array([arm.successes for arm in checked]), np.array([arm.n - arm.successes for arm in checked])
    return generator.beta(1.0 + wins, 1.0 + losses, size=(draws, len(checked)))


def mean_draws(means: ArrayLike, errors: ArrayLike, generator: np.random.Generator, draws: int = DRAWS) -> NDArray[np.float64]:
    """Means drawn from normal distributions with these standard errors, shape (draws, arms)."""
    centre, spread = np.asarray(means, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if not (np.all(np.isfinite(centre)) and np.all(np.isfinite(spread)) and np.all(spread >= 0)):
        raise ValueError(f"means are {means} and errors {errors}, must be finite, errors 0 or more.")
    return generator.normal(centre, spread, size=(draws, centre.size))


def chances(draws: NDArray[np.float64], higher_is_better: bool = True) -> Chances:
    """How often each variant comes first, and second. A variant alone is both."""
    signed = draws if higher_is_better else -draws
    rank = np.argsort(-signed, axis=1)
    places = [np.bincount(rank[:, place], minlength=draws.shape[1]) / draws.shape[0] for place in (0, min(1, draws.shape[1] - 1))]
    return Chances(*places)


def top_two(found: Chances, floor: float = 0.05) -> NDArray[np.float64]:
    """The shares, each at least `floor`, that sum to 1. ValueError if so many floors do not fit."""
    arms = found.best.size
    if not 0 <= floor * arms <= 1:
        raise ValueError(f"The floor is {floor} for each of {arms} variants, must be from 0 to {1 / arms:.3g}.")
    mix = (found.best + found.second) / 2
    return raised(mix / mix.sum(), floor)


def raised(shares: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Shares below the floor are raised to it, and the others pay in proportion."""
    low = np.zeros(shares.size, dtype=bool)
    while True:
        left = 1 - floor * low.sum()
        rest = shares[~low].sum()
        scaled = np.where(low, floor, shares * (left / rest if rest > 0 else 0.0))
        if np.all(scaled[~low] >= floor) or low.all():
            return scaled / scaled.sum()
        low |= scaled < floor
