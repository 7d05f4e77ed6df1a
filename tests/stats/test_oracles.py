"""Other people's code and ours agree wherever they compute the same thing."""

import math

import numpy as np
import pytest
import ville

from bench.statistics.goals.agreement import LIBRARIES, differences
from lab.stats.limit import beta_binomial_interval, beta_binomial_log_e
from lab.stats.mean_interval import MeanInterval
from lab.stats.mixture import boundary, log_e_two_sided
from lab.stats.moments import Moments


@pytest.mark.parametrize("library", LIBRARIES)
def test_ours_agrees_with_what_the_library_said(library: str) -> None:
    found = differences(library)

    assert found
    assert max(map(abs, found)) <= LIBRARIES[library][1]


@pytest.mark.parametrize("seed", range(5))
def test_a_rate_is_bounded_as_ville_bounds_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, prior, alpha = int(rng.integers(20, 2000)), tuple(rng.uniform(0.3, 8, 2)), float(rng.uniform(0.001, 0.2))
    x = (rng.random(n) < rng.uniform(0.02, 0.9)).astype(float)

    theirs = ville.BernoulliCS(alpha=alpha, prior=prior, intersect=False).update(x)
    test = ville.BernoulliTest(0.3, prior=prior, alpha=alpha).update(x)

    ours = beta_binomial_interval(n, int(x.sum()), *prior, alpha)
    assert ours[:2] == pytest.approx((theirs.lower_[-1], theirs.upper_[-1]), abs=1e-9)
    assert float(beta_binomial_log_e(n, int(x.sum()), *prior, 0.3)) == pytest.approx(test.log_e_values_[-1], abs=1e-9)


@pytest.mark.parametrize("side", ["two-sided", "greater"])
@pytest.mark.parametrize(("v", "rho", "alpha"), [(1e-3, 2.0, 0.05), (50.0, 0.1, 0.01), (1e7, 300.0, 0.2)])
def test_the_boundary_is_villes(v: float, rho: float, alpha: float, side: str) -> None:
    theirs = ville.normal_mixture(v, alpha, rho, one_sided=side == "greater")

    assert float(boundary(v, rho, alpha, side)) * math.sqrt(v) == pytest.approx(float(theirs), rel=1e-9)


def test_the_mixture_is_the_mixture_sequential_probability_ratio_test() -> None:
    x = np.random.default_rng(1).normal(0.1, 2.0, 500)
    theirs = ville.MSPRT(theta0=0.0, sigma=2.0, tau=0.5).update(x)

    # tau^2 in units of the variance is 1/rho.
    t = x.sum() / (2.0 * math.sqrt(500))
    assert float(log_e_two_sided(t, 500.0, rho=4.0 / 0.25)) == pytest.approx(theirs.log_e_values_[-1], abs=1e-9)


def test_a_mean_is_bounded_as_ville_bounds_it() -> None:
    x = np.random.default_rng(2).exponential(3.0, 800)
    theirs = ville.AsymptoticCS(alpha=0.05, t_opt=500).update(x)

    ours = MeanInterval(rho=theirs.rho_, alpha=0.05).update(Moments.of(x)).interval()

    assert ours[:2] == pytest.approx((theirs.lower_[-1], theirs.upper_[-1]), abs=1e-9)
