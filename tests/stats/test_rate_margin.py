"""Not worse than a margin: exact where large-sample theory is not."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from lab.stats.binary import BinaryBlock
from lab.stats.counts import Counts
from lab.stats.rate_margin import STEPS, MarginTest, _log_ratio


def block(n_a: int, s_a: int, n_b: int, s_b: int) -> BinaryBlock:
    return BinaryBlock(Counts(n_a, s_a), Counts(n_b, s_b))


def after(rate_a: float, rate_b: float, margin: float, looks: int, n: int, seed: int = 1) -> MarginTest:
    rng, test = np.random.default_rng(seed), MarginTest(margin)
    for _ in range(looks):
        test = test.update(block(n, int(rng.binomial(n, rate_a)), n, int(rng.binomial(n, rate_b))))
    return test


@pytest.mark.parametrize("gap", [step * 0.1 - 0.1 for step in STEPS])
@pytest.mark.parametrize("rate", [0.15, 0.5, 0.9])
def test_a_block_has_a_mean_of_at_most_one_wherever_the_null_holds(gap: float, rate: float) -> None:
    n_a, n_b, margin = 7, 4, 0.1
    for rate_a in (0.1, 0.3, 0.6, 0.95, 1.0):
        for rate_b in {0.0, (rate_a - margin) / 2, rate_a - margin}:
            mean = sum(
                binom.pmf(s_a, n_a, rate_a)
                * binom.pmf(s_b, n_b, rate_b)
                * math.exp(_log_ratio(block(n_a, s_a, n_b, s_b), rate, gap, -margin))
                for s_a in range(n_a + 1)
                for s_b in range(n_b + 1)
            )

            assert mean <= 1 + 1e-9


def test_equal_rates_are_shown_to_be_within_the_margin() -> None:
    test = after(0.1, 0.1, 0.03, 40, 200)

    assert test.not_worse.crossed(0.05)
    assert not test.worse.crossed(0.05)


def test_a_rate_beyond_the_margin_is_shown_to_be() -> None:
    test = after(0.1, 0.03, 0.03, 40, 200)

    assert test.worse.crossed(0.05)
    assert not test.not_worse.crossed(0.05)


@pytest.mark.parametrize(("rate_a", "margin"), [(1.0, 0.02), (0.1, 0.02), (0.5, 0.1)])
def test_at_the_margin_it_errs_no_more_often_than_allowed_even_in_small_samples(rate_a: float, margin: float) -> None:
    ends = [after(rate_a, rate_a - margin, margin, 20, 25, seed) for seed in range(150)]

    # 5 % and three standard errors.
    assert np.mean([one.not_worse.crossed(0.05) for one in ends]) <= 0.103
    assert np.mean([one.worse.crossed(0.05) for one in ends]) <= 0.103


def test_drift_of_both_rates_is_no_difference() -> None:
    rng, test = np.random.default_rng(4), MarginTest(0.03)
    for look in range(40):
        share, rate = 0.05 + 0.01 * look, 0.05 + 0.003 * look
        n_b = round(1000 * share)
        test = test.update(block(1000 - n_b, int(rng.binomial(1000 - n_b, rate)), n_b, int(rng.binomial(n_b, rate))))

    assert test.not_worse.crossed(0.05)
    assert not test.worse.crossed(0.05)


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1, math.nan])
def test_a_margin_is_a_difference_of_rates(margin: float) -> None:
    with pytest.raises(ValueError, match="must be between 0 and 1"):
        MarginTest(margin)
