"""A run as an Iter8 v2alpha2 Experiment, so that what reads those reads ours. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lab.controller.story import LookTold, Story
from lab.spec.document import documents
from lab.spec.experiment import Experiment, Metric

API_VERSION = "iter8.tools/v2alpha2"

# Every message of Iter8's analytics has these three parts.
ALL_WELL = "Error: ; Warning: ; Info: all ok"


def resource(story: Story, experiment: Experiment, said: Mapping[str, Any]) -> dict[str, Any]:
    """`said` is the run's status in our own words."""
    metadata = {"name": story.run, "namespace": experiment.namespace}
    return {"apiVersion": API_VERSION, "kind": "Experiment", "metadata": metadata, "spec": _spec(story.text),
            "status": _status(story, experiment, said)}  # fmt: skip


@lru_cache(maxsize=64)
def _spec(text: str) -> Mapping[str, Any]:
    """As the file has it. Reading YAML takes milliseconds, and everybody who watches a run asks for it."""
    found = [one.value for one in documents(text) if isinstance(one.value, dict) and one.value.get("kind") == "Experiment"]
    return found[0].get("spec", {}) if found else {}


def _status(story: Story, experiment: Experiment, said: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.variant: one.name for one in experiment.versions}
    found: dict[str, Any] = {
        "stage": said["stage"],
        "completedIterations": said["iteration"],
        "currentWeightDistribution": _weights(names, said["weights"]),
        "versionRecommendedForPromotion": said["recommended"],
        "initTime": _time(story.asked_at),
        "startTime": _time(story.began_at),
        "lastUpdateTime": _time(story.changed_at),
        "message": said["message"],
        "conditions": _conditions(story, said),
        "metrics": [_metric(one) for one in metrics(experiment)],
    }
    if story.looks:
        best = [names[one] for one in story.best if one in names]
        found["analysis"] = _analysis(story.looks[-1], experiment, names, best)
    return found


def metrics(experiment: Experiment) -> list[Metric]:
    """Every metric that the file names, once, in the order in which Iter8 shows them."""
    rewards = [experiment.reward.metric] if experiment.reward else []
    every = [*experiment.indicators, *rewards, *(one.metric for one in experiment.objectives)]
    return list({one.name: one for one in every}.values())


def _analysis(look: LookTold, experiment: Experiment, names: Mapping[str, str], best: list[str]) -> dict[str, Any]:
    decision, now = look.decision, _time(look.at)
    head = {"provenance": "lab", "timestamp": now}
    message = decision.get("message") or ALL_WELL
    winners = {"winnerFound": len(best) == 1, "bestVersions": best} | ({"winner": best[0]} if len(best) == 1 else {})
    satisfied = {names[variant]: list(each) for variant, each in (decision.get("satisfied") or {}).items() if variant in names}
    return {
        "aggregatedMetrics": {**head, "message": ALL_WELL, "data": _aggregated(decision.get("measured") or (), experiment, names)},
        "versionAssessments": {**head, "message": ALL_WELL, "data": satisfied},
        "winnerAssessment": {**head, "message": message, "data": winners},
        "weights": {**head, "message": ALL_WELL, "data": _weights(names, decision.get("computed") or decision["weights"])},
    }


def _aggregated(measured: Sequence[Mapping[str, Any]], experiment: Experiment, names: Mapping[str, str]) -> dict[str, Any]:
    """By metric and version; what is not known is null, never 0."""
    found: dict[str, Any] = {one.name: {"max": None, "min": None, "data": {}} for one in metrics(experiment)}
    for one in measured:
        name, version = one["metric"], names.get(one["variant"])
        if name in found and version is not None:
            found[name]["data"][version] = {"value": one["value"], "sampleSize": one["n"], "max": None, "min": None}
    return found


def _conditions(story: Story, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    reason, _, message = said["message"].partition(": ")
    is_over = said["stage"] == "Completed"
    failed = is_over and (said["message"].endswith("Experiment failed"))
    states = {"Completed": is_over, "Failed": failed, "TargetAcquired": story.began_at is not None and not is_over}
    told = {"reason": reason, "message": message}
    return [
        {"type": name, "status": str(value), "lastTransitionTime": _time(_when(name, story))} | (told if value else {})
        for name, value in states.items()
    ]


def _when(condition: str, story: Story) -> float:
    if condition == "TargetAcquired":
        return story.began_at or story.asked_at
    return story.ended_at or story.asked_at


def _metric(metric: Metric) -> dict[str, Any]:
    namespace, _, name = metric.name.rpartition("/")
    kind = "Counter" if metric.kind == "count" else "Gauge"
    about = {"name": name} | ({"namespace": namespace} if namespace else {})
    units = {"units": metric.unit} if metric.unit else {}
    return {"name": metric.name, "metricObj": {"apiVersion": API_VERSION, "kind": "Metric", "metadata": about,
            "spec": {"type": kind, "provider": "lab", **units}}}  # fmt: skip


def _weights(names: Mapping[str, str], percents: Mapping[str, float]) -> list[dict[str, Any]]:
    return [{"name": names.get(variant, variant), "value": _whole(percent)} for variant, percent in percents.items()]


def _whole(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _time(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
