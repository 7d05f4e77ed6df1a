"""What is found in whole files."""

from pathlib import Path

import pytest

from lab.lint import Source, linted_all
from lab.lint.rules import RULES
from lab.spec.read import read
from lab.spec.resolve import resolved
from lab.traffic.nginx import NginxTraffic
from tests.lint.looks import findings, of_files
from tests.spec.texts import METRICS, ROLLOUT, written

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((REPOSITORY / "experiments").glob("*.yaml"))


@pytest.fixture
def lab(tmp_path: Path) -> NginxTraffic:
    """The routes that the lab comes with."""
    return NginxTraffic(tmp_path, REPOSITORY / "nginx")


def test_files_for_a_cluster_have_many_findings_each_where_it_is() -> None:
    found = of_files(("rollout.yaml", ROLLOUT), ("metrics.yaml", METRICS))

    lines = {"rollout.yaml": ROLLOUT.split("\n"), "metrics.yaml": METRICS.split("\n")}
    by_rule = {one.rule: lines[one.source][one.line - 1] for one in reversed(found)}
    assert len(by_rule) >= 15
    assert by_rule["L102"] == "    - metric: seldon-metrics/user-engagement"
    assert by_rule["L103"] == "  units: milliseconds"
    assert by_rule["L202"] == "    - metric: seldon-metrics/user-engagement"
    assert by_rule["L206"] == "      upperLimit: 1500"
    assert {"L104", "L105", "L106", "L107", "L108", "L101", "L109", "L113", "L222", "L223"} <= by_rule.keys()


def test_the_sound_experiment_has_none() -> None:
    assert findings(written()) == ()


def test_there_are_five_examples() -> None:
    assert [one.stem for one in EXAMPLES] == ["fruit-ab", "iris-iter8", "iris-progressive", "iris-shadow", "vgg16int8-canary"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_understood_and_nothing_is_found_in_it(path: Path, lab: NginxTraffic) -> None:
    experiment = resolved(read(path.read_text()), lab.read(), lab.known()).experiment

    assert experiment.name == path.stem
    assert linted_all([Source(path.name, path.read_text())], lab.read(), lab.known()) == ()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_setting_of_an_example_is_explained(path: Path) -> None:
    lines = path.read_text().split("\n")

    settings = [number for number, line in enumerate(lines) if line.strip().partition(":")[0].lstrip("- ") in EXPLAINED]

    assert settings
    for number in settings:
        assert lines[number - 1].strip().startswith("#"), f"{path.name}:{number + 1}"


# Those whose value is a choice.
EXPLAINED = {
    "target", "testingPattern", "maxCandidateWeight", "maxCandidateWeightIncrement", "alpha", "alphaRollback", "mde", "minimumSample",
    "maturation", "intervalSeconds", "iterationsPerLoop", "method", "error-rate", "accuracy", "cpu-per-prediction",
    "latency-95th-percentile",
}  # fmt: skip


def test_what_is_no_yaml_no_experiment_or_not_possible_is_an_error() -> None:
    assert [(one.rule, one.severity) for one in findings("a: {")] == [("L001", "error")]
    assert [(one.rule, one.severity) for one in findings("kind: Metrik")] == [("L002", "error")]
    assert [(one.rule, one.severity) for one in findings(written(target="moon"))] == [("L003", "error")]


def test_findings_are_in_the_order_of_the_files_and_their_lines() -> None:
    found = of_files(("b.yaml", ROLLOUT), ("a.yaml", METRICS))

    assert [(one.source, one.line) for one in found] == sorted(
        ((one.source, one.line) for one in found), key=lambda at: (at[0] == "a.yaml", at[1])
    )


def test_every_finding_has_the_explanation_of_its_rule() -> None:
    for one in of_files(("rollout.yaml", ROLLOUT), ("metrics.yaml", METRICS)):
        assert (one.severity, one.explanation) == (RULES[one.rule].severity, RULES[one.rule].explanation)
