"""Decides as Iter8 v2alpha2 does: for files written for it, and for comparison. The rule is `lab.stats.iter8`; here are its values.

Values are totals since the start, feedback that names no prediction included. In one thing it goes on where Iter8 leaves off: at the end
the version that it recommends gets everybody, which there is the work of the file's own finish task. What Iter8 itself computed for the
iteration is in `Decision.computed`.
"""

import hashlib
from collections.abc import Mapping

import numpy as np

from lab.judge.decision import Decision, Measured, Standing
from lab.judge.evidence import Evidence
from lab.judge.reading import read
from lab.judge.said import metrics_of
from lab.judge.weights import all_for
from lab.judge.words import percent
from lab.spec.experiment import Experiment, Metric
from lab.stats.iter8 import Analysis, Criteria, Objective, Reward, Values, analysed
from lab.stats.verdict import Kind, Reason


def decided(experiment: Experiment, evidence: Evidence, standing: Standing, time_is_up: bool, measured: tuple[Measured, ...]) -> Decision:
    """One iteration, and the end if it is the last or an objective rolls back. ValueError for a shadow, which Iter8 does not know."""
    versions = [one.variant for one in experiment.versions]
    weights = standing.weights or all_for(experiment, experiment.baseline.variant)
    old = [weights.get(name, 0.0) for name in versions]
    analysis = analysed(_criteria(experiment), values(experiment, evidence), old, generator(experiment, standing.iteration))
    computed = _computed(experiment, analysis, weights)
    ends = time_is_up or analysis.rolls_back
    winner = _variant(experiment, analysis)
    kind = _kind(experiment, analysis, winner, ends)
    after = _after(experiment, standing, computed, winner if kind == "promote" else None, ends)
    return Decision(
        kind=kind,
        weights=after,
        judgements=(),
        measured=measured,
        ends=ends,
        winner=_kept(experiment, kind, winner) if ends else None,
        recommended=experiment.baseline.name if analysis.rolls_back else analysis.recommended,
        why=_why(experiment, analysis, standing, after, ends),
        standing=Standing(standing.iteration + 1, after, standing.retired, standing.step, standing.step_began, standing.is_gate_open),
        trust=() if evidence.is_new else (Reason("no data", "experiment"),),
        new_units=sum(evidence.latest.values()),
        satisfied=_satisfied(experiment, evidence, analysis),
        message=analysis.winner.message,
        epochs=evidence.epoch_counts,
        computed=computed,
        best=tuple(one.variant for one in experiment.versions if one.name in analysis.winner.best),
    )


def values(experiment: Experiment, evidence: Evidence) -> Values:
    """By metric, then by version, in the metric's unit."""
    return {
        metric.name: {one.name: _value(metric, evidence, one.variant) for one in experiment.versions} for metric in metrics_of(experiment)
    }


def generator(experiment: Experiment, iteration: int) -> np.random.Generator:
    """For the randomised rounding: the same on every machine, and after every restart."""
    digest = hashlib.sha256(f"{experiment.name}/{iteration}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _criteria(experiment: Experiment) -> Criteria:
    reward = experiment.reward
    return Criteria(
        experiment.pattern,  # type: ignore[arg-type]
        tuple(one.name for one in experiment.versions),
        tuple(Objective(one.metric.name, one.upper, one.lower, one.rolls_back) for one in experiment.objectives),
        Reward(reward.metric.name, reward.direction) if reward else None,
        experiment.candidate_weight_max,
        experiment.increment_max,
    )


def _value(metric: Metric, evidence: Evidence, variant: str) -> float | None:
    value = read(metric, evidence.totals[variant]).value
    return None if value is None else value * metric.scale


def _computed(experiment: Experiment, analysis: Analysis, weights: Mapping[str, float]) -> Mapping[str, float]:
    """A rollback leaves the weights as they are; so does a conformance test, which has none."""
    if analysis.rolls_back or not analysis.weights.weights:
        return dict(weights)
    names = (one.variant for one in experiment.versions)
    return {name: float(weight) for name, weight in zip(names, analysis.weights.weights, strict=True)}


def _after(
    experiment: Experiment, standing: Standing, computed: Mapping[str, float], winner: str | None, ends: bool
) -> Mapping[str, float]:
    """A fixed split computes weights and does not use them."""
    if experiment.deployment == "FixedSplit" or experiment.pattern == "Conformance":
        return standing.weights
    return all_for(experiment, winner or experiment.baseline.variant) if ends else computed


def _variant(experiment: Experiment, analysis: Analysis) -> str | None:
    return next((one.variant for one in experiment.versions if one.name == analysis.winner.winner), None)


def _kind(experiment: Experiment, analysis: Analysis, winner: str | None, ends: bool) -> Kind:
    """Iter8 has no such words: promote, where a candidate (or the only version) wins at the end."""
    if analysis.rolls_back:
        return "roll back"
    is_promotable = winner is not None and (winner != experiment.baseline.variant or not experiment.candidates)
    if ends:
        return "promote" if is_promotable else "inconclusive"
    return "continue" if analysis.winner.found else "hold"


def _kept(experiment: Experiment, kind: Kind, winner: str | None) -> str | None:
    if kind == "promote":
        return winner
    return experiment.baseline.variant if experiment.candidates else None


def _satisfied(experiment: Experiment, evidence: Evidence, analysis: Analysis) -> Mapping[str, tuple[bool | None, ...]]:
    """Iter8 says false where a value is unavailable; `describe` tells the two apart."""
    said = analysis.assessment.satisfied
    return {
        one.variant: tuple(
            None if _value(limits.metric, evidence, one.variant) is None else met
            for limits, met in zip(experiment.objectives, said.get(one.name, ()), strict=False)
        )
        for one in experiment.versions
    }


def _why(experiment: Experiment, analysis: Analysis, standing: Standing, after: Mapping[str, float], ends: bool) -> str:
    """The weights, and Iter8's own words for the winner."""
    split = ", ".join(f"{name} {percent(weight)}" for name, weight in after.items()) or "as the route has it"
    if analysis.rolls_back:
        return f"Roll back: an objective that ends the experiment is not met ({split})."
    said = analysis.winner.message.rpartition("Info: ")[2] or analysis.winner.message
    head = "The end" if ends else f"Iteration {standing.iteration}"
    winner = f" {analysis.winner.winner}" if analysis.winner.found else ""
    return f"{head}, {split}: {said}{winner}."
