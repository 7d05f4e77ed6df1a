"""Numbers that papers, textbooks and reference implementations print."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from bench.statistics import peers
from bench.statistics.worlds import Binary, simulate
from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.mixture import boundary, log_e_greater, log_e_two_sided, tuned_rho
from lab.stats.plan import units_for_rates
from lab.stats.srm import SplitBlock, SplitCheck


@pytest.mark.parametrize(("looks", "printed"), [(2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320)])
def test_looking_repeatedly_errs_as_often_as_armitage_mcpherson_and_rowe_say(looks: int, printed: float) -> None:
    """Repeated significance tests on accumulating data, JRSS A 132 (1969), table of the normal case at 5 %."""
    seen = simulate(Binary(looks, 4000, (0.5,)), np.random.default_rng(looks), 6000)

    wrong = peers.z_rejects(seen.cumulative()).any(axis=1).mean()

    assert wrong == pytest.approx(printed, abs=4 * math.sqrt(printed * (1 - printed) / 6000))


def test_the_normal_mixture_is_that_of_howard_ramdas_mcauliffe_and_sekhon() -> None:
    """The values that confseq (their implementation) tests itself with, computed by theirs in R: v = 100, S = 10, alpha = 0.05."""
    rho = tuned_rho(100, 0.05)

    assert rho == pytest.approx(12.60056, abs=1e-5)
    assert float(log_e_two_sided(1.0, 100, rho)) == pytest.approx(-0.6510052, abs=1e-5)
    assert float(boundary(100, rho, 0.05)) * 10 == pytest.approx(30.35209, abs=1e-5)


def test_the_one_sided_normal_mixture_is_theirs_too() -> None:
    rho = tuned_rho(100, 0.05, "greater")

    assert float(log_e_greater(1.0, 100, rho)) == pytest.approx(-0.06502391, abs=1e-5)
    assert float(boundary(100, rho, 0.05, "greater")) * 10 == pytest.approx(27.66071, abs=1e-5)


@pytest.mark.parametrize(
    ("dizygotic_or_milk", "other", "printed"),
    [
        # Fisher (1962): convictions of twins of criminals, 2 of 17 dizygotic and 10 of 13 monozygotic.
        (Counts(17, 2), Counts(13, 10), 0.04693661),
        # Fisher (1935): the lady tasting tea, who named 3 of 4 cups right.
        (Counts(4, 3), Counts(4, 1), 6.408309),
    ],
)
def test_the_most_likely_odds_ratio_is_what_r_prints_for_fishers_examples(dizygotic_or_milk: Counts, other: Counts, printed: float) -> None:
    """The conditional maximum-likelihood estimates of R's fisher.test, in its documentation's examples."""
    test = BinaryComparison().update(BinaryBlock(baseline=other, candidate=dizygotic_or_milk))

    # R finds its root to about five digits.
    assert math.exp(test.estimate) == pytest.approx(printed, rel=1e-5)


def test_a_plan_for_one_look_is_what_r_prints() -> None:
    """power.prop.test(p1 = .50, p2 = .75, power = .90) says n = 76.7 per group, in R's documentation."""
    assert units_for_rates(0.50, 0.75, power=0.9) == (77, 77)


@pytest.mark.parametrize(
    ("control", "treatment", "printed"),
    [
        # Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments: p = 1.8E-6.
        (821_588, 815_482, 1.8e-6),
        # The example of the encyclopedia article on sample ratio mismatch: p = 2.54e-10.
        (400, 600, 2.54e-10),
    ],
)
def test_a_split_that_is_known_to_be_off_is_found(control: int, treatment: int, printed: float) -> None:
    z = abs(treatment - control) / math.sqrt(treatment + control)
    assert 2 * norm.sf(z) == pytest.approx(printed, rel=0.03)

    check = SplitCheck(("control", "treatment")).update(
        SplitBlock({"control": control, "treatment": treatment}, {"control": 50, "treatment": 50})
    )

    assert check.crossed(0.001)
    # Always valid, so it claims less than the test that looks once.
    assert check.p_value > printed
