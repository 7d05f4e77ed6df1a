"""The cap follows the past and only the past."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.stats.winsor import Cap, capped

VALUES = st.lists(st.floats(-10, 1e9), max_size=30)


def test_the_cap_is_the_quantile_of_the_past() -> None:
    past = np.random.default_rng(3).lognormal(3, 2, 20_000)

    assert Cap().update(past).value == pytest.approx(np.quantile(past, 0.999), rel=0.02)


def test_a_short_past_gives_no_cap() -> None:
    assert Cap(least=100).update([5.0] * 99).value == math.inf
    assert Cap().value == math.inf


def test_values_that_are_hardly_ever_above_zero_are_not_capped_to_zero() -> None:
    assert Cap(least=10).update([0.0] * 10_000 + [7.0]).value == math.inf


def test_what_is_capped_stays_in_its_order() -> None:
    assert capped([1.0, 9.0, 3.0], 4.0).tolist() == [1.0, 4.0, 3.0]
    assert capped([1.0, 9.0], math.inf).tolist() == [1.0, 9.0]


@settings(max_examples=40)
@given(VALUES, VALUES)
def test_pasts_merge_and_their_order_does_not_matter(a: list[float], b: list[float]) -> None:
    one, other = Cap(least=1).update(a).merge(Cap(least=1).update(b)), Cap(least=1).update(b[::-1]).update(a)

    assert one == other
    assert Cap.from_json(json.loads(json.dumps(one.to_json(), allow_nan=False))) == one


@settings(max_examples=40)
@given(VALUES)
def test_the_cap_leaves_its_share_of_the_past_alone(values: list[float]) -> None:
    cap = Cap(share=0.9, least=1).update(values)

    assert np.sum(np.array(values) <= cap.value * (1 + 1e-9)) >= 0.9 * len(values)
