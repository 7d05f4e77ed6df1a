"""Worlds whose unit is a visitor: revenue, visits of people who come back, rewards that come late."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.statistics.worlds import Floats, Ints, assigned, path, staged


class Sums(NamedTuple):
    """Sums over the new units of one variant between two looks, shape (runs, looks)."""

    n: Ints
    x: Floats
    xx: Floats


class PairSums(NamedTuple):
    """Sums over visitors who each have a numerator x and a denominator y, shape (runs, looks)."""

    n: Ints
    x: Floats
    y: Floats
    xx: Floats
    yy: Floats
    xy: Floats


class Revenue(NamedTuple):
    """Most visitors spend nothing, some spend a lognormal amount."""

    looks: int
    per_look: int
    buyers: float
    spread: float
    """Standard deviation of the logarithm of what a buyer spends; its median is 1."""
    share: float
    """The candidate's share of the visitors."""
    candidate_factor: float = 1.0
    """What a buyer spends with the candidate, over what one spends with the baseline."""
    drift: tuple[float, ...] = (1.0,)
    """Knots of a factor on the share of buyers."""


def spent(world: Revenue, rng: np.random.Generator, runs: int) -> tuple[Sums, Sums]:
    """Baseline, candidate."""
    n_b = np.full((runs, world.looks), round(world.share * world.per_look))
    return _spent(world, world.per_look - n_b, 1.0, rng), _spent(world, n_b, world.candidate_factor, rng)


def _spent(world: Revenue, n: Ints, factor: float, rng: np.random.Generator) -> Sums:
    buyers = rng.binomial(n, world.buyers * path(world.drift, world.looks))
    amounts = factor * np.exp(world.spread * rng.standard_normal(int(buyers.sum())))
    where = np.repeat(np.arange(buyers.size), buyers.ravel())
    x, xx = (np.bincount(where, weights, minlength=buyers.size).reshape(buyers.shape) for weights in (amounts, amounts**2))
    return Sums(n, x, xx)


class Visits(NamedTuple):
    """Visitors keep their variant, differ in how often they succeed and much more in how often they come."""

    looks: int
    per_look: int
    """New visitors of each variant between two looks."""
    rate: float
    """Success rate of a visit of the average visitor."""
    effect_spread: float
    """Standard deviation of the visitors' own log odds."""
    visits_spread: float
    """Standard deviation of the logarithm of a visitor's expected number of visits; its median is `visits`."""
    visits: float
    window: int
    """For how many looks a visitor keeps coming."""
    odds_ratio: float = 1.0


class Visited(NamedTuple):
    """What one variant's visitors did."""

    cohorts: PairSums
    """By the look at which they first came: successes x and visits y of each visitor over the whole window."""
    successes: Ints
    """By the look at which it happened: all visits' successes, shape (runs, looks)."""
    visits: Ints
    """By the look at which it happened."""
    open_window: PairSums
    """Everybody who came so far, with what they did so far."""


def visited(world: Visits, odds_ratio: float, rng: np.random.Generator, runs: int) -> Visited:
    """One variant."""
    shape = (runs, world.looks, world.per_look)
    log_odds = np.log(world.rate / (1 - world.rate) * odds_ratio) + world.effect_spread * rng.standard_normal(shape)
    rate = 1 / (1 + np.exp(-log_odds))
    often = world.visits * np.exp(world.visits_spread * rng.standard_normal(shape)) / world.window
    x, y = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    successes, visits = np.zeros(shape[:2], dtype=np.int64), np.zeros(shape[:2], dtype=np.int64)
    opened = []
    for look in range(world.looks):
        active = slice(max(0, look - world.window + 1), look + 1)
        new_y = rng.poisson(often[:, active])
        # The first visit is what makes somebody a visitor.
        new_y[:, -1] += 1
        new_x = rng.binomial(new_y, rate[:, active])
        x[:, active] += new_x
        y[:, active] += new_y
        successes[:, look], visits[:, look] = new_x.sum(axis=(1, 2)), new_y.sum(axis=(1, 2))
        opened.append(_pair_sums(x[:, : look + 1].reshape(runs, -1), y[:, : look + 1].reshape(runs, -1)))
    return Visited(_pair_sums(x, y), successes, visits, PairSums(*(np.stack(part, axis=1) for part in zip(*opened, strict=True))))


def _pair_sums(x: Ints, y: Ints) -> PairSums:
    """Over the last axis."""
    n = np.full(x.shape[:-1], x.shape[-1])
    sums = [(one * other).sum(axis=-1, dtype=np.float64) for one, other in ((x, 1), (y, 1), (x, x), (y, y), (x, y))]
    return PairSums(n, *sums)


class Delayed(NamedTuple):
    """Visitors convert some looks after they came, while the candidate's share grows: its visitors are younger."""

    looks: int
    per_look: int
    rate: float
    shares: tuple[float, ...]
    stays: float
    """A conversion that is not yet there after a look comes later with this probability (geometric delay)."""
    window: int
    """Conversions later than so many looks after the first visit do not count."""
    lift: float = 1.0


class Late(NamedTuple):
    """Counts of one variant, shape (runs, looks)."""

    entered: Ints
    """New visitors."""
    converted_in_window: Ints
    """Of the visitors who entered at this look: who converted before their window closed."""
    converted_so_far: Ints
    """Conversions since the start, of anybody, that had happened at this look."""


def delayed(world: Delayed, rng: np.random.Generator, runs: int) -> tuple[Late, Late]:
    """Baseline, candidate."""
    share = np.broadcast_to(staged(world.shares, world.looks), (runs, world.looks))
    n_b = assigned(share, world.per_look, "exact", rng)
    return _late(world, world.per_look - n_b, world.rate, rng), _late(world, n_b, world.rate * world.lift, rng)


def _late(world: Delayed, entered: Ints, rate: float, rng: np.random.Generator) -> Late:
    delays = np.arange(world.window)
    probabilities = (1 - world.stays) * world.stays**delays
    counts = rng.multinomial(rng.binomial(entered, rate), [*probabilities, world.stays**world.window])[..., :-1]
    happened = np.zeros((entered.shape[0], world.looks + world.window), dtype=np.int64)
    for delay in delays:
        happened[:, delay : delay + world.looks] += counts[..., delay]
    return Late(entered, counts.sum(axis=-1), np.cumsum(happened[:, : world.looks], axis=1))


def cumulative_pairs(sums: PairSums) -> PairSums:
    """Sums since the start."""
    return PairSums(*(np.cumsum(part, axis=1) for part in sums))


def ratio_and_variance(sums: PairSums) -> tuple[Floats, Floats]:
    """Σx/Σy and the variance of that estimate by the delta method (Deng, Knoblich & Lu 2018)."""
    n = np.maximum(sums.n, 2).astype(np.float64)
    ratio = np.divide(sums.x, sums.y, out=np.zeros_like(sums.x), where=sums.y > 0)
    squares = sums.xx - 2 * ratio * sums.xy + ratio**2 * sums.yy
    return ratio, squares * n / (n - 1) / np.maximum(sums.y, 1) ** 2


def mean_and_variance(sums: Sums) -> tuple[Floats, Floats]:
    """The mean since the start and the variance of that estimate, from this arm alone (Welch)."""
    n = np.maximum(np.cumsum(sums.n, axis=1), 2).astype(np.float64)
    mean, square = np.cumsum(sums.x, axis=1) / n, np.cumsum(sums.xx, axis=1) / n
    return mean, np.maximum(square - mean**2, 0.0) / (n - 1)


def shifted(counts: NDArray[np.int64], looks: int) -> NDArray[np.int64]:
    """Counts that become visible so many looks later; zeros before."""
    return np.concatenate([np.zeros_like(counts[:, :looks]), counts[:, : counts.shape[1] - looks]], axis=1)
