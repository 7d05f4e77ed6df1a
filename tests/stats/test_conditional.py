"""The likelihood of a block's odds ratio, against sums of exact fractions."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import nchypergeom_fisher

from lab.stats.conditional import block_log_likelihood

GRID = np.linspace(-4, 4, 9)


def exact(n_a: int, n_b: int, s: int, k: int, log_ratio: float) -> float:
    """The same by integers and fractions."""
    ratio = Fraction(math.exp(log_ratio))
    ways = {i: math.comb(n_b, i) * math.comb(n_a, s - i) for i in range(max(0, s - n_a), min(n_b, s) + 1)}
    likelihood = ratio**k * sum(ways.values()) / sum(way * ratio**i for i, way in ways.items())
    return math.log(likelihood.numerator) - math.log(likelihood.denominator)


@pytest.mark.parametrize("largest", [2, 5, 30, 200])
def test_it_equals_the_exact_sum(largest: int) -> None:
    dice = random.Random(largest)
    for _ in range(25):
        n_a, n_b = dice.randint(1, largest), dice.randint(1, largest)
        s = dice.randint(0, n_a + n_b)
        k = dice.randint(max(0, s - n_a), min(n_b, s))

        found = block_log_likelihood(n_a, n_b, s, k, GRID)

        assert found == pytest.approx([exact(n_a, n_b, s, k, x) for x in GRID], rel=1e-11, abs=1e-11)


def test_it_equals_scipys_distribution_for_thousands() -> None:
    n_a, n_b, s, k = 7_000, 3_000, 900, 300

    found = block_log_likelihood(n_a, n_b, s, k, np.array([-0.5, 0.3]))

    law = [nchypergeom_fisher(n_a + n_b, n_b, s, ratio).logpmf(k) for ratio in (math.exp(-0.5), math.exp(0.3), 1.0)]
    assert found == pytest.approx([law[0] - law[2], law[1] - law[2]], rel=1e-8)


@pytest.mark.parametrize("n", [10**5, 10**9, 10**11])
def test_at_large_counts_it_is_the_normal_likelihood(n: int) -> None:
    rate, arms = 0.1, np.array([1.0, -2.0])
    s = n // 5
    spread = math.sqrt(n / 2 * rate * (1 - rate))

    found = block_log_likelihood(n, n, s, s // 2, arms / spread)

    assert found == pytest.approx(-(arms**2) / 2, abs=3 / math.sqrt(n * rate) + 1e-4)


def test_the_likelihoods_of_all_outcomes_sum_to_one_at_large_counts() -> None:
    n_a, n_b, s = 40_000, 10_000, 5_000
    k = np.arange(600, 1_800)

    relative = block_log_likelihood(n_a, n_b, s, k, np.array([0.15, -0.1]))
    central = nchypergeom_fisher(n_a + n_b, n_b, s, 1.0).logpmf(k)

    assert np.exp(relative + central[:, None]).sum(axis=0) == pytest.approx([1, 1], rel=1e-8)


@pytest.mark.parametrize("block", [(0, 5, 3, 3), (5, 0, 3, 0), (4, 4, 0, 0), (4, 4, 8, 4), (0, 0, 0, 0)])
def test_blocks_that_cannot_tell_say_nothing(block: tuple[int, int, int, int]) -> None:
    assert not block_log_likelihood(*block, GRID).any()


def test_blocks_of_any_shape_are_done_at_once() -> None:
    n_a = np.array([[10, 20], [30, 10]])

    found = block_log_likelihood(n_a, 15, 8, 3, GRID)

    assert found.shape == (2, 2, 9)
    assert found[1, 0] == pytest.approx(block_log_likelihood(30, 15, 8, 3, GRID))


def test_swapping_the_arms_turns_the_odds_ratio_round() -> None:
    there, back = block_log_likelihood(120, 80, 40, 25, GRID), block_log_likelihood(80, 120, 40, 15, -GRID)

    assert there == pytest.approx(back, rel=1e-11)
