"""Several questions about one pair of rates: the e-values are those of one comparison each."""

import math

import numpy as np
import pytest

from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.exceedance import LatencyBlock, LatencyComparison
from lab.stats.histogram import Histogram
from lab.stats.questions import BOTH_SIDES, MOST_INFORMATION, Question, RateQuestions

QUESTIONS = (Question("greater"), Question("less"), Question("two-sided"), Question("greater", 0.5, math.log(1.5)))


def blocks(n: int, rate_a: float, rate_b: float, looks: int = 40) -> list[BinaryBlock]:
    rng = np.random.default_rng(7)
    return [BinaryBlock(*(Counts(n, int(rng.binomial(n, rate))) for rate in (rate_a, rate_b))) for _ in range(looks)]


WORLDS = [(3, 0.3, 0.5), (40, 0.02, 0.02), (500, 0.1, 0.12), (500, 0.3, 0.2), (3_000, 0.4, 0.39), (20_000, 0.4, 0.39), (50, 0.05, 0.4)]


@pytest.mark.parametrize(("n", "rate_a", "rate_b"), WORLDS)
def test_each_answer_is_that_of_a_comparison_of_its_own(n: int, rate_a: float, rate_b: float) -> None:
    asked = RateQuestions(QUESTIONS)
    alone = [BinaryComparison(one.prior_scale, one.side, one.null) for one in QUESTIONS]

    for block in blocks(n, rate_a, rate_b):
        asked, alone = asked.update(block), [one.update(block) for one in alone]

        # Far below 1, where nothing depends on it, the two integrals differ in the first digits.
        now, usual = ([max(one.log_e, -5.0) for one in many] for many in (asked.evidences, alone))
        assert now == pytest.approx(usual, abs=1e-7, rel=1e-5)
        assert [one.log_e_max for one in asked.evidences] == pytest.approx([one.log_e_max for one in alone], abs=1e-7, rel=1e-5)


def test_a_block_that_lacks_an_arm_waits_as_in_a_comparison() -> None:
    one, other = BinaryBlock(Counts(1, 1), Counts(0, 0)), BinaryBlock(Counts(0, 0), Counts(1, 0))
    asked, alone = BOTH_SIDES, BinaryComparison(side="greater")

    for block in (one, one, other, one, other, other):
        asked, alone = asked.update(block), alone.update(block)

    assert (asked.totals, asked.pending, asked.looks) == (alone.totals, alone.pending, alone.looks)
    assert asked.evidence.log_e == pytest.approx(alone.log_e)


def test_with_more_seen_than_a_sum_can_tell_the_integral_is_made_where_the_likelihood_is() -> None:
    block = BinaryBlock(Counts(10_000_000, 3_000_000), Counts(10_000_000, 3_001_000))
    asked, alone = BOTH_SIDES, BinaryComparison(side="greater")

    for _ in range(3):
        asked, alone = asked.update(block), alone.update(block)

    assert asked.information > MOST_INFORMATION
    assert asked.evidence.log_e == pytest.approx(alone.log_e)


def test_a_comparison_of_latencies_takes_it_in_place_of_its_own() -> None:
    rng = np.random.default_rng(3)
    usual, asked = LatencyComparison.start(), LatencyComparison(0.95, RateQuestions((Question("greater", 0.5),)))

    for _ in range(20):
        block = LatencyBlock(*(Histogram.of(rng.lognormal(-3, 0.5, 300)) for _ in range(2)))
        usual, asked = usual.update(block), asked.update(block)

    assert asked.log_e == pytest.approx(usual.log_e, abs=1e-9)
    assert asked.log_e_max == pytest.approx(usual.log_e_max, abs=1e-9)


def test_each_end_of_the_interval_is_where_its_side_reaches_the_level() -> None:
    asked = BOTH_SIDES
    for block in blocks(500, 0.1, 0.13):
        asked = asked.update(block)

    low, high, alpha = asked.interval(0.05)

    assert alpha == 0.1
    assert asked.log_e_at(Question("greater", null=low)) == pytest.approx(math.log(20), abs=0.01)
    assert asked.log_e_at(Question("less", null=high)) == pytest.approx(math.log(20), abs=0.01)


def test_the_difference_is_that_of_the_blocks_not_of_the_sums() -> None:
    # Simpson's paradox: equal in both blocks, unlike in their sums.
    asked = BOTH_SIDES.update(BinaryBlock(Counts(900, 45), Counts(100, 5))).update(BinaryBlock(Counts(100, 20), Counts(900, 180)))

    assert asked.estimate == pytest.approx(0.0, abs=1e-12)
    assert asked.difference_interval(0.05).contains(0.0)


def test_before_both_arms_were_seen_there_is_no_difference() -> None:
    assert math.isnan(BOTH_SIDES.estimate)
    assert BOTH_SIDES.difference_interval(0.05)[:2] == (-1.0, 1.0)


def test_a_margin_beyond_what_can_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match=r"log odds ratio of 3.0, must be between -2.5 and 2.5"):
        RateQuestions((Question("greater", 0.5, 3.0),))
