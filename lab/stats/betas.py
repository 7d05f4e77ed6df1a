"""Beta densities and tails by their logarithms, right for parameters up to 1e12 and far beyond where tails underflow."""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def log_beta_density(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """log of the Beta(a, b) density at x in (0, 1), by deviances instead of differences of log-gammas.

    Loader (2000), Fast and accurate computation of binomial probabilities: nothing large cancels when x is near a / (a + b).
    """
    x, a, b = (np.asarray(v, dtype=np.float64) for v in (x, a, b))
    n = a + b
    deviance = _deviance(a, n * x) + _deviance(b, n * (1 - x))
    stirling = _stirling_error(n) - _stirling_error(a) - _stirling_error(b)
    return stirling - deviance + 0.5 * (np.log(a) + np.log(b) - np.log(2 * np.pi * n)) - np.log(x) - np.log1p(-x)


def log_upper_tail(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """log P(Beta(a, b) > x). Where that underflows, the exponential bound of a log-concave tail (right to a factor near 1)."""
    x, a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, a, b)))
    return _log_tail(scipy.special.betaincc(a, b, x), x, a, b)


def log_lower_tail(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """log P(Beta(a, b) < x), likewise."""
    x, a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, a, b)))
    return _log_tail(scipy.special.betainc(a, b, x), 1 - x, b, a)


def _log_tail(tail: Floats, x: Floats, a: Floats, b: Floats) -> Floats:
    logs = np.log(np.maximum(tail, 1e-300))
    return logs if (tail > 1e-280).all() else np.where(tail > 1e-280, logs, _far_tail(x, a, b))


def _far_tail(x: Floats, a: Floats, b: Floats) -> Floats:
    """The tail above x if the density falls there at least as fast as exp(-rate (t - x))."""
    rate = (b - 1) / (1 - x) - (a - 1) / x
    return log_beta_density(x, a, b) - np.log(np.maximum(rate, 1e-300))


def _deviance(x: Floats, mean: Floats) -> Floats:
    """x log(x / mean) - x + mean, without cancellation when x is near mean."""
    change = (x - mean) / mean
    return mean * (scipy.special.xlog1py(1 + change, change) - change)


def _stirling_error(n: Floats) -> Floats:
    """log gamma(n + 1) minus Stirling's (n + 1/2) log n - n + log(2 pi)/2."""
    large = np.maximum(n, 15.0)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * large**2)) / large**2) / large**2) / large**2) / large
    exact = scipy.special.gammaln(n + 1) - scipy.special.xlogy(n + 0.5, n) + n - 0.5 * np.log(2 * np.pi)
    return np.where(n > 15, series, exact)


def log_odds_of_counts(n: ArrayLike, successes: ArrayLike, rates: ArrayLike, against: ArrayLike) -> Floats:
    """The log-likelihood ratio of `rates` against one rate for these counts; they broadcast. A rate of 0 or 1 is allowed in `rates`."""
    n, s, p, q = (np.asarray(v, dtype=np.float64) for v in (n, successes, rates, against))
    return scipy.special.xlogy(s, p) - scipy.special.xlogy(s, q) + scipy.special.xlog1py(n - s, -p) - scipy.special.xlog1py(n - s, -q)
