"""Iter8's method, from the journals' totals to its golden weight paths."""

import pytest

from lab.judge.block import Arm
from lab.judge.iter8 import generator
from lab.spec.experiment import Experiment, Objective, Reward
from lab.stats.counts import Counts
from tests.judge.worlds import BASELINE, CANDIDATE, FEW_ERRORS, Run, arm, experiment, metric, strength

ENGAGEMENT = Reward(metric("feedback-count"))
METHOD = strength(method="iter8")


def iter8(**changes: object) -> Experiment:
    return experiment(**{"strength": METHOD, "reward": ENGAGEMENT, "objectives": (FEW_ERRORS,), "iterations": 10} | changes)


def seen(errors: float = 0.0, sent: int = 0, n: int = 100) -> Arm:
    """Feedback that was sent for the variant as such."""
    return arm(n, 0.0, errors, sent=sent)._replace(covered=Counts(0, 0))


def candidate_path(run: Run, looks: int, custom: Arm, vgg16: Arm) -> list[float]:
    for _ in range(looks):
        run.look(custom=custom, vgg16=vgg16)
    return [one.computed[CANDIDATE] for one in run.decisions]


def test_the_better_candidate_climbs_to_95_and_gets_everybody_at_the_end() -> None:
    run = Run(iter8())

    path = candidate_path(run, 10, seen(sent=7), seen(sent=10))

    assert path == [10, 20, 30, 40, 50, 60, 70, 80, 90, 95]
    assert {sum(one.computed.values()) for one in run.decisions} == {100.0}
    assert [one.weights[CANDIDATE] for one in run.decisions[:-1]] == path[:-1]
    assert run.decisions[0].message == "Error: ; Warning: ; Info: found unique winner"
    assert (run.last.kind, run.last.winner, run.last.recommended) == ("promote", CANDIDATE, "v2")
    assert run.last.weights == {BASELINE: 0.0, CANDIDATE: 100.0}


def test_a_baseline_that_wins_leaves_five_percent() -> None:
    run = Run(iter8())

    path = candidate_path(run, 10, seen(sent=10), seen(sent=7))

    assert path == [5.0] * 10
    assert (run.last.kind, run.last.winner, run.last.weights) == ("inconclusive", BASELINE, {BASELINE: 100.0, CANDIDATE: 0.0})


def test_an_infeasible_candidate_does_not_win_by_its_rewards() -> None:
    lenient = Objective(metric("error-rate"), upper=0.01, rolls_back=False)
    run = Run(iter8(objectives=(lenient,)))

    path = candidate_path(run, 3, seen(sent=1), seen(errors=0.05, sent=50))

    assert path == [5.0] * 3
    assert (run.last.recommended, run.last.best) == ("v1", (BASELINE,))
    assert run.last.satisfied == {BASELINE: (True,), CANDIDATE: (False,)}


def test_a_candidate_that_falls_behind_goes_straight_back_to_five_percent() -> None:
    run = Run(iter8())
    candidate_path(run, 6, seen(sent=1), seen(sent=2))

    run.look(custom=seen(sent=100), vgg16=seen(sent=1))

    assert [one.computed[CANDIDATE] for one in run.decisions][-2:] == [60.0, 5.0]


def test_a_tie_has_no_winner_and_goes_to_the_middle() -> None:
    run = Run(iter8())

    path = candidate_path(run, 6, seen(sent=3), seen(sent=3))

    assert path == [10, 20, 30, 40, 50, 50]
    assert (run.last.recommended, run.last.best) == ("v1", (BASELINE, CANDIDATE))
    assert "no unique winner; two or more feasible versions with same reward value" in run.last.message


def test_without_any_value_nobody_wins() -> None:
    run = Run(iter8(objectives=(Objective(metric("error-rate"), upper=0.01, rolls_back=False),)))

    for _ in range(10):
        run.silence()

    assert [one.computed[CANDIDATE] for one in run.decisions] == [5.0] * 10
    assert (run.last.kind, run.last.recommended, run.last.winner) == ("inconclusive", "v1", BASELINE)
    assert run.last.satisfied == {BASELINE: (None,), CANDIDATE: (None,)}


def test_caps_bind() -> None:
    run = Run(iter8(candidate_weight_max=75, increment_max=20))

    assert candidate_path(run, 5, seen(sent=1), seen(sent=2)) == [20, 40, 60, 75, 75]


def test_a_fixed_split_is_computed_and_not_applied() -> None:
    weights = {BASELINE: 60.0, CANDIDATE: 40.0}
    run = Run(iter8(deployment="FixedSplit"), weights)

    path = candidate_path(run, 10, seen(sent=1), seen(sent=2))

    assert path == [50.0] * 10
    assert {tuple(one.weights.items()) for one in run.decisions} == {tuple(weights.items())}
    assert (run.last.kind, run.last.winner) == ("promote", CANDIDATE)


@pytest.mark.parametrize("broken", [BASELINE, CANDIDATE])
def test_an_objective_that_rolls_back_ends_it_early_whoever_fails(broken: str) -> None:
    run = Run(iter8())
    arms = {name: seen(errors=0.05 if name == broken else 0.0, sent=1) for name in (BASELINE, CANDIDATE)}

    run.look(**arms)

    assert (run.last.kind, run.last.ends, run.last.winner, run.last.recommended) == ("roll back", True, BASELINE, "v1")
    assert run.last.computed == {BASELINE: 100.0, CANDIDATE: 0.0}


def test_the_mean_of_a_reward_is_a_point_value_too() -> None:
    run = Run(iter8(reward=Reward(metric("mean-reward"))))

    path = candidate_path(run, 3, arm(100, 0.10, 0.0), arm(100, 0.11, 0.0))

    assert path == [10, 20, 30]


def test_a_canary_is_recommended_while_it_is_feasible_and_a_conformance_test_has_no_weights() -> None:
    canary = Run(iter8(pattern="Canary", reward=None))
    conformance = Run(iter8(pattern="Conformance", candidates=(), reward=None, iterations=2))

    candidate_path(canary, 2, seen(), seen())
    for _ in range(2):
        conformance.look(custom=seen())

    assert canary.last.recommended == "v2"
    assert (conformance.last.kind, conformance.last.winner, conformance.last.weights) == ("promote", BASELINE, {BASELINE: 100.0})


def test_three_versions_are_rounded_at_random_the_same_way_everywhere() -> None:
    first, second = (Run(experiment("svc", "forest", strength=METHOD, reward=ENGAGEMENT, objectives=(), iterations=10)) for _ in range(2))

    for run in (first, second):
        for _ in range(5):
            run.look(custom=seen(), svc=seen(sent=1), forest=seen(sent=1))

    assert [one.weights for one in first.decisions] == [one.weights for one in second.decisions]
    assert {sum(one.weights.values()) for one in first.decisions} == {100.0}
    assert generator(first.experiment, 1).random() != generator(first.experiment, 2).random()
