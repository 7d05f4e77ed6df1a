"""The likelihood of a block's odds ratio, given how many succeeded in all: Fisher's noncentral hypergeometric distribution.

Conditioning on the block's total removes its base rate, so the likelihood is exact whatever the rate does from block to block.

With X ~ Binomial(n_b, p_b) and Y ~ Binomial(n_a, p_a), where the odds of p_b are psi times those of p_a, the normalising sum is

    sum_i C(n_b, i) C(n_a, s - i) psi^i = P(X + Y = s) (1 + psi o)^n_b (1 + o)^n_a / o^s,    o = p_a / (1 - p_a),

for any o. We take the o with E(X + Y) = s (the saddlepoint), where P(X + Y = s) is never small, and get that probability from
the characteristic function of X + Y at M equally spaced angles. Such a sum is off by the probabilities of s + M, s - M, s + 2M, ...,
so M follows from Bernstein's inequality, or exceeds the number of units and the sum is exact. The work does not grow with the counts.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# What is left out of P(X + Y = s) is below exp(-36), about 2e-16.
_EXPONENT = 36.0
# Numbers worked on at a time: they fit a processor's cache.
_CELLS = 60_000


def block_log_likelihood(
    n_baseline: ArrayLike, n_candidate: ArrayLike, total_successes: ArrayLike, candidate_successes: ArrayLike, grid: ArrayLike
) -> Floats:
    """The log-likelihood of each log odds ratio (candidate over baseline) in `grid`, relative to that of 0.

    The first four broadcast to a shape (...), whole numbers up to 1e9 and beyond; `grid` is one-dimensional; the result is (..., grid).
    A block that lacks one arm, or where nobody or everybody succeeded, says nothing: 0 throughout. Nothing is validated here.
    """
    counts = (n_baseline, n_candidate, total_successes, candidate_successes)
    n_a, n_b, s, k = np.broadcast_arrays(*(np.asarray(x, dtype=np.int64) for x in counts))
    log_ratios = np.asarray(grid, dtype=np.float64)
    rows, row_of = distinct(np.stack([n_a.ravel(), n_b.ravel(), s.ravel()]))
    cumulants = centred_cumulant(*rows, log_ratios)[row_of].reshape(*n_a.shape, log_ratios.size)
    return (k - expected_successes(n_a, n_b, s))[..., None] * log_ratios - cumulants


def expected_successes(n_baseline: ArrayLike, n_candidate: ArrayLike, total_successes: ArrayLike) -> Floats:
    """How many of the block's successes the candidate would have on average if the odds ratio were 1."""
    n_a, n_b, s = (np.asarray(x, dtype=np.float64) for x in (n_baseline, n_candidate, total_successes))
    return s * (n_b / np.maximum(n_a + n_b, 1))


def information(n_baseline: ArrayLike, n_candidate: ArrayLike, total_successes: ArrayLike) -> Floats:
    """About how much the block says of the log odds ratio near 0: the variance of the candidate's successes given the total."""
    n_a, n_b, s = (np.asarray(x, dtype=np.float64) for x in (n_baseline, n_candidate, total_successes))
    n = np.maximum(n_a + n_b, 1)
    return (n_a / n) * (n_b / n) * s * (1 - s / n)


def centred_cumulant(n_baseline: ArrayLike, n_candidate: ArrayLike, total_successes: ArrayLike, grid: Floats) -> Floats:
    """log E exp(grid (X - E X)) of the central hypergeometric X of each block: blocks of shape (m,), result (m, grid)."""
    n_a, n_b, s = (np.atleast_1d(np.asarray(x, dtype=np.float64))[:, None] for x in (n_baseline, n_candidate, total_successes))
    chunk = max(1, _CELLS // (24 * grid.size))
    parts = [_cumulant(n_a[i : i + chunk], n_b[i : i + chunk], s[i : i + chunk], grid) for i in range(0, len(n_a), chunk)]
    return np.concatenate(parts) if parts else np.empty((0, grid.size))


def _cumulant(n_a: Floats, n_b: Floats, s: Floats, grid: Floats) -> Floats:
    n = n_a + n_b
    says_nothing = (n_a == 0) | (n_b == 0) | (s == 0) | (s == n)
    # Blocks that say nothing are computed as if they were (1, 1, 1) and then set to 0.
    n_a, n_b, s, n = (np.where(says_nothing, one, x) for one, x in ((1.0, n_a), (1.0, n_b), (1.0, s), (2.0, n)))
    rate = s / n
    # The last place is an odds ratio of 1, which everything is relative to.
    grid = np.append(grid, 0.0)
    shift = np.log(baseline_odds(n_a, n_b, s, grid)) - np.log(s / (n - s))
    exponent = n_b * np.log1p(rate * np.expm1(grid + shift)) + n_a * np.log1p(rate * np.expm1(shift)) - s * shift
    odds = s / (n - s) * np.exp(shift)
    cumulant = exponent - s * (n_b / n) * grid + _log_probability_of_mean(n_a, n_b, odds, odds * np.exp(grid))
    return np.where(says_nothing, 0.0, cumulant - cumulant[:, -1:])[:, :-1]


def baseline_odds(n_a: Floats, n_b: Floats, s: Floats, log_ratio: Floats) -> Floats:
    """The baseline's odds at which s of n_a + n_b are expected to succeed, the candidate's odds being exp(log_ratio) times them."""
    ratio = np.exp(log_ratio)
    half = (n_b * ratio + n_a - s * (1 + ratio)) / 2
    product = ratio * (n_a + n_b - s) * s
    root = np.sqrt(half * half + product)
    # Of the two forms of the positive root, the one without cancellation.
    return np.where(half > 0, s / np.maximum(half + root, 1e-300), (root - half) / (ratio * (n_a + n_b - s)))


def _log_probability_of_mean(n_a: Floats, n_b: Floats, odds_a: Floats, odds_b: Floats) -> Floats:
    """log P(X + Y = E(X + Y)) for binomial X, Y with these odds, where the mean is a whole number."""
    variance = n_a * odds_a / (1 + odds_a) ** 2 + n_b * odds_b / (1 + odds_b) ** 2
    reach = _EXPONENT / 3 + np.sqrt(_EXPONENT**2 / 9 + 2 * _EXPONENT * variance)
    half = np.ceil(np.minimum(reach, n_a + n_b + 1) / 2)
    step = 2 * np.pi / (2 * half + 1)
    turns = np.arange(1, _terms(variance, half, step) + 1)
    angles = turns * step[..., None]
    sine, fall = np.sin(angles), 2 * np.sin(angles / 2) ** 2
    size_a, turn_a = _characteristic(n_a, odds_a, angles, sine, fall)
    size_b, turn_b = _characteristic(n_b, odds_b, angles, sine, fall)
    real = np.exp(size_a + size_b) * np.cos(turn_a + turn_b)
    return np.log((1 + 2 * (real * (turns <= half[..., None])).sum(-1)) / (2 * half + 1))


def _terms(variance: Floats, half: Floats, step: Floats) -> int:
    """How many angles matter: beyond them the characteristic function is below exp(-36), by |f| <= exp(-variance (1 - cos angle))."""
    widest = np.arccos(np.maximum(1 - _EXPONENT / np.maximum(variance, 1e-300), -1.0))
    return int(np.max(np.minimum(half, np.ceil(widest / step))))


def _characteristic(n: Floats, odds: Floats, angle: Floats, sine: Floats, fall: Floats) -> tuple[Floats, Floats]:
    """The log modulus and the argument of the characteristic function of a centred binomial variable; fall is 1 - cos angle."""
    rate, spread, n = (odds / (1 + odds))[..., None], (odds / (1 + odds) ** 2)[..., None], n[..., None]
    size = n / 2 * np.log1p(-2 * spread * fall)
    turn = n * (np.arctan2(rate * sine, 1 - rate * fall) - rate * angle)
    return size, turn


def distinct(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct columns of a (3, m) table, and which of them each column is."""
    if rows.shape[1] == 1:
        return rows, np.zeros(1, dtype=np.int64)
    sizes = [int(row.max()) + 1 if row.size else 1 for row in rows]
    if sizes[0] * sizes[1] * sizes[2] < 2**62:
        _, first, which = np.unique((rows[0] * sizes[1] + rows[1]) * sizes[2] + rows[2], return_index=True, return_inverse=True)
        return rows[:, first], which
    different, which = np.unique(rows, axis=1, return_inverse=True)
    return different, which.ravel()
