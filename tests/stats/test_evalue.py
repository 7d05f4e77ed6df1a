"""E-values by their logarithms."""

import math

import pytest

from lab.stats.evalue import Evidence, always_valid_p, bonferroni_alpha, mean_log_e, threshold


def test_a_threshold_is_the_logarithm_of_one_over_alpha() -> None:
    assert threshold(0.05) == pytest.approx(math.log(20))


@pytest.mark.parametrize("alpha", [0, 1, -0.1, math.nan])
def test_a_level_outside_0_and_1_is_refused_with_its_value(alpha: float) -> None:
    with pytest.raises(ValueError, match=f"alpha is {alpha}, must be between 0 and 1"):
        threshold(alpha)


def test_a_p_value_is_never_above_1() -> None:
    assert always_valid_p(-50.0) == 1.0
    assert always_valid_p(math.log(40)) == pytest.approx(1 / 40)


def test_the_mean_of_e_values_does_not_overflow() -> None:
    assert mean_log_e([math.log(3), math.log(5)]) == pytest.approx(math.log(4))
    assert mean_log_e([1e6, 0.0]) == pytest.approx(1e6 - math.log(2))
    assert mean_log_e([-math.inf, 0.0]) == pytest.approx(-math.log(2))


def test_bonferroni_shares_the_level() -> None:
    assert bonferroni_alpha(0.05, 4) == 0.0125
    with pytest.raises(ValueError, match="number of tests is 0"):
        bonferroni_alpha(0.05, 0)


def test_once_crossed_evidence_stays_crossed() -> None:
    evidence = Evidence().seen(math.log(21)).seen(-3.0)

    assert evidence.log_e == -3.0
    assert evidence.crossed(0.05)
    assert not evidence.crossed(0.04)
    assert Evidence.from_json(evidence.to_json()) == evidence
