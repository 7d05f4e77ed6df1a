"""What an experiment can do at its start, after each loop and at its finish."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError

from lab.spec import shapes
from lab.spec.experiment import Action, Task
from lab.spec.place import Path
from lab.spec.remarks import Remarks
from lab.spec.rules import ACTIONS
from lab.spec.words import meant, quoted, troubles

PATH: Final[Path] = ("spec", "strategy", "actions")

# Conditions that a task may have; each also after `not `.
CONDITIONS: Final = ("WinnerFound()", "CandidateWon()")
_CONDITION = re.compile(rf"(?:not )?(?:{'|'.join(re.escape(one) for one in CONDITIONS)})")


def _headers(value: object) -> object:
    """Iter8 writes a list of names and values, everybody else a mapping."""
    if isinstance(value, list) and all(isinstance(one, dict) and one.keys() == {"name", "value"} for one in value):
        return {one["name"]: one["value"] for one in value}
    return value


class Notification(shapes.Shape):
    """Calls an address."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+\S*\Z")] = Field(description="an address: https://…")
    method: str = Field("POST", pattern=r"^(GET|POST|PUT)\Z", description="one of: POST, GET, PUT")
    headers: Annotated[Mapping[str, str], BeforeValidator(_headers)] = Field({}, description="an object with names and texts")
    body: str | None = Field(None, description="text")
    """None: the experiment's own news, as JSON."""


class Exec(shapes.Shape):
    """Runs a program."""

    cmd: shapes.Text = Field(description="a program: /bin/bash")
    args: Annotated[tuple[str, ...], Field(strict=False)] = Field((), description="a list of texts")
    disable_interpolation: bool = Field(False, description="true or false")


class Promote(shapes.Shape):
    """Gives everybody the version that is recommended; it needs nothing to know."""


TASKS: Final[Mapping[str, type[BaseModel]]] = {"notification/http": Notification, "common/exec": Exec, "lab/promote": Promote}


def actions_of(strategy: shapes.Strategy, remarks: Remarks) -> dict[Action, tuple[Task, ...]]:
    """By moment; what cannot be done is a trouble."""
    found: dict[Action, tuple[Task, ...]] = {}
    for action in ACTIONS:
        tasks = strategy.actions.get(action, ())
        if made := tuple(task for number, one in enumerate(tasks) if (task := _task(one, action, (*PATH, action, number), remarks))):
            found[action] = made
    return found


def _task(one: shapes.Task, action: Action, path: Path, remarks: Remarks) -> Task | None:
    if (one.task is None) == (one.run is None):
        remarks.wrong(path, "A task must have exactly one of task and run.")
        return None
    if one.task is None:
        remarks.wrong((*path, "run"), "run is a line for a shell, which the lab does not read. Use task: common/exec with cmd and args.")
        return None
    if one.task not in TASKS:
        remarks.wrong((*path, "task"), f"There is no task {quoted(one.task)}.{meant(one.task, TASKS)} Tasks: {', '.join(TASKS)}.")
        return None
    if one.condition is not None and not _CONDITION.fullmatch(one.condition.strip()):
        known = ", ".join(CONDITIONS)
        remarks.wrong((*path, "if"), f"if is {quoted(one.condition)}, must be one of: {known}, or not and one of them.")
    return _checked(one.task, one, action, path, remarks)


def _checked(name: str, one: shapes.Task, action: Action, path: Path, remarks: Remarks) -> Task | None:
    model = TASKS[name]
    try:
        inputs = model.model_validate(dict(one.inputs))
    except ValidationError as error:
        remarks.troubles += troubles(error, model, remarks.document, (*path, "with"))
        return None
    if name == "lab/promote" and action != "finish":
        remarks.wrong((*path, "task"), f"lab/promote ends the experiment: put it under finish, not under {action}.")
    if isinstance(inputs, Exec):
        _notice_exec(inputs, action, path, remarks)
    return Task(name, _plain(inputs), one.condition.strip() if one.condition else None)


def _plain(inputs: BaseModel) -> dict[str, Any]:
    """As files name them, ready for JSON; with what counts where the file says nothing."""
    return inputs.model_dump(mode="json", by_alias=True, exclude_none=True)


def _notice_exec(inputs: Exec, action: Action, path: Path, remarks: Remarks) -> None:
    cluster = any(re.search(r"\bkubectl\b", text) for text in (inputs.cmd, *inputs.args))
    also = " kubectl has no meaning here: task lab/promote promotes." if cluster else ""
    remarks.notice((*path, "task"), f"The {action} task common/exec ({inputs.cmd}) is not run unless LAB_ALLOW_EXEC=1.{also}")
