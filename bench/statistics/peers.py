"""Naive rules and those of other tools, as they are, on cumulative counts of shape (runs, looks)."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from bench.statistics.first import Bools
from bench.statistics.worlds import Floats, Ints, Seen

ALPHA = 0.05


def z_statistic(total: Seen) -> Floats:
    """Candidate minus baseline over the pooled standard error: the z test of two proportions."""
    rate = (total.s_a + total.s_b) / np.maximum(total.n_a + total.n_b, 1)
    variance = rate * (1 - rate) * (1 / np.maximum(total.n_a, 1) + 1 / np.maximum(total.n_b, 1))
    return safe_ratio(difference(total), np.sqrt(variance))


def difference(total: Seen) -> Floats:
    """The candidate's rate minus the baseline's."""
    return total.s_b / np.maximum(total.n_b, 1) - total.s_a / np.maximum(total.n_a, 1)


def z_rejects(total: Seen, alpha: float = ALPHA) -> Bools:
    """Two-sided z test, as a dashboard computes it anew at every look."""
    return np.abs(z_statistic(total)) >= -ndtri(alpha / 2)


def pooled_sequence(effect: Floats, variance: Floats, n: NDArray[np.int64], alpha: float = ALPHA, tuned_for: float = 5000.0) -> Bools:
    """The asymptotic confidence sequence (Waudby-Smith et al. 2024) as GrowthBook computes it: on totals since the start.

    effect: the estimated difference; variance: of that estimate; n: units of both variants; tuned_for: GrowthBook's default.
    """
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / tuned_for
    scaled = n * rho2 + 1
    radius2 = variance * n * 2 * scaled * np.log(np.sqrt(scaled) / alpha) / (n**2 * rho2)
    return (effect**2 > radius2) & (variance > 0)


def pooled_sequence_of_rates(total: Seen, alpha: float = ALPHA) -> Bools:
    """The same for two success rates."""
    variance = _variance(total.s_a, total.n_a) + _variance(total.s_b, total.n_b)
    return pooled_sequence(difference(total), variance, total.n_a + total.n_b, alpha)


def probably_best(total: Seen, probability: float) -> Bools:
    """P(candidate is better) beyond `probability` either way, Beta(0.1, 0.1) priors, by moments: Bayesian dashboards, Iter8 v1."""
    (mean_a, var_a), (mean_b, var_b) = _posterior(total.s_a, total.n_a), _posterior(total.s_b, total.n_b)
    better = ndtr((mean_b - mean_a) / np.sqrt(var_a + var_b))
    return (better > probability) | (better < 1 - probability)


def best_estimate(total: Seen) -> Bools:
    """Iter8 v2: the candidate's estimate is the higher one."""
    return difference(total) > 0


def most_counts(total: Seen) -> Bools:
    """Iter8 v2's example with Seldon: the reward is a counter, whoever counted more wins, whatever its share of the traffic."""
    return total.s_b > total.s_a


def failed_checks(bad: Ints, n: Ints, limit: float, allowed: int) -> Bools:
    """Flagger, Argo Rollouts: the share of bad ones in a window is above the limit, for the (allowed + 1)-th time since the start.

    bad, n: per window, not cumulative. Flagger rolls back at its `threshold`, so allowed = threshold - 1; Argo beyond `failureLimit`.
    """
    return np.cumsum(bad > limit * n, axis=1) > allowed


def estimate_above(bad: Ints, n: Ints, limit: float) -> Bools:
    """Iter8 v2's objective: the estimate since the start is above the limit."""
    return np.cumsum(bad, axis=1) > limit * np.cumsum(n, axis=1)


def z_above(bad: Ints, n: Ints, limit: float, alpha: float = ALPHA) -> Bools:
    """One-sided z test of a rate against a limit, anew at every look."""
    total, units = np.cumsum(bad, axis=1), np.maximum(np.cumsum(n, axis=1), 1)
    return total / units - limit >= -ndtri(alpha) * np.sqrt(limit * (1 - limit) / units)


def chi_squared(total_a: Ints, total_b: Ints, expected_b: Floats, alpha: float) -> Bools:
    """The chi-squared test of a split, anew at every look. expected_b: how many units the candidate should have had."""
    units = total_a + total_b
    variance = expected_b * (units - expected_b) / np.maximum(units, 1)
    return safe_ratio(np.abs(total_b - expected_b), np.sqrt(variance)) >= -ndtri(alpha / 2)


def safe_ratio(numerator: Floats, denominator: Floats) -> Floats:
    """0 where there is nothing to divide by yet."""
    return np.divide(numerator, denominator, out=np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape)), where=denominator > 0)


def _variance(successes: Ints, n: Ints) -> Floats:
    rate = successes / np.maximum(n, 1)
    return rate * (1 - rate) / np.maximum(n, 1)


def _posterior(successes: Ints, n: Ints) -> tuple[Floats, Floats]:
    yes, no = successes + 0.1, n - successes + 0.1
    both = yes + no
    return yes / both, yes * no / (both**2 * (both + 1))
