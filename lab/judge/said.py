"""A decision as plain JSON, for the journal, and back."""

import math
from collections.abc import Mapping
from typing import Any

from lab.judge.decision import Decision, EpochCount, Judgement, Measured, Standing
from lab.spec.experiment import Experiment, Metric
from lab.stats.interval import Interval
from lab.stats.verdict import Reason, Verdict


def as_json(decision: Decision) -> dict[str, Any]:
    """Plain JSON types: numbers that are infinite or not there are null, sets are sorted lists."""
    return _plain(decision)


def of_json(said: Mapping[str, Any], experiment: Experiment) -> Decision:
    """What `as_json` said of this experiment. A null in place of an e-value becomes nan, in place of an interval's end, no bound.

    ValueError for a metric that the experiment does not have.
    """
    metrics = {metric.name: metric for metric in metrics_of(experiment)}
    parts = {
        "judgements": tuple(_judgement(one) for one in said["judgements"]),
        "measured": tuple(_measured(one, metrics) for one in said["measured"]),
        "standing": _standing(said["standing"]),
        "trust": tuple(Reason(**one) for one in said["trust"]),
        "satisfied": {name: tuple(row) for name, row in said["satisfied"].items()},
        "epochs": tuple(EpochCount(**one) for one in said["epochs"]),
        "best": tuple(said["best"]),
    }
    return Decision(**said | parts)  # type: ignore[operator]


def metrics_of(experiment: Experiment) -> tuple[Metric, ...]:
    """Every metric that the file names, each once: indicators, the reward, objectives, guards."""
    asked = [experiment.reward.metric] if experiment.reward else []
    asked += [one.metric for one in (*experiment.objectives, *experiment.strength.guards)]
    return tuple(dict.fromkeys([*experiment.indicators, *asked]))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a decision is made of
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Metric):
        return value.name
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return sorted(value) if isinstance(value, frozenset) else value


def _judgement(said: Mapping[str, Any]) -> Judgement:
    logs = {name: {key: math.nan if log is None else log for key, log in said[name].items()} for name in ("log_e", "log_e_max")}
    return Judgement(**said | logs | {"verdict": _verdict(said["verdict"]), "interval": _interval(said["interval"])})  # type: ignore[operator]


def _verdict(said: Mapping[str, Any]) -> Verdict:
    return Verdict(said["kind"], *(tuple(Reason(**one) for one in said[name]) for name in ("reasons", "would_change", "notes")))


def _interval(said: Mapping[str, Any] | None) -> Interval | None:
    if said is None:
        return None
    low, high = said["low"], said["high"]
    return Interval(-math.inf if low is None else low, math.inf if high is None else high, said["alpha"])


def _measured(said: Mapping[str, Any], metrics: Mapping[str, Metric]) -> Measured:
    if said["metric"] not in metrics:
        raise ValueError(f"{said['metric']} is no metric of this experiment: {', '.join(metrics) or 'it has none'}.")
    return Measured(**said | {"metric": metrics[said["metric"]]})  # type: ignore[operator]


def _standing(said: Mapping[str, Any]) -> Standing:
    return Standing(**said | {"retired": frozenset(said["retired"])})  # type: ignore[operator]
