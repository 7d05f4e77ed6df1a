"""Planned and remaining sample sizes agree with textbooks and with what the tests then need."""

import math

import numpy as np
import pytest

from lab.stats.counts import Counts
from lab.stats.futility import futile
from lab.stats.interval import Interval
from lab.stats.moments import Moments
from lab.stats.plan import log_odds_ratio, remaining, seen_differences, seen_rates, sequential, units_for_means, units_for_rates
from lab.stats.score import MeanBlock, MeanComparison


def test_two_rates() -> None:
    assert units_for_rates(0.10, 0.12) == (3_841, 3_841)
    assert units_for_rates(0.10, 0.12, side="greater") == (3_026, 3_026)


def test_two_means() -> None:
    # Half a standard deviation, 5 % two-sided, 80 %: 63 per arm with the normal distribution (Cohen's 64 is with Student's).
    assert units_for_means(0.5, 1.0) == (63, 63)


def test_an_uneven_split_takes_more() -> None:
    even, uneven = units_for_means(0.1, 1.0), units_for_means(0.1, 1.0, share=0.05)

    assert sum(uneven) == pytest.approx(sum(even) * 0.25 / (0.05 * 0.95), rel=1e-3)


def test_looking_all_the_time_has_its_price() -> None:
    price = sequential()

    assert price.mean == pytest.approx(1.12, abs=0.05)
    assert 0.9 < price.median < 1.0 < price.mean < price.maximum < 2


def test_the_price_of_looking_is_what_a_simulation_pays() -> None:
    generator, price, units = np.random.default_rng(6), sequential(), sum(units_for_means(0.5, 1.0))
    stops = []
    for _ in range(40):
        comparison = MeanComparison.planned(units)
        while not comparison.crossed(0.05) and comparison.looks < 200:
            arms = generator.normal(0, 1, 3), generator.normal(0.5, 1, 3)
            comparison = comparison.update(MeanBlock(0, Moments.of(arms[0]), Moments.of(arms[1])))
        stops.append(comparison.looks * 6 / units)

    assert np.mean(stops) == pytest.approx(price.mean, abs=0.35)


def test_how_long_still_is_exact_for_a_path_without_luck() -> None:
    early, now = seen_rates(Counts(1_000, 100), Counts(1_000, 120)), seen_rates(Counts(10_000, 1_000), Counts(10_000, 1_300))
    wait = remaining(early)

    assert wait is not None
    late = seen_rates(Counts(1_000 + wait // 2, 100 + wait // 20), Counts(1_000 + wait // 2, round(120 + wait * 0.06)))
    assert abs(remaining(late) or 0) < 100
    assert remaining(now) == 0


def test_a_larger_effect_shows_sooner_and_none_never() -> None:
    seen = seen_rates(Counts(1_000, 100), Counts(1_000, 105))
    waits = [remaining(seen, log_odds_ratio(0.1, lift)) for lift in (0.1, 0.2, 0.5)]

    assert waits == sorted(waits, reverse=True)
    assert remaining(seen, 0.0) is None
    assert remaining(seen, -0.1, side="greater") is None


def test_before_anything_was_seen_nobody_knows() -> None:
    assert remaining(seen_rates(Counts(0, 0), Counts(0, 0))) is None
    assert remaining(seen_rates(Counts(9, 0), Counts(9, 0)), 0.2) is None
    assert remaining(seen_differences(MeanComparison(), 0), 1.0) is None


def test_how_long_still_for_means_counts_from_the_null() -> None:
    generator = np.random.default_rng(2)
    block = MeanBlock(0, Moments.of(generator.normal(0, 1, 200)), Moments.of(generator.normal(0.1, 1, 200)))
    without, with_margin = MeanComparison(side="greater").update(block), MeanComparison(side="greater", null=-0.2).update(block)
    waits = [remaining(seen_differences(one, 400), side="greater") for one in (without, with_margin)]

    assert waits[1] is not None
    assert waits[0] is None or waits[1] < waits[0]


@pytest.mark.parametrize("wrong", [{"baseline": 1.2}, {"candidate": 0.1}, {"alpha": 0.0}, {"power": 1.0}, {"side": "up"}, {"share": 0.0}])
def test_what_cannot_be_planned_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"must be|no number of units"):
        units_for_rates(**({"baseline": 0.1, "candidate": 0.12, "share": 0.5} | wrong))


def test_futile_is_when_nothing_worth_having_is_left() -> None:
    assert futile(Interval(-0.02, 0.009, 0.05), 0.01)
    assert not futile(Interval(-0.02, 0.01, 0.05), 0.01)
    assert not futile(Interval(-math.inf, math.inf, 0.05), 0.01)
