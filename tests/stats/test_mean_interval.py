"""The interval of one mean: the published formula, and infinite until there is something to measure."""

import json
import math

import numpy as np
import pytest

from lab.stats.mean_interval import MeanInterval, radius
from lab.stats.mixture import tuned_rho
from lab.stats.moments import Moments


def test_the_radius_is_the_published_one() -> None:
    # Waudby-Smith et al. write it with their own rho, the root of one over ours.
    n, deviation, alpha, ours = 1_234, 2.5, 0.05, 600.0
    theirs = 1 / math.sqrt(ours)
    root = 2 * (n * theirs**2 + 1) / (n**2 * theirs**2) * math.log(math.sqrt(n * theirs**2 + 1) / alpha)

    assert float(radius(n, deviation**2, ours, alpha)) == pytest.approx(deviation * math.sqrt(root), rel=1e-12)


def test_the_tuning_is_the_published_one() -> None:
    assert tuned_rho(5_000) == pytest.approx(5_000 / (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))))


def test_it_covers_the_mean_at_every_look() -> None:
    generator, missed = np.random.default_rng(7), 0
    for _ in range(100):
        running = MeanInterval.planned(2_000)
        for _ in range(20):
            running = running.update(Moments.of(generator.exponential(3.0, 100)))
        missed += not running.interval().contains(3.0)

    assert missed <= 10


def test_it_excludes_a_mean_exactly_when_that_mean_is_refuted() -> None:
    running = MeanInterval().update(Moments.of([1.0, 2.0, 4.0, 4.5] * 50))

    for end in running.interval()[:2]:
        assert running.log_e_at(end) == pytest.approx(-math.log(0.05))


@pytest.mark.parametrize("values", [[], [3.0], [3.0] * 50])
def test_without_a_spread_nothing_is_ruled_out(values: list[float]) -> None:
    running = MeanInterval().update(Moments.of(values))

    assert running.interval()[:2] == (-math.inf, math.inf)
    assert running.log_e_at(-1e9) == 0
    assert MeanInterval.from_json(json.loads(json.dumps(running.to_json(), allow_nan=False))) == running


def test_the_interval_only_shrinks_and_is_never_empty() -> None:
    running = MeanInterval().update(Moments.of([0.0, 1.0] * 500))
    later = running.update(Moments.of([100.0, 101.0] * 50_000))

    assert running.interval().low <= later.interval().low <= later.interval().high <= running.interval().high
