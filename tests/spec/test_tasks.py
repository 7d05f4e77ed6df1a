"""What an experiment may do at its start, after each loop and at its finish."""

from typing import Any

import pytest

from lab.spec.experiment import Task
from tests.spec.texts import experiment, refusal, written

NOTIFY = {"task": "notification/http", "with": {"url": "https://example.com/hook"}}


def actions(moment: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    return {"strategy__actions": {moment: list(tasks)}}


def test_tasks_arrive_with_their_inputs_and_conditions() -> None:
    command = {"task": "common/exec", "if": "not CandidateWon()", "with": {"cmd": "/bin/true", "args": ["-v"]}}

    found = experiment(**actions("finish", command, {"task": "lab/promote"})).actions

    inputs = {"cmd": "/bin/true", "args": ["-v"], "disableInterpolation": False}
    assert found == {"finish": (Task("common/exec", inputs, "not CandidateWon()"), Task("lab/promote"))}


def test_headers_may_be_a_mapping_or_iter8s_list() -> None:
    as_list = NOTIFY["with"] | {"headers": [{"name": "X-Team", "value": "blue"}]}
    as_mapping = NOTIFY["with"] | {"headers": {"X-Team": "blue"}}

    found = experiment(**actions("start", NOTIFY | {"with": as_list}, NOTIFY | {"with": as_mapping})).actions["start"]

    assert [one.inputs["headers"] for one in found] == [{"X-Team": "blue"}] * 2


def test_without_a_body_the_news_are_sent() -> None:
    (found,) = experiment(**actions("loop", NOTIFY)).actions["loop"]

    assert "body" not in found.inputs
    assert found.inputs["method"] == "POST"


@pytest.mark.parametrize(
    ("moment", "task", "sentence"),
    [
        ("finish", {"task": "common/bash", "with": {}}, 'There is no task "common/bash".'),
        ("finish", {"task": "lab/promot"}, "Did you mean lab/promote? Tasks: notification/http, common/exec, lab/promote."),
        ("finish", {}, "A task must have exactly one of task and run."),
        ("finish", {"task": "lab/promote", "run": "ls"}, "A task must have exactly one of task and run."),
        ("finish", {"run": "ls"}, "run is a line for a shell, which the lab does not read."),
        ("finish", {"task": "lab/promote", "with": {"to": "x"}}, "spec.strategy.actions.finish[0].with.to is no field."),
        (
            "finish",
            {"task": "common/exec", "with": {"args": ["x"]}},
            "spec.strategy.actions.finish[0].with.cmd is missing, must be a program",
        ),
        ("finish", {"task": "notification/http", "with": {"url": "ftp://x"}}, 'with.url is "ftp://x", must be an address'),
        ("finish", NOTIFY | {"if": "Always()"}, 'if is "Always()", must be one of: WinnerFound(), CandidateWon()'),
        ("start", {"task": "lab/promote"}, "lab/promote ends the experiment: put it under finish, not under start."),
        ("rollback", NOTIFY, "There is no moment rollback for actions. Tasks are done at: start, loop, finish."),
    ],
)
def test_what_cannot_be_done_is_refused(moment: str, task: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(written(**actions(moment, task)))
