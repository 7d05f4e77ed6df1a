"""What each pattern takes, in Iter8's own words where it has them."""

from typing import Any

import pytest

from lab.spec.experiment import Pause, SetWeight
from lab.spec.read import read
from lab.spec.resolve import resolved
from tests.spec.texts import KNOWN, canary, experiment, refusal, routes, shadow, understood, written

ONE = [{"name": "forest"}]
TWO = [*ONE, {"name": "xgboost"}]
REWARD = [{"metric": "conversion", "preferredDirection": "High"}]


@pytest.mark.parametrize(
    ("pattern", "candidates", "rewards", "message"),
    [
        ("A/B", [], REWARD, "Invalid number of candidates for A/B experiment: it has 0, must have exactly 1."),
        ("A/B", TWO, REWARD, "Invalid number of candidates for A/B experiment: it has 2, must have exactly 1."),
        ("A/B", ONE, [], "Invalid number of rewards for A/B experiment: it has 0, must have exactly 1."),
        ("A/B", ONE, REWARD * 2, "Invalid number of rewards for A/B experiment: it has 2, must have exactly 1."),
        ("A/B/N", [], REWARD, "Invalid number of candidates for A/B/N experiment: it has 0, must have at least 1."),
        ("A/B/N", TWO, [], "Invalid number of rewards for A/B/N experiment: it has 0, must have exactly 1."),
        ("Canary", TWO, [], "Invalid number of candidates for Canary experiment: it has 2, must have exactly 1."),
        ("Canary", ONE, REWARD, "Invalid number of rewards for Canary experiment: it has 1, must have none"),
        ("Conformance", ONE, [], "Invalid number of candidates for Conformance experiment: it has 1, must have none."),
        ("Conformance", [], REWARD, "Invalid number of rewards for Conformance experiment: it has 1, must have none"),
        ("Shadow", [], [], "Invalid number of candidates for Shadow experiment: it has 0, must have at least 1."),
        ("Shadow", ONE, REWARD, "Invalid number of rewards for Shadow experiment: it has 1, must have none"),
    ],
)
def test_a_number_that_does_not_fit_the_pattern_is_refused(pattern: str, candidates: list[Any], rewards: list[Any], message: str) -> None:
    text = written(strategy={"testingPattern": pattern}, criteria__rewards=rewards, versionInfo__candidates=candidates)

    assert message in refusal(text)


@pytest.mark.parametrize(("pattern", "candidates", "rewards"), [
    ("A/B", ONE, REWARD), ("A/B/N", ONE, REWARD), ("A/B/N", TWO, REWARD), ("Canary", ONE, []), ("Conformance", [], []),
])  # fmt: skip
def test_a_number_that_fits_the_pattern_is_taken(pattern: str, candidates: list[Any], rewards: list[Any]) -> None:
    found = experiment(strategy={"testingPattern": pattern}, criteria__rewards=rewards, versionInfo__candidates=candidates)

    assert (found.pattern, len(found.candidates), found.reward is not None) == (pattern, len(candidates), bool(rewards))


def test_an_experiment_without_versions_is_refused() -> None:
    assert "No versionInfo in experiment" in refusal(written(versionInfo=None))


def test_names_of_versions_are_unique() -> None:
    info = {"baseline": {"name": "svc"}, "candidates": [{"name": "svc"}]}

    assert "Version names are not unique: svc stands more than once." in refusal(written(versionInfo=info))


def test_paths_of_fields_start_with_a_point() -> None:
    info = {"baseline": {"name": "svc", "weightObjRef": {"fieldPath": "spec.weight"}}, "candidates": ONE}

    assert "Fieldpaths must start with '.': this one is spec.weight." in refusal(written(versionInfo=info))


def test_one_text_starts_one_experiment() -> None:
    assert "There are 2 experiments in it (tried, tried): start one at a time." in refusal(f"{written()}---\n{written()}")
    assert refusal("# nothing").startswith("1:1: There is no Experiment in it")


def test_the_experiment_keeps_the_text_it_was_made_from() -> None:
    text = f"# why we do this\n{written()}"

    assert resolved(read(text), routes(), KNOWN).experiment.text == text


def test_a_shadow_moves_no_traffic() -> None:
    assert experiment(**shadow()).deployment == "FixedSplit"
    assert "so no traffic moves" in refusal(written(**shadow(strategy={"testingPattern": "Shadow", "deploymentPattern": "Progressive"})))


def test_of_a_shadow_only_agreement_is_known() -> None:
    limit = [{"metric": "mean-latency", "upperLimit": 100}]

    assert "A Shadow experiment is judged by agreement." in refusal(written(**shadow(criteria__objectives=limit)))


def test_agreement_needs_copies() -> None:
    text = written(**canary(criteria__objectives=[{"metric": "agreement", "lowerLimit": "0.9"}]))

    assert "but forest gets no copies. Let it have some, lab route iris --shadow forest=20" in refusal(text)
    assert understood(text, {"shadows": {"forest": 20}}).experiment.objectives[0].lower == 0.9


def test_steps_are_read_in_argos_form() -> None:
    steps = [
        {"setWeight": 5},
        {"pause": {"duration": "10m"}},
        {"setWeight": 20},
        {"pause": {}},
        {"pause": None},
        {"pause": {"duration": 30}},
    ]

    found = experiment(strategy__steps=steps).steps

    assert found == (SetWeight(5), Pause(600), SetWeight(20), Pause(None), Pause(None), Pause(30))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"strategy__steps": [{"setWeight": 5, "pause": {}}]}, "A step has exactly one of setWeight and pause."),
        ({"strategy__steps": [{}]}, "A step has exactly one of setWeight and pause."),
        ({"strategy__steps": [{"analysis": {}}]}, "Every iteration is an analysis here, by criteria: leave it out."),
        ({"strategy__steps": [{"setWeight": 120}]}, "setWeight is 120, must be a number from 0 to 100"),
        ({"strategy__steps": [{"setWeight": 20}], "strategy__weights": {"maxCandidateWeight": 10}}, "but maxCandidateWeight is 10."),
        ({"strategy__steps": [{"setWeight": 20}], "strategy__deploymentPattern": "FixedSplit"}, "With FixedSplit no weight ever changes"),
        ({"strategy__steps": [{"setWeight": 20}], "criteria__strength": {"method": "iter8"}}, "Method iter8 computes its weights"),
    ],
)  # fmt: skip
def test_steps_that_make_no_sense_are_refused(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(written(**changes))


def test_a_step_beyond_an_equal_share_is_noticed() -> None:
    notices = understood(written(strategy__steps=[{"setWeight": 80}])).notices

    assert "setWeight is 80: until the verdict no candidate gets more than an equal share, 50 %." in notices
