"""What must not matter, or must matter in a known way, for any counts Hypothesis can think of."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.stats.binary import EMPTY, BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.exceedance import LatencyBlock, LatencyComparison
from lab.stats.histogram import Histogram, edge_s
from lab.stats.limit import LimitTest
from lab.stats.srm import SplitBlock, SplitCheck

quick = settings(max_examples=25, deadline=None, derandomize=True)
SIZES = st.one_of(st.integers(1, 30), st.integers(1, 10**4), st.integers(1, 10**9))


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    n = draw(SIZES)
    return Counts(n, draw(st.one_of(st.just(0), st.just(n), st.integers(0, n))))


blocks = st.lists(st.builds(BinaryBlock, counts(), counts()), min_size=1, max_size=4)


def after(comparison: BinaryComparison, sequence: list[BinaryBlock]) -> BinaryComparison:
    for block in sequence:
        comparison = comparison.update(block)
    return comparison


def failures(block: BinaryBlock) -> BinaryBlock:
    return BinaryBlock(*(Counts(arm.n, arm.n - arm.successes) for arm in block))


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-6, abs=1e-5)


@quick
@given(blocks)
def test_swapping_the_labels_turns_the_sign(sequence: list[BinaryBlock]) -> None:
    there, back = after(BinaryComparison(), sequence), after(BinaryComparison(), [BinaryBlock(*block[::-1]) for block in sequence])

    assert there.log_e == close(back.log_e)
    if there.kept.low < there.kept.high:
        assert there.interval()[:2] == pytest.approx((-back.interval().high, -back.interval().low), abs=1e-6)


@quick
@given(blocks)
def test_swapping_success_and_failure_turns_the_sign(sequence: list[BinaryBlock]) -> None:
    there, back = after(BinaryComparison(side="greater"), sequence), after(BinaryComparison(side="less"), [failures(b) for b in sequence])

    assert there.log_e == close(back.log_e)


@quick
@given(blocks)
def test_everything_is_finite_monotone_and_consistent(sequence: list[BinaryBlock]) -> None:
    for side in ("two-sided", "greater"):
        comparison = BinaryComparison(side=side)
        for block in sequence:
            before, comparison = comparison, comparison.update(block)
            low, high, _ = comparison.interval()
            assert math.isfinite(comparison.log_e)
            assert comparison.log_e_max == max(before.log_e_max, comparison.log_e)
            assert before.interval().low <= low <= high <= before.interval().high
            assert comparison.interval().contains(0.0) != comparison.crossed(0.05)
            assert comparison.difference_interval().contains(0.0) != comparison.crossed(0.05)


@quick
@given(blocks)
def test_empty_looks_and_the_order_of_looks_do_not_matter_to_the_evidence(sequence: list[BinaryBlock]) -> None:
    plain, spread = after(BinaryComparison(), sequence), after(BinaryComparison(), [b for block in sequence[::-1] for b in (EMPTY, block)])

    assert plain.log_e == close(spread.log_e)


@quick
@given(counts(), st.integers(1, 10**9))
def test_more_successes_of_the_candidate_are_more_evidence_that_it_is_better(baseline: Counts, n: int) -> None:
    steps = sorted({0, n // 3, n // 2, n - 1, n})

    found = [BinaryComparison(side="greater").update(BinaryBlock(baseline, Counts(n, k))).log_e for k in steps]

    # Where nothing was tested (nobody or everybody succeeded) e is 1, whatever the trend.
    tested = [log_e for log_e, k in zip(found, steps, strict=True) if 0 < baseline.successes + k < baseline.n + n]
    assert all(later >= earlier - 1e-6 * (1 + abs(earlier)) for earlier, later in itertools.pairwise(tested))


@quick
@given(st.lists(counts(), min_size=1, max_size=4), st.floats(0.001, 0.999))
def test_a_limit_test_is_finite_and_its_mirror_agrees(sequence: list[Counts], limit: float) -> None:
    test, mirror = LimitTest(limit), LimitTest(limit)
    for block in sequence:
        test, mirror = test.update(block), mirror.update(Counts(0, 0)).update(block)
        assert math.isfinite(test.satisfied.log_e)
        assert test.log_e > -math.inf
        assert 0 <= test.interval().low <= test.interval().high <= 1
    assert mirror.satisfied.log_e == test.satisfied.log_e


@quick
@given(st.permutations(range(60)), st.sampled_from([10, 100, 1000]))
def test_neither_row_order_nor_the_unit_of_latency_matters(order: list[int], factor: int) -> None:
    random = np.random.default_rng(len(order) + order[0])
    cells = 800 + random.integers(0, 200, (3, 2, 60)) + 0.5

    def run(unit: float, rows: list[int]) -> LatencyComparison:
        comparison = LatencyComparison()
        for look in cells:
            comparison = comparison.update(LatencyBlock(*(Histogram.of(unit * edge_s(arm[rows])) for arm in look)))
        return comparison

    plain, other = run(1.0, list(range(60))), run(float(factor), order)

    assert other.log_e == plain.log_e
    assert other.threshold_s == pytest.approx(factor * plain.threshold_s)


@quick
@given(SIZES, SIZES, st.floats(0.001, 0.999))
def test_a_split_check_does_not_care_for_names_or_units_of_shares(a: int, b: int, share: float) -> None:
    plain = SplitCheck(("x", "y")).update(SplitBlock({"x": a, "y": b}, {"x": share, "y": 1 - share}))
    turned = SplitCheck(("y", "x")).update(SplitBlock({"x": a, "y": b}, {"x": 100 * share, "y": 100 * (1 - share)}))

    assert math.isfinite(plain.log_e)
    assert plain.log_e == close(turned.log_e)
