"""Log-likelihoods kept at a few points."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from lab.stats.conditional import block_log_likelihood
from lab.stats.curve import Curve, chebyshev_points, normal_grid


def curve(*block: int) -> Curve:
    return Curve(block_log_likelihood(*block, chebyshev_points(4.0, 49)), 4.0)


@pytest.mark.parametrize("block", [(50, 60, 20, 14), (5_000, 300, 400, 31), (10**6, 10**6, 10**5, 51_000), (3, 2, 2, 2)])
def test_between_its_points_it_is_the_likelihood_itself(block: tuple[int, int, int, int]) -> None:
    x = np.linspace(-3.9, 3.9, 40)

    found = curve(*block).at(x)

    exact = block_log_likelihood(*block, x)
    assert np.abs(found - exact).max() <= 1e-12 * np.abs(exact).max() + 1e-12


def test_outside_its_reach_it_is_an_upper_bound() -> None:
    block = (50, 60, 20, 14)

    assert (curve(*block).at([-7.0, -4.5, 4.5, 9.0]) >= block_log_likelihood(*block, np.array([-7.0, -4.5, 4.5, 9.0]))).all()


@pytest.mark.parametrize(("low", "high"), [(-4.0, 4.0), (0.0, 4.0), (0.7, 4.0), (-4.0, -0.3)])
def test_its_average_over_a_prior_is_the_integral(low: float, high: float) -> None:
    one = curve(500, 600, 200, 130)

    found = one.log_normal_mean(0.1, 0.3, low, high)

    def integrand(x: float) -> float:
        return math.exp(float(one.at([x])[0]) - (x - 0.1) ** 2 / 0.18)

    top = quad(integrand, low, high, points=[min(max(0.1, low), high)], limit=200, epsabs=0, epsrel=1e-11)[0]
    mass = quad(lambda x: math.exp(-((x - 0.1) ** 2) / 0.18), low, high, points=[min(max(0.1, low), high)], epsabs=0, epsrel=1e-11)[0]
    assert found == pytest.approx(math.log(top / mass), abs=1e-8)


def test_at_a_thousand_million_units_the_integral_is_laplaces() -> None:
    one = curve(10**9, 10**9, 2 * 10**8, 10**8)
    information = 10**9 / 2 * 0.1 * 0.9

    found = one.log_normal_mean(0.0, 0.2, -4.0, 4.0)

    assert found == pytest.approx(-0.5 * math.log(1 + 0.04 * information), abs=1e-4)


def test_its_peak_and_the_places_at_a_level() -> None:
    one = curve(500, 600, 200, 130)

    peak = one.peak()
    low, high = one.above(float(one.at([peak])[0]) - 2.0, peak)

    assert one.at([peak - 1e-4, peak + 1e-4]).max() < one.at([peak])[0]
    assert one.at([low, high]) == pytest.approx([one.at([peak])[0] - 2.0] * 2, abs=1e-7)
    assert low < peak < high


def test_a_likelihood_without_a_peak_says_so() -> None:
    assert curve(30, 30, 10, 10).peak() == 4.0
    assert curve(30, 30, 10, 0).peak() == -4.0
    assert math.isnan(curve(30, 0, 10, 0).peak())


def test_a_grid_of_a_prior_weighs_one() -> None:
    for low in (-4.0, 0.0):
        _, log_weights = normal_grid(((0.95, 0.2), (0.05, 1.0)), 0.0, low, 4.0, 60)

        assert np.exp(log_weights).sum() == pytest.approx(1)
