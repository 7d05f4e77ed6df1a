"""Ratios of sums per visitor: the visitor counts once, the requests do not."""

import json

import numpy as np
import pytest

from lab.stats.moments import PairMoments
from lab.stats.ratio import RatioBlock, RatioComparison


def block(x: np.ndarray, y: np.ndarray, candidate: np.ndarray, epoch: int = 0) -> RatioBlock:
    return RatioBlock(epoch, PairMoments.of(x[~candidate], y[~candidate]), PairMoments.of(x[candidate], y[candidate]))


def test_heavy_users_do_not_make_an_effect() -> None:
    # Every visitor has a rate of their own and sends many requests: the requests alone would "prove" a difference in most experiments.
    generator, found = np.random.default_rng(9), 0
    for _ in range(40):
        comparison = RatioComparison.planned(2_000)
        for _ in range(20):
            x = np.ceil(generator.lognormal(1, 1.2, 100))
            y = generator.binomial(x.astype(int), 1 / (1 + np.exp(1.5 - generator.normal(0, 1, 100)))).astype(float)
            comparison = comparison.update(block(x, y, generator.random(100) < 0.5))
        found += comparison.crossed(0.05)

    assert found <= 4


def test_a_true_difference_is_found() -> None:
    generator = np.random.default_rng(1)
    x, candidate = np.ceil(generator.lognormal(1, 1, 4_000)), generator.random(4_000) < 0.5
    y = x * generator.gamma(4, np.where(candidate, 0.3, 0.25))
    comparison = RatioComparison.planned(4_000).update(block(x, y, candidate))

    assert comparison.crossed(0.01)
    assert comparison.interval().contains(0.2)


def test_the_score_has_mean_zero_over_all_assignments_of_a_tiny_epoch() -> None:
    # 6 visitors, every one of the 62 assignments with both arms equally likely: under "no difference" nothing leans either way.
    x, y = np.array([1.0, 7.0, 2.0, 1.0, 30.0, 0.0]), np.array([0.0, 6.0, 2.0, 0.0, 1.0, 3.0])
    scores = {size: [] for size in range(1, 6)}
    for number in range(1, 63):
        candidate = np.array([bool(number >> place & 1) for place in range(6)])
        x_b = x[candidate].sum() / x.sum()
        score = RatioComparison().update(block(x, y, candidate)).score
        assert score.score == pytest.approx(y[candidate].sum() - x_b * y.sum() if 0 < x_b < 1 else 0.0)
        scores[int(candidate.sum())].append(y[candidate].sum() - x_b * y.sum())

    assert [np.mean(scores[size]) for size in scores] == pytest.approx([0.0] * 5, abs=1e-9)


@pytest.mark.parametrize("x", [[], [0.0, 0.0]])
def test_an_arm_without_requests_says_nothing(x: list[float]) -> None:
    comparison = RatioComparison().update(RatioBlock(0, PairMoments.of(x, x), PairMoments.of([1.0, 2.0], [1.0, 1.0])))

    assert comparison.log_e == 0
    assert RatioComparison.from_json(json.loads(json.dumps(comparison.to_json(), allow_nan=False))) == comparison


def test_pairs_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x has the value -1\.0, must be 0 or more\."):
        PairMoments.of([-1.0], [2.0])
    with pytest.raises(ValueError, match="x has 1 values and y has 2, must be as many"):
        PairMoments.of([1.0], [2.0, 3.0])
    with pytest.raises(ValueError, match=r"products is 9\.0, beyond what"):
        RatioComparison().update(RatioBlock(0, PairMoments(2, 1.0, 1.0, 1.0, 1.0, 9.0), PairMoments()))
