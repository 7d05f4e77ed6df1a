"""One rate against a fixed limit."""

import json
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from lab.stats.betas import log_beta_density, log_lower_tail, log_upper_tail
from lab.stats.counts import Counts
from lab.stats.limit import LimitTest, beta_binomial_interval, beta_binomial_log_e, cut_log_e, prior, violated_paths


@pytest.mark.parametrize(("x", "a", "b"), [(0.1, 2, 5), (0.5, 30, 40), (0.01, 1, 99), (0.05, 501.5, 9800), (0.3, 0.4, 0.6)])
def test_densities_and_tails_are_scipys(x: float, a: float, b: float) -> None:
    assert log_beta_density(x, a, b) == pytest.approx(beta.logpdf(x, a, b), abs=1e-9)
    assert log_upper_tail(x, a, b) == pytest.approx(beta.logsf(x, a, b), abs=1e-9)
    assert log_lower_tail(x, a, b) == pytest.approx(beta.logcdf(x, a, b), abs=1e-9)


def test_tails_far_out_stay_finite_and_below_the_last_computed_ones() -> None:
    near, far = log_upper_tail(0.05, 2_200, 85_800), log_upper_tail(0.05, 22_000, 858_000)

    assert -math.inf < far < near < -200
    assert far == pytest.approx(log_beta_density(0.05, 22_000, 858_000) - math.log(857_999 / 0.95 - 21_999 / 0.05), abs=0.01)


@pytest.mark.parametrize(("n", "successes", "limit"), [(500, 9, 0.01), (40, 0, 0.05), (30, 30, 0.6), (200, 3, 0.02)])
def test_the_e_values_are_the_integrals_over_the_cut_prior(n: int, successes: int, limit: float) -> None:
    a, b = prior(limit)

    def ratio(p: float) -> float:
        return (p / limit) ** successes * ((1 - p) / (1 - limit)) ** (n - successes) * beta.pdf(p, a, b)

    above = quad(ratio, limit, 1, points=[min(1.0, 5 * limit)], limit=400)[0] / beta.sf(limit, a, b)
    below = quad(ratio, 0, limit)[0] / beta.cdf(limit, a, b)
    assert cut_log_e(n, successes, limit, "greater") == pytest.approx(math.log(above), abs=1e-6)
    assert cut_log_e(n, successes, limit, "less") == pytest.approx(math.log(below), abs=1e-6)


def test_a_healthy_rate_is_no_violation_at_any_size() -> None:
    for n in (88_000, 10**6, 10**9):
        test = LimitTest(0.05).update(Counts(n, n // 40))

        assert math.isfinite(test.log_e)
        assert test.log_e < 0
        assert test.satisfied.crossed(0.001)


def test_the_simulation_is_the_accumulator() -> None:
    successes = np.random.default_rng(1).binomial(200, 0.02, 30)
    test = LimitTest(0.01)

    one_by_one = [(test := test.update(Counts(200, int(s)))).log_e for s in successes]

    assert violated_paths(200, successes[None], 0.01)[0] == pytest.approx(one_by_one, abs=1e-9)


def test_a_late_break_shows_within_two_looks() -> None:
    test = LimitTest(0.01)
    for _ in range(50):
        test = test.update(Counts(1_000, 4))
    assert not test.crossed(0.05)

    for _ in range(2):
        test = test.update(Counts(1_000, 30))

    assert test.crossed(0.05)


def test_at_the_limit_it_is_rarely_called_violated() -> None:
    log_e = violated_paths(200, np.random.default_rng(2).binomial(200, 0.01, (400, 100)), 0.01)

    assert (log_e.max(axis=1) >= math.log(20)).mean() <= 0.05


@pytest.mark.parametrize(("n", "successes"), [(100, 0), (100, 100), (100, 7), (1, 1), (10**9, 10**7)])
def test_the_interval_is_all_rates_not_rejected(n: int, successes: int) -> None:
    low, high, _ = beta_binomial_interval(n, successes, 1, 99, 0.05)

    assert 0 <= low <= successes / n <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert beta_binomial_log_e(n, successes, 1, 99, end) == pytest.approx(math.log(20), abs=1e-4)


def test_the_running_interval_only_narrows() -> None:
    test, random = LimitTest(0.05), np.random.default_rng(3)
    for _ in range(40):
        before, test = test.interval(), test.update(Counts(50, int(random.binomial(50, 0.04))))

        assert before.low <= test.interval().low <= test.interval().high <= before.high
    assert test.interval(0.2).high < test.interval().high
    assert test.interval(0.001).low < test.interval().low


def test_empty_looks_change_nothing_but_their_number() -> None:
    before = LimitTest(0.05).update(Counts(50, 4))

    after = before.update(Counts(0, 0))

    assert after.looks == 2
    assert (after.log_e, after.restarts, after.kept) == (before.log_e, before.restarts, before.kept)
    assert math.isnan(LimitTest(0.05).estimate)


def test_it_survives_json() -> None:
    test = LimitTest(0.05, alpha=0.01)
    for block in (Counts(0, 0), Counts(10, 1), Counts(200, 0), Counts(5, 5)):
        assert LimitTest.from_json(json.loads(json.dumps(test.to_json(), allow_nan=False))) == test
        test = test.update(block)


@pytest.mark.parametrize("limit", [0, 1, -0.2])
def test_a_limit_that_is_no_rate_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match=f"limit is {limit}, must be a rate between 0 and 1"):
        LimitTest(limit)
