"""What the plan behind the lint assumes and computes."""

import math

import numpy as np
import pytest

from lab.lint import Assumed
from lab.lint.power import flawless, planned, visitors_needed
from lab.stats.limit import cut_log_e
from tests.spec.texts import experiment

FIXED = {"svc": 50.0, "forest": 50.0}


def test_at_an_even_split_every_visitor_is_worth_one() -> None:
    even = experiment(strategy__deploymentPattern="FixedSplit", criteria__strength={"maturation": 60})

    traffic = planned(even, FIXED, Assumed(visitors_per_s=10))

    # 30 looks of 60 s, and the last minute's visitors are too late.
    assert traffic.visitors == pytest.approx(10 * 29 * 60)
    assert traffic.worth == pytest.approx(traffic.visitors)
    assert traffic.smaller == pytest.approx(traffic.visitors / 2)
    assert traffic.candidate == pytest.approx(10 * 30 * 60 / 2)


def test_a_small_share_tells_less() -> None:
    uneven = experiment(strategy__weights={"maxCandidateWeight": 5}, criteria__strength={"maturation": "1s"})

    traffic = planned(uneven, FIXED, Assumed())

    assert traffic.worth / traffic.visitors == pytest.approx(4 * 0.05 * 0.95)


def test_a_ramp_gives_the_candidate_what_its_steps_say() -> None:
    steps = [{"setWeight": 10}, {"pause": {"duration": 120}}, {"setWeight": 50}]
    ramp = experiment(strategy__steps=steps, duration={"intervalSeconds": 60, "iterationsPerLoop": 5})

    traffic = planned(ramp, FIXED, Assumed(visitors_per_s=1))

    assert traffic.candidate == pytest.approx(60 * (0.1 + 0.1 + 0.1 + 0.5 + 0.5))


def test_the_visitors_for_ten_against_twelve_percent_are_those_of_the_textbook_times_the_price_of_looking() -> None:
    asked = experiment(criteria__strength={"mde": "0.02"})

    needed = visitors_needed(asked, Assumed(rate=0.1))

    # One look, one side, alpha 5 %, power 80 %: (1.645 sqrt(2 p q) + 0.842 sqrt(p1 q1 + p2 q2))^2 / 0.02^2 per arm.
    textbook = 2 * (1.6449 * math.sqrt(2 * 0.11 * 0.89) + 0.8416 * math.sqrt(0.09 + 0.12 * 0.88)) ** 2 / 0.02**2
    assert needed is not None
    assert 1.2 < needed / textbook < 1.9


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.05, 0.01, 0.001])
def test_flawless_is_the_first_number_of_predictions_that_shows_a_limit(rate: float) -> None:
    n = flawless(rate, 0.05)

    log_e = [float(np.asarray(cut_log_e(m, 0, rate, "less"))) for m in (n - 1, n)]
    assert log_e[0] < math.log(20) <= log_e[1]
