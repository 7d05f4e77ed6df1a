"""Comparing slow requests, and holding them against a limit."""

import json
import math

import numpy as np
import pytest

from lab.stats.exceedance import LatencyBlock, LatencyComparison, LatencyLimit, threshold_edge
from lab.stats.histogram import Histogram, edge_s


def blocks(seed: int, looks: int, slower: float, n: int = 200, drift: float = 1.0) -> list[LatencyBlock]:
    random = np.random.default_rng(seed)
    levels = 0.1 * drift ** np.linspace(0, 1, looks)
    return [LatencyBlock(*(Histogram.of(level * factor * random.lognormal(0, 0.6, n)) for factor in (1.0, slower))) for level in levels]


def run(comparison: LatencyComparison, sequence: list[LatencyBlock]) -> LatencyComparison:
    for block in sequence:
        comparison = comparison.update(block)
    return comparison


def test_a_slower_candidate_is_found() -> None:
    assert run(LatencyComparison(), blocks(1, 40, 1.2)).crossed(0.05)
    assert run(LatencyComparison.start(side="less"), blocks(1, 40, 1 / 1.2)).crossed(0.05)


def test_a_drift_of_both_is_no_difference() -> None:
    found = [run(LatencyComparison(), blocks(seed, 30, 1.0, drift=3.0)).crossed(0.05) for seed in range(8)]

    assert sum(found) <= 1


def test_the_threshold_comes_from_the_past_alone() -> None:
    before = run(LatencyComparison(), blocks(2, 5, 1.0))

    fast, slow = (Histogram.of(np.full(100, x)) for x in (0.001, 5.0))
    after = before.update(LatencyBlock(fast, slow))

    assert before.threshold_s == pytest.approx(0.1 * math.exp(0.6 * 1.645), rel=0.1)
    assert after.comparison.totals.candidate.successes - before.comparison.totals.candidate.successes == 100
    assert after.comparison.totals.baseline.successes == before.comparison.totals.baseline.successes


def test_the_first_block_only_sets_the_threshold() -> None:
    first = LatencyComparison().update(blocks(3, 1, 9.0)[0])

    assert math.isnan(LatencyComparison().threshold_s)
    assert first.threshold_s > 0
    assert first.log_e == 0.0


def test_a_threshold_is_never_above_everything_seen() -> None:
    timeouts = Histogram.of([0.1] * 93 + [60.0] * 7)

    edge = threshold_edge(timeouts, 0.95)

    assert timeouts.from_edge(edge) == 7


def test_an_empty_look_keeps_the_threshold() -> None:
    before = run(LatencyComparison(), blocks(4, 3, 1.0))

    after = before.update(LatencyBlock(Histogram(), Histogram()))

    assert (after.log_e, after.threshold_s, after.looks) == (before.log_e, before.threshold_s, 4)


def test_while_a_block_waits_for_its_other_arm_the_threshold_stays() -> None:
    before = run(LatencyComparison(), blocks(5, 3, 1.0))

    waiting = before.update(LatencyBlock(Histogram.of([9.0] * 50), Histogram()))
    joined = waiting.update(LatencyBlock(Histogram(), Histogram.of([0.1] * 50)))

    assert waiting.edge == before.edge
    assert joined.comparison.totals.n == before.comparison.totals.n + 100


def test_a_limit_on_a_quantile_is_a_limit_on_the_share_above() -> None:
    random = np.random.default_rng(6)
    good, bad = LatencyLimit(0.35), LatencyLimit(0.2)
    for _ in range(20):
        block = Histogram.of(0.1 * random.lognormal(0, 0.6, 500))
        good, bad = good.update(block), bad.update(block)

    assert good.satisfied.crossed(0.05)
    assert not good.crossed(0.05)
    assert bad.crossed(0.05)


def test_what_a_bin_cannot_tell_counts_for_neither_claim() -> None:
    limit = float(edge_s(1000.5))
    inside = Histogram.of(np.full(200, float(edge_s(1000.7))))

    test = LatencyLimit(limit).update(inside)

    assert test.log_e < 0
    assert test.satisfied.log_e < 0


def test_both_survive_json() -> None:
    comparison, limit = run(LatencyComparison(), blocks(7, 5, 1.0)), LatencyLimit(0.2).update(blocks(7, 1, 1.0)[0].baseline)

    for value in (comparison, limit, LatencyComparison()):
        assert type(value).from_json(json.loads(json.dumps(value.to_json(), allow_nan=False))) == value
