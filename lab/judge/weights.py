"""What a candidate gets next: how a progressive rollout grows, step by step or by increments, and what is left for the baseline."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lab.judge.decision import Standing
from lab.routes.lanes import BUCKETS, lane_width
from lab.spec.experiment import Experiment, Pause, SetWeight
from lab.stats.verdict import Reason


class Place(NamedTuple):
    """Where among the steps an experiment is, and since when."""

    step: int
    began: float


def cap(experiment: Experiment) -> float:
    """The most that an undecided candidate gets: its own cap, an equal share, its lane; rounded down to what the gateway can split."""
    k = max(len(experiment.candidates), 1)
    lane = lane_width(k) * 100 / BUCKETS
    return _rounded_down(min(experiment.candidate_weight_max, 100 / (k + 1), lane))


def first_weights(experiment: Experiment) -> Mapping[str, float]:
    """Of a progressive rollout, before the first look: without visitors there would be no evidence."""
    if experiment.strength.method == "iter8":
        return with_rest(experiment, dict.fromkeys(_names(experiment), 0.0))
    first = experiment.steps[0] if experiment.steps else SetWeight(experiment.increment_max)
    percent = first.percent if isinstance(first, SetWeight) else 0.0
    return with_rest(experiment, dict.fromkeys(_names(experiment), _within(experiment, percent)))


def grown(experiment: Experiment, standing: Standing, growing: Iterable[str], now: float) -> tuple[Mapping[str, float], Place]:
    """The next weights, if only these candidates may grow; without any, no step is made. Those that are retired have nothing."""
    names = set(growing) - standing.retired
    place = next_place(experiment, standing, now) if names else Place(standing.step, standing.step_began)
    wanted = {name: 0.0 if name in standing.retired else standing.weights.get(name, 0.0) for name in _names(experiment)}
    for name in names:
        wanted[name] = _target(experiment, wanted[name], place.step)
    return with_rest(experiment, wanted), place


def next_place(experiment: Experiment, standing: Standing, now: float) -> Place:
    """The step after the present one, where that is over. Weights last for an iteration, so they are over at every look."""
    if standing.step >= len(experiment.steps) or waits_for(experiment, standing, now):
        return Place(standing.step, standing.step_began)
    return Place(standing.step + 1, now)


def waits_for(experiment: Experiment, standing: Standing, now: float) -> tuple[Reason, ...]:
    """The pause that is not over yet, if any: `limit` and `value` in seconds; a gate has neither."""
    step = experiment.steps[standing.step] if standing.step < len(experiment.steps) else None
    if not isinstance(step, Pause):
        return ()
    if step.seconds is None:
        return () if standing.is_gate_open else (Reason("gate", "resume"),)
    waited = now - (standing.step_began or now - experiment.interval_s)
    return (Reason("gate", "pause", waited, step.seconds, "s"),) if waited < step.seconds else ()


def gates(experiment: Experiment, standing: Standing, now: float) -> tuple[Reason, ...]:
    """What promotion waits for: the present pause, and every gate that is still to come."""
    if here := waits_for(experiment, standing, now):
        return here
    to_come = experiment.steps[standing.step + 1 :]
    return (Reason("gate", "resume"),) if Pause(None) in to_come else ()


def with_rest(experiment: Experiment, candidates: Mapping[str, float]) -> Mapping[str, float]:
    """The baseline has what the candidates leave."""
    return {experiment.baseline.variant: round(100 - math.fsum(candidates.values()), 2), **candidates}


def all_for(experiment: Experiment, variant: str) -> Mapping[str, float]:
    """One variant has everybody."""
    return {one.variant: 100.0 if one.variant == variant else 0.0 for one in experiment.versions}


def _target(experiment: Experiment, held: float, step: int) -> float:
    """By steps, what the last of them that sets a weight says; else an increment more, and never less than now."""
    if not experiment.steps:
        return max(held, _within(experiment, held + experiment.increment_max))
    said = [one.percent for one in experiment.steps[: step + 1] if isinstance(one, SetWeight)]
    return _within(experiment, said[-1]) if said else held


def _within(experiment: Experiment, percent: float) -> float:
    """A step may go beyond an equal share: somebody has chosen it. Not beyond the lane or the candidate's cap."""
    if not experiment.steps:
        return min(_rounded_down(percent), cap(experiment))
    k = max(len(experiment.candidates), 1)
    return _rounded_down(min(percent, experiment.candidate_weight_max, lane_width(k) * 100 / BUCKETS, 100 / k))


def _rounded_down(percent: float) -> float:
    return math.floor(percent * BUCKETS / 100 + 1e-9) * 100 / BUCKETS


def _names(experiment: Experiment) -> list[str]:
    return [one.variant for one in experiment.candidates]
