"""Puts the explanation together: the verdict first, then why, then what is to come. One paragraph per line."""

from lab.explain import ahead, seen
from lab.explain.headline import headline
from lab.explain.progress import Progress
from lab.explain.words import clock, duration, weights
from lab.judge.decision import Decision
from lab.spec.experiment import Experiment


def explained(experiment: Experiment, decision: Decision | None, progress: Progress) -> str:
    """What to tell somebody who asks how the experiment goes. decision: the last one, None before the first look."""
    if decision is None:
        parts = [progress.intervention or _before(experiment, progress), *_notices(progress)]
    else:
        parts = [
            _first(experiment, decision, progress),
            "",
            _standing(experiment, decision, progress),
            *_method(experiment, decision),
            *seen.rewards(experiment, decision),
            *seen.objectives(experiment, decision, progress.stage in ("Finishing", "Completed")),
            *seen.guards(experiment, decision),
            *seen.trust(experiment, decision),
            *seen.epochs(experiment, decision),
            *ahead.changes(experiment, decision, progress),
            *ahead.time_left(experiment, decision, progress),
            ahead.next_step(experiment, decision, progress),
            *_notices(progress),
            *_reading(experiment),
        ]
    return "\n".join(parts) + "\n"


def _first(experiment: Experiment, decision: Decision, progress: Progress) -> str:
    """The verdict and why; if a person has decided otherwise, that before it."""
    said = headline(experiment, decision)
    return f"{progress.intervention} The evidence by then: {said}" if progress.intervention else said


def _before(experiment: Experiment, progress: Progress) -> str:
    name = progress.run or experiment.name
    if progress.stage == "Waiting":
        return f"{name} waits: another experiment has the target {experiment.target}, or its route. It starts when that one ends."
    due = "" if progress.next_look_at is None else f" The first is due in {duration(progress.next_look_at - progress.now)}."
    return f"No verdict on {name} yet: nobody has looked at the evidence.{due}"


def _standing(experiment: Experiment, decision: Decision, progress: Progress) -> str:
    """Look, time, what it is, and weights."""
    since = "" if progress.started_at is None else f", {duration(progress.now - progress.started_at)} after the start"
    shares = "" if progress.intervention else f"; {weights(ahead.shares(experiment, decision)) or 'the weights are those of the route'}"
    what = f"{experiment.pattern} on the route {experiment.route}, {experiment.deployment}"
    looks = f"look {progress.iteration} of {progress.iterations}{since}, {clock(progress.now)}"
    return f"Where it stands: {what}; {looks}{shares}."


def _method(experiment: Experiment, decision: Decision) -> list[str]:
    """Only where it is not ours."""
    if experiment.strength.method != "iter8":
        return []
    how = "the best value among the versions within the limits wins, look by look. It knows no uncertainty: of two identical versions it"
    said = f" Its words: {decision.message}." if decision.message else ""
    return [f"Method: Iter8's own rule; {how} prefers one half of the time.{said}"]


def _reading(experiment: Experiment) -> list[str]:
    """What e is, for whoever meets it here for the first time."""
    if experiment.strength.method == "iter8":
        return []
    return [
        "How to read e: it is the weight of the evidence for a claim, and it may be read at any look. A claim that is false gets to e = 20 "
        "in one of 20 experiments at most, to e = 1,000 in one of 1,000."
    ]


def _notices(progress: Progress) -> list[str]:
    return [f"Notice: {notice}" for notice in progress.notices]
