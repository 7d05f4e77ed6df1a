"""Comparing success rates block by block."""

import json
import math

import numpy as np
import pytest

from lab.stats.binary import EMPTY, BinaryBlock, BinaryComparison, log_e_paths, rate_difference
from lab.stats.counts import Counts
from lab.stats.mixture import Side


def block(n_a: int, a: int, n_b: int, b: int) -> BinaryBlock:
    return BinaryBlock(Counts(n_a, a), Counts(n_b, b))


def draws(seed: int, looks: int, rate_a: float, rate_b: float, n: int = 200) -> list[BinaryBlock]:
    random = np.random.default_rng(seed)
    return [block(n, int(random.binomial(n, rate_a)), n, int(random.binomial(n, rate_b))) for _ in range(looks)]


@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("null", [0.0, 0.3])
def test_the_simulation_is_the_accumulator(side: Side, null: float) -> None:
    blocks = draws(1, 15, 0.1, 0.13)
    comparison = BinaryComparison(side=side, null=null)

    one_by_one = [(comparison := comparison.update(each)).log_e for each in blocks]

    n, s, k = 200, [each.successes for each in blocks], [each.candidate.successes for each in blocks]
    assert log_e_paths(n, n, [s], [k], null=null, side=side)[0] == pytest.approx(one_by_one, abs=1e-8)


def test_a_block_that_counts_in_part_is_still_exact_and_says_less() -> None:
    def e_value(successes: int, weight: float) -> float:
        return math.exp(BinaryComparison().update(block(12, 8 - successes, 15, successes), weight).log_e)

    chances = [math.comb(15, k) * math.comb(12, 8 - k) / math.comb(27, 8) for k in range(9)]
    for weight in (1.0, 0.7, 0.2):
        assert sum(p * e_value(k, weight) for k, p in enumerate(chances)) <= 1 + 1e-9
    assert 1 < e_value(8, 0.5) < e_value(8, 1.0)


def test_the_simulation_weighs_blocks_as_the_accumulator_does() -> None:
    blocks, weights, comparison = draws(5, 10, 0.1, 0.13), np.linspace(0.3, 1, 10), BinaryComparison()

    one_by_one = [(comparison := comparison.update(each, float(weight))).log_e for each, weight in zip(blocks, weights, strict=True)]

    s, k = [each.successes for each in blocks], [each.candidate.successes for each in blocks]
    assert log_e_paths(200, 200, [s], [k], weights=weights)[0] == pytest.approx(one_by_one, abs=1e-8)


@pytest.mark.parametrize("weight", [0.0, -1.0, 1.5, math.nan])
def test_a_weight_is_a_share(weight: float) -> None:
    with pytest.raises(ValueError, match="must be above 0 and at most 1"):
        BinaryComparison().update(block(1, 0, 1, 1), weight)


@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
def test_the_interval_excludes_the_null_exactly_when_the_test_has_crossed(side: Side) -> None:
    for rate in (0.14, 0.1, 0.06):
        comparison = BinaryComparison(side=side)
        for each in draws(2, 12, 0.1, rate):
            comparison = comparison.update(each)
            for alpha in (0.3, 0.05, 0.001):
                assert comparison.interval(alpha).contains(0.0) != comparison.crossed(alpha)
                assert comparison.difference_interval(alpha).contains(0.0) != comparison.crossed(alpha)


def test_the_interval_only_narrows_and_holds_the_estimate() -> None:
    comparison = BinaryComparison()
    for each in draws(3, 30, 0.1, 0.15):
        before, comparison = comparison.interval(), comparison.update(each)

        assert before.low <= comparison.interval().low <= comparison.estimate <= comparison.interval().high <= before.high


def test_the_interval_is_all_nulls_not_rejected() -> None:
    comparison = BinaryComparison(prior_scale=0.3).update(block(900, 90, 1000, 140))

    low, high, _ = comparison.interval()

    assert comparison.log_e_at(low) == pytest.approx(math.log(20), abs=1e-6)
    assert comparison.log_e_at(high) == pytest.approx(math.log(20), abs=1e-6)


def test_a_one_sided_interval_ends_where_its_test_does() -> None:
    comparison = BinaryComparison(side="less").update(block(1000, 140, 900, 90))

    assert comparison.log_e_at(comparison.interval().high, "less") == pytest.approx(math.log(20), abs=1e-3)
    assert comparison.interval().low == -math.inf


def test_a_drift_common_to_both_arms_under_a_ramp_is_no_difference() -> None:
    comparison = BinaryComparison()
    for share, rate in ((0.05, 0.08), (0.1, 0.1), (0.5, 0.16)):
        n_b = round(10_000 * share)
        comparison = comparison.update(block(10_000 - n_b, round((10_000 - n_b) * rate), n_b, round(n_b * rate)))

    assert comparison.log_e < 0
    assert comparison.estimate == pytest.approx(0, abs=1e-3)


def test_a_margin_shows_non_inferiority() -> None:
    comparison = BinaryComparison(side="less", null=math.log(1.5)).update(block(40_000, 200, 40_000, 200))

    assert comparison.crossed(0.05)
    assert not BinaryComparison(side="less").update(block(40_000, 200, 40_000, 200)).crossed(0.05)


def test_a_small_block_without_one_arm_is_joined_with_the_next_without_the_other() -> None:
    joined = BinaryComparison().update(block(10, 1, 0, 0)).update(EMPTY).update(block(0, 0, 10, 4))

    assert joined.values == BinaryComparison().update(block(10, 1, 10, 4)).values
    assert joined.looks == 3


def test_a_large_block_without_one_arm_is_not_compared_with_another_time() -> None:
    alone = BinaryComparison().update(block(1000, 80, 0, 0)).update(block(0, 0, 1000, 120))

    assert alone.log_e == 0.0
    assert alone.interval().contains(0.0)


def test_a_block_with_both_arms_stands_alone() -> None:
    after = BinaryComparison().update(block(90, 1, 0, 0)).update(block(50, 20, 50, 20))

    assert after.values == BinaryComparison().update(block(50, 20, 50, 20)).values


@pytest.mark.parametrize("n", [10**6, 10**9])
def test_at_large_counts_everything_is_finite_and_sharp(n: int) -> None:
    same = BinaryComparison().update(block(n, n // 10, n, n // 10))
    worse = BinaryComparison().update(block(n, n // 10, n, n // 10 - 10 * math.isqrt(n // 10)))

    assert same.log_e == pytest.approx(-0.5 * math.log(1 + 0.04 * n / 2 * 0.09) + math.log(0.96), abs=0.01)
    assert same.interval().high - same.interval().low < 50 / math.sqrt(n)
    assert worse.crossed(0.001)
    assert worse.interval().high < 0


@pytest.mark.parametrize(("a", "b"), [(0, 0), (50, 50), (0, 50), (50, 0)])
def test_zero_and_full_successes_are_fine(a: int, b: int) -> None:
    comparison = BinaryComparison().update(block(50, a, 50, b))

    assert math.isfinite(comparison.log_e)
    assert comparison.crossed(0.05) == (a != b)
    assert comparison.difference == pytest.approx((b - a) / 50)
    assert all(math.isfinite(end) for end in comparison.difference_interval())


def test_nothing_seen_estimates_nothing() -> None:
    assert math.isnan(BinaryComparison().estimate)
    assert math.isnan(BinaryComparison().difference)
    assert BinaryComparison().p_value == 1.0


def test_a_gross_difference_shows_after_few_units() -> None:
    assert BinaryComparison().update(block(100, 0, 100, 30)).crossed(0.0001)


def test_a_rate_difference_has_its_odds_ratio_and_the_overall_rate() -> None:
    totals = block(300, 40, 100, 20)

    difference = rate_difference(0.5, totals)

    a = 60 / 400 - difference * 100 / 400
    b = a + difference
    assert math.log(b / (1 - b)) - math.log(a / (1 - a)) == pytest.approx(0.5)


def test_it_survives_json() -> None:
    comparison = BinaryComparison(alpha=0.01, side="greater", null=0.1)
    for each in (block(5, 1, 0, 0), *draws(4, 5, 0.1, 0.2), block(0, 0, 7, 3)):
        comparison = comparison.update(each)
        assert BinaryComparison.from_json(json.loads(json.dumps(comparison.to_json(), allow_nan=False))) == comparison


def test_a_wrong_parameter_is_named_with_its_value() -> None:
    with pytest.raises(ValueError, match="prior_scale is 0"):
        BinaryComparison(prior_scale=0)
    with pytest.raises(ValueError, match="log odds ratio of 3"):
        BinaryComparison(null=3.0)
    with pytest.raises(ValueError, match="side is 'up', must be one of: two-sided, greater, less"):
        BinaryComparison(side="up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="successes is 9"):
        BinaryComparison().update(block(5, 9, 5, 1))


def test_identical_arms_are_rarely_called_different() -> None:
    random = np.random.default_rng(5)
    a, b = random.binomial(50, 0.1, (2, 500, 100))

    log_e = log_e_paths(50, 50, a + b, b)

    assert (log_e.max(axis=1) >= math.log(20)).mean() <= 0.05
