"""How many units an experiment needs, before it starts and while it runs. Normal approximations: for planning, never for deciding."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from lab.stats.counts import Counts
from lab.stats.evalue import checked_alpha
from lab.stats.mixture import SIDES, Side, boundary, tuned_rho
from lab.stats.score import ScoreComparison, t_of

# The rho of the prior N(0, 0.2^2) on the log odds ratio.
RATES_RHO = 25.0


class Units(NamedTuple):
    """How many units each arm needs."""

    baseline: int
    candidate: int


class Sequential(NamedTuple):
    """What looking whenever one likes costs, in multiples of the units a test with one look needs.

    mean, median: where it stops when the effect is as planned. maximum: how long to be ready to wait, to have the same power.
    """

    mean: float
    median: float
    maximum: float


class Seen(NamedTuple):
    """How far a running comparison is. score: in units where its variance is `information`. drift: the score's, per unit of information,
    at the present estimate. per_effect: the same per unit of effect. units: of both arms, so far. rho: of its mixture."""

    score: float
    information: float
    drift: float
    per_effect: float
    units: int
    rho: float


def units_for_rates(
    baseline: float, candidate: float, alpha: float = 0.05, power: float = 0.8, side: Side = "two-sided", share: float = 0.5
) -> Units:
    """For one look at two rates; share: the candidate's share of the traffic. Pooled variance under the null (Fleiss 1981)."""
    for name, rate in (("baseline", baseline), ("candidate", candidate)):
        if not 0 <= rate <= 1:
            raise ValueError(f"The {name}'s rate is {rate}, must be between 0 and 1.")
    _check_share(share)
    pooled = (1 - share) * baseline + share * candidate
    null = math.sqrt(pooled * (1 - pooled) / (share * (1 - share)))
    apart = math.sqrt(baseline * (1 - baseline) / (1 - share) + candidate * (1 - candidate) / share)
    return _units(null, apart, candidate - baseline, alpha, power, side, share)


def units_for_means(
    difference: float,
    deviation: float,
    alpha: float = 0.05,
    power: float = 0.8,
    side: Side = "two-sided",
    share: float = 0.5,
) -> Units:
    """For one look at two means that differ by `difference`; deviation: one unit's standard deviation, in the same unit."""
    if not deviation > 0:
        raise ValueError(f"The standard deviation is {deviation}, must be above 0.")
    _check_share(share)
    spread = deviation / math.sqrt(share * (1 - share))
    return _units(spread, spread, difference, alpha, power, side, share)


@lru_cache(maxsize=64)
def sequential(alpha: float = 0.05, power: float = 0.8, side: Side = "two-sided", looks: int = 50) -> Sequential:
    """The price of looking, for the normal mixture tuned to the planned units, `looks` times until then and as often after.

    The score is a random walk that is followed on a grid from look to look (Armitage, McPherson & Rowe 1969).
    """
    planned = (_quantile(alpha, side) + scipy.special.ndtri(_checked_power(power))) ** 2
    # Until eight times the plan: hardly a path is left.
    times = np.arange(1, 8 * looks + 1) / looks
    crossed = _crossing(planned * times, tuned_rho(planned, alpha, side), alpha, side)
    mean = (1 + np.sum(1 - crossed[:-1])) / looks
    return Sequential(float(mean), float(_reached(times, crossed, 0.5)), float(_reached(times, crossed, power)))


def seen_rates(baseline: Counts, candidate: Counts) -> Seen:
    """Of two rates; effects are log odds ratios."""
    a, b = baseline.checked(), candidate.checked()
    n, successes = a.n + b.n, a.successes + b.successes
    if not (a.n and b.n and 0 < successes < n):
        return Seen(0.0, 0.0, 0.0, 1.0, n, RATES_RHO)
    score = b.successes - successes * b.n / n
    # The hypergeometric variance, which is the score's mean per unit of log odds ratio, too.
    information = a.n * b.n * successes * (n - successes) / (n * n * (n - 1))
    return Seen(score, information, score / information, 1.0, n, RATES_RHO)


def seen_differences(comparison: ScoreComparison, units: int) -> Seen:
    """Of two means or ratios; effects are differences in their unit. units: of both arms, so far."""
    score = comparison.score
    if not (score.information > 0 and score.weight > 0 and score.pooled > 0):
        return Seen(0.0, 0.0, 0.0, 1.0, units, comparison.rho)
    deviation = math.sqrt(max(score.pooled, score.by_arm) / score.information)
    t, slope = float(t_of(score, comparison.null)), score.weight / (score.information * deviation)
    drift = slope * (comparison.estimate - comparison.null)
    return Seen(t * math.sqrt(score.information), score.information, drift, slope, units, comparison.rho)


def log_odds_ratio(rate: float, lift: float) -> float:
    """Of a relative lift of a rate: log_odds_ratio(0.10, 0.2) is that of 12 % against 10 %."""
    lifted = rate * (1 + lift)
    if not (0 < rate < 1 and 0 < lifted < 1):
        raise ValueError(f"The rate is {rate} and {lifted} with its lift, both must be between 0 and 1.")
    return math.log(lifted / (1 - lifted)) - math.log(rate / (1 - rate))


def remaining(seen: Seen, effect: float | None = None, alpha: float = 0.05, side: Side = "two-sided") -> int | None:
    """How many more units of both arms, at the present split, until the e-value reaches 1/alpha, if from now on the effect is `effect`
    (distance from the null; None: the present estimate) and luck neither good nor bad. 0: it has. None: never, or nothing was seen yet."""
    drift = seen.drift if effect is None else effect * seen.per_effect
    if not seen.information > 0:
        return None
    turn = -1.0 if side == "less" or (side == "two-sided" and drift < 0) else 1.0

    def short(information: float) -> float:
        reached = turn * (seen.score + drift * (information - seen.information))
        needed = boundary(information, seen.rho, alpha, "two-sided" if side == "two-sided" else "greater")
        return float(needed) * math.sqrt(information) - reached

    if short(seen.information) <= 0:
        return 0
    more = _root(short, seen.information) if turn * drift > 0 else None
    return None if more is None else math.ceil((more - seen.information) / seen.information * seen.units)


def _root(short: Callable[[float], float], start: float) -> float | None:
    """Where a concave shortfall, positive at `start`, becomes 0; None beyond a million million times the start."""
    high = 2 * start
    while short(high) > 0:
        high *= 2
        if high > 1e12 * start:
            return None
    return float(scipy.optimize.brentq(short, start, high))


def _units(null: float, apart: float, difference: float, alpha: float, power: float, side: Side, share: float) -> Units:
    """null, apart: the standard deviation of the difference times the root of all units, under the null and as planned."""
    if difference == 0 or (side == "greater" and difference < 0) or (side == "less" and difference > 0):
        claim = "not 0" if side == "two-sided" else f"{side} than 0"
        raise ValueError(f"The difference is {difference:.6g}: no number of units shows that it is {claim}.")
    total = ((_quantile(alpha, side) * null + scipy.special.ndtri(_checked_power(power)) * apart) / difference) ** 2
    # A whole number of units, but not one more for a rounding error.
    return Units(math.ceil(total * (1 - share) - 1e-9), math.ceil(total * share - 1e-9))


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"The candidate's share is {share}, must be between 0 and 1.")


def _quantile(alpha: float, side: Side) -> float:
    if side not in SIDES:
        raise ValueError(f"The side is {side}, must be one of: {', '.join(SIDES)}.")
    return float(scipy.special.ndtri(1 - checked_alpha(alpha) / (2 if side == "two-sided" else 1)))


def _checked_power(power: float) -> float:
    if not 0 < power < 1:
        raise ValueError(f"The power is {power}, must be between 0 and 1.")
    return power


def _crossing(information: NDArray[np.float64], rho: float, alpha: float, side: Side) -> NDArray[np.float64]:
    """The probability to have crossed by each of equally spaced looks, when the score drifts by 1 per unit of information."""
    step = float(information[0])
    edge = boundary(information, rho, alpha, side if side == "two-sided" else "greater") * np.sqrt(information)
    width = math.sqrt(step) / 12
    reach = math.ceil((6 * math.sqrt(step) + step) / width)
    size = max(math.ceil(float(edge[-1]) / width), reach) + 1
    grid = np.arange(-size, size + 1) * width
    jumps = np.diff(scipy.special.ndtr(((np.arange(-reach, reach + 2) - 0.5) * width - step) / math.sqrt(step)))
    mass, inside = (grid == 0).astype(np.float64), []
    for limit in edge:
        mass = np.convolve(mass, jumps, "same")
        mass = np.where((grid < limit) & ((side != "two-sided") | (grid > -limit)), mass, 0.0)
        inside.append(mass.sum())
    return 1 - np.array(inside)


def _reached(times: NDArray[np.float64], crossed: NDArray[np.float64], probability: float) -> float:
    """The time at which the probability is reached, between looks linearly; infinite if it is not."""
    if crossed[-1] < probability:
        return math.inf
    return float(np.interp(probability, np.concatenate([[0.0], crossed]), np.concatenate([[0.0], times])))
