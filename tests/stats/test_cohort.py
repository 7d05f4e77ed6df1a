"""Units count once, when their time for a reward is over."""

import math

import numpy as np
import pytest

from lab.stats.cohort import due, in_time, matured, within


def test_over_all_looks_everybody_counts_exactly_once() -> None:
    entered, previous, seen = np.random.default_rng(1).uniform(0, 1_000, 500), -math.inf, np.zeros(500)
    for now in (30.0, 30.0, 200.1, 999.0, 1_500.0):
        seen += within(due(previous, now, 60.0), entered)

        assert (seen > 0).tolist() == matured(entered, now, 60.0).tolist()
        previous = now
    assert seen.tolist() == [1.0] * 500


def test_nobody_counts_while_their_window_is_open() -> None:
    assert matured([0.0, 40.0, 41.0], 100.0, 60.0).tolist() == [True, False, False]


def test_a_reward_counts_within_the_window() -> None:
    assert in_time([10.0] * 5, [9.9, 10.0, 70.0, 70.1, math.nan], 60.0).tolist() == [False, True, True, False, False]


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match=r"The look is at 5\.0 s, must not be before the previous one at 6\.0 s\."):
        due(6.0, 5.0, 1.0)
    with pytest.raises(ValueError, match=r"The window is -1\.0 s, must be 0 or more\."):
        due(0.0, 5.0, -1.0)
