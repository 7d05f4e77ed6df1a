"""lab assert: conditions for scripts."""

import json
import time

import pytest

from lab.cli import watch
from tests.cli.conftest import Lab, completed, status
from tests.cli.service import FakeService


def test_conditions_that_hold_are_satisfied(lab: Lab, service: FakeService) -> None:
    service.statuses = [completed()]

    result = lab("assert iris-progressive -c completed -c winnerFound -c promoted")

    assert (result.exit_code, result.stdout, result.stderr) == (0, "All conditions satisfied.\n", "")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("completed", "It is not completed: stage Running, 3 of 10 iterations completed."),
        ("winnerFound", "No winner is found: the verdict is continue."),
        ("promoted", "Nothing is promoted: the verdict is continue, stage Running, 3 of 10 iterations completed."),
        ("rolledBack", "Nothing is rolled back: the verdict is continue."),
        ("noWinner", "It is not completed: stage Running, 3 of 10 iterations completed."),
        ("inconclusive", "It is not inconclusive: the verdict is continue."),
        ("paused", "It is not paused: stage Running, 3 of 10 iterations completed."),
    ],
)
def test_a_condition_that_does_not_hold_is_a_sentence_and_exit_code_1(lab: Lab, service: FakeService, condition: str, said: str) -> None:
    result = lab(f"assert -c running -c {condition}")

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"iris-progressive: {said}\n")


@pytest.mark.parametrize(("verdict", "holds"), [("roll back", "rolledBack"), ("inconclusive", "inconclusive"), ("promote", "winnerFound")])
def test_every_end_has_its_condition(lab: Lab, service: FakeService, verdict: str, holds: str) -> None:
    service.statuses = [completed(verdict=verdict)]

    codes = {one: lab(f"assert -c {one}").exit_code for one in ("rolledBack", "inconclusive", "winnerFound")}

    assert codes == {one: int(one != holds) for one in codes}
    assert lab("assert -c noWinner").exit_code == int(verdict == "promote")


def test_it_waits_for_what_is_to_come(lab: Lab, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_S", 0.01)
    service.later = [[status()], [status()], [completed()]]

    result = lab("assert iris-progressive -c completed --timeout 30")

    assert result.exit_code == 0


def test_it_waits_for_the_run_that_was_meant_though_another_begins(
    lab: Lab, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "POLL_S", 0.01)
    second = status("iris-progressive-2", experiment="iris-progressive")
    service.later = [[second, completed()]]

    result = lab("assert iris-progressive -c completed --timeout 30")

    assert (result.exit_code, result.stdout) == (0, "All conditions satisfied.\n")


def test_it_waits_no_longer_than_it_is_told(lab: Lab, service: FakeService) -> None:
    start = time.monotonic()

    result = lab("assert -c completed --timeout 0.3")

    assert result.exit_code == 1
    assert 0.3 <= time.monotonic() - start < 10


def test_it_does_not_wait_for_what_cannot_come_any_more(lab: Lab, service: FakeService) -> None:
    service.statuses = [completed(verdict="roll back")]
    start = time.monotonic()

    result = lab("assert -c promoted --timeout 60 -o json")

    assert json.loads(result.stdout)["satisfied"] is False
    assert result.exit_code == 1
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("words", ["assert", "assert -c perfect"])
def test_what_is_no_condition_is_not_understood(lab: Lab, service: FakeService, words: str) -> None:
    assert lab(words).exit_code == 2
