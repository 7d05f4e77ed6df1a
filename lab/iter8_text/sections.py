"""The sections of a description: overview, progress, and after the first iteration winner, rewards, objectives and metrics."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lab.iter8_text.quantity import quantity, rounded_up
from lab.iter8_text.table import table

UNAVAILABLE = "unavailable"

# How each testing pattern finds its winner; A/B and A/B/N need no words.
HOW = {
    "Canary": (
        "> If the candidate version satisfies the experiment objectives, then it is the winner.",
        "> Otherwise, if the baseline version satisfies the experiment objectives, it is the winner.",
        "> Otherwise, there is no winner.",
    ),
    "Conformance": (
        "> If the version being validated; i.e., the baseline version, satisfies the experiment objectives, it is the winner.",
        "> Otherwise, there is no winner.",
    ),
}

BEST = "> Identifies values of reward metrics for each version. The best version is marked with a '*'."
SATISFIED = (
    "> Identifies whether or not the experiment objectives are satisfied by the most recently observed metrics values for each version."
)
RECENT = "> Most recently read values of experiment metrics for each version."


class Resource(NamedTuple):
    """An experiment's parts; what is not there is empty."""

    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    status: Mapping[str, Any]

    @property
    def strategy(self) -> Mapping[str, Any]:
        """Patterns and weights."""
        return _part(self.spec, "strategy")

    @property
    def criteria(self) -> Mapping[str, Any]:
        """Rewards and objectives."""
        return _part(self.spec, "criteria")

    @property
    def analysis(self) -> Mapping[str, Any]:
        """What the last iteration found."""
        return _part(self.status, "analysis")

    @property
    def versions(self) -> tuple[str, ...]:
        """The baseline first."""
        info = _part(self.spec, "versionInfo")
        return tuple(str(one.get("name")) for one in (_part(info, "baseline"), *_list(info, "candidates")) if one)

    def value(self, metric: str, version: str) -> Decimal | None:
        """Of a metric, most recently."""
        found = _part(_part(_part(_part(self.analysis, "aggregatedMetrics"), "data"), metric), "data")
        return quantity(_part(found, version).get("value"))


def described(said: Mapping[str, Any]) -> str:
    """The whole text. said: the resource as JSON or YAML gives it."""
    resource = Resource(_part(said, "metadata"), _part(said, "spec"), _part(said, "status"))
    parts = [*_overview(resource), *_progress(resource)]
    if quantity(resource.status.get("completedIterations")):
        parts += [*_winner(resource), *_rewards(resource), *_objectives(resource), *_metrics(resource)]
    return "".join(parts)


def _overview(one: Resource) -> Iterator[str]:
    yield _heading("Overview")
    yield f"Experiment name: {one.metadata.get('name', '')}\n"
    yield f"Experiment namespace: {one.metadata.get('namespace', 'default')}\n"
    yield f"Target: {one.spec.get('target', '')}\n"
    yield f"Testing pattern: {one.strategy.get('testingPattern', '')}\n"
    yield f"Deployment pattern: {one.strategy.get('deploymentPattern', 'Progressive')}\n"


def _progress(one: Resource) -> Iterator[str]:
    yield _heading("Progress Summary")
    if one.status.get("stage"):
        yield f"Experiment stage: {one.status['stage']}\n"
    yield f"Number of completed iterations: {one.status.get('completedIterations') or 0}\n"


def _winner(one: Resource) -> Iterator[str]:
    if not one.analysis.get("winnerAssessment"):
        return
    assessed = _part(_part(one.analysis, "winnerAssessment"), "data")
    pattern, recommended = one.strategy.get("testingPattern"), one.status.get("versionRecommendedForPromotion")
    yield _heading("Winner Assessment")
    yield from (f"{line}\n" for line in HOW.get(str(pattern), ()))
    if pattern != "Conformance":
        yield f"App versions in this experiment: [{' '.join(one.versions)}]\n"
    yield f"Winning version: {assessed.get('winner') if assessed.get('winnerFound') else 'not found'}\n"
    if pattern != "Conformance" and recommended:
        yield f"Version recommended for promotion: {recommended}\n"


def _rewards(one: Resource) -> Iterator[str]:
    rewards = _list(one.criteria, "rewards")
    if rewards and one.analysis.get("aggregatedMetrics"):
        yield f"{_heading('Reward Assessment')}{BEST}\n"
        yield table(
            ["Reward", *one.versions], [_reward(one, str(reward.get("metric")), reward.get("preferredDirection")) for reward in rewards]
        )


def _reward(one: Resource, metric: str, direction: object) -> list[str]:
    values = [one.value(metric, version) for version in one.versions]
    seen = [value for value in values if value is not None]
    is_low = direction == "Low"
    best = (min if is_low else max)(seen, default=None)
    marks = [" *" if value is not None and value == best and seen.count(value) == 1 else "" for value in values]
    return [
        f"{metric} ({'lower' if is_low else 'higher'} better)",
        *(_shown(value) + mark for value, mark in zip(values, marks, strict=True)),
    ]


def _objectives(one: Resource) -> Iterator[str]:
    objectives = _list(one.criteria, "objectives")
    assessed = _part(_part(one.analysis, "versionAssessments"), "data")
    if objectives and one.analysis.get("versionAssessments"):
        yield f"{_heading('Objective Assessment')}{SATISFIED}\n"
        rows = [
            [_limits(said), *(_satisfied(assessed, version, place) for version in one.versions)] for place, said in enumerate(objectives)
        ]
        yield table(["Objective", *one.versions], rows)


def _limits(objective: Mapping[str, Any]) -> str:
    """`mean-latency <= 2000.000`"""
    lower, upper = quantity(objective.get("lowerLimit")), quantity(objective.get("upperLimit"))
    below = "" if lower is None else f"{rounded_up(lower)} <= "
    return f"{below}{objective.get('metric')}{'' if upper is None else f' <= {rounded_up(upper)}'}"


def _satisfied(assessed: Mapping[str, Any], version: str, place: int) -> str:
    answers = assessed.get(version)
    is_met = answers[place] if isinstance(answers, Sequence) and place < len(answers) else None
    return str(is_met).lower() if isinstance(is_met, bool) else UNAVAILABLE


def _metrics(one: Resource) -> Iterator[str]:
    if one.analysis.get("aggregatedMetrics"):
        yield f"{_heading('Metrics Assessment')}{RECENT}\n"
        rows = [[_titled(said), *(_shown(one.value(str(said["name"]), version)) for version in one.versions)] for said in _read(one)]
        yield table(["Metric", *one.versions], rows)


def _read(one: Resource) -> Sequence[Mapping[str, Any]]:
    """The metrics of the status, in their order; where it lists none, those that have values."""
    listed = [said for said in _list(one.status, "metrics") if said.get("name")]
    return listed or [{"name": name} for name in _part(_part(one.analysis, "aggregatedMetrics"), "data")]


def _titled(said: Mapping[str, Any]) -> str:
    """The metric's name with its unit."""
    units = _part(_part(said, "metricObj"), "spec").get("units")
    return f"{said['name']} ({units})" if units else str(said["name"])


def _shown(value: Decimal | None) -> str:
    return UNAVAILABLE if value is None else rounded_up(value)


def _heading(title: str) -> str:
    return f"\n****** {title} ******\n"


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; an empty one where there is none."""
    found = said.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list within an object."""
    found = said.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
