"""The lab's own methods over many runs at once, by the functions that decide in the lab: counts in, log e-values (runs, looks) out."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.statistics.latencies import Block
from bench.statistics.visitors import PairSums, Sums
from bench.statistics.worlds import Floats, Ints, Seen
from lab.stats import srm
from lab.stats.binary import log_e_paths
from lab.stats.conditional import block_log_likelihood
from lab.stats.exceedance import EXCEEDING, densities, weight_of
from lab.stats.histogram import bin_of
from lab.stats.limit import cut_log_e, violated_paths
from lab.stats.mean_limit import log_e_mean, log_e_restarted, restarted, satisfied_increments, violated_increments
from lab.stats.mixture import Side, tuned_rho
from lab.stats.moments import PairMoments
from lab.stats.score import PLANNED_UNITS, Score, epoch_score, log_e_at

ALPHA = 0.05


def crosses(log_e: Floats, alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Where the e-value reaches 1/alpha."""
    return log_e >= -math.log(alpha)


def binary(seen: Seen, side: Side = "two-sided", null: float = 0.0, prior_scale: float = 0.2) -> Floats:
    """Compares rates, exactly: "the log odds ratio is `null`"."""
    return log_e_paths(seen.n_a, seen.n_b, seen.s_a + seen.s_b, seen.s_b, prior_scale, null, side)


def told(seen: Seen, log_odds_ratio: float) -> Floats:
    """The likelihood ratio of the true effect against none: what no test can beat on average that is not told it."""
    return np.cumsum(block_log_likelihood(seen.n_a, seen.n_b, seen.s_a + seen.s_b, seen.s_b, [log_odds_ratio])[..., 0], axis=1)


def violated(bad: Ints, n: Ints, limit: float) -> Floats:
    """Evidence that a rate is above its limit; counts per look, not cumulative."""
    return violated_paths(n, bad, limit)


def satisfied(bad: Ints, n: Ints, limit: float) -> Floats:
    """Evidence that a rate is below its limit."""
    return cut_log_e(np.cumsum(n, axis=1), np.cumsum(bad, axis=1), limit, "less")


def mean_limit(values: Floats, limit: float, bound: float) -> tuple[Floats, Floats]:
    """Evidence that a mean is above its limit, and that it is below; values (runs, looks, per look)."""
    above, below = violated_increments(values, limit), satisfied_increments(values, limit, bound)
    wealth, log_e = np.full_like(above[:, 0], -np.inf), np.empty(values.shape[:2])
    for look in range(values.shape[1]):
        wealth = restarted(wealth, look + 1, above[:, look])
        log_e[:, look] = log_e_restarted(wealth, look + 1)
    return log_e, log_e_mean(np.cumsum(below, axis=1))


def split(n_a: Ints, n_b: Ints, planned: Floats) -> Floats:
    """Evidence that the split is not as planned. planned: the candidate's share at each look."""
    return srm.log_e_paths(np.stack([n_a, n_b], axis=-1), np.stack([1 - planned, planned], axis=-1))


class Latency:
    """Compares 95th percentiles by who exceeds that of both together, as `LatencyComparison` does, for many runs at once."""

    # The bins that matter: the last holds what is above, the first what is below, which no threshold comes near.
    BINS = slice(500, 1750)

    def __init__(self, runs: int, quantile: float = 0.95) -> None:
        self.runs = runs
        self.quantile = quantile
        self.counts: list[Ints] = []
        self.weights: list[Floats] = []
        self.recent = np.zeros((2, runs, self.BINS.stop - self.BINS.start))

    def look(self, block: Block) -> None:
        """Counts what is above the threshold of this block."""
        bins = [np.clip(bin_of(values), self.BINS.start, self.BINS.stop - 1) - self.BINS.start for values in block]
        n = bins[0].shape[1] + bins[1].shape[1]
        self.weights.append(weight_of(*densities(self.recent, self.quantile), bins[1].shape[1] / n))
        borrowed = max(EXCEEDING / (1 - self.quantile) - n, 0.0) / np.maximum(self.recent.sum(axis=(0, 2)), 1e-300)
        self.recent *= np.minimum(borrowed, 1.0)[:, None]
        for recent, arm in zip(self.recent, bins, strict=True):
            np.add.at(recent, (np.arange(self.runs)[:, None], arm), 1)
        edge = _threshold_edges(self.recent.sum(axis=0), self.quantile)
        above = [(arm >= edge[:, None]).sum(axis=1) for arm in bins]
        seen = [np.full(self.runs, arm.shape[1]) for arm in bins]
        self.counts.append(np.stack([seen[0], above[0], seen[1], above[1]]))

    def log_e(self, side: Side) -> Floats:
        """After all looks, (runs, looks)."""
        n_a, s_a, n_b, s_b = np.stack(self.counts, axis=-1)
        return log_e_paths(n_a, n_b, s_a + s_b, s_b, prior_scale=0.5, side=side, weights=np.stack(self.weights, axis=-1))


def _threshold_edges(pooled: Floats, quantile: float) -> Ints:
    """`threshold_edge` of each row."""
    passed = np.cumsum(pooled, axis=1)
    n = passed[:, -1]
    index = np.minimum((passed < np.maximum(quantile * n, np.minimum(1.0, n))[:, None] - 1e-9).sum(axis=1), pooled.shape[1] - 1)
    rows = np.arange(len(pooled))
    upper = (n - passed[rows, index]) / np.maximum(n, 1)
    lower = upper + pooled[rows, index] / np.maximum(n, 1)
    wanted = 1 - quantile
    with np.errstate(divide="ignore"):
        higher = (upper > 1e-12) & (wanted / np.maximum(upper, 1e-300) <= lower / wanted)
    return index + higher


def score_of_rates(seen: Seen, epochs: Sequence[int], side: Side = "two-sided") -> Floats:
    """Compares rates as means of zeros and ones."""
    a, b = (Sums(n, s.astype(np.float64), s.astype(np.float64)) for n, s in ((seen.n_a, seen.s_a), (seen.n_b, seen.s_b)))
    return score_of_sums(a, b, epochs, side)


def score_of_sums(a: Sums, b: Sums, epochs: Sequence[int], side: Side = "two-sided") -> Floats:
    """Compares means per unit. epochs: one number per look, changing with the split."""
    arms = (_moments(PairSums(one.n, one.x, one.n, one.xx, one.n, one.x)) for one in (a, b))
    return _score(*arms, epochs, side)


def score_of_pairs(a: PairSums, b: PairSums, epochs: Sequence[int], side: Side = "two-sided") -> Floats:
    """Compares ratios Σx/Σy per visitor."""
    return _score(_moments(a), _moments(b), epochs, side)


def _moments(sums: PairSums) -> PairMoments:
    """The lab calls what is above the line y and what is below it x."""
    n = np.maximum(sums.n, 1)
    above, below = sums.x / n, sums.y / n
    off = (np.maximum(sums.yy - n * below**2, 0), np.maximum(sums.xx - n * above**2, 0), sums.xy - n * below * above)
    return PairMoments(sums.n, below, above, *(np.where(sums.n > 0, part, 0.0) for part in off))


def _score(a: PairMoments, b: PairMoments, epochs: Sequence[int], side: Side) -> Floats:
    rho = tuned_rho(PLANNED_UNITS / 4, ALPHA, side)
    closed, arms, log_e = Score(), (PairMoments(), PairMoments()), np.empty(np.shape(a.n))
    for look, epoch in enumerate(epochs):
        if look and epoch != epochs[look - 1]:
            closed, arms = closed.plus(epoch_score(*arms)), (PairMoments(), PairMoments())
        arms = tuple(arm.merged(PairMoments(*(part[:, look] for part in new))) for arm, new in zip(arms, (a, b), strict=True))
        log_e[:, look] = log_e_at(closed.plus(epoch_score(*arms)), rho, 0.0, side)
    return log_e
