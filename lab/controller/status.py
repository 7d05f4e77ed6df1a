"""What a run looks like to programs: how far it is, what was decided last, and the same as an Iter8 resource. Pure."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from lab.controller.case import Case
from lab.controller.resource import resource
from lab.controller.splitting import variant_of
from lab.controller.story import Story
from lab.routes import Route
from lab.spec.experiment import Experiment, Pause

Stage = Literal["Waiting", "Initializing", "Running", "Finishing", "Completed"]


class Present(NamedTuple):
    """What the story of a run cannot know."""

    route: Route | None
    next_look_at: float | None
    blocker: str | None
    """The run that a waiting one waits for."""


def stage(story: Story, experiment: Experiment) -> Stage:
    """Where a run is; never backwards."""
    if story.finish is not None:
        return "Completed"
    if story.ending is not None:
        return "Finishing"
    if story.began_at is None:
        return "Waiting"
    begun = [one for one in story.tasks if one["action"] == "start" and one["phase"] == "end"]
    return "Running" if len(begun) >= len(experiment.actions.get("start", ())) else "Initializing"


def status(case: Case, present: Present) -> dict[str, Any]:
    """Plain JSON."""
    story, experiment = case.story, case.experiment
    look, ending = story.looks[-1] if story.looks else None, story.ending
    said: dict[str, Any] = {
        "name": story.run,
        "experiment": story.file,
        "namespace": experiment.namespace,
        "route": story.route,
        "target": story.target,
        "pattern": experiment.pattern,
        "deployment": experiment.deployment,
        "method": experiment.strength.method,
        "stage": stage(story, experiment),
        "iteration": story.iterations,
        "iterations": experiment.iterations_in_all,
        "message": message(story, experiment, present.blocker),
        "started_at": story.began_at,
        "ended_at": story.ended_at,
        "next_look_at": present.next_look_at,
        "is_paused": story.is_paused and ending is None,
        "waits_for": _waits_for(story, experiment),
        "weights": weights(story, experiment, present.route),
        "winner": ending.winner if ending else None,
        "recommended": _version(experiment, recommended(story, experiment)),
        "verdict": _verdict(story),
        "why": story.undone_why or (ending.why if ending else look.decision["why"] if look else ""),
        "notices": list(_notices(case, present.route)),
        "decision": look.decision if look else None,
    }
    return said | {"resource": resource(case.story, experiment, said)}


def message(story: Story, experiment: Experiment, blocker: str | None) -> str:
    """The last event, in Iter8's words: reason and message."""
    now = stage(story, experiment)
    if now == "Waiting":
        return f"ExperimentInitialized: Waiting for {blocker}" if blocker else "ExperimentInitialized: Experiment initialized"
    if now == "Initializing":
        return "TargetAcquired: Target acquired"
    if now == "Running":
        return _iteration(story, experiment)
    if now == "Finishing":
        has_tasks = bool(experiment.actions.get("finish"))
        return "HandlerLaunched: Finish handler 'finish' launched" if has_tasks else "StageAdvanced: Advanced to Finishing"
    return f"ExperimentCompleted: {_last_words(story, experiment)}"


def weights(story: Story, experiment: Experiment, route: Route | None) -> dict[str, float]:
    """Percent by variant: of the route while the run has it, else the last ones that it had."""
    variants = [one.variant for one in experiment.versions]
    if route is not None and route.experiment == story.run:
        return {name: route.weight(name) for name in variants}
    if story.first is None or story.before is None:
        return {}
    if story.undone_at_epoch is not None:
        return {name: story.before["weights"].get(name, 0.0) for name in variants}
    if story.finish is not None and story.finish["weights"] is not None:
        return {name: story.finish["weights"].get(name, 0.0) for name in variants}
    last = story.looks[-1] if story.looks else None
    held: Mapping[str, float] = (last.weights or last.before.weights) if last else story.first.weights
    return {name: held.get(name, 0.0) for name in variants}


def recommended(story: Story, experiment: Experiment) -> str:
    """The variant to promote if it ended now; the baseline at the start."""
    if story.ending is not None:
        return story.ending.recommended
    return variant_of(experiment, story.looks[-1].decision["recommended"] if story.looks else None)


def _iteration(story: Story, experiment: Experiment) -> str:
    done = story.iterations
    if not done:
        return "StageAdvanced: Advanced to Running"
    loops, rest = divmod(done, experiment.iterations)
    return f"IterationUpdate: Completed Iteration {done}" if rest else f"IterationUpdate: Completed Loop {loops}"


def _last_words(story: Story, experiment: Experiment) -> str:
    assert story.ending is not None
    assert story.finish is not None
    if story.undone_at_epoch is not None:
        return "Experiment undone"
    if story.ending.how == "aborted":
        return "Experiment aborted"
    if story.ending.how == "failed" or story.finish["failed"]:
        return "Experiment failed"
    if experiment.actions.get("finish"):
        return "Experiment Completed"
    return "Experiment rolled back" if story.ending.how == "roll back" else "Experiment completed successfully"


def _waits_for(story: Story, experiment: Experiment) -> str | None:
    if story.ending is not None:
        return None
    if story.began_at is None:
        return "target"
    return "resume" if story.is_paused or _at_gate(story, experiment) else None


def _at_gate(story: Story, experiment: Experiment) -> bool:
    standing = story.standing
    step = experiment.steps[standing.step] if standing.step < len(experiment.steps) else None
    return isinstance(step, Pause) and step.seconds is None and not standing.is_gate_open


def _verdict(story: Story) -> str | None:
    """As decided: a person's word is no verdict."""
    return str(story.looks[-1].decision["kind"]) if story.looks else None


def _version(experiment: Experiment, variant: str) -> str:
    return next((one.name for one in experiment.versions if one.variant == variant), variant)


def _notices(case: Case, route: Route | None) -> list[str]:
    story = case.story
    ended = [one for one in story.tasks if one["phase"] == "end"]
    found = [*case.notices, *(one["sentence"] for one in ended if not one["ok"] and not one["skipped"])]
    if case.differs_from is not None:
        found.append(f"The journals tell something else than they did at look {case.differs_from}. What was decided stands.")
    if case.trouble is not None:
        found.append(f"It cannot go on now, and is tried again: {case.trouble}")
    if story.ending is None and route is not None and route.experiment == story.run and route.mode != "weighted":
        found.append(
            f"{story.route} is in mode {route.mode}: nothing counts until it is weighted. lab weight {story.route} --mode weighted"
        )
    return list(dict.fromkeys(found))
