"""Comparing slow requests, and holding them against a limit."""

import itertools
import json
import math

import numpy as np
import pytest

from lab.stats.exceedance import LatencyBlock, LatencyComparison, LatencyLimit, threshold_edge, weight_of
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


def test_the_threshold_is_the_quantile_of_both_arms() -> None:
    before = run(LatencyComparison(), blocks(2, 5, 1.0))

    fast, slow = (Histogram.of(np.full(n, x)) for n, x in ((190, 0.001), (10, 5.0)))
    after = before.update(LatencyBlock(fast, slow))

    assert before.threshold_s == pytest.approx(0.1 * math.exp(0.6 * 1.645), rel=0.25)
    assert 0.001 < after.threshold_s <= 5.0
    assert after.comparison.totals.candidate.successes - before.comparison.totals.candidate.successes == 10
    assert after.comparison.totals.baseline.successes == before.comparison.totals.baseline.successes


def test_equal_quantiles_of_unlike_shapes_are_no_difference_while_load_comes_and_goes() -> None:
    def block(random: np.random.Generator, look: int) -> LatencyBlock:
        level = 0.1 * math.exp(0.3 * math.sin(look / 8))
        return LatencyBlock(*(Histogram.of(level * np.exp(spread * (random.standard_normal(500) - 1.645))) for spread in (1.0, 0.5)))

    found = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        found.append(run(LatencyComparison(), [block(random, look) for look in range(60)]).crossed(0.05))

    # A threshold of older blocks would find two thirds of them.
    assert sum(found) <= 2


@pytest.mark.parametrize("spreads", [(1.0, 0.25), (0.25, 1.0)])
@pytest.mark.parametrize("each", [1, 5, 20])
def test_equal_quantiles_of_unlike_shapes_are_no_difference_in_small_blocks(spreads: tuple[float, float], each: int) -> None:
    found = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        times = [0.1 * np.exp(spread * (random.standard_normal((200, each)) - 1.645)) for spread in spreads]
        sequence = [LatencyBlock(*(Histogram.of(arm) for arm in block)) for block in zip(*times, strict=True)]
        found.append(run(LatencyComparison.start(side="two-sided"), sequence).crossed(0.05))

    # The quantile of such a block alone would find all of those with one latency each.
    assert sum(found) <= 1


def test_a_block_counts_by_the_variance_of_its_score() -> None:
    alike, steeper = weight_of([50, 1000], [50, 1000], 0.5), weight_of([5000, 100000], [20000, 100000], 0.5)

    assert alike == 1
    assert weight_of([0, 0], [0, 0], 0.5) == 1
    # Four times the density: the score's variance is 1 + ((4 - 1) / (4 + 1))^2 times the hypergeometric one.
    assert steeper == pytest.approx(1 / 1.36, rel=1e-3)


def test_a_large_block_has_its_own_threshold() -> None:
    before = run(LatencyComparison(), blocks(8, 5, 1.0))

    after = before.update(LatencyBlock(*(Histogram.of(3.0 * np.random.default_rng(9).lognormal(0, 0.6, 500)) for _ in range(2))))

    assert after.threshold_s == pytest.approx(3.0 * math.exp(0.6 * 1.645), rel=0.25)


def test_a_limit_is_a_time() -> None:
    with pytest.raises(ValueError, match=r"The limit is -1 s, must be above 0\."):
        LatencyLimit(-1.0)


def test_given_how_many_exceed_the_threshold_every_assignment_is_equally_likely() -> None:
    values = [0.11, 0.12, 0.13, 0.4, 0.5, 0.6]
    assignments = list(itertools.combinations(range(len(values)), 3))

    def e_value(chosen: tuple[int, ...]) -> float:
        arms = [[value for place, value in enumerate(values) if (place in chosen) == candidate] for candidate in (False, True)]
        return math.exp(LatencyComparison(quantile=0.5).update(LatencyBlock(*(Histogram.of(arm) for arm in arms))).log_e)

    assert sum(e_value(chosen) for chosen in assignments) / len(assignments) == pytest.approx(1, abs=1e-9)


def test_a_threshold_is_never_above_everything_seen() -> None:
    timeouts = Histogram.of([0.1] * 93 + [60.0] * 7)

    edge = threshold_edge(timeouts, 0.95)

    assert timeouts.from_edge(edge) == 7


def test_an_empty_look_keeps_the_threshold() -> None:
    before = run(LatencyComparison(), blocks(4, 3, 1.0))

    after = before.update(LatencyBlock(Histogram(), Histogram()))

    assert (after.log_e, after.threshold_s, after.looks) == (before.log_e, before.threshold_s, 4)


def test_a_block_that_lacks_an_arm_waits_for_it_and_has_one_threshold_with_it() -> None:
    before = run(LatencyComparison(), blocks(5, 3, 1.0))

    waiting = before.update(LatencyBlock(Histogram.of([9.0] * 4), Histogram()))
    joined = waiting.update(LatencyBlock(Histogram(), Histogram.of([0.1] * 76)))

    assert (waiting.edge, waiting.log_e) == (before.edge, before.log_e)
    assert 0.1 < joined.threshold_s <= 9.0
    assert joined.comparison.totals.n == before.comparison.totals.n + 80
    assert joined.comparison.totals.baseline.successes == before.comparison.totals.baseline.successes + 4


def test_too_many_that_lack_an_arm_are_passed_over() -> None:
    before = run(LatencyComparison(), blocks(5, 3, 1.0))

    after = before.update(LatencyBlock(Histogram.of([9.0] * 500), Histogram())).update(LatencyBlock(Histogram(), Histogram.of([0.1] * 500)))

    assert after.comparison.totals == before.comparison.totals


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
