"""The mean of every e-value under its null, by going through all outcomes: never above 1, without simulation error."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom

from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.limit import LimitTest
from lab.stats.srm import SplitBlock, SplitCheck

THETAS = (0.01, 0.1, 0.3, 0.5, 0.9)


def shifted(rate: float, log_ratio: float) -> float:
    odds = rate / (1 - rate) * math.exp(log_ratio)
    return odds / (1 + odds)


def mean_e(comparison: BinaryComparison, sizes: tuple[tuple[int, int], ...], rates: tuple[float, ...], log_ratio: float = 0.0) -> float:
    """E[e] after blocks of these sizes, whose baseline rates may differ."""
    states = [(1.0, comparison)]
    for (n_a, n_b), rate in zip(sizes, rates, strict=True):
        a, b = binom.pmf(range(n_a + 1), n_a, rate), binom.pmf(range(n_b + 1), n_b, shifted(rate, log_ratio))
        states = [
            (p * a[i] * b[j], state.update(BinaryBlock(Counts(n_a, i), Counts(n_b, j))))
            for p, state in states
            for i, j in itertools.product(range(n_a + 1), range(n_b + 1))
        ]
    return sum(p * math.exp(state.log_e) for p, state in states)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize(("n_a", "n_b"), [(10, 10), (9, 2), (1, 7)])
def test_two_sided_comparison_has_mean_one_whatever_the_rate(n_a: int, n_b: int, theta: float) -> None:
    assert mean_e(BinaryComparison(), ((n_a, n_b),), (theta,)) == pytest.approx(1, abs=1e-9)


def test_two_sided_comparison_has_mean_one_when_rate_and_split_move() -> None:
    assert mean_e(BinaryComparison(), ((4, 1), (1, 3)), (0.1, 0.7)) == pytest.approx(1, abs=1e-9)
    assert mean_e(BinaryComparison(null=0.4), ((4, 2),), (0.3,), log_ratio=0.4) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("true", [0.0, -0.5, -2.0])
def test_one_sided_comparison_has_mean_at_most_one_on_all_of_its_null(theta: float, true: float) -> None:
    greater = mean_e(BinaryComparison(side="greater"), ((8, 6),), (theta,), true)
    less = mean_e(BinaryComparison(side="less", null=0.3), ((5, 8),), (theta,), 0.3 - true)

    assert greater <= 1 + 1e-9
    assert less <= 1 + 1e-9
    assert (greater == pytest.approx(1, abs=1e-9)) == (true == 0)


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.3, 0.8])
@pytest.mark.parametrize("share", [1.0, 0.6, 0.1])
def test_a_limit_test_has_means_at_most_one(limit: float, share: float) -> None:
    for sizes in ((10,), (4, 6), (2, 3, 2)):
        for name, rate in (("violated", limit * share), ("satisfied", 1 - (1 - limit) * share)):
            states = [(1.0, LimitTest(limit))]
            for n in sizes:
                law = binom.pmf(range(n + 1), n, rate)
                states = [(p * law[s], state.update(Counts(n, s))) for p, state in states for s in range(n + 1)]
            mean = sum(p * math.exp(getattr(state, name).log_e) for p, state in states)

            assert mean <= 1 + 1e-9
            assert share < 1 or mean == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5])
def test_a_split_check_has_mean_one_while_the_plan_changes(p: float) -> None:
    plans, n = (p, 1 - p), 7
    states = [(1.0, SplitCheck(("a", "b")))]
    for plan in plans:
        law = binom.pmf(range(n + 1), n, plan)
        states = [
            (weight * law[k], state.update(SplitBlock({"a": k, "b": n - k}, {"a": plan, "b": 1 - plan})))
            for weight, state in states
            for k in range(n + 1)
        ]

    assert sum(weight * math.exp(state.log_e) for weight, state in states) == pytest.approx(1, abs=1e-9)


def test_a_split_check_of_three_has_mean_one() -> None:
    plan, n = {"a": 0.5, "b": 0.3, "c": 0.2}, 8
    total = 0.0
    for a, b in itertools.product(range(n + 1), repeat=2):
        if a + b > n:
            continue
        ways = math.factorial(n) // (math.factorial(a) * math.factorial(b) * math.factorial(n - a - b))
        log_e = SplitCheck(("a", "b", "c")).update(SplitBlock({"a": a, "b": b, "c": n - a - b}, plan)).log_e
        total += ways * 0.5**a * 0.3**b * 0.2 ** (n - a - b) * math.exp(log_e)

    assert total == pytest.approx(1, abs=1e-9)


def test_the_chance_of_ever_crossing_is_at_most_alpha_for_any_number_of_blocks() -> None:
    """All paths of two blocks of 3 + 3 units at different rates, with the running maximum: at alpha = 0.3."""
    states = {BinaryComparison(prior_scale=1.0): 1.0}
    wrongly = 0.0
    for rate in (0.3, 0.6):
        law = binom.pmf(range(4), 3, rate)
        after: dict[BinaryComparison, float] = {}
        for state, p in states.items():
            for i, j in itertools.product(range(4), repeat=2):
                now = state.update(BinaryBlock(Counts(3, i), Counts(3, j)))
                if now.crossed(0.3):
                    wrongly += p * law[i] * law[j]
                else:
                    after[now] = after.get(now, 0.0) + p * law[i] * law[j]
        states = after

    assert 0 < wrongly <= 0.3
    assert np.isclose(sum(states.values()) + wrongly, 1)
