"""lab status, list and explain: how experiments stand."""

import json
import time
from pathlib import Path

import pytest

from lab.cli import watch
from tests.cli.conftest import Lab, completed, status
from tests.cli.service import FakeService


def test_a_run_is_a_line_as_kubectl_writes_it(lab: Lab, service: FakeService) -> None:
    service.statuses = [completed("quickstart-exp")]

    lines = lab("status").stdout.splitlines()

    assert lines[:2] == [
        "NAME             TYPE   TARGET   STAGE       COMPLETED ITERATIONS   MESSAGE",
        "quickstart-exp   A/B    iris     Completed   10                     ExperimentCompleted: Experiment Completed",
    ]


def test_below_stand_weights_verdict_and_what_is_next(lab: Lab, service: FakeService) -> None:
    service.statuses = [status(next_look_at=time.time() + 100.4)]

    lines = lab("status").stdout.splitlines()

    assert lines[2:5] == [
        "",
        "iris-progressive, route iris: svc 70 %, forest 30 %",
        "  Continue: conversion of forest is not shown to be better yet (e = 3.4, needed 20).",
    ]
    assert lines[5].startswith("  The next look is due in 100 s: number 4 of 10.")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"is_paused": True}, "It is paused, and nothing moves but harm out of the way. To go on: lab resume iris-progressive"),
        ({"waits_for": "resume"}, "To go on: lab resume iris-progressive"),
        ({"stage": "Waiting", "waits_for": "target"}, "It waits: another experiment has its route or the target iris."),
        ({"stage": "Completed"}, "It has ended. Why it ended so: lab explain iris-progressive"),
    ],
)
def test_what_is_next_depends_on_what_it_waits_for(lab: Lab, service: FakeService, changed: dict[str, object], said: str) -> None:
    service.statuses = [status(**changed)]

    assert said in lab("status").stdout


def test_without_a_name_those_are_shown_that_have_not_ended(lab: Lab, service: FakeService) -> None:
    service.statuses = [completed("c"), status("b"), status("a", stage="Waiting", waits_for="target"), completed("z")]

    assert [one["name"] for one in json.loads(lab("status -o json").stdout)["experiments"]] == ["b", "a"]
    assert [one["name"] for one in json.loads(lab("status z -o json").stdout)["experiments"]] == ["z"]


def test_all_have_ended_so_the_newest_is_shown(lab: Lab, service: FakeService) -> None:
    service.statuses = [completed("c"), completed("b")]

    assert [one["name"] for one in json.loads(lab("status -o json").stdout)["experiments"]] == ["c"]


def test_watching_prints_what_changes_until_all_have_ended(lab: Lab, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "POLL_S", 0.01)

    moved = status(iteration=4, weights={"svc": 60, "forest": 40})
    service.later = [[status()], [status()], [moved], [moved], [completed()]]

    lines = [json.loads(line) for line in lab("status iris-progressive -w -o json").stdout.splitlines()]

    assert [(line["iteration"], line["weights"]["forest"]) for line in lines] == [(3, 30), (4, 40), (10, 100)]


def test_every_run_is_listed_the_newest_first(lab: Lab, service: FakeService) -> None:
    service.statuses = [status("b"), completed("a", verdict="roll back")]

    lines = [" ".join(line.split()) for line in lab("list").stdout.splitlines() if line.strip() and "─" not in line]

    assert lines == [
        "name type route stage looks verdict winner started",
        "b A/B iris Running 3 of 10 continue - 2023-11-14 22:13:20",
        "a A/B iris Completed 10 of 10 roll back svc 2023-11-14 22:13:20",
    ]
    assert json.loads(lab("list -o json").stdout) == {"experiments": service.statuses}


def test_no_run_is_a_sentence(lab: Lab, service: FakeService) -> None:
    service.statuses = []

    for words, code in (("status", 1), ("explain", 1), ("list", 0)):
        result = lab(words)

        assert (result.exit_code, result.stdout) == (code, "")
        assert result.stderr.startswith("There is no experiment yet. Start one: lab start -f ")


def test_an_unknown_run_is_refused_in_the_services_words(lab: Lab, service: FakeService) -> None:
    for words in ("status nosuch", "explain no/such", "assert nosuch -c completed", "describe nosuch"):
        result = lab(words)

        assert result.exit_code == 1
        assert result.stderr.startswith("There is no experiment no")


def test_an_explanation_is_the_services_text_also_of_a_past_moment(lab: Lab, service: FakeService) -> None:
    assert lab("explain").stdout == "Continue: as of now.\n"
    assert lab("explain iris-progressive --at 15m").stdout == "Continue: as of 15m.\n"
    assert json.loads(lab("explain -o json").stdout) == {"text": "Continue: as of now.\n"}


def test_hostile_names_do_not_reach_the_terminal(lab: Lab, service: FakeService) -> None:
    service.statuses = [status(message="\x1b[2J", why="\x1b[31mred")]

    assert "\x1b" not in lab("status").stdout


@pytest.mark.parametrize("words", ["start -f -", "status", "list", "explain", "assert -c completed", "pause x", "describe"])
def test_a_silent_service_is_a_sentence_and_exit_code_1(lab: Lab, state: Path, words: str) -> None:
    (state / "lab.token").write_text("x")

    result = lab(words, given="kind: Experiment\n")

    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        result.stderr
        == f"The lab's service does not answer at {state}/lab.sock. Start the lab (make up), or set LAB_STATE to its folder.\n"
    )
