"""The steps of a rollout, in Argo's form."""

from lab.spec import shapes
from lab.spec.experiment import Pause, SetWeight, Step
from lab.spec.place import Path
from lab.spec.remarks import Remarks
from lab.spec.rules import MEETING

STEPS: Path = ("spec", "strategy", "steps")


def steps_of(spec: shapes.ExperimentSpec, candidates: int, remarks: Remarks) -> tuple[Step, ...]:
    """All of them; those that make no sense are troubles."""
    strategy = spec.strategy
    if strategy.steps:
        _check_use(spec, remarks)
    return tuple(step for number, one in enumerate(strategy.steps) if (step := _step(one, (*STEPS, number), strategy, candidates, remarks)))


def _check_use(spec: shapes.ExperimentSpec, remarks: Remarks) -> None:
    pattern, deployment = spec.strategy.testing_pattern, spec.strategy.deployment_pattern
    if deployment == "FixedSplit" or pattern not in MEETING:
        still = pattern if pattern not in MEETING else deployment
        remarks.wrong(STEPS, f"With {still} no weight ever changes: leave the steps out.")
    if spec.criteria.strength.method == "iter8":
        remarks.wrong(STEPS, "Method iter8 computes its weights: leave the steps out, or use method always-valid.")


def _step(one: shapes.Step, path: Path, strategy: shapes.Strategy, candidates: int, remarks: Remarks) -> Step | None:
    if (one.set_weight is None) == (one.pause is None):
        remarks.wrong(path, "A step has exactly one of setWeight and pause.")
        return None
    if one.pause is not None:
        return Pause(one.pause.duration)
    return _weight(one.set_weight or 0.0, (*path, "setWeight"), strategy, candidates, remarks)


def _weight(percent: float, path: Path, strategy: shapes.Strategy, candidates: int, remarks: Remarks) -> SetWeight:
    most = strategy.weights.max_candidate_weight
    if percent > most:
        remarks.wrong(path, f"setWeight is {percent:g}, but maxCandidateWeight is {most:g}.")
    if percent * candidates > 100:
        remarks.wrong(path, f"setWeight is {percent:g} for each of {candidates} candidates, more than 100 % together.")
    elif percent > (share := equal_share(candidates)):
        remarks.notice(path, f"setWeight is {percent:g}: until the verdict no candidate gets more than an equal share, {share:.4g} %.")
    return SetWeight(percent)


def equal_share(candidates: int) -> float:
    """Percent, of each candidate and the baseline: where most can be seen, so nobody undecided gets more."""
    return 100 / (candidates + 1)
