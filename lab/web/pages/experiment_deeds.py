"""What people can do with a run at its stage, and what would come of it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from lab.controller.case import Case
from lab.controller.splitting import everybody, variant_of
from lab.controller.story import Ending, Story
from lab.explain.words import weights
from lab.routes import Route

Deed = Literal["pause", "resume", "promote", "abort", "undo"]
DEEDS: tuple[Deed, ...] = get_args(Deed)

# As a button says it, and as a sentence does: it cannot be paused.
WORDS: Mapping[Deed, str] = {"pause": "Pause", "resume": "Resume", "promote": "Promote", "abort": "Abort", "undo": "Undo"}
DONE: Mapping[Deed, str] = {"pause": "paused", "resume": "resumed", "promote": "promoted", "abort": "aborted", "undo": "undone"}

BACK = "Undo takes it back."
UNDONE = "The tasks of its finish are not done."


class Choice(NamedTuple):
    """A candidate that may be promoted."""

    variant: str
    words: str
    is_ahead: bool


class Plan(NamedTuple):
    """What a person is asked to confirm."""

    deed: Deed
    button: str
    sentences: tuple[str, ...]
    now: str
    """Weights in words."""
    then: str
    choices: tuple[Choice, ...] = ()
    """Whom to promote; empty where there is nothing to choose."""


def possible(case: Case, said: Mapping[str, Any], runs: Sequence[Case]) -> tuple[Deed, ...]:
    """Those that make sense now. `said`: the run's status; `runs`: every run, the newest first."""
    story = case.story
    if story.began_at is None:
        return ("abort",) if story.ending is None else ()
    undo: tuple[Deed, ...] = ("undo",) if story.undone_at_epoch is None and _is_latest(case, runs) else ()
    if story.ending is not None:
        return undo
    turn: Deed = "resume" if said["waits_for"] == "resume" else "pause"
    return (turn, *(("promote",) if case.experiment.candidates else ()), "abort", *undo)  # type: ignore[return-value]


def plan(deed: Deed, case: Case, route: Route | None, said: Mapping[str, Any]) -> Plan:
    """What the deed would do now."""
    now = _present(case, route)
    told = {"pause": _pause, "resume": _resume, "promote": _promote, "abort": _abort, "undo": _undo}
    return told[deed](case, now, said)


def impossible(deed: Deed, case: Case, said: Mapping[str, Any]) -> str:
    """Why there is no such button now."""
    if deed == "undo" and case.story.undone_at_epoch is not None:
        return f"{case.name} was undone already, so there is nothing left to undo. Its page says when."
    if deed == "undo" and case.story.began_at is not None:
        return f"{case.name} cannot be undone now: another experiment has used the route {case.story.route} since."
    where = "paused" if said["is_paused"] else said["stage"].lower()
    return f"{case.name} is {where}, so it cannot be {DONE[deed]} now. Its page says what can be done."


def _is_latest(case: Case, runs: Sequence[Case]) -> bool:
    """Whether nobody has used its route since."""
    story = case.story
    return next((one for one in runs if one.story.route == story.route and one.story.began_at is not None), case).name == case.name


def _present(case: Case, route: Route | None) -> str:
    if route is None:
        return f"the gateway has no route {case.story.route}"
    if route.mode != "weighted":
        return f"{case.story.route} is in mode {route.mode}: its weights do not count"
    return weights({name: percent for name in _names(case, route) if (percent := route.weight(name)) or name in _ours(case)})


def _names(case: Case, route: Route) -> list[str]:
    """The run's own, then whoever else gets visitors."""
    return list(dict.fromkeys([*_ours(case), *route.weights]))


def _ours(case: Case) -> list[str]:
    return [one.variant for one in case.experiment.versions]


def _pause(case: Case, now: str, said: Mapping[str, Any]) -> Plan:
    words = "The weights stay where they are until somebody resumes it. Evidence still comes in, and harm that is shown still rolls back."
    return Plan("pause", f"Pause {case.name}", (words, "Looks while it is paused do not count as iterations."), now, now)


def _resume(case: Case, now: str, said: Mapping[str, Any]) -> Plan:
    words = "It goes on where it stopped: from the next look on, the verdict moves the weights again."
    return Plan("resume", f"Resume {case.name}", (words,), now, f"{now}, until the next look")


def _promote(case: Case, now: str, said: Mapping[str, Any]) -> Plan:
    candidates = case.experiment.candidates
    ahead = variant_of(case.experiment, said["recommended"])
    choices = tuple(Choice(one.variant, _called(one.variant, one.name, case.story), one.variant == ahead) for one in candidates)
    words = f"The experiment ends now, whatever the evidence says, and everybody on {case.story.route} gets the candidate."
    sentences = (words, *_tasks(case), BACK)
    if len(candidates) > 1:
        return Plan("promote", "Promote a candidate", sentences, now, "100 % for the one that you choose", choices)
    return Plan("promote", f"Promote {candidates[0].variant}", sentences, now, f"{candidates[0].variant} 100 %")


def _abort(case: Case, now: str, said: Mapping[str, Any]) -> Plan:
    if case.story.began_at is None:
        words = "It has not begun, and will not: it is taken out of the queue. The route stays as it is."
        return Plan("abort", f"Abort {case.name}", (words,), now, now)
    baseline = case.experiment.baseline.variant
    winner = everybody(case.experiment, Ending("aborted", None, baseline, "", 0.0))
    if winner is None:
        words = f"The experiment ends now. It does not move the weights of {case.story.route}, so they stay as they are."
        return Plan("abort", f"Abort {case.name}", (words, UNDONE, BACK), now, now)
    words = f"The experiment ends now, and everybody on {case.story.route} gets the baseline {winner}."
    return Plan("abort", f"Abort {case.name}", (words, UNDONE, BACK), now, f"{winner} 100 %")


def _undo(case: Case, now: str, said: Mapping[str, Any]) -> Plan:
    before = Route.model_validate(case.story.before)
    end = "The experiment ends now, and the" if case.story.ending is None else "The"
    mode = "by weights" if before.mode == "weighted" else f"in mode {before.mode}"
    words = f"{end} route {case.story.route} becomes what it was before {case.name} began: {mode}, its own baseline, salt and lanes."
    shares = weights({name: percent for name, percent in before.weights.items() if percent})
    then = shares if before.mode == "weighted" else f"mode {before.mode}" + (f" (weights {shares})" if shares else "")
    return Plan("undo", f"Undo {case.name}", (words, "What was measured stays in the journals."), now, then)


def _called(variant: str, name: str, story: Story) -> str:
    known = variant if name == variant else f"{variant} ({name})"
    return f"{known}, rolled back by the evidence" if variant in story.standing.retired else known


def _tasks(case: Case) -> tuple[str, ...]:
    finish = case.experiment.actions.get("finish", ())
    return (f"Then the tasks of its finish are done: {', '.join(one.task for one in finish)}.",) if finish else ()
