"""Limits without their intervals: the evidence is that of the tests that have them."""

import math

import numpy as np
import pytest

from lab.stats.counts import Counts
from lab.stats.evalue import NO_EVIDENCE
from lab.stats.exceedance import LatencyLimit
from lab.stats.held import HeldMean, HeldRate, HeldRatio, Hits
from lab.stats.histogram import Histogram
from lab.stats.limit import LimitTest
from lab.stats.mean_limit import MeanLimit
from lab.stats.moments import Moments, PairMoments


@pytest.mark.parametrize("rate", [0.0, 0.004, 0.01, 0.05])
def test_a_rate_is_judged_as_by_the_limit_test(rate: float) -> None:
    rng = np.random.default_rng(5)
    held, usual = HeldRate(0.01), LimitTest(0.01)

    for _ in range(60):
        block = Counts(300, int(rng.binomial(300, rate)))
        held, usual = held.update(Hits.of(block)), usual.update(block)

    assert held.violated.log_e_max == pytest.approx(usual.violated.log_e_max, abs=1e-9)
    assert (held.violated.log_e, held.satisfied.log_e) == pytest.approx((usual.violated.log_e, usual.satisfied.log_e), abs=1e-9)


def test_a_percentile_is_judged_as_by_its_limit() -> None:
    rng = np.random.default_rng(5)
    held, usual = HeldRate(1 - 0.95), LatencyLimit(0.12)

    for _ in range(40):
        block = Histogram.of(rng.lognormal(-3, 0.5, 300))
        surely, possibly = (round(one) for one in block.above(0.12))
        held, usual = held.update(Hits(300, surely, possibly)), usual.update(block)

    assert (held.violated.log_e, held.satisfied.log_e) == pytest.approx((usual.violated.log_e, usual.satisfied.log_e), abs=1e-9)


def test_an_empty_block_says_nothing() -> None:
    seen = HeldRate(0.01).update(Hits(0, 0, 0))

    assert (seen.n, seen.looks, seen.violated) == (0, 0, NO_EVIDENCE)
    assert HeldMean(0.5, 60.0).update(Histogram()).n == 0
    assert HeldRatio(0.5).update(PairMoments()).n == 0


def test_nothing_violates_a_limit_of_one_and_one_hit_a_limit_of_zero() -> None:
    one, zero = (HeldRate(limit).update(Hits(10, 3, 3)) for limit in (1.0, 0.0))

    assert (one.violated.log_e_max, one.satisfied.log_e_max) == (0.0, math.inf)
    assert (zero.violated.log_e_max, zero.satisfied.log_e_max) == (math.inf, 0.0)
    assert HeldRate(0.0).update(Hits(10, 0, 0)).violated == NO_EVIDENCE


def test_more_hits_than_units_are_refused() -> None:
    with pytest.raises(ValueError, match="successes is 11, must be between 0 and n = 10"):
        HeldRate(0.1).update(Hits(10, 11, 11))


@pytest.mark.parametrize("shift", [-0.6, 0.0, 0.4])
def test_a_mean_is_judged_nearly_as_by_the_limit_of_single_values(shift: float) -> None:
    rng = np.random.default_rng(5)
    held, usual = HeldMean(0.06, 60.0), MeanLimit(0.06, 60.0)

    for _ in range(30):
        values = rng.lognormal(math.log(0.06) - 0.125 + shift, 0.5, 300)
        held, usual = held.update(Histogram.of(values)), usual.update(values)

    # Values count with the end of their bin that is against the claim, so never with more evidence.
    assert usual.violated.log_e * 0.8 - 2 <= held.violated.log_e <= usual.violated.log_e + 1e-9
    assert usual.satisfied.log_e * 0.8 - 2 <= held.satisfied.log_e <= usual.satisfied.log_e + 1e-9


def test_a_mean_may_have_a_lower_limit() -> None:
    high, low = (HeldMean(0.06, 60.0, is_upper=False).update(Histogram.of([value] * 20_000)) for value in (0.09, 0.03))

    assert (high.satisfied.crossed(0.05), high.violated.crossed(0.05)) == (True, False)
    assert (low.satisfied.crossed(0.05), low.violated.crossed(0.05)) == (False, True)


@pytest.mark.parametrize(("limit", "bound"), [(0.0, 60.0), (60.0, 60.0), (1.0, math.inf)])
def test_a_mean_needs_a_limit_below_its_bound(limit: float, bound: float) -> None:
    with pytest.raises(ValueError, match="must be 0 < limit < bound"):
        HeldMean(limit, bound)


def right(units: int, share: float, per_unit: int = 1) -> PairMoments:
    hits = round(units * share)
    return PairMoments.of(np.full(units, per_unit), [per_unit] * hits + [0] * (units - hits))


def test_a_ratio_is_held_against_a_limit_from_both_sides() -> None:
    above, below = (HeldRatio(0.9, is_upper=False, least=0.09).update(right(2000, share)) for share in (0.95, 0.85))

    assert (above.satisfied.crossed(0.05), above.violated.crossed(0.05)) == (True, False)
    assert (below.satisfied.crossed(0.05), below.violated.crossed(0.05)) == (False, True)


def test_units_with_many_predictions_count_as_units() -> None:
    # Ten predictions of one visitor that are all right or all wrong say little more than one.
    once, tenfold = (HeldRatio(0.9, least=0.09).update(right(400, 0.83, per_unit)) for per_unit in (1, 10))

    assert tenfold.violated.log_e == pytest.approx(once.violated.log_e, rel=0.01)


def test_a_small_sample_without_a_failure_proves_little() -> None:
    # Thirty right answers of thirty happen in one of five experiments at 95 %.
    seen = HeldRatio(0.95, is_upper=False, least=0.95 * 0.05).update(right(30, 1.0))

    assert seen.satisfied.log_e < math.log(5)


def test_a_ratio_errs_at_its_limit_no_more_often_than_allowed() -> None:
    rng = np.random.default_rng(11)
    wrong = 0
    for _ in range(200):
        held = HeldRatio(0.8, is_upper=False, least=0.16)
        for _ in range(20):
            trials = rng.integers(1, 6, 40)
            held = held.update(PairMoments.of(trials, rng.binomial(trials, rng.beta(8, 2, 40))))
        wrong += held.satisfied.crossed(0.05) + held.violated.crossed(0.05)

    assert wrong / 200 <= 0.10


def test_a_mean_reward_is_a_ratio_with_one_below_the_line() -> None:
    moments = PairMoments(*PairMoments.of_one(Moments.of([2.0, 3.0] * 300))).checked()

    assert HeldRatio(2.0, is_upper=False).update(moments).satisfied.crossed(0.05)
