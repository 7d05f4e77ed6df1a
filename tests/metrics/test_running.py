"""What is told of the experiments that run: the evidence on their split, and what their last look has measured."""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.controller.controller import Controller
from lab.controller.judge import real
from lab.judge.block import Arm, Block
from lab.metrics.export import Exporter, _exp
from lab.stats.counts import Counts
from lab.store.exposed import Run
from lab.store.store import Store
from tests.controller.conftest import SCRATCH, Lab, text

ANALYSIS = "lab_experiment_metric_analysis"


class RealLab(Lab):
    """With the lab's own judge, and visitors of whom each makes one prediction."""

    def restarted(self, allow_exec: bool = False) -> Controller:
        controller = super().restarted(allow_exec)
        controller.judge = real()
        return controller


@pytest.fixture
def lab() -> Iterator[RealLab]:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield RealLab(Path(folder))


def come(lab: Lab, **visitors: int) -> None:
    """So many visitors of each variant at every look, of whom one in a hundred meets a failure."""

    def blocks(run: Run, after: float, through: float) -> tuple[Block, ...]:
        route = lab.route()
        arms = {name: Arm(requests=Counts(n, n // 100), visitors=n) for name, n in visitors.items()}
        return (Block(route.epoch, route.weights, arms),)

    lab.ask = blocks


def undecided(metric: str = "error-rate") -> str:
    """A file whose limit is what the visitors meet: no look decides anything."""
    return text(deployment="FixedSplit", objectives=f'[{{metric: {metric}, upperLimit: "0.01"}}]')


def told(lab: Lab) -> dict[str, dict[tuple[str, ...], float]]:
    """The samples of each family, by their labels' values in the order of the labels' names."""
    store = Store(lab.journal.parent)
    content = Exporter(store, dict, lab.controller.cases).text().decode()
    store.close()
    families = text_string_to_metric_families(content)
    return {one.name: {tuple(value for _, value in sorted(s.labels.items())): s.value for s in one.samples} for one in families}


def test_a_split_as_planned_is_no_evidence_and_another_one_is(lab: RealLab) -> None:
    lab.start(undecided())
    come(lab, svc=600, forest=400)
    lab.look()

    as_planned = told(lab)["lab_srm_evalue"][("ab", "iris")]
    come(lab, svc=400, forest=600)
    lab.look()
    off = told(lab)["lab_srm_evalue"][("ab", "iris")]

    assert as_planned < 20
    assert off > 1000


def test_the_evidence_is_the_one_that_decides(lab: RealLab) -> None:
    run = lab.start(undecided())
    come(lab, svc=500, forest=500)

    lab.look()

    decision = lab.records(run)[-1].detail["decision"]
    (reason,) = [one for one in decision["trust"] if one["what"] == "split off"]
    assert math.log(told(lab)["lab_srm_evalue"][("ab", "iris")]) == pytest.approx(reason["log_e"])


def test_each_metric_of_each_variant_is_told_as_the_last_look_has_it(lab: RealLab) -> None:
    lab.start(undecided("team/error-rate"))
    come(lab, svc=600, forest=400)

    lab.look(2)

    # experiment, metric, route, unit, variant
    assert told(lab)[ANALYSIS][("ab", "team/error-rate", "iris", "", "svc")] == 0.01
    assert told(lab)[ANALYSIS][("ab", "team/error-rate", "iris", "", "forest")] == 0.01


def test_what_is_unavailable_is_not_there_and_never_0(lab: RealLab) -> None:
    lab.start(undecided())
    come(lab, svc=600)

    lab.look()

    assert set(told(lab)[ANALYSIS]) == {("ab", "error-rate", "iris", "", "svc")}


def test_what_is_over_leaves_no_series_for_ever(lab: RealLab) -> None:
    run = lab.start(undecided())
    come(lab, svc=600, forest=400)
    lab.look()

    lab.controller.abort(run, "ann", None)

    assert told(lab)["lab_srm_evalue"] == told(lab)[ANALYSIS] == {}


def test_after_a_restart_nothing_is_said_of_the_split_until_the_next_look(lab: RealLab) -> None:
    lab.start(undecided())
    come(lab, svc=600, forest=400)
    lab.look()

    lab.restarted()
    before = told(lab)
    lab.look()

    assert before["lab_srm_evalue"] == {}
    assert len(before[ANALYSIS]) == 2
    assert set(told(lab)["lab_srm_evalue"]) == {("ab", "iris")}


def test_evidence_beyond_all_numbers_is_infinite() -> None:
    assert _exp(800.0) == math.inf
    assert _exp(math.log(1000)) == pytest.approx(1000)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lab_prediction_duration_seconds", "histogram"),
        ("seldon_api_executor_server_requests_seconds", "histogram"),
        ("seldon_api_executor_client_requests_seconds", "histogram"),
        ("seldon_api_model_feedback", "counter"),
        ("seldon_api_model_feedback_reward", "gauge"),
        ("lab_experiment_weight", "gauge"),
        ("lab_config_generation", "gauge"),
        ("lab_experiment_status", "gauge"),
        ("lab_decisions", "counter"),
        ("lab_srm_evalue", "gauge"),
        (ANALYSIS, "gauge"),
        ("lab_log_records", "counter"),
        ("http_server_request_duration_seconds", "histogram"),
        ("http_server_active_requests", "gauge"),
    ],
)
def test_every_name_has_its_type_and_says_what_it_is(lab: RealLab, name: str, kind: str) -> None:
    store = Store(lab.journal.parent)
    families = {one.name: one for one in text_string_to_metric_families(Exporter(store, dict, list).text().decode())}
    store.close()

    assert families[name].type == kind
    assert families[name].documentation.endswith(".")
