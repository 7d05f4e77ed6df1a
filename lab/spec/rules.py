"""Iter8's own validation: which versions and rewards a pattern takes. Its messages come first, as its users know them."""

from typing import Final, NamedTuple

from lab.spec import shapes
from lab.spec.experiment import Action, Pattern
from lab.spec.place import Path
from lab.spec.remarks import Remarks

VERSIONS: Final[Path] = ("spec", "versionInfo")
CANDIDATES: Final[Path] = (*VERSIONS, "candidates")
REWARDS: Final[Path] = ("spec", "criteria", "rewards")
ACTIONS: Final[tuple[Action, ...]] = ("start", "loop", "finish")


class Takes(NamedTuple):
    """How many candidates a pattern takes, at least and at most, and how many rewards."""

    fewest: int
    most: int | None
    rewards: int


PATTERNS: Final[dict[Pattern, Takes]] = {
    "Conformance": Takes(0, 0, 0),
    "Canary": Takes(1, 1, 0),
    "A/B": Takes(1, 1, 1),
    "A/B/N": Takes(1, None, 1),
    "Shadow": Takes(1, None, 0),
}


# Where a candidate meets visitors.
MEETING: Final[frozenset[Pattern]] = frozenset({"Canary", "A/B", "A/B/N"})


def check(shape: shapes.Experiment, remarks: Remarks) -> None:
    """Notes what Iter8's controller would refuse."""
    _check_versions(shape.spec, remarks)
    _check_rewards(shape.spec, remarks)
    _check_actions(shape.spec.strategy, remarks)


def _check_versions(spec: shapes.ExperimentSpec, remarks: Remarks) -> None:
    if spec.version_info is None:
        remarks.wrong(("spec",), "No versionInfo in experiment: spec.versionInfo is missing, must name a baseline and candidates.")
        return
    pattern, found = spec.strategy.testing_pattern, len(spec.version_info.candidates)
    takes = PATTERNS[pattern]
    if found < takes.fewest or (takes.most is not None and found > takes.most):
        wanted = "at least 1" if takes.most is None else f"exactly {takes.most}" if takes.most else "none"
        remarks.wrong(CANDIDATES, f"Invalid number of candidates for {pattern} experiment: it has {found}, must have {wanted}.")
    names = [version.name for version in (spec.version_info.baseline, *spec.version_info.candidates)]
    for number, name in enumerate(names[1:]):
        if name in names[: number + 1]:
            remarks.wrong((*CANDIDATES, number, "name"), f"Version names are not unique: {name} stands more than once.")
    _check_field_paths(spec.version_info, remarks)


def _check_field_paths(info: shapes.VersionInfo, remarks: Remarks) -> None:
    places: list[tuple[Path, shapes.Version]] = [((*VERSIONS, "baseline"), info.baseline)]
    places += [((*CANDIDATES, number), version) for number, version in enumerate(info.candidates)]
    for path, version in places:
        where = version.weight_obj_ref.field_path if version.weight_obj_ref else None
        if where is not None and not where.startswith("."):
            remarks.wrong((*path, "weightObjRef", "fieldPath"), f"Fieldpaths must start with '.': this one is {where}.")


def _check_rewards(spec: shapes.ExperimentSpec, remarks: Remarks) -> None:
    pattern, found = spec.strategy.testing_pattern, len(spec.criteria.rewards)
    wanted = PATTERNS[pattern].rewards
    if found != wanted:
        path = REWARDS if found else ("spec", "criteria")
        must = "exactly 1" if wanted else "none: it is judged by objectives"
        remarks.wrong(path, f"Invalid number of rewards for {pattern} experiment: it has {found}, must have {must}.")


def _check_actions(strategy: shapes.Strategy, remarks: Remarks) -> None:
    for name in strategy.actions:
        if name not in ACTIONS:
            path: Path = ("spec", "strategy", "actions", name)
            remarks.wrong(path, f"There is no moment {name} for actions. Tasks are done at: {', '.join(ACTIONS)}.")
