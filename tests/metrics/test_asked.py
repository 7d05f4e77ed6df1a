"""A file's Metric resources are asked of the lab's own Prometheus, and Iter8's method decides by what it says."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.controller.controller import Controller
from lab.controller.judge import real
from lab.controller.replay import verdict_at
from lab.metrics.asked import Inquiry
from lab.metrics.prometheus import Asker, Unavailable, mounted
from lab.spec.means import Means
from tests.controller.conftest import INTERVAL_S, SCRATCH, START, Lab
from tests.metrics.server import EMPTY, FakePrometheus, instant

QUERY = "sum(increase(%s{predictor_name='$predictor',name='$name'}[${elapsedTime}s]))"
FILE = """
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {name: asked}
spec:
  target: iris
  strategy:
    testingPattern: A/B
    deploymentPattern: Progressive
    actions: {finish: [{task: lab/promote}]}
  criteria:
    rewards: [{metric: team/baskets, preferredDirection: High}]
    objectives: [{metric: team/error-rate, upperLimit: "0.02"}]
    strength: {method: iter8}
  duration: {intervalSeconds: 10, iterationsPerLoop: 4}
  versionInfo:
    baseline: {name: v1, variables: [{name: variant, value: svc}, {name: predictor, value: svc}]}
    candidates: [{name: v2, variables: [{name: variant, value: forest}, {name: predictor, value: forest}]}]
---
apiVersion: iter8.tools/v2alpha2
kind: Metric
metadata: {name: error-rate, namespace: team}
spec:
  provider: prometheus
  urlTemplate: http://elsewhere.example/api/v1/query
  jqExpression: .data.result[0].value[1] | tonumber
  params: [{name: query, value: "ERRORS"}]
---
apiVersion: iter8.tools/v2alpha2
kind: Metric
metadata: {name: baskets, namespace: team}
spec:
  provider: prometheus
  units: baskets
  jqExpression: .data.result[0].value[1] | tonumber
  params: [{name: query, value: "BASKETS"}]
""".replace("ERRORS", QUERY % "errors").replace("BASKETS", QUERY % "baskets")


class Asking(Lab):
    """With the lab's own judge, and a Prometheus."""

    def __init__(self, folder: Path, server: FakePrometheus) -> None:
        self.server = server
        self.asker = Asker(patience_s=0.3)
        super().__init__(folder)

    def restarted(self, allow_exec: bool = False) -> Controller:
        controller = super().restarted(allow_exec)
        inquiry = Inquiry(self.server.url, self.asker, mounted(self.folder))
        world = controller.world._replace(means=Means(prometheus=True), inquire=inquiry)
        self.controller = Controller(world, real(), controller._agenda._tasks)
        return self.controller

    def says(self, look: int, name: str, **values: str) -> None:
        """Of each variant, at a look."""
        # What was answered up to two seconds before the look.
        seconds = round(look * INTERVAL_S - 2)
        for variant, value in values.items():
            filled = QUERY.replace("%s", name).replace("$predictor", variant).replace("$name", {"svc": "v1", "forest": "v2"}[variant])
            self.server.answers[filled.replace("${elapsedTime}", str(seconds))] = EMPTY if value == "nothing" else instant(value)


@pytest.fixture
def lab() -> Iterator[Asking]:
    server = FakePrometheus()
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        made = Asking(Path(folder), server)
        yield made
        made.asker.close()
    server.close()


def decided(lab: Lab, run: str) -> Mapping[str, Any]:
    """By the last look."""
    return lab.controller.case(run).story.looks[-1].decision


def well(lab: Asking, *looks: int) -> None:
    """The candidate is better."""
    for look in looks:
        lab.says(look, "errors", svc="0.01", forest="0.005")
        lab.says(look, "baskets", svc="2.5", forest="3.5")


def test_the_better_candidate_by_what_prometheus_says_gets_everybody(lab: Asking) -> None:
    run = lab.start(FILE)
    well(lab, 1, 2, 3, 4)

    lab.look(4)

    assert lab.kinds(run).count("look") == 4
    decision = decided(lab, run)
    assert (decision["kind"], decision["winner"]) == ("promote", "forest")
    values = {(one["metric"], one["variant"]): one["value"] for one in decision["measured"]}
    assert {variant: values["team/baskets", variant] for variant in ("svc", "forest")} == {"svc": 2.5, "forest": 3.5}
    assert {variant: values["team/error-rate", variant] for variant in ("svc", "forest")} == {"svc": 0.01, "forest": 0.005}
    assert lab.route().weights == {"svc": 0.0, "forest": 100.0}


def test_the_labs_address_is_asked_of_the_looks_own_moment(lab: Asking) -> None:
    lab.start(FILE)
    well(lab, 1)

    lab.look()

    assert {one["path"] for one in lab.server.asked} == {"/api/v1/query"}
    assert {float(one["time"]) for one in lab.server.asked} == {START + INTERVAL_S - 2}
    assert len(lab.server.asked) == 4


def test_a_candidate_beyond_a_limit_does_not_win(lab: Asking) -> None:
    run = lab.start(FILE)
    for look in (1, 2, 3, 4):
        lab.says(look, "errors", svc="0.01", forest="0.03")
        lab.says(look, "baskets", svc="2.5", forest="3.5")

    lab.look(4)

    decision = decided(lab, run)
    assert (decision["kind"], decision["satisfied"]) == ("inconclusive", {"svc": [True], "forest": [False]})
    assert lab.route().weights == {"svc": 100.0}


@pytest.mark.parametrize("said", ["NaN", "nothing", "+Inf"])
def test_what_is_no_number_is_unavailable_and_does_not_linger(lab: Asking, said: str) -> None:
    run = lab.start(FILE)
    well(lab, 1, 2)
    lab.says(2, "errors", forest=said)

    lab.look(2)

    decision = decided(lab, run)
    values = {(one["metric"], one["variant"]): one["value"] for one in decision["measured"]}
    assert values["team/error-rate", "forest"] is None
    assert values["team/error-rate", "svc"] == 0.01
    assert decision["satisfied"] == {"svc": [True], "forest": [None]}


def test_a_prometheus_that_is_away_postpones_the_look(lab: Asking) -> None:
    run = lab.start(FILE)
    lab.server.hangs = True

    lab.look()
    trouble = lab.controller.case(run).trouble
    lab.server.hangs = False
    for seconds in (9, 10):
        filled = {name: QUERY.replace("%s", name) for name in ("errors", "baskets")}
        for variant, version in (("svc", "v1"), ("forest", "v2")):
            for name, query in filled.items():
                text = query.replace("$predictor", variant).replace("$name", version).replace("${elapsedTime}", str(seconds))
                lab.server.answers[text] = instant("0.01" if name == "errors" else "3")
    lab.tick(1)

    assert trouble == "127.0.0.1 did not answer within 0.3 s."
    assert lab.kinds(run) == ["start", "look"]
    assert lab.controller.case(run).trouble is None


def test_a_query_that_is_turned_down_is_unavailable_and_the_run_goes_on(lab: Asking) -> None:
    run = lab.start(FILE)

    lab.look()

    decision = decided(lab, run)
    assert {one["value"] for one in decision["measured"]} == {None}
    assert lab.controller.case(run).trouble is None


def test_after_a_restart_nobody_is_asked_again_and_the_evidence_is_the_same(lab: Asking) -> None:
    run = lab.start(FILE)
    well(lab, 1, 2, 3)
    lab.look(2)
    asked = len(lab.server.asked)

    lab.restarted()
    lab.look()

    assert len(lab.server.asked) == asked + 4
    assert lab.controller.case(run).differs_from is None


def test_a_past_verdict_is_computed_again_without_prometheus(lab: Asking) -> None:
    run = lab.start(FILE)
    well(lab, 1, 2)
    lab.look(2)
    case = lab.controller.case(run)
    lab.server.close()

    said = verdict_at(real(), case.story, case.experiment, lab.ask, START + 30, {})

    assert said["is_same"] is True
    assert said["verdict"] == "continue"


def test_a_run_goes_on_asking_although_the_setting_is_gone(lab: Asking) -> None:
    run = lab.start(FILE)

    story = lab.controller.case(run).story

    assert story.tables["means"] == {"prometheus": True, "mesh": False}
    Lab.restarted(lab)
    assert list(lab.controller.case(run).experiment.questions) == ["team/baskets", "team/error-rate"]


def test_an_address_that_answers_nothing_is_said(tmp_path: Path) -> None:
    asker = Asker(patience_s=0.3)
    inquiry = Inquiry("http://127.0.0.1:9", asker, mounted(tmp_path))
    lab = Lab(tmp_path)
    lab.controller.world = lab.controller.world._replace(means=Means(prometheus=True))
    case = lab.controller.case(lab.start(FILE))

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1 cannot be asked"):
        inquiry(case.experiment, START, START + 10)
    asker.close()
