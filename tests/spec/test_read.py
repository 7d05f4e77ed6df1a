"""What a text must look like, and what is said of one that does not."""

import pytest

from lab.spec.errors import SpecError
from lab.spec.read import read, read_all
from tests.spec.texts import METRICS, ROLLOUT, written


def refused(text: str) -> list[str]:
    with pytest.raises(SpecError) as error:
        read(text)
    return str(error.value).splitlines()


def test_files_for_a_cluster_are_read_as_they_are() -> None:
    files = read_all([("rollout.yaml", ROLLOUT), ("metrics.yaml", METRICS)])

    assert [one.shape.metadata.name for one in files.experiments] == ["first-rollout"]
    assert len(files.metrics) == 5


def test_what_a_cluster_adds_is_passed_over() -> None:
    text = ROLLOUT.replace(
        "metadata:\n  name: first-rollout", "metadata:\n  name: first-rollout\n  uid: 1b2\n  generation: 3\nstatus: {stage: Running}"
    )

    assert read(text).experiments[0].shape.metadata.name == "first-rollout"


def test_what_is_left_out_is_as_iter8_has_it() -> None:
    text = written(strategy={"testingPattern": "A/B"}, duration={}, criteria__strength={})

    spec = read(text).experiments[0].shape.spec

    assert (spec.duration.interval_seconds, spec.duration.iterations_per_loop, spec.duration.max_loops) == (20, 15, 1)
    assert (spec.strategy.weights.max_candidate_weight, spec.strategy.weights.max_candidate_weight_increment) == (100, 10)


def test_a_field_without_a_value_counts_as_left_out() -> None:
    spec = read(written(criteria__indicators=None, duration=None)).experiments[0].shape.spec

    assert spec.criteria.indicators == ()
    assert spec.duration.interval_seconds == 20


def test_several_files_become_one_text_that_says_the_same() -> None:
    both = read_all([("rollout.yaml", ROLLOUT), ("metrics.yaml", METRICS)])

    again = read(both.text)

    assert [one.shape for one in again.experiments] == [one.shape for one in both.experiments]
    assert [one.shape for one in again.metrics] == [one.shape for one in both.metrics]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("testingPattern: A/B", "testingPatern: A/B", "8:5: spec.strategy.testingPatern is no field. Did you mean testingPattern?"),
        ("testingPattern: A/B", "testingPattern: AB", '8:21: spec.strategy.testingPattern is "AB", must be one of: Canary, A/B, A/B/N, '
         "Conformance, Shadow. Did you mean A/B?"),
        ("preferredDirection: High", "preferredDirection: 1", "rewards[0].preferredDirection is 1, must be one of: High, Low."),
        ("intervalSeconds: 60", "intervalSeconds: 0", "spec.duration.intervalSeconds is 0, must be a whole number from 1 to 86400."),
        ("intervalSeconds: 60", "intervalSeconds: '60'", 'spec.duration.intervalSeconds is "60", must be a whole number from 1 to 86400.'),
        ("iterationsPerLoop: 30", "iterationsPerLoop: 1.5", "spec.duration.iterationsPerLoop is 1.5, must be a whole number"),
        ("upperLimit: '0.05'", "upperLimit: many", 'objectives[0].upperLimit is "many", must be a number, or text that is one'),
        ("upperLimit: '0.05'", "rollbackOnFailure: true", "rollbackOnFailure is no field. Did you mean rollback_on_failure?"),
        ("mde: '0.1'", "mde: 0", "spec.criteria.strength.mde is 0, must be a number above 0, in the reward's unit."),
        ("mde: '0.1'", "alpha: 5", "spec.criteria.strength.alpha is 5, must be a probability from 0.000001 on and below 0.5: 0.05."),
        ("mde: '0.1'", "minimum_sample: 5", "minimum_sample is no field. Did you mean minimumSample?"),
        ("mde: '0.1'", "margins: {error-rate: some}", 'margins.error-rate is "some", must be a number or none, for each metric.'),
        ("mde: '0.1'", "maturation: 1 day", 'maturation is "1 day", must be a number of seconds, or text such as "90s"'),
        ("target: iris", "target: 5", "6:11: spec.target is 5, must be the name of a route."),
        ("name: tried", "name: My Experiment", '4:9: metadata.name is "My Experiment", must be a name: lower-case letters'),
        ("iter8.tools/v2alpha2", "iter8.tools/v2beta1", '1:13: apiVersion is "iter8.tools/v2beta1", must be iter8.tools/v2alpha2.'),
        ("kind: Experiment", "kind: Experimnt", '2:7: kind is "Experimnt", must be one of: Experiment, Metric, Namespace. Did you mean'),
        ("  - name: forest", "  - forest", 'candidates[0] is "forest", must be an object with name, variables, weightObjRef.'),
        ("    name: svc", "    name: 1", "spec.versionInfo.baseline.name is 1, must be a name; a number must be quoted."),
    ],
)  # fmt: skip
def test_what_is_misspelt_is_refused_with_its_place_and_what_was_meant(old: str, new: str, sentence: str) -> None:
    text = written()

    assert text.replace(old, new, 1) != text
    assert any(sentence in line for line in refused(text.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("deploymentPattern: Progressive", "deploymentPattern: BlueGreen", "BlueGreen. This lab does not switch everybody at once"),
        ("testingPattern: A/B", "testingPattern: Bandit", "Weights that follow the rewards (bandits) are not here yet"),
        ("target: iris", "target: iris\n  bandit: {}", "Weights that follow the rewards (bandits) are not here yet"),
        ("target: iris", "target: iris\n  holdout: {percent: 5}", "A group that is held back after the promotion is not here yet"),
        ("target: iris", "target: iris\n  exports: []", "Results are not exported yet"),
    ],
)
def test_what_the_lab_does_not_do_is_refused_with_a_sentence_of_its_own(old: str, new: str, sentence: str) -> None:
    text = written().replace(old, new, 1)

    assert sentence in refused(text)[0]


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = written(target=7, duration={"maxLoops": 0}).replace("kind: Experiment", "kind: Experiment\nsome: thing")

    assert [line.split(" ")[1] for line in refused(text)] == ["some", "spec.target", "spec.duration.maxLoops"]


def test_a_document_that_is_no_object_is_refused() -> None:
    assert refused("- a\n- b\n") == ['1:1: This is ["a", "b"], must be an object with apiVersion, kind and spec.']


def test_sentences_name_the_file_where_there_are_several() -> None:
    with pytest.raises(SpecError) as error:
        read_all([("rollout.yaml", ROLLOUT), ("bad.yaml", "kind: Metrik\n")])

    assert str(error.value).startswith("bad.yaml:1:7: kind is")
