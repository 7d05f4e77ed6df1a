"""The epoch-stratified score: right numbers, the same verdict however the data are told, silent where there is nothing to say."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.stats.mixture import boundary, log_e_of, tuned_rho
from lab.stats.moments import Moments, PairMoments
from lab.stats.ratio import RatioBlock, RatioComparison
from lab.stats.score import MeanBlock, MeanComparison, epoch_score, limits, log_e_at, t_of

FEW = st.lists(st.floats(-100, 100).map(lambda value: round(value, 3)), max_size=8)
EPOCHS = st.lists(st.tuples(FEW, FEW), min_size=1, max_size=6)


def block(epoch: int, a: list[float], b: list[float]) -> MeanBlock:
    return MeanBlock(epoch, Moments.of(a), Moments.of(b))


def after(data: list[tuple[list[float], list[float]]], comparison: MeanComparison | None = None) -> MeanComparison:
    """One epoch per pair of samples."""
    comparison = comparison or MeanComparison.planned(100)
    for epoch, (a, b) in enumerate(data):
        comparison = comparison.update(block(epoch, a, b))
    return comparison


def test_one_epoch_by_hand() -> None:
    # Pooled mean 2; the candidate's residuals 1 and 2 sum to 3. All six residuals squared: 4 + 1 + 0 + 0 + 1 + 4 = 10.
    score = epoch_score(*(PairMoments.of_one(Moments.of(arm)) for arm in ([0, 1, 2, 2], [3, 4])))

    assert score.score == pytest.approx(3)
    assert score.weight == pytest.approx(4 * 2 / 6)
    assert score.pooled == pytest.approx(6 / 5 * (4 / 3) / 6 * 10)
    assert score.by_arm == pytest.approx(6 / 5 * ((2 / 3) ** 2 * 5 + (1 / 3) ** 2 * 5))


def test_the_ratio_is_that_of_the_sums_and_its_standard_error_the_delta_methods() -> None:
    generator = np.random.default_rng(4)
    x, y = generator.integers(1, 9, (2, 4_000)).astype(float), generator.random((2, 4_000))
    y = y * x
    comparison = RatioComparison().update(RatioBlock(0, PairMoments.of(x[0], y[0]), PairMoments.of(x[1], y[1])))

    def variance(a: int) -> float:
        residuals = y[a] - y[a].sum() / x[a].sum() * x[a]
        return float(residuals.var(ddof=1) / (4_000 * x[a].mean() ** 2))

    z = comparison.estimate / math.sqrt(variance(0) + variance(1))

    assert comparison.estimate == pytest.approx(y[1].sum() / x[1].sum() - y[0].sum() / x[0].sum(), rel=1e-2)
    assert float(t_of(comparison.score)) == pytest.approx(z, rel=1e-2)


def test_a_mean_is_the_ratio_to_one() -> None:
    a, b = [1.0, 4.0, 2.0], [3.0, 5.0]
    ratio = RatioComparison().update(RatioBlock(0, PairMoments.of([1] * 3, a), PairMoments.of([1] * 2, b)))

    assert ratio.log_e == MeanComparison().update(block(0, a, b)).log_e


def test_the_boundary_is_where_the_e_value_crosses() -> None:
    for side in ("two-sided", "greater"):
        for information in (1e-3, 1.0, 1e3, 1e9):
            t = boundary(information, 30.0, 0.01, side)

            assert log_e_of(t, information, 30.0, side) == pytest.approx(-math.log(0.01))


def test_rho_is_nearly_the_best_at_the_planned_information() -> None:
    at = [float(boundary(1_000, tuned_rho(1_000) * factor, 0.05)) for factor in (0.5, 0.9, 1.0, 1.1, 2.0)]

    assert at[2] < at[0]
    assert at[2] < at[4]
    assert at[2] == pytest.approx(min(at), rel=1e-3)


def test_a_drift_under_a_ramp_is_no_effect() -> None:
    # Simpson's paradox: the level doubles while the candidate's share grows. Pooled over epochs the candidate looks far better.
    generator = np.random.default_rng(8)
    comparison = MeanComparison()
    for epoch, (level, a, b) in enumerate([(1.0, 1_900, 100), (2.0, 1_600, 400), (3.0, 1_000, 1_000)]):
        comparison = comparison.update(block(epoch, generator.normal(level, 1, a).tolist(), generator.normal(level, 1, b).tolist()))

    assert not comparison.crossed(0.05)
    assert comparison.interval().contains(0)


def test_an_outlier_in_a_small_arm_is_no_proof() -> None:
    comparison = after([([0.0] * 950, [0.0] * 49 + [1_000.0])])

    assert comparison.log_e < 0


@pytest.mark.parametrize(
    "data",
    [[([], [])], [([1.0, 2.0], [])], [([], [5.0])], [([0.0] * 9, [0.0] * 9)], [([0.1] * 3, [0.1] * 7)] * 50, [([0.1], [0.1])] * 50],
    ids=["nothing", "no candidate", "no baseline", "all zero", "all alike", "all alike in tiny epochs"],
)
def test_data_that_say_nothing_are_no_evidence(data: list[tuple[list[float], list[float]]]) -> None:
    comparison = after(data)

    assert comparison.log_e <= 0
    assert comparison.log_e_max == 0
    assert comparison.p_value == 1
    assert comparison.interval().contains(0)


def test_epochs_of_one_unit_per_arm_never_say_more_than_their_number() -> None:
    # For symmetric differences the self-normalised score is exact: k epochs give t^2 of at most k.
    comparison = after([([0.0], [1_000.0])] * 5)

    assert float(t_of(comparison.score)) ** 2 == pytest.approx(5)
    assert not comparison.crossed(0.05)


def test_epochs_of_one_unit_per_arm_are_exact_for_symmetric_differences() -> None:
    # All 2^6 signs, weighted equally: the e-value's mean is at most 1, whatever the sizes of the differences.
    sizes = np.array([0.1, 3.0, 7.0, 0.0, 1e6, 2.0])
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 6)).reshape(6, -1)
    one = Moments(np.ones(64), np.zeros(64), np.zeros(64))
    score = [epoch_score(PairMoments.of_one(one), PairMoments.of_one(Moments(np.ones(64), size * sign, np.zeros(64))))
             for size, sign in zip(sizes, signs, strict=True)]
    total = score[0]
    for other in score[1:]:
        total = total.plus(other)

    assert np.mean(np.exp(log_e_at(total, 1.0))) <= 1 + 1e-9


def test_an_empty_look_changes_nothing_but_the_count() -> None:
    before = after([([1.0, 2.0, 4.0], [3.0, 9.0])])
    later = before.update(block(0, [], []))

    assert (later.looks, later.log_e, later.interval()) == (2, before.log_e, before.interval())


def test_units_that_still_grow_are_looked_at_anew() -> None:
    blocks = [block(0, [1.0, 2.0], [4.0, 4.5]), block(1, [1.0, 0.0], [3.0, 2.0])]

    once = MeanComparison().update(blocks[0]).update(blocks[1])

    assert MeanComparison().seen([block(0, [0.0], [9.0])]).seen(blocks).log_e == pytest.approx(once.log_e)
    assert MeanComparison().seen([]).looks == 1


@settings(max_examples=25)
@given(EPOCHS)
def test_what_it_says_is_finite_and_consistent(data: list[tuple[list[float], list[float]]]) -> None:
    comparison = after(data)

    assert math.isfinite(comparison.log_e)
    assert 0 < comparison.p_value <= 1
    assert comparison.interval().low <= comparison.interval().high
    assert comparison.interval().contains(0) is not comparison.crossed(0.05)


@settings(max_examples=25)
@given(EPOCHS)
def test_swapping_the_labels_turns_the_sign(data: list[tuple[list[float], list[float]]]) -> None:
    one, other = after(data), after([(b, a) for a, b in data])

    assert other.log_e == pytest.approx(one.log_e, abs=1e-6)
    assert other.interval().low == pytest.approx(-one.interval().high, rel=1e-6, abs=1e-9)


@settings(max_examples=25)
@given(EPOCHS, st.sampled_from([1e-3, 60.0, 1e9]))
def test_the_unit_does_not_matter(data: list[tuple[list[float], list[float]]], unit: float) -> None:
    scaled = [([value * unit for value in a], [value * unit for value in b]) for a, b in data]

    assert after(scaled).log_e == pytest.approx(after(data).log_e, abs=1e-5)


@settings(max_examples=25)
@given(EPOCHS)
def test_the_order_of_rows_and_the_cut_into_looks_do_not_matter(data: list[tuple[list[float], list[float]]]) -> None:
    parts = MeanComparison.planned(100)
    for epoch, (a, b) in enumerate(data):
        for piece in (block(epoch, a[::-2], b[:1]), block(epoch, a[-2::-2], b[1:])):
            parts = parts.update(piece)

    assert parts.log_e == pytest.approx(after(data).log_e, abs=1e-5)


@settings(max_examples=60)
@given(EPOCHS, st.sampled_from(["two-sided", "greater", "less"]), st.floats(-300, 300))
def test_the_interval_holds_exactly_the_nulls_that_have_not_crossed(
    data: list[tuple[list[float], list[float]]], side: str, null: float
) -> None:
    comparison = after(data)
    low, high = limits(comparison.score, 0.5, 0.2, side)
    excess = float(log_e_at(comparison.score, 0.5, null, side)) - math.log(5)

    # Rounding may decide at the very edge.
    assert abs(excess) < 1e-6 or (low <= null <= high) == (excess < 0)


@settings(max_examples=25)
@given(EPOCHS)
def test_json_and_back_is_the_same(data: list[tuple[list[float], list[float]]]) -> None:
    comparison = after(data)

    assert MeanComparison.from_json(json.loads(json.dumps(comparison.to_json(), allow_nan=False))) == comparison


@settings(max_examples=25)
@given(st.lists(FEW, min_size=1, max_size=5))
def test_moments_merge(parts: list[list[float]]) -> None:
    merged = Moments()
    for part in parts:
        merged = merged.merged(Moments.of(part))
    whole = Moments.of([value for part in parts for value in part])

    assert np.allclose(merged, whole, rtol=1e-9, atol=1e-6)


def test_huge_counts_stay_finite() -> None:
    n = 10**9
    comparison = MeanComparison().update(MeanBlock(0, Moments.of_sums(n, 0.1 * n, 0.1 * n), Moments.of_sums(n, 0.1001 * n, 0.1001 * n)))

    assert 0 < comparison.log_e < 1e6
    assert comparison.interval().low > 0


def test_a_margin_moves_the_null() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(10, 1, 5_000), generator.normal(10, 1, 5_000)
    comparison = MeanComparison.planned(10_000, side="greater", null=-0.2).update(block(0, a.tolist(), b.tolist()))

    assert comparison.crossed(0.05)
    assert comparison.interval().low > -0.2
    assert comparison.interval().high == math.inf
    assert not MeanComparison.planned(10_000).update(block(0, a.tolist(), b.tolist())).crossed(0.05)


@pytest.mark.parametrize(
    ("moments", "sentence"),
    [
        (Moments(3, math.nan, 1.0), "The moments are mean nan and squares 1.0, must be finite, squares 0 or more."),
        (Moments(3, 1.0, -1.0), "The moments are mean 1.0 and squares -1.0, must be finite, squares 0 or more."),
        (Moments(-3, 1.0, 1.0), "n is -3, must be a whole number of 0 or more."),
    ],
)
def test_impossible_moments_are_refused(moments: Moments, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        MeanComparison().update(MeanBlock(0, moments, Moments()))


def test_identical_variants_with_rare_large_values_in_a_small_arm_are_left_alone() -> None:
    # 5 % of the traffic, 5 % buyers, lognormal revenue: with the usual variance up to 30 % of such experiments "find" something.
    generator, runs, rho = np.random.default_rng(12), 200, tuned_rho(2_500)
    arms = [Moments(np.zeros(runs), np.zeros(runs), np.zeros(runs)) for _ in range(2)]
    crossed = np.zeros(runs, dtype=bool)
    for _ in range(50):
        values = np.where(generator.random((runs, 200)) < 0.05, np.exp(generator.normal(0, 1.5, (runs, 200))), 0.0)
        arms = [arm.merged(_moments(part)) for arm, part in zip(arms, (values[:, 10:], values[:, :10]), strict=True)]
        crossed |= log_e_at(epoch_score(*map(PairMoments.of_one, arms)), rho) >= math.log(20)

    assert crossed.mean() <= 0.05


def _moments(values: np.ndarray) -> Moments:
    mean = values.mean(axis=1)
    return Moments(np.full(len(values), values.shape[1]), mean, ((values - mean[:, None]) ** 2).sum(axis=1))
