"""Rewards, objectives, and how certain a verdict must be."""

from typing import Any

import pytest

from lab.spec.experiment import Guard, Objective, Strength
from tests.spec.texts import canary, experiment, refusal, shadow, understood, written


def reward(name: str, direction: str = "High") -> list[dict[str, str]]:
    return [{"metric": name, "preferredDirection": direction}]


def limits(name: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"metric": name, **fields}]


def guards(**margins: Any) -> dict[str, float]:
    """The margin of every guard, by metric."""
    strength = experiment(criteria__strength={"margins": {name.replace("_", "-"): margin for name, margin in margins.items()}}).strength
    return {one.metric.name: one.margin for one in strength.guards}


def test_strength_is_as_documented_where_nothing_is_said() -> None:
    found = experiment(**canary(criteria__strength={})).strength

    assert found == Strength(guards=found.guards)
    assert [(one.metric.measure, one.margin) for one in found.guards] == [("error-rate", 1.5)]


def test_every_field_of_strength_arrives() -> None:
    fields = {"alpha": "0.01", "alphaRollback": "0.02", "mde": "0.03", "minimumSample": 400, "maturation": "10m", "unit": "request",
              "onNoData": "rollback"}  # fmt: skip

    found = experiment(criteria__strength=fields).strength

    assert found._replace(guards=()) == Strength("always-valid", 0.01, 0.02, 0.03, 400, 600.0, "request", "rollback")


def test_an_objective_rolls_back_unless_it_says_no_and_with_iter8s_method_only_if_it_says_yes() -> None:
    said = [
        limits("error-rate", upperLimit="0.1")[0] | more for more in ({}, {"rollback_on_failure": False}, {"rollback_on_failure": True})
    ]

    ours = experiment(criteria__objectives=said).objectives
    theirs = experiment(criteria__objectives=said, criteria__strength={"method": "iter8"}).objectives

    assert [one.rolls_back for one in ours] == [True, False, True]
    assert [one.rolls_back for one in theirs] == [False, False, True]


def test_limits_are_in_the_metrics_unit() -> None:
    (found,) = experiment(criteria__objectives=limits("mean-latency", upperLimit="1500m", lowerLimit=1)).objectives

    assert found == Objective(found.metric, 1.5, 1.0, True)


def test_errors_are_guarded_by_themselves_until_somebody_says_otherwise() -> None:
    assert guards() == {"error-rate": 1.5}
    assert guards(error_rate="1.2") == {"error-rate": 1.2}
    assert guards(error_rate="none") == {}
    assert guards(mean_latency=2) == {"mean-latency": 2.0, "error-rate": 1.5}


def test_nothing_is_guarded_where_nobody_meets_a_candidate_or_iter8_judges() -> None:
    assert experiment(**shadow(criteria__strength={})).strength.guards == ()
    assert experiment(criteria__strength={"method": "iter8"}).strength.guards == ()
    assert "nobody meets a candidate: leave the margins out" in refusal(
        written(**shadow(criteria__strength={"margins": {"mean-latency": 2}}))
    )


def test_the_margin_of_the_rewards_metric_asks_for_no_more_than_not_being_worse() -> None:
    found = experiment(criteria__rewards=reward("accuracy"), criteria__strength={"margins": {"accuracy": "0.02"}})

    assert found.reward is not None
    assert found.reward.margin == 0.02
    assert [one.metric.name for one in found.strength.guards] == ["error-rate"]


def test_a_guard_of_another_metric_carries_that_metric() -> None:
    found = experiment(criteria__strength={"margins": {"p95-latency": "1.2", "error-rate": "none"}}).strength

    assert found.guards == (Guard(found.guards[0].metric, 1.2),)
    assert found.guards[0].metric.quantile == 0.95


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"criteria__rewards": reward("request-count")}, "request-count is a count, which grows with a version's traffic: no reward."),
        ({"criteria__rewards": reward("agreement")}, "agreement compares a shadow with the visitor's answer: the baseline has none."),
        ({"criteria__objectives": limits("error-count", upperLimit=5)}, "error-count is a count, which grows with time and traffic"),
        ({"criteria__objectives": limits("error-rate", upperLimit="0.1", lowerLimit="0.2")}, "lowerLimit is 0.2, above upperLimit 0.1"),
        (
            {"criteria__objectives": limits("mean-latency", upperLimit=0)},
            "upperLimit of mean-latency is 0 ms, must be above 0: it is a time.",
        ),
        ({"criteria__strength": {"margins": {"error-rate": "0.5"}}}, "The margin of error-rate is 0.5, must be from 1 to 100"),
        ({"criteria__strength": {"margins": {"request-count": 2}}}, "request-count cannot be compared by a factor."),
        ({"criteria__strength": {"margins": {"conversion": "-0.1"}}}, "The reward's margin is -0.1, must be 0 or more"),
        ({"criteria__strength": {"margins": {"latency": 2}}}, "There is no metric latency."),
        ({"criteria__strength": {"maturation": 0}}, "maturation is 0, so no reward could ever come in time."),
        ({"criteria__indicators": ["speed"]}, "There is no metric speed."),
    ],
)
def test_what_cannot_be_judged_is_refused(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(written(**changes))


def test_iter8s_method_may_have_counts_and_is_told_what_it_does_not_know() -> None:
    text = written(criteria__rewards=reward("request-count"), criteria__strength={"method": "iter8", "alpha": "0.01", "mde": 1})

    assert "Method iter8 compares estimates as they are: alpha, mde have no meaning for it." in understood(text).notices


def test_rewards_are_waited_for_one_interval_unless_the_file_says_otherwise() -> None:
    assert experiment(duration={"intervalSeconds": 45}).strength.maturation_s == 45
    assert experiment(**canary()).strength.maturation_s == 0
    assert experiment(criteria__strength={"maturation": "2m"}).strength.maturation_s == 120


def test_the_request_count_is_the_first_indicator_and_each_is_named_once() -> None:
    found = experiment(criteria__requestCount="request-count", criteria__indicators=["accuracy", "request-count"])

    assert [one.name for one in found.indicators] == ["request-count", "accuracy"]


def test_everything_that_cannot_be_is_said_at_once() -> None:
    said = refusal(written(criteria__rewards=reward("joy"), criteria__objectives=limits("grief", upperLimit=1)))

    assert len(said.splitlines()) == 2
