"""Top-two Thompson: most traffic to the two that matter, some to everybody, the same from the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.stats.counts import Counts
from lab.stats.thompson import Chances, chances, mean_draws, raised, rate_draws, top_two

ARMS = st.lists(st.integers(0, 1_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), min_size=2, max_size=6)


def shares(arms: list[tuple[int, int]], seed: int = 0) -> np.ndarray:
    return top_two(chances(rate_draws([Counts(*arm) for arm in arms], np.random.default_rng(seed), 2_000)))


def test_the_best_two_share_what_the_floor_leaves() -> None:
    assert shares([(1_000, 100), (1_000, 500), (1_000, 300), (1_000, 50)]) == pytest.approx([0.05, 0.45, 0.45, 0.05])


def test_without_data_all_are_alike() -> None:
    assert shares([(0, 0)] * 4) == pytest.approx([0.25] * 4, abs=0.03)


def test_two_variants_always_share_evenly() -> None:
    # One is the best and the other the second, whichever: half and half.
    assert shares([(1_000, 10), (1_000, 900)]) == pytest.approx([0.5, 0.5])


def test_the_chances_of_two_rates_are_the_beta_integral() -> None:
    # P(Beta(2,1) > Beta(1,1)) = 2/3.
    found = chances(rate_draws([Counts(1, 1), Counts(0, 0)], np.random.default_rng(2), 200_000))

    assert found.best == pytest.approx([2 / 3, 1 / 3], abs=0.005)
    assert found.second == pytest.approx([1 / 3, 2 / 3], abs=0.005)


def test_lower_may_be_better() -> None:
    draws = mean_draws([1.0, 2.0, 3.0], [0.0] * 3, np.random.default_rng(0), 10)

    assert chances(draws, higher_is_better=False).best.tolist() == [1, 0, 0]
    assert chances(draws).second.tolist() == [0, 1, 0]


@settings(max_examples=30)
@given(ARMS)
def test_shares_keep_the_floor_sum_to_one_and_repeat(arms: list[tuple[int, int]]) -> None:
    found = shares(arms)

    assert found.sum() == pytest.approx(1)
    assert found.min() >= 0.05 - 1e-12
    assert found.tolist() == shares(arms).tolist()


def test_raising_one_share_may_push_another_below_the_floor() -> None:
    assert raised(np.array([0.0, 0.205, 0.795]), 0.2) == pytest.approx([0.2, 0.2, 0.6])


def test_floors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"The floor is 0\.3 for each of 4 variants, must be from 0 to 0\.25\."):
        top_two(Chances(np.ones(4) / 4, np.ones(4) / 4), 0.3)
