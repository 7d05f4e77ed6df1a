"""Counts and intervals."""

import math

import numpy as np
import pytest

from lab.stats.counts import Counts
from lab.stats.interval import Interval, met, of_json, to_json, with_null


def test_impossible_counts_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"successes is 12, must be between 0 and n = 10\."):
        Counts(10, 12).checked()
    with pytest.raises(ValueError, match=r"n is -1, must be 0 or more\."):
        Counts(-1, 0).checked()
    with pytest.raises(ValueError, match=r"n is 2\.5, must be a whole number\."):
        Counts(2.5, 0).checked()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"n is 1e\+19, must be at most 1e\+15\."):
        Counts(10**19, 0).checked()


def test_whole_numbers_of_any_kind_become_plain_ones() -> None:
    assert Counts(np.int64(3), 2.0).checked() == Counts(3, 2)  # type: ignore[arg-type]
    assert type(Counts(np.int64(3), 2).checked().n) is int


def test_counts_add_up() -> None:
    assert Counts(3, 1).plus(Counts(4, 2)) == Counts(7, 3)


def test_both_ends_belong_to_an_interval() -> None:
    interval = Interval(-1.0, 2.0, 0.05)

    assert interval.contains(-1.0)
    assert interval.contains(2.0)
    assert not interval.contains(2.1)


def test_intervals_that_do_not_meet_leave_the_nearest_point() -> None:
    assert met(Interval(0, 1, 0.05), Interval(2, 3, 0.05)) == Interval(1, 1, 0.05)
    assert met(Interval(2, 3, 0.05), Interval(0, 1, 0.05)) == Interval(2, 2, 0.05)


def test_the_null_is_inside_until_the_test_crosses() -> None:
    assert with_null(Interval(1e-18, 1, 0.05), 0.0, False, 1).contains(0.0)
    assert not with_null(Interval(-1e-18, 1, 0.05), 0.0, True, 1).contains(0.0)
    assert with_null(Interval(-1, 1e-18, 0.05), 0.0, True, -1).high < 0


def test_infinite_ends_survive_json() -> None:
    interval = Interval(-math.inf, 0.25, 0.05)

    assert to_json(interval) == [None, 0.25, 0.05]
    assert of_json(to_json(interval)) == interval
