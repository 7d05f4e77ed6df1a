"""What is questionable about an experiment's reward, its strength, its traffic and its tasks."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from lab.lint import query
from lab.lint.finding import Finding, found
from lab.lint.subject import CRITERIA, STRATEGY, STRENGTH, Subject
from lab.spec import shapes
from lab.spec.experiment import Pause, SetWeight
from lab.spec.metrics import MEASURES, SHARES
from lab.spec.place import Path
from lab.spec.rules import CANDIDATES, MEETING, VERSIONS
from lab.spec.steps import equal_share

ALPHA_LENIENT = 0.1
# Percentage points that a candidate may gain at once without a remark.
INCREMENT_LARGE = 25.0
# Seconds between two looks without a remark.
INTERVAL_SHORT_S = 5.0
# The part of the whole time that rewards may be waited for without a remark.
MATURATION_LONG = 0.5


def findings(subject: Subject) -> Iterator[Finding]:
    """All of them."""
    for rule in (_reward, _unit, _strength, _claims, _harm, _margins, _traffic, _steps, _time, _method, _tasks, _cluster, _quotes):
        yield from rule(subject)


def _reward(subject: Subject) -> Iterator[Finding]:
    """A count, or the wrong direction."""
    reward = subject.experiment.reward
    if reward is None:
        return
    measure, name = MEASURES[reward.metric.measure], reward.metric.name
    if measure.better not in (None, reward.direction):
        place = subject.at(*CRITERIA, "rewards", 0, "preferredDirection")
        yield found("L210", place, f"{reward.direction} {name} is preferred, but {measure.better.lower()} is better.")
    if reward.metric.kind == "count" or _counts(subject, name):
        how = " Here it is taken per visitor." if reward.metric.kind != "count" else ""
        yield found(
            "L102", subject.at(*CRITERIA, "rewards", 0, "metric"), f"{name} counts: the version with more traffic has more of it.{how}"
        )


def _counts(subject: Subject, name: str) -> bool:
    """Whether the reward's own document counts."""
    written = [one for one in subject.files.metrics if one.shape.is_called(name, subject.experiment.namespace)]
    return any(query.counts(one.shape.query()) or one.shape.spec.type == "Counter" for one in written)


def _unit(subject: Subject) -> Iterator[Finding]:
    if subject.experiment.strength.unit == "request" and subject.experiment.reward is not None and not subject.is_iter8:
        route, name = subject.experiment.route, subject.experiment.reward.metric.name
        yield found("L201", subject.at(*STRENGTH, "unit"), f"{name} is judged per request, but on {route} visitors keep their variant.")


def _strength(subject: Subject) -> Iterator[Finding]:
    strength, reward = subject.experiment.strength, subject.experiment.reward
    for field, alpha in (("alpha", strength.alpha), ("alphaRollback", strength.alpha_rollback)):
        if alpha > ALPHA_LENIENT:
            yield found("L215", subject.at(*STRENGTH, field), f"{field} is {alpha:g}: wrong in up to one of {1 / alpha:.0f} experiments.")
    if reward is not None and strength.smallest is None and not (subject.is_iter8 or reward.margin):
        yield found("L218", subject.at(*CRITERIA, "rewards"), "criteria.strength.mde is not given: any difference counts, however small.")


def _claims(subject: Subject) -> Iterator[Finding]:
    experiment = subject.experiment
    has_limit = any(one.upper is not None or one.lower is not None for one in experiment.objectives)
    if experiment.reward is None and not has_limit:
        sentence = f"A {experiment.pattern} experiment without an objective has nothing to show."
        yield found("L212", subject.at(*CRITERIA), sentence)


def _harm(subject: Subject) -> Iterator[Finding]:
    experiment = subject.experiment
    if experiment.pattern not in MEETING:
        return
    judged = [one.metric.measure for one in experiment.objectives if (one.rolls_back or subject.is_iter8) and one.upper is not None]
    if "error-rate" not in (*judged, *(one.metric.measure for one in experiment.strength.guards)):
        yield found("L211", subject.at(*CRITERIA), "No objective with rollback_on_failure and no margin looks at error-rate.")


def _margins(subject: Subject) -> Iterator[Finding]:
    for guard in subject.experiment.strength.guards:
        if guard.metric.kind in SHARES and guard.margin == 1:
            place = subject.at(*STRENGTH, "margins", guard.metric.name)
            yield found("L214", place, f"{guard.metric.name} has a margin of 1: any shown difference from the baseline rolls back.")


def _traffic(subject: Subject) -> Iterator[Finding]:
    experiment, place = subject.experiment, subject.at(*STRATEGY, "weights", "maxCandidateWeightIncrement")
    if experiment.deployment != "Progressive" or experiment.pattern not in MEETING or experiment.steps:
        return
    step = min(experiment.increment_max, experiment.candidate_weight_max, equal_share(len(experiment.candidates)))
    if step > INCREMENT_LARGE:
        yield found("L204", place, f"The candidate gains up to {step:g} percentage points at once.")


def _steps(subject: Subject) -> Iterator[Finding]:
    experiment = subject.experiment
    weights = [(number, one.percent) for number, one in enumerate(experiment.steps) if isinstance(one, SetWeight)]
    for (_, before), (number, after) in pairwise([(-1, 0.0), *weights]):
        place = subject.at(*STRATEGY, "steps", number, "setWeight")
        if after < before:
            yield found("L221", place, f"setWeight goes down from {before:g} to {after:g}.")
        if after - before > INCREMENT_LARGE:
            yield found("L204", place, f"The candidate gains {after - before:g} percentage points at once.")
    share = equal_share(len(experiment.candidates))
    for number, percent in weights:
        if percent > share:
            sentence = f"setWeight is {percent:g}, more than an equal share: it gets {share:.4g} %."
            yield found("L226", subject.at(*STRATEGY, "steps", number, "setWeight"), sentence)
    if experiment.steps:
        yield from _unreached(subject)


def _unreached(subject: Subject) -> Iterator[Finding]:
    """The first step that begins after the end. A pause without an end is taken as none."""
    experiment, seconds = subject.experiment, 0.0
    whole = experiment.interval_s * experiment.iterations_in_all
    for number, step in enumerate(experiment.steps):
        if seconds >= whole:
            sentence = f"This step begins after {seconds:g} s at the earliest; the experiment ends after {whole:g} s."
            yield found("L220", subject.at(*STRATEGY, "steps", number), sentence)
            return
        seconds += (step.seconds or 0.0) if isinstance(step, Pause) else experiment.interval_s


def _time(subject: Subject) -> Iterator[Finding]:
    experiment = subject.experiment
    whole, waits = experiment.interval_s * experiment.iterations_in_all, experiment.strength.maturation_s
    if waits > MATURATION_LONG * whole:
        sentence = f"Rewards are waited for {waits:g} s after a visitor's first prediction, and the experiment lasts {whole:g} s."
        yield found("L203", subject.at(*STRENGTH, "maturation"), sentence)
    if experiment.interval_s < INTERVAL_SHORT_S:
        yield found("L219", subject.at("spec", "duration", "intervalSeconds"), f"There is a look every {experiment.interval_s:g} s.")


def _method(subject: Subject) -> Iterator[Finding]:
    if not subject.is_iter8:
        return
    yield found("L216", subject.at(*STRENGTH, "method"), "Method iter8 compares estimates as they are, from the first iteration on.")
    promotes = any(task.task == "lab/promote" for task in subject.experiment.actions.get("finish", ()))
    if not promotes and subject.experiment.deployment == "Progressive" and subject.experiment.candidates:
        yield found("L217", subject.at(*STRATEGY), "No finish action promotes the winner: it stays at 95 % at most.")


def _tasks(subject: Subject) -> Iterator[Finding]:
    for action, tasks in subject.experiment.actions.items():
        for number, task in enumerate(tasks):
            if task.task == "common/exec":
                place = subject.at(*STRATEGY, "actions", action, number, "task")
                yield found("L222", place, f"The {action} task {task.inputs['cmd']} is not run unless LAB_ALLOW_EXEC=1.")


def _cluster(subject: Subject) -> Iterator[Finding]:
    for path, version in _versions(subject):
        if version.weight_obj_ref is not None:
            yield found("L223", subject.at(*path, "weightObjRef"), f"weightObjRef of {version.name} has no meaning here.")


def _versions(subject: Subject) -> Iterator[tuple[Path, shapes.Version]]:
    info = subject.written.shape.spec.version_info
    if info is not None:
        yield (*VERSIONS, "baseline"), info.baseline
        yield from (((*CANDIDATES, number), one) for number, one in enumerate(info.candidates))


def _quotes(subject: Subject) -> Iterator[Finding]:
    """Limits that a cluster would not take."""
    value = subject.written.document.value
    for number, objective in enumerate(_objectives(value)):
        for field in ("upperLimit", "lowerLimit"):
            if isinstance(objective.get(field), float):
                place = subject.at(*CRITERIA, "objectives", number, field)
                yield found("L224", place, f"{field} is {objective[field]:g} without quotes.")


def _objectives(value: Any) -> Sequence[dict[str, Any]]:  # noqa: ANN401 - any YAML; its shape was checked
    return (value["spec"].get("criteria") or {}).get("objectives") or []
