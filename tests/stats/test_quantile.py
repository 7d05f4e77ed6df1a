"""Where a quantile of latency lies."""

import json
import math

import numpy as np
import pytest

from lab.stats.histogram import Histogram
from lab.stats.limit import beta_binomial_log_e
from lab.stats.quantile import QuantileInterval, plausible_ranks


@pytest.mark.parametrize("n", [1, 10, 100, 5_000])
@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_ranks_are_the_outermost_plausible_counts(n: int, quantile: float) -> None:
    ranks = plausible_ranks(n, quantile, 0.05)

    counts = np.arange(n + 1)
    plausible = counts[beta_binomial_log_e(n, counts, quantile / (1 - quantile), 1, quantile) < math.log(20)]
    assert (ranks.low, ranks.high - 1) == (plausible.min(), plausible.max())


def test_large_counts_have_close_ranks() -> None:
    low, high = plausible_ranks(10**9, 0.95, 0.05)

    assert 0.9499 * 10**9 < low < 0.95 * 10**9 < high < 0.9501 * 10**9


def test_the_true_quantile_is_rarely_missed_at_any_look() -> None:
    random, missed = np.random.default_rng(1), 0
    truth = math.exp(-2 + 0.6 * 1.6448536)
    for _ in range(40):
        interval = QuantileInterval()
        for _ in range(8):
            interval = interval.update(Histogram.of(random.lognormal(-2, 0.6, 150)))
        missed += not interval.interval().contains(truth)

    assert missed <= 4


def test_the_interval_narrows_round_the_estimate() -> None:
    random, interval = np.random.default_rng(2), QuantileInterval()
    for _ in range(10):
        before, interval = interval.interval(), interval.update(Histogram.of(random.lognormal(-2, 0.6, 500)))
        assert before.low <= interval.interval().low <= interval.estimate <= interval.interval().high <= before.high

    assert interval.interval().high / interval.interval().low < 1.25
    assert interval.interval(0.001).high >= interval.interval().high


def test_few_latencies_bound_nothing_above() -> None:
    interval = QuantileInterval().update(Histogram.of([0.1, 0.2, 0.3]))

    assert interval.interval().high == math.inf
    assert QuantileInterval().update(Histogram()).interval() == (0.0, math.inf, 0.05)


def test_it_survives_json() -> None:
    interval = QuantileInterval(alpha=0.01).update(Histogram.of(np.linspace(0.1, 0.4, 300)))

    assert QuantileInterval.from_json(json.loads(json.dumps(interval.to_json(), allow_nan=False))) == interval
