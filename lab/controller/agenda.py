"""The tasks of a run's file: which are due, which are under way, and what became of them. Each is recorded before and after."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

from lab.controller.case import Case
from lab.controller.records import Kind
from lab.controller.splitting import PROMOTE, variant_of
from lab.controller.tasks import EXEC, Facts, Outcome, Tasks
from lab.spec.experiment import Action, Task

# Who does what nobody asked for at that moment.
LAB = "lab"


class Note(Protocol):
    """Writes a record of a run."""

    def __call__(self, case: Case, kind: Kind, who: str, why: str | None, /, **detail: Any) -> None:  # noqa: ANN401 - JSON
        """Returns when it is on disk."""
        ...


class Key(NamedTuple):
    """One task, once."""

    action: str
    loop: int
    """From 1 on; of the start and the finish there is one."""
    number: int
    """From 0 on, in the order of the file."""


class Agenda:
    """Goes on with tasks, one after another, without waiting for any."""

    def __init__(
        self,
        tasks: Tasks,
        submit: Callable[[Callable[[], Outcome]], "Future[Outcome]"],
        note: Note,
        promote: Callable[[Case], Outcome],
    ) -> None:
        """`submit` does a task beside the loop; `promote` is the task lab/promote, which is the controller's own."""
        self._tasks = tasks
        self._submit = submit
        self._note = note
        self._promote = promote

    def done(self, case: Case, action: Action) -> bool:
        """Goes on as far as that needs no waiting; whether all that is due has ended."""
        loops = case.story.iterations // case.experiment.iterations if action == "loop" else 1
        tasks = [*enumerate(case.experiment.actions.get(action, ()))]
        return all(self._is_done(case, Key(action, loop, number), task) for loop in range(1, loops + 1) for number, task in tasks)

    def _is_done(self, case: Case, key: Key, task: Task) -> bool:
        phases = {said["phase"] for said in case.story.tasks if (said["action"], said["loop"], said["number"]) == key}
        if "end" in phases:
            return True
        if "begin" not in phases:
            if refused := self._refusal(case, task):
                self._note_end(case, key, task, Outcome(None, refused), skipped=True)
                return True
            self._note(case, "action", LAB, None, **key._asdict(), task=task.task, phase="begin")
        elif key not in case.jobs and task.task != PROMOTE:
            # Doing it twice may be worse than not knowing.
            unknown = f"The lab was stopped while {task.task} was under way: whether it was done is unknown, and it is not repeated."
            self._note_end(case, key, task, Outcome(None, unknown))
            return True
        return self._has_ended(case, key, task)

    def _has_ended(self, case: Case, key: Key, task: Task) -> bool:
        if task.task == PROMOTE:
            self._note_end(case, key, task, self._promote(case))
            return True
        if key not in case.jobs:
            facts = facts_of(case)
            case.jobs[key] = self._submit(lambda: self._tasks(task, facts))
        if not case.jobs[key].done():
            return False
        self._note_end(case, key, task, case.jobs[key].result())
        del case.jobs[key]
        return True

    def _refusal(self, case: Case, task: Task) -> str | None:
        """Why a task is not done."""
        return _unmet(case, task) or (None if task.task == PROMOTE else self._tasks.refusal(task))

    def _note_end(self, case: Case, key: Key, task: Task, outcome: Outcome, skipped: bool = False) -> None:
        said = {**key._asdict(), "task": task.task, "phase": "end", **outcome._asdict(), "skipped": skipped}
        self._note(case, "action", LAB, None, **said)


def failed(case: Case, action: Action) -> bool:
    """Whether a command of an action has failed. A notification that nobody got is no failure of the run."""
    return any(one["action"] == action and one["task"] == EXEC and one.get("ok") is False for one in case.story.tasks)


def facts_of(case: Case) -> Facts:
    """What a task may speak of now."""
    story, ending = case.story, case.story.ending
    look = story.looks[-1] if story.looks else None
    recommended = ending.recommended if ending else variant_of(case.experiment, look.decision["recommended"] if look else None)
    version = next((one for one in case.experiment.versions if one.variant == recommended), case.experiment.baseline)
    news = {
        "experiment": story.run, "namespace": case.experiment.namespace, "route": story.route, "iteration": story.iterations,
        "verdict": ending.how if ending else look.decision["kind"] if look else None, "why": ending.why if ending else None,
        "winner": ending.winner if ending else None, "recommended": version.name, "weights": dict(story.standing.weights),
    }  # fmt: skip
    return Facts({"name": version.name, **version.variables}, news)


def _unmet(case: Case, task: Task) -> str | None:
    """Why a task's condition does not hold."""
    best = case.story.best
    is_found = len(best) == 1
    words = {"WinnerFound()": is_found, "CandidateWon()": is_found and best != [case.experiment.baseline.variant]}
    condition = (task.condition or "").strip()
    wanted = not condition.startswith(("not ", "!"))
    holds = words.get(condition.removeprefix("not ").removeprefix("!").strip())
    if not condition or holds is wanted:
        return None
    return f"Its condition {condition} " + ("is unknown here." if holds is None else "does not hold.")
