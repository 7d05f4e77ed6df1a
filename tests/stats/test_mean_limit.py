"""The bets on a mean against its limit: exact, indifferent to order and unit, quick to see a late regression."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.stats.mean_limit import BETS, MeanLimit, log_e_mean, log_e_restarted, restarted, satisfied_increments, violated_increments

VALUES = st.lists(st.floats(0, 60), max_size=20)


@pytest.mark.parametrize("mean", [0.5, 1.0, 1.9, 2.0])
def test_the_mean_e_value_of_violated_is_at_most_one(mean: float) -> None:
    # All outcomes of 8 values that are 0 or 10, in 4 blocks, each weighted with its probability.
    outcomes = np.array(list(itertools.product([0.0, 10.0], repeat=8)))
    probability = np.prod(np.where(outcomes > 0, mean / 10, 1 - mean / 10), axis=1)
    wealth = np.full((256, BETS.size), -np.inf)
    for number, block in enumerate(np.split(outcomes, 4, axis=1), start=1):
        wealth = restarted(wealth, number, violated_increments(block, 2.0))

        assert probability @ np.exp(log_e_restarted(wealth, number)) <= 1 + 1e-12


@pytest.mark.parametrize("mean", [2.0, 2.1, 5.0, 9.9])
def test_the_mean_e_value_of_satisfied_is_at_most_one(mean: float) -> None:
    outcomes = np.array(list(itertools.product([0.0, 10.0], repeat=8)))
    probability = np.prod(np.where(outcomes > 0, mean / 10, 1 - mean / 10), axis=1)

    assert probability @ np.exp(log_e_mean(satisfied_increments(outcomes, 2.0, 10.0))) <= 1 + 1e-12


def test_one_block_by_hand() -> None:
    test = MeanLimit(2.0, 10.0).update([6.0])

    assert math.exp(test.violated.log_e) == pytest.approx(0.5 + 0.5 * np.mean(1 + BETS * 2))
    assert math.exp(test.satisfied.log_e) == pytest.approx(0.5 * np.mean(1 - BETS[:-1] / 2) + 0.5 * (1 - BETS[-1] / 2))


def test_a_broken_and_a_kept_limit_are_both_found() -> None:
    generator = np.random.default_rng(2)
    slow, fast = MeanLimit(2.0, 60.0), MeanLimit(2.0, 60.0)
    for _ in range(20):
        slow, fast = slow.update(generator.exponential(2.6, 200)), fast.update(np.minimum(generator.exponential(1.2, 200), 60))

    assert slow.crossed(0.01)
    assert not slow.satisfied.crossed(0.5)
    assert fast.satisfied.crossed(0.01)
    assert not fast.crossed(0.5)


def test_a_late_regression_shows_within_a_few_looks() -> None:
    generator, test = np.random.default_rng(5), MeanLimit(2.0, 60.0)
    for _ in range(50):
        test = test.update(generator.exponential(1.0, 200))
    late = test
    while not late.crossed(0.05):
        late = late.update(generator.exponential(4.0, 200))

    assert late.looks - test.looks <= 2


def test_values_beyond_the_bound_count_as_the_bound() -> None:
    assert MeanLimit(2.0, 60.0).update([60.0]).satisfied == MeanLimit(2.0, 60.0).update([1e9]).satisfied


def test_counted_values_are_values_told_often() -> None:
    told, counted = MeanLimit(2.0, 60.0).update([1.0, 3.0, 3.0, 3.0]), MeanLimit(2.0, 60.0).update([3.0, 1.0], [3, 1])

    assert counted.log_e == pytest.approx(told.log_e)
    assert (counted.n, counted.estimate) == (told.n, told.estimate)


def test_a_billion_values_stay_finite() -> None:
    test = MeanLimit(2.0, 60.0).update([1.0, 5.0], [0.4e9, 0.6e9])

    assert 1e6 < test.log_e < 1e9
    assert -1e6 < test.satisfied.log_e < -1e4
    assert test.p_value >= 0


def test_nothing_seen_is_no_evidence() -> None:
    test = MeanLimit(2.0, 60.0).update([]).update([])

    assert (test.looks, test.blocks, test.log_e, test.p_value) == (2, 0, 0.0, 1.0)
    assert math.isnan(test.estimate)


@settings(max_examples=30)
@given(VALUES, st.sampled_from([1e-3, 1e3]))
def test_the_unit_and_the_order_do_not_matter(values: list[float], unit: float) -> None:
    one, other = MeanLimit(2.0, 60.0).update(values), MeanLimit(2.0 * unit, 60.0 * unit).update([value * unit for value in values[::-1]])

    assert other.log_e == pytest.approx(one.log_e, abs=1e-9)
    assert other.satisfied.log_e == pytest.approx(one.satisfied.log_e, abs=1e-9)


@settings(max_examples=30)
@given(VALUES, VALUES)
def test_slower_is_never_better(values: list[float], more: list[float]) -> None:
    slower = [max(pair) for pair in zip(values, [*more, *values], strict=False)]
    one, other = MeanLimit(2.0, 60.0).update(values), MeanLimit(2.0, 60.0).update(slower)

    assert other.log_e >= one.log_e - 1e-9
    assert other.satisfied.log_e <= one.satisfied.log_e + 1e-9


@settings(max_examples=30)
@given(st.lists(VALUES, max_size=4))
def test_json_and_back_is_the_same(blocks: list[list[float]]) -> None:
    test = MeanLimit(2.0, 60.0)
    for block in blocks:
        test = test.update(block)

    assert MeanLimit.from_json(json.loads(json.dumps(test.to_json(), allow_nan=False))) == test


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"The limit is 70\.0 and the bound 60\.0, must be 0 < limit < bound\."):
        MeanLimit(70.0, 60.0)
    with pytest.raises(ValueError, match=r"values has -1\.0, must be finite and 0 or more\."):
        MeanLimit(2.0, 60.0).update([-1.0])
