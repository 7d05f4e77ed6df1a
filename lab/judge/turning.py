"""Sums and latencies turned, scaled and moved, so that every test asks whether the candidate has more."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.judge.block import Arm
from lab.judge.reading import RATES, counts_of, histogram_of, moments_of_counts, moments_of_histogram
from lab.spec.experiment import Metric, Unit
from lab.stats.counts import Counts
from lab.stats.histogram import BINS, Histogram, bin_of, edge_s
from lab.stats.moments import NO_PAIRS, Moments, PairMoments


def sums_of(metric: Metric, arm: Arm, unit: Unit) -> Moments | PairMoments:
    """What a mean, or a ratio of sums per visitor, is compared by."""
    if is_ratio(metric, unit):
        return arm.truths
    if metric.kind == "reward mean":
        return arm.rewards
    return moments_of_counts(counts_of(metric, arm)) if metric.kind in RATES else moments_of_histogram(histogram_of(metric, arm))


def is_ratio(metric: Metric, unit: Unit) -> bool:
    """Whether visitors are the units and each has several predictions that are right or wrong."""
    return metric.kind == "accuracy" and unit == "visitor"


def turned_counts(counts: Counts, sign: int) -> Counts:
    return counts if sign > 0 else Counts(counts.n, counts.n - counts.successes)


def turned(sums: Any, factor: float) -> Any:  # noqa: ANN401 - moments, or pairs of them
    """With every value (above the line) times the factor."""
    if isinstance(sums, Moments):
        return Moments(sums.n, factor * sums.mean, factor * factor * sums.squares)
    return sums._replace(mean_y=factor * sums.mean_y, squares_y=factor * factor * sums.squares_y, products=factor * sums.products)


def shifted(histogram: Histogram, bins: int) -> Histogram:
    """Every latency times the ratio of so many bins; what leaves the range is kept in its first or last bin."""
    return Histogram(np.bincount(_places(bins), histogram.counts, BINS)) if bins and histogram.n else histogram


def moved(histogram: Histogram, seconds: float) -> Histogram:
    """Every latency with so many seconds more, or less."""
    return Histogram(np.bincount(_places_moved(seconds), histogram.counts, BINS)) if seconds and histogram.n else histogram


@lru_cache(maxsize=32)
def _places(bins: int) -> NDArray[np.int64]:
    return np.clip(np.arange(BINS) + bins, 0, BINS - 1)


@lru_cache(maxsize=32)
def _places_moved(seconds: float) -> NDArray[np.int64]:
    middles = np.sqrt(edge_s(np.arange(BINS)) * edge_s(np.arange(1, BINS + 1)))
    return bin_of(np.maximum(middles + seconds, 0.0))


def paired(sums: Moments | PairMoments) -> PairMoments:
    return sums if isinstance(sums, PairMoments) else PairMoments(*PairMoments.of_one(sums)).checked()


def merged(histograms: Sequence[Histogram]) -> Histogram:
    whole = Histogram() if not histograms else histograms[0]
    for one in histograms[1:]:
        whole = whole.merge(one)
    return whole


def merged_pairs(sums: Sequence[PairMoments]) -> PairMoments:
    whole = NO_PAIRS
    for one in sums:
        whole = PairMoments(*whole.merged(one)) if one.n else whole
    return whole
