"""What a run looks like to programs, in our words and in Iter8's."""

from typing import Any

import pytest

from lab.judge.decision import Decision, Measured, Standing
from lab.spec.experiment import Experiment
from lab.web.experiments import status_of
from tests.controller.conftest import START, Lab, Plan, Seen, climb, decision, harm, hold, text


def told(lab: Lab, run: str) -> dict[str, Any]:
    return status_of(lab.controller, lab.controller.case(run))


def test_a_run_that_has_just_begun(lab: Lab) -> None:
    run = lab.start(text())

    said = told(lab, run)

    assert {name: said[name] for name in said if name not in ("resource", "why")} == {
        "name": "ab", "experiment": "ab", "namespace": "default", "route": "iris", "target": "iris", "pattern": "Canary",
        "deployment": "Progressive", "method": "always-valid", "stage": "Running", "iteration": 0, "iterations": 5,
        "message": "StageAdvanced: Advanced to Running", "started_at": START, "ended_at": None, "next_look_at": START + 10,
        "is_paused": False, "waits_for": None, "weights": {"svc": 90.0, "forest": 10.0}, "winner": None, "recommended": "svc",
        "verdict": None, "notices": [], "decision": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "finish", "message"),
    [
        (hold, "[{task: lab/promote}]", "ExperimentCompleted: Experiment Completed"),
        (harm, "[{task: lab/promote}]", "ExperimentCompleted: Experiment Completed"),
        (climb, "[]", "ExperimentCompleted: Experiment completed successfully"),
        (harm, "[]", "ExperimentCompleted: Experiment rolled back"),
    ],
)
def test_the_last_message_is_iter8s(lab: Lab, plan: Plan, finish: str, message: str) -> None:
    lab.plan = plan
    run = lab.start(text(finish=finish))
    lab.look(5)

    assert told(lab, run)["message"] == told(lab, run)["resource"]["status"]["message"] == message


def test_messages_on_the_way_are_iter8s(lab: Lab) -> None:
    run = lab.start(text(iterations=2, loops=2))
    waiting = lab.start(text("two"))
    said = []
    for _ in range(3):
        lab.look()
        said.append(told(lab, run)["message"])

    assert said == ["IterationUpdate: Completed Iteration 1", "IterationUpdate: Completed Loop 1", "IterationUpdate: Completed Iteration 3"]
    assert told(lab, waiting)["message"] == "ExperimentInitialized: Waiting for ab"
    assert (told(lab, waiting)["waits_for"], told(lab, waiting)["weights"]) == ("target", {})


def measured(experiment: Experiment, evidence: Seen, standing: Standing, now: float) -> Decision:
    """As the lab's judge says it, in the journal's JSON."""
    metric = experiment.objectives[0].metric
    fields = {
        "satisfied": {"svc": (True,), "forest": (None,)},
        "message": "Error: ; Warning: ; Info: reward metric values are not available",
    }

    return decision(experiment, standing, "hold", **fields)._replace(
        measured=(Measured(metric, "svc", 0.01, 300), Measured(metric, "forest", None, 0))
    )


def test_the_resource_is_an_iter8_experiment(lab: Lab) -> None:
    lab.plan = measured
    run = lab.start(text())
    lab.look()

    made = told(lab, run)["resource"]

    assert (made["apiVersion"], made["kind"], made["metadata"]) == (
        "iter8.tools/v2alpha2", "Experiment", {"name": "ab", "namespace": "default"}
    )  # fmt: skip
    assert made["spec"]["versionInfo"]["baseline"] == {"name": "svc"}
    status = made["status"]
    assert status["currentWeightDistribution"] == [{"name": "svc", "value": 90}, {"name": "forest", "value": 10}]
    assert (status["stage"], status["completedIterations"], status["versionRecommendedForPromotion"]) == ("Running", 1, "svc")
    assert (status["initTime"], status["lastUpdateTime"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:00:10Z")
    analysis = status["analysis"]
    assert analysis["versionAssessments"]["data"] == {"svc": [True], "forest": [None]}
    assert analysis["winnerAssessment"]["data"] == {"winnerFound": False, "bestVersions": []}
    assert analysis["aggregatedMetrics"]["data"]["error-rate"]["data"]["svc"]["value"] == 0.01
    assert analysis["aggregatedMetrics"]["data"]["error-rate"]["data"]["forest"]["value"] is None
    assert [one["name"] for one in status["metrics"]] == ["error-rate"]


def test_a_baseline_that_is_kept_is_no_winner_and_a_promoted_candidate_is(lab: Lab) -> None:
    lab.plan = hold
    kept = lab.start(text("one", iterations=1))
    lab.look()
    lab.plan = climb
    promoted = lab.start(text("two", iterations=1))
    lab.look()

    found = [told(lab, run)["resource"]["status"]["analysis"]["winnerAssessment"]["data"] for run in (kept, promoted)]

    assert found == [{"winnerFound": False, "bestVersions": []}, {"winnerFound": True, "bestVersions": ["forest"], "winner": "forest"}]


def test_after_the_end_the_weights_are_the_last_ones_of_the_run(lab: Lab) -> None:
    run = lab.start(text(iterations=2))
    lab.look(2)
    lab.traffic.set_weights("iris", {"forest": 1})

    assert told(lab, run)["weights"] == {"svc": 0.0, "forest": 100.0}
    lab.restarted()
    lab.tick()
    assert told(lab, run)["weights"] == {"svc": 0.0, "forest": 100.0}
    assert lab.route().weight("forest") == 1
