"""Iter8 v2alpha2's rule: its weight paths number by number, its answers word by word."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lab.stats.iter8 import Analysis, Criteria, Objective, Reward, analysed, assessed, message, rounded

BASELINE, CANDIDATE = "iris-v1", "iris-v2"
ENGAGEMENT = Reward("user-engagement")
AB = Criteria("A/B", (BASELINE, CANDIDATE), reward=ENGAGEMENT)
CANDIDATE_BEST = {"user-engagement": {BASELINE: 1.0, CANDIDATE: 2.0}}
BASELINE_BEST = {"user-engagement": {BASELINE: 2.0, CANDIDATE: 1.0}}
TIE = {"user-engagement": {BASELINE: 1.0, CANDIDATE: 1.0}}


def path(criteria: Criteria, values: list[dict], old: tuple[int, ...] | None = None) -> list[tuple[int, ...]]:
    """The weights after each iteration, fed back as the controller does."""
    generator, seen = np.random.default_rng(0), []
    for one in values:
        old = analysed(criteria, one, old, generator).weights.weights
        seen.append(old)
    return seen


def once(criteria: Criteria, values: dict) -> Analysis:
    return analysed(criteria, values, None, np.random.default_rng(0))


def test_the_candidate_is_best_from_the_first_iteration_on() -> None:
    expected = [(90, 10), (80, 20), (70, 30), (60, 40), (50, 50), (40, 60), (30, 70), (20, 80), (10, 90), (5, 95), (5, 95)]

    assert path(AB, [CANDIDATE_BEST] * 11) == expected


def test_the_baseline_is_best_once_and_then_the_candidate() -> None:
    expected = [(95, 5), *((85 - step, 15 + step) for step in range(0, 80, 10)), (5, 95)]

    assert path(AB, [BASELINE_BEST] + [CANDIDATE_BEST] * 9) == expected


@pytest.mark.parametrize("values", [BASELINE_BEST, {}, {"user-engagement": {}}], ids=["baseline best", "no metric", "no values"])
def test_without_a_better_candidate_five_percent_explore(values: dict) -> None:
    assert path(AB, [values] * 3) == [(95, 5)] * 3


def test_a_tie_is_approached_in_steps() -> None:
    assert path(AB, [TIE] * 6) == [(90, 10), (80, 20), (70, 30), (60, 40), (50, 50), (50, 50)]


def test_the_caps_of_the_strategy_hold() -> None:
    capped = AB._replace(weight_max=75, increment_max=20)

    assert path(capped, [CANDIDATE_BEST] * 5) == [(80, 20), (60, 40), (40, 60), (25, 75), (25, 75)]


def test_a_candidate_that_loses_falls_at_once() -> None:
    assert path(AB, [BASELINE_BEST], (40, 60)) == [(95, 5)]


def test_the_increment_caps_before_the_maximum_does() -> None:
    assert path(AB._replace(weight_max=53, increment_max=2), [CANDIDATE_BEST], (50, 50)) == [(48, 52)]


def test_without_caps_the_winner_gets_all_but_five_percent_at_once() -> None:
    assert path(AB._replace(weight_max=None, increment_max=None), [CANDIDATE_BEST]) == [(5, 95)]


def test_two_of_three_tie_and_the_rounding_is_random_and_right_on_average() -> None:
    criteria = Criteria("A/B/N", ("v1", "v2", "v3"), reward=Reward("r"))
    generator, values = np.random.default_rng(3), {"r": {"v1": 1.0, "v2": 2.0, "v3": 2.0}}
    seen = np.array([analysed(criteria, values, (20, 40, 40), generator).weights.weights for _ in range(3_000)])

    assert set(seen.sum(axis=1)) == {100}
    assert set(seen[:, 0]) == {3, 4}
    assert set(seen[:, 1]) == {48, 49}
    assert seen.mean(axis=0) == pytest.approx([10 / 3, 145 / 3, 145 / 3], abs=0.05)


def test_whole_shares_are_never_rounded() -> None:
    class Last:
        def random(self) -> float:
            return math.nextafter(1.0, 0.0)

    assert rounded([Fraction(5), Fraction(95)], Last()) == (5, 95)


def test_a_conformance_test_has_no_weights() -> None:
    assert once(Criteria("Conformance", (BASELINE,)), {}).weights.weights == ()


def test_identical_versions_win_by_luck_alone() -> None:
    generator = np.random.default_rng(1)
    rates = generator.binomial(1_000, 0.1, (400, 2)) / 1_000
    wins = [once(AB, {"user-engagement": {BASELINE: a, CANDIDATE: b}}).winner.winner == CANDIDATE for a, b in rates]

    assert 0.4 < np.mean(wins) < 0.6


@pytest.mark.parametrize(
    ("values", "found", "said"),
    [
        (CANDIDATE_BEST, CANDIDATE, "Error: ; Warning: ; Info: found unique winner"),
        (BASELINE_BEST, BASELINE, "Error: ; Warning: ; Info: found unique winner"),
        (TIE, None, "Error: ; Warning: ; Info: no unique winner; two or more feasible versions with same reward value"),
        ({}, None, "Error: ; Warning: reward metric values are not available; Info: "),
        (
            {"user-engagement": {BASELINE: math.nan, CANDIDATE: 1.0}},
            CANDIDATE,
            "Error: ; Warning: reward value for feasible version iris-v1 is not available; Info: found unique winner",
        ),
    ],
)
def test_the_winner_and_the_message(values: dict, found: str | None, said: str) -> None:
    analysis = once(AB, values)

    assert (analysis.winner.winner, analysis.winner.found, analysis.winner.message) == (found, found is not None, said)
    assert analysis.recommended == (found or BASELINE)
    assert analysis.weights.message == "Error: ; Warning: ; Info: all ok"


def test_lower_may_be_better() -> None:
    assert once(AB._replace(reward=Reward("user-engagement", "Low")), BASELINE_BEST).winner.winner == CANDIDATE


def test_limits_are_allowed_values_and_what_is_missing_fails() -> None:
    criteria = AB._replace(objectives=(Objective("errors", upper=0.01), Objective("requests", lower=10)))
    values = {"errors": {BASELINE: 0.01, CANDIDATE: 0.0101}, "requests": {BASELINE: 10.0}}

    assessment = assessed(criteria, values)

    assert assessment.satisfied == {BASELINE: (True, True), CANDIDATE: (False, False)}
    assert assessment.message == message(warnings=["value of requests for version iris-v2 is not available"])


def test_an_infeasible_candidate_leaves_the_traffic_with_the_baseline() -> None:
    criteria = AB._replace(objectives=(Objective("errors", upper=0.01),))
    analysis = once(criteria, CANDIDATE_BEST | {"errors": {BASELINE: 0.0, CANDIDATE: 0.02}})

    assert (analysis.winner.winner, analysis.weights.weights, analysis.rolls_back) == (BASELINE, (95, 5), False)


def test_no_feasible_version_is_said() -> None:
    criteria = AB._replace(objectives=(Objective("errors", upper=0.01, rollback=True),))
    analysis = once(criteria, CANDIDATE_BEST | {"errors": {BASELINE: 0.5, CANDIDATE: 0.5}})

    assert analysis.winner == (False, None, (), "Error: ; Warning: ; Info: no version satisfies all objectives")
    assert analysis.rolls_back


@pytest.mark.parametrize(("errors", "winner"), [((0.0, 0.0), CANDIDATE), ((0.0, 0.5), BASELINE), ((0.5, 0.5), None)])
def test_a_canary_wins_by_meeting_the_objectives(errors: tuple[float, float], winner: str | None) -> None:
    criteria = Criteria("Canary", (BASELINE, CANDIDATE), (Objective("errors", upper=0.01),))

    assert once(criteria, {"errors": dict(zip(criteria.versions, errors, strict=True))}).winner.winner == winner


@pytest.mark.parametrize(
    ("criteria", "sentence"),
    [
        (Criteria("A/B", ("a",)), "Invalid number of candidates for A/B experiment: 0"),
        (Criteria("Canary", ("a", "b", "c")), "Invalid number of candidates for Canary experiment: 2"),
        (Criteria("Conformance", ("a", "b")), "Invalid number of candidates for Conformance experiment: 1"),
        (Criteria("A/B", ("a", "a")), "Version names are not unique: a, a"),
    ],
)
def test_what_the_pattern_does_not_take_is_refused(criteria: Criteria, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        once(criteria, {})
