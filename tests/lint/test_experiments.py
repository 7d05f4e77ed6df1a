"""What is found in an experiment that could be started."""

from typing import Any

import pytest

from lab.lint import Assumed
from tests.lint.looks import findings, of, of_files, rules
from tests.spec.texts import IRIS, METRICS, ROLLOUT, canary, shadow, written


def limits(name: str, **fields: Any) -> dict[str, Any]:
    """The sound experiment with another objective; errors are still looked at."""
    return {"criteria__objectives": [{"metric": "error-rate", "upperLimit": "0.05"}, {"metric": name, **fields}]}


def strength(**fields: Any) -> dict[str, Any]:
    return {"criteria__strength": {"mde": "0.1", **fields}}


def reward(name: str, direction: str = "High") -> dict[str, Any]:
    return {"criteria__rewards": [{"metric": name, "preferredDirection": direction}]}


QUESTIONABLE: list[tuple[str, dict[str, Any]]] = [
    ("L102", reward("user-engagement") | strength(method="iter8")),
    ("L201", strength(unit="request")),
    ("L202", strength() | {"criteria__strength": {"mde": "0.001"}}),
    ("L202", {"duration": {"intervalSeconds": 5, "iterationsPerLoop": 3}}),
    ("L203", strength(maturation="20m")),
    ("L204", {"strategy__weights": {"maxCandidateWeightIncrement": 50}}),
    ("L204", {"strategy__steps": [{"setWeight": 10}, {"setWeight": 50}]}),
    ("L205", limits("mean-latency")),
    ("L206", limits("outlier-rate", upperLimit=5)),
    ("L206", limits("mean-latency", upperLimit=60000)),
    ("L206", limits("accuracy", lowerLimit=0)),
    ("L207", limits("outlier-rate", upperLimit=0)),
    ("L207", limits("accuracy", lowerLimit=1)),
    ("L207", limits("accuracy", lowerLimit=95)),
    ("L208", limits("outlier-rate", lowerLimit="0.1")),
    ("L208", limits("accuracy", upperLimit="0.9")),
    ("L209", limits("outlier-rate", upperLimit="0.0001")),
    ("L210", reward("conversion", "Low")),
    ("L210", reward("mean-latency", "High")),
    ("L211", {"criteria__objectives": []} | strength(margins={"error-rate": "none"})),
    ("L212", canary(criteria__objectives=[])),
    ("L212", {"strategy": {"testingPattern": "Conformance"}, "criteria": {}, "versionInfo__candidates": []}),
    ("L213", limits("error-rate", upperLimit="0.1")),
    ("L214", strength(margins={"error-rate": 1})),
    ("L215", strength(alpha="0.2")),
    ("L215", strength(alphaRollback="0.3")),
    ("L216", strength(method="iter8")),
    ("L217", strength(method="iter8")),
    ("L218", {"criteria__strength": {}}),
    ("L219", {"duration": {"intervalSeconds": 2, "iterationsPerLoop": 900}}),
    ("L220", {"strategy__steps": [{"setWeight": 10}, {"pause": {"duration": "2h"}}, {"setWeight": 20}]}),
    ("L221", {"strategy__steps": [{"setWeight": 20}, {"setWeight": 10}]}),
    ("L222", {"strategy__actions": {"start": [{"task": "common/exec", "with": {"cmd": "/bin/true"}}]}}),
    ("L223", {"versionInfo__baseline": {"name": "svc", "weightObjRef": {"fieldPath": ".spec"}}}),
    ("L224", limits("outlier-rate", upperLimit=0.1)),
    ("L225", strength(minimumSample=1_000_000)),
    ("L226", {"strategy__steps": [{"setWeight": 20}, {"setWeight": 40}, {"setWeight": 60}]}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "changes"), QUESTIONABLE, ids=[f"{rule}-{number}" for number, (rule, _) in enumerate(QUESTIONABLE)])
def test_a_questionable_choice_is_found(rule: str, changes: dict[str, Any]) -> None:
    assert rule in rules(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        strength(margins={"error-rate": "1.2", "mean-latency": 1}),
        strength(unit="visitor", maturation="5m", minimumSample=500, alpha="0.1"),
        reward("mean-latency", "Low"),
        reward("accuracy") | {"criteria__strength": {"margins": {"accuracy": "0.05"}}},
        limits("mean-latency", upperLimit=500),
        limits("latency-95th-percentile", upperLimit=1000, lowerLimit=1),
        {"strategy__steps": [{"setWeight": 5}, {"pause": {}}, {"setWeight": 25}, {"setWeight": 50}]},
        canary(criteria__strength={}),
        shadow(criteria__strength={}),
    ],
)
def test_a_sound_choice_is_left_alone(changes: dict[str, Any]) -> None:
    assert rules(**changes) == set()


def test_a_limit_that_was_meant_in_percent_is_told_so() -> None:
    (sentence,) = of("L206", written(**limits("outlier-rate", upperLimit=5)))

    assert sentence == 'outlier-rate ≤ 5 always holds: it is a share, from 0 to 1. If 5 % is meant, write "0.05".'


def test_a_limit_that_binds_here_but_not_where_its_query_is_asked_is_found() -> None:
    found = [one for one in of_files(("rollout.yaml", ROLLOUT), ("metrics.yaml", METRICS)) if one.rule == "L206"]

    assert found[0].sentence == (
        "seldon-metrics/mean-latency ≤ 1500 allows 1500 seconds where its query is asked, which gives seconds. Here it is taken in ms."
    )


def test_the_chance_to_see_a_difference_depends_on_the_traffic_and_the_finding_says_which_is_assumed() -> None:
    text = written(duration={"intervalSeconds": 10, "iterationsPerLoop": 6})

    (sentence,) = of("L202", text, Assumed(visitors_per_s=2))

    assert sentence.startswith("To see a difference of 0.1 in conversion in 80% of all runs takes some ")
    assert sentence.endswith("Assumed: 2 new visitors a second with one prediction each, 0.1 of them with a reward.")
    assert of("L202", text, Assumed(visitors_per_s=500)) == []


def test_nothing_is_said_about_chances_where_the_spread_of_a_reward_is_unknown() -> None:
    text = written(**reward("mean-reward"), duration={"intervalSeconds": 5, "iterationsPerLoop": 3})

    assert of("L202", text) == []


def test_two_experiments_of_one_file_on_one_route_are_found() -> None:
    other = written().replace("name: tried", "name: other")

    assert of("L301", f"{written()}---\n{other}") == ["tried and other both run on iris: the one that is started later waits."]


def test_files_are_alternatives_unless_they_are_to_run_together() -> None:
    files = ("a.yaml", written()), ("b.yaml", written().replace("name: tried", "name: other"))

    assert of_files(*files) == ()
    assert [(one.rule, one.source) for one in of_files(*files, at_once=True)] == [("L301", "b.yaml")]


def test_two_experiments_of_one_name_are_found() -> None:
    assert [one.rule for one in findings(f"{written()}---\n{written(target='fruit')}")][:1] == ["L303"]


def test_two_routes_with_one_salt_are_found() -> None:
    found = [one for one in findings(written(), iris={**IRIS, "salt": "fruit"}) if one.rule == "L302"]

    assert [one.sentence for one in found] == ["iris and fruit have the same salt, fruit."]
