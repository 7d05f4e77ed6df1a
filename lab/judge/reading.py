"""Reads a metric off a variant: its counts, sums or histogram, and the value to show. In our units: shares and seconds."""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from lab.judge.block import NO_HISTOGRAM, Arm
from lab.judge.decision import Measured
from lab.spec.experiment import Metric
from lab.stats.counts import NOTHING, Counts
from lab.stats.curve import Floats
from lab.stats.histogram import BINS, Histogram, edge_s
from lab.stats.interval import Interval
from lab.stats.limit import beta_binomial_interval
from lab.stats.mean_interval import PLANNED_UNITS, radius
from lab.stats.mixture import tuned_rho
from lab.stats.moments import Moments, PairMoments
from lab.stats.quantile import enclosing

# The gateway gives up on a model after so many seconds: no latency is longer, and those that are compared by their means are cut there.
LONGEST_S: Final = 60.0
RATES: Final = frozenset({"rate", "conversion", "accuracy"})
LATENCIES: Final = frozenset({"latency mean", "latency percentile", "inference mean"})

_COUNTS: Final[dict[str, Callable[[Arm], Counts]]] = {
    "error-rate": lambda arm: arm.requests,
    "outlier-rate": lambda arm: arm.outliers,
    "agreement": lambda arm: arm.pairs,
    "conversion": lambda arm: arm.converted,
    "accuracy": lambda arm: arm.judged,
}
_NUMBERS: Final[dict[str, Callable[[Arm], int]]] = {
    "request-count": lambda arm: arm.requests.n,
    "error-count": lambda arm: arm.requests.successes,
    "feedback-count": lambda arm: arm.covered.successes + arm.sent,
}


class Reading(NamedTuple):
    """A value in our units, None if there is none, and of how many units."""

    value: float | None
    n: int


def counts_of(metric: Metric, arm: Arm) -> Counts:
    """Units and successes of a rate. ValueError for a rate that the lab does not count."""
    if metric.measure not in _COUNTS:
        raise ValueError(f"{metric.name} is {metric.measure!r}: the lab counts {', '.join(_COUNTS)}.")
    return _COUNTS[metric.measure](arm)


def histogram_of(metric: Metric, arm: Arm) -> Histogram:
    """The seconds that a latency is made of."""
    return arm.inference if metric.kind == "inference mean" else arm.latency


def moments_of_counts(counts: Counts) -> Moments:
    """Of units that are each 0 or 1."""
    n, successes = counts
    return Moments(n, successes / n, successes * (n - successes) / n) if n else Moments()


def moments_of_histogram(histogram: Histogram) -> Moments:
    """Of latencies as their bins tell them, none above the gateway's patience."""
    n = histogram.n
    if not n:
        return Moments()
    middles = _middles()
    mean = float(histogram.counts @ middles) / n
    return Moments(round(n), mean, max(float(histogram.counts @ (middles - mean) ** 2), 0.0))


def read(metric: Metric, arm: Arm) -> Reading:
    """The value since the start, in our units."""
    if metric.kind == "asked":
        # Nobody says of how many: the predictions that were counted meanwhile are shown beside it.
        return Reading(arm.asked.get(metric.name), arm.requests.n)
    if metric.kind == "count":
        number = _NUMBERS[metric.measure](arm)
        return Reading(float(number), number)
    if metric.kind in RATES:
        n, successes = counts_of(metric, arm)
        return Reading(successes / n if n else None, n)
    if metric.kind == "reward mean":
        return Reading(float(arm.rewards.mean) if arm.rewards.n else None, arm.rewards.n)
    return _latency(metric, arm)


class Values:
    """Of all variants at one look, in the metrics' units, each read once: to find a percentile takes time."""

    def __init__(self, totals: Mapping[str, Arm]) -> None:
        self._totals = totals
        self._read: dict[tuple[Metric, str], float | None] = {}

    def of(self, metric: Metric, variant: str) -> float | None:
        """None: unavailable."""
        key = (metric, variant)
        if key not in self._read:
            value = read(metric, self._totals[variant]).value
            self._read[key] = None if value is None else value * metric.scale
        return self._read[key]


def shown(metric: Metric, variant: str, arm: Arm, alpha: float) -> Measured:
    """The value with its interval, in the metric's unit. The interval is always valid, of this look."""
    value, n = read(metric, arm)
    if value is None or metric.kind in ("count", "asked"):
        return Measured(metric, variant, value, n)
    low, high, _ = _interval(metric, arm, alpha)
    ends = (end * metric.scale if math.isfinite(end) else None for end in (low, high))
    return Measured(metric, variant, value * metric.scale, n, *ends)


def _latency(metric: Metric, arm: Arm) -> Reading:
    histogram = histogram_of(metric, arm)
    n = round(histogram.n)
    if not n:
        return Reading(None, 0)
    if metric.kind == "latency percentile":
        return Reading(histogram.quantile(metric.quantile or 0.95), n)
    total = arm.inference_total_s if metric.kind == "inference mean" else arm.latency_total_s
    # A world that gives no exact sum has at least its histogram.
    return Reading(total / n if total > 0 else float(moments_of_histogram(histogram).mean), n)


def _interval(metric: Metric, arm: Arm, alpha: float) -> Interval:
    if metric.kind in RATES:
        n, successes = counts_of(metric, arm)
        return beta_binomial_interval(n, successes, 1.0, 1.0, alpha)
    if metric.kind == "latency percentile":
        return enclosing(arm.latency, metric.quantile or 0.95, alpha)
    if metric.kind == "reward mean":
        return _around(arm.rewards, float(arm.rewards.mean), alpha)
    return _around(moments_of_histogram(histogram_of(metric, arm)), read(metric, arm).value or 0.0, alpha)


def _around(moments: Moments, mean: float, alpha: float) -> Interval:
    """The asymptotic confidence sequence of `MeanInterval`, without its intersection over looks."""
    variance = moments.squares / (moments.n - 1) if moments.n > 1 else 0.0
    if not variance > 0:
        return Interval(-math.inf, math.inf, alpha)
    half = float(radius(moments.n, variance, tuned_rho(PLANNED_UNITS, alpha), alpha))
    return Interval(mean - half, mean + half, alpha)


@lru_cache(maxsize=1)
def _middles() -> Floats:
    places = np.arange(BINS)
    return np.minimum(np.sqrt(edge_s(places) * edge_s(places + 1)), LONGEST_S)


def plus(one: Arm, other: Arm) -> Arm:
    """Both together."""
    return Arm(*(_added(a, b) for a, b in zip(one, other, strict=True)))


def _added(one: object, other: object) -> object:
    """Counts, histograms and moments know how; of the empty ones the other is the sum. What was asked later replaces the earlier."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {**one, **other}
    if isinstance(one, Counts) and isinstance(other, Counts):
        return one if other == NOTHING else one.plus(other)
    if isinstance(one, Histogram) and isinstance(other, Histogram):
        return one if other is NO_HISTOGRAM else other if one is NO_HISTOGRAM else one.merge(other)
    if isinstance(one, Moments) and isinstance(other, Moments):
        return one if not other.n else Moments(*one.merged(other)).checked()
    if isinstance(one, PairMoments) and isinstance(other, PairMoments):
        return one if not other.n else PairMoments(*one.merged(other)).checked()
    return one + other  # type: ignore[operator]
