"""What a file asks of its versions: a reward, objectives, indicators, and how certain a verdict must be."""

from typing import Final, NamedTuple

from lab.spec import shapes
from lab.spec.experiment import Guard, Kind, Metric, Objective, Reward, Strength
from lab.spec.metrics import LATENCIES, MEASURES
from lab.spec.place import Path
from lab.spec.references import References
from lab.spec.remarks import Remarks
from lab.spec.rules import MEETING
from lab.spec.versions import Here

CRITERIA: Final[Path] = ("spec", "criteria")
STRENGTH: Final[Path] = (*CRITERIA, "strength")

# By how much the odds of an error may be worse than the baseline's before it is taken as harm, if a file does not say otherwise:
# without any margin, a candidate with 0.8 % errors instead of 0.5 % is rolled back though both are far below a limit of 1 %.
ERRORS_MARGIN: Final = 1.5
ERRORS: Final = "error-rate"

# Metrics that need feedback, and time for it.
OF_FEEDBACK: Final[frozenset[Kind]] = frozenset({"conversion", "reward mean", "accuracy"})
FEEDBACK: Final = "feedback-count"

# The fields of strength that Iter8's own method does not know.
_OURS: Final = ("alpha", "alphaRollback", "mde", "minimumSample", "margins", "onNoData")


class Criteria(NamedTuple):
    """The same, resolved."""

    reward: Reward | None
    objectives: tuple[Objective, ...]
    indicators: tuple[Metric, ...]
    strength: Strength


def criteria_of(spec: shapes.ExperimentSpec, here: Here, variants: tuple[str, ...], references: References) -> Criteria:
    """`variants`: the candidates. What cannot be judged is a trouble of `references.remarks`."""
    asked, remarks = spec.criteria, references.remarks
    rewards = [_reward(one, (*CRITERIA, "rewards", number), references) for number, one in enumerate(asked.rewards)]
    objectives = [_objective(one, (*CRITERIA, "objectives", number), spec, references) for number, one in enumerate(asked.objectives)]
    indicators = _indicators(asked, references)
    reward = rewards[0] if rewards else None
    guards, margin = _margins(spec, reward, references)
    if reward is not None:
        reward = reward._replace(margin=margin)
    used = (*filter(None, [reward]), *filter(None, objectives), *guards)
    _check_copies([one.metric for one in used], spec, here, variants, remarks)
    waits = any(metric.kind in OF_FEEDBACK or metric.measure == FEEDBACK for metric in (*(one.metric for one in used), *indicators))
    return Criteria(reward, tuple(filter(None, objectives)), indicators, _strength(spec, guards, waits, remarks))


def _reward(one: shapes.Reward, path: Path, references: References) -> Reward | None:
    metric = references.metric(one.metric, (*path, "metric"))
    if metric is None:
        return None
    if references.method != "iter8":
        if metric.kind == "count":
            sentence = f"{one.metric} is a count, which grows with a version's traffic: no reward. Use conversion or mean-reward."
            references.remarks.wrong((*path, "metric"), sentence)
        if metric.measure == "agreement":
            sentence = f"{one.metric} compares a shadow with the visitor's answer: the baseline has none. Make it an objective."
            references.remarks.wrong((*path, "metric"), sentence)
    return Reward(metric, one.preferred_direction)


def _objective(one: shapes.Objective, path: Path, spec: shapes.ExperimentSpec, references: References) -> Objective | None:
    metric = references.metric(one.metric, (*path, "metric"))
    if metric is None:
        return None
    remarks, method = references.remarks, references.method
    if one.upper_limit is not None and one.lower_limit is not None and one.lower_limit > one.upper_limit:
        sentence = f"lowerLimit is {one.lower_limit:g}, above upperLimit {one.upper_limit:g}: nothing can meet both."
        remarks.wrong((*path, "lowerLimit"), sentence)
    _check_latency(one, metric, path, references)
    if metric.kind == "count" and method != "iter8":
        sentence = f"{one.metric} is a count, which grows with time and traffic: no limit fits it. Use a rate or a mean."
        remarks.wrong((*path, "metric"), sentence)
    if spec.strategy.testing_pattern == "Shadow" and metric.measure != "agreement":
        sentence = f"{one.metric} of a shadow is not known: nobody gets its answers. A Shadow experiment is judged by agreement."
        remarks.wrong((*path, "metric"), sentence)
    rolls_back = method != "iter8" if one.rollback_on_failure is None else one.rollback_on_failure
    return Objective(metric, one.upper_limit, one.lower_limit, rolls_back)


def _check_latency(one: shapes.Objective, metric: Metric, path: Path, references: References) -> None:
    for field, limit in (("upperLimit", one.upper_limit), ("lowerLimit", one.lower_limit)):
        if metric.kind in LATENCIES and limit is not None and limit <= 0:
            references.remarks.wrong((*path, field), f"{field} of {one.metric} is {limit:g} {metric.unit}, must be above 0: it is a time.")


def _indicators(asked: shapes.Criteria, references: References) -> tuple[Metric, ...]:
    """The request count first."""
    named: list[tuple[str, Path]] = [(asked.request_count, (*CRITERIA, "requestCount"))] if asked.request_count else []
    named += [(name, (*CRITERIA, "indicators", number)) for number, name in enumerate(asked.indicators)]
    return tuple(dict.fromkeys(metric for name, path in named if (metric := references.metric(name, path))))


class _Margins(NamedTuple):
    """Guards, and the reward's own margin."""

    guards: tuple[Guard, ...]
    reward: float


def _margins(spec: shapes.ExperimentSpec, reward: Reward | None, references: References) -> _Margins:
    """With the guard that is there by itself."""
    guards: list[Guard] = []
    rewards_own, is_said = 0.0, reward is not None and reward.metric.measure == ERRORS
    for name, margin in spec.criteria.strength.margins.items():
        path = (*STRENGTH, "margins", name)
        metric = references.metric(name, path)
        if metric is None:
            continue
        is_said = is_said or metric.measure == ERRORS
        if reward is not None and metric[1:] == reward.metric[1:]:
            rewards_own = _checked_margin(margin, path, references.remarks)
        elif margin is not None and _can_guard(metric, margin, path, spec, references.remarks):
            guards.append(Guard(metric, margin))
    if not is_said and _is_guarded(spec):
        guards.append(Guard(MEASURES[ERRORS].metric(ERRORS), ERRORS_MARGIN))
    return _Margins(tuple(guards), rewards_own)


def _is_guarded(spec: shapes.ExperimentSpec) -> bool:
    """Where a candidate meets visitors, and our own method judges."""
    return spec.criteria.strength.method != "iter8" and spec.strategy.testing_pattern in MEETING


def _checked_margin(margin: float | None, path: Path, remarks: Remarks) -> float:
    if margin is not None and margin < 0:
        remarks.wrong(path, f"The reward's margin is {margin:g}, must be 0 or more: by how much it may be worse, in its unit.")
    return margin or 0.0


def _can_guard(metric: Metric, margin: float, path: Path, spec: shapes.ExperimentSpec, remarks: Remarks) -> bool:
    """A guard compares the candidate with the baseline, while both have visitors."""
    if not _is_guarded(spec) and spec.criteria.strength.method != "iter8":
        remarks.wrong(path, f"In a {spec.strategy.testing_pattern} experiment nobody meets a candidate: leave the margins out.")
    elif metric.kind in ("count", "reward mean") or metric.measure == "agreement":
        remarks.wrong(path, f"{metric.name} cannot be compared by a factor. Margins are for the reward, rates, accuracy and latencies.")
    elif not 1 <= margin <= 100:
        what = "it" if metric.kind in LATENCIES else "its odds"
        sentence = (
            f"The margin of {metric.name} is {margin:g}, must be from 1 to 100: by which factor {what} may be worse than the baseline's."
        )
        remarks.wrong(path, sentence)
    return True


def _check_copies(metrics: list[Metric], spec: shapes.ExperimentSpec, here: Here, variants: tuple[str, ...], remarks: Remarks) -> None:
    """Agreement needs copies of the visitors' predictions."""
    if spec.strategy.testing_pattern == "Shadow" or all(metric.measure != "agreement" for metric in metrics):
        return
    for variant in variants:
        if not here.route.shadows.get(variant):
            sentence = f"agreement compares a shadow with the visitor's answer, but {variant} gets no copies. "
            how = f"Let it have some, lab route {here.name} --shadow {variant}=20, or use testingPattern: Shadow."
            remarks.wrong((*CRITERIA, "objectives"), sentence + how)


def _strength(spec: shapes.ExperimentSpec, guards: tuple[Guard, ...], waits: bool, remarks: Remarks) -> Strength:
    said = spec.criteria.strength
    if said.method == "iter8":
        _notice_unused(said, remarks)
        guards = ()
    return Strength(
        method=said.method,
        alpha=said.alpha,
        alpha_rollback=said.alpha_rollback,
        smallest=said.mde,
        units_min=said.minimum_sample,
        maturation_s=_maturation(said, spec.duration, waits, remarks),
        unit=said.unit,
        on_no_data=said.on_no_data,
        guards=guards,
    )


def _maturation(said: shapes.Strength, duration: shapes.Duration, waits: bool, remarks: Remarks) -> float:
    """Where feedback counts, `waits`, and nobody says how long it is waited for: one interval."""
    if said.maturation is None:
        return float(duration.interval_seconds) if waits else 0.0
    if waits and said.maturation == 0:
        sentence = 'maturation is 0, so no reward could ever come in time. Say how long it takes people to answer: 60, or "10m".'
        remarks.wrong((*STRENGTH, "maturation"), sentence)
    return said.maturation


def _notice_unused(said: shapes.Strength, remarks: Remarks) -> None:
    if unused := [name for name in _OURS if name in said.named()]:
        remarks.notice(STRENGTH, f"Method iter8 compares estimates as they are: {', '.join(unused)} have no meaning for it.")
