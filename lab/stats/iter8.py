"""Iter8 v2alpha2's rule, exactly: point estimates against limits, the best one wins, 90 % of the traffic moves to it.

For comparison and for experiments written for it. It knows no uncertainty: of two identical versions it prefers one half of the time.
Percentages are computed as fractions, so that 95 is 95 before it is rounded.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

Pattern = Literal["A/B", "A/B/N", "Canary", "Conformance"]
PATTERNS = ("A/B", "A/B/N", "Canary", "Conformance")
# The share of the traffic that goes to all versions alike, whoever is best.
EXPLORED = Fraction(1, 10)

# What was measured: by metric, then by version. None, nan, or no entry: not available.
Values = Mapping[str, Mapping[str, float | None]]


class Objective(NamedTuple):
    """A metric between limits, both of them allowed values, in the metric's unit. rollback: a failure ends the experiment."""

    metric: str
    upper: float | None = None
    lower: float | None = None
    rollback: bool = False


class Reward(NamedTuple):
    """The metric to make as high, or as low, as possible."""

    metric: str
    direction: Literal["High", "Low"] = "High"


class Criteria(NamedTuple):
    """What is compared, the baseline first, and how. Weights in percent; None: no such cap."""

    pattern: Pattern
    versions: tuple[str, ...]
    objectives: tuple[Objective, ...] = ()
    reward: Reward | None = None
    weight_max: float | None = 100
    increment_max: float | None = 10


class Assessment(NamedTuple):
    """satisfied: one answer per objective, by version; empty without objectives."""

    satisfied: dict[str, tuple[bool, ...]]
    message: str


class Winner(NamedTuple):
    """found: whether there is exactly one. best: it, or those that tie."""

    found: bool
    winner: str | None
    best: tuple[str, ...]
    message: str


class Weights(NamedTuple):
    """weights: whole percent in the order of the versions, 100 in all; none for a conformance test."""

    weights: tuple[int, ...]
    message: str


class Analysis(NamedTuple):
    """One iteration: the three answers, and what the controller makes of them.

    recommended: the version to promote if the experiment ended now. rolls_back: it ends now.
    """

    assessment: Assessment
    winner: Winner
    weights: Weights
    recommended: str
    rolls_back: bool


def analysed(criteria: Criteria, values: Values, old: Sequence[float] | None, generator: np.random.Generator) -> Analysis:
    """One iteration. old: the present weights in percent, None for 100 % baseline. The generator rounds."""
    checked(criteria)
    assessment = assessed(criteria, values)
    winner = won(criteria, values, assessment)
    weights = weighted(criteria, winner, old, generator)
    return Analysis(assessment, winner, weights, winner.winner or criteria.versions[0], rolls_back(criteria, assessment))


def rolls_back(criteria: Criteria, assessment: Assessment) -> bool:
    """Whether any version, the baseline included, fails an objective that ends the experiment."""
    fatal = [place for place, objective in enumerate(criteria.objectives) if objective.rollback]
    return any(not row[place] for row in assessment.satisfied.values() for place in fatal)


def checked(criteria: Criteria) -> Criteria:
    """The same criteria; ValueError if the pattern does not take them."""
    if criteria.pattern not in PATTERNS:
        raise ValueError(f"The pattern is {criteria.pattern}, must be one of: {', '.join(PATTERNS)}.")
    candidates, versions = len(criteria.versions) - 1, criteria.versions
    wanted = {"A/B": candidates == 1, "Canary": candidates == 1, "A/B/N": candidates >= 1, "Conformance": candidates == 0}
    if not wanted[criteria.pattern]:
        raise ValueError(f"Invalid number of candidates for {criteria.pattern} experiment: {candidates}.")
    if len(set(versions)) < len(versions):
        raise ValueError(f"Version names are not unique: {', '.join(versions)}.")
    return criteria


def assessed(criteria: Criteria, values: Values) -> Assessment:
    """Which version meets which objective. What is not available is not met."""
    if not criteria.objectives:
        return Assessment({}, message())
    found = {name: [_value(values, one.metric, name) for one in criteria.objectives] for name in criteria.versions}
    satisfied = {
        name: tuple(_meets(value, one) for value, one in zip(row, criteria.objectives, strict=True)) for name, row in found.items()
    }
    missing = [
        f"value of {one.metric} for version {name} is not available"
        for name, row in found.items()
        for value, one in zip(row, criteria.objectives, strict=True)
        if value is None
    ]
    return Assessment(satisfied, message(warnings=missing))


def won(criteria: Criteria, values: Values, assessment: Assessment) -> Winner:
    """Who wins by the versions' point values alone."""
    feasible = [name for name in criteria.versions if all(assessment.satisfied.get(name, ()))]
    if criteria.pattern in ("Canary", "Conformance"):
        return _last_feasible(criteria, feasible)
    if criteria.reward is None:
        return Winner(False, None, (), message(warnings=["No reward metric in experiment. A/B and A/B/N need one to find a winner"]))
    if criteria.reward.metric not in values:
        return Winner(False, None, (), message(warnings=["reward metric values are not available"]))
    return _best(criteria.reward, values, feasible)


def weighted(criteria: Criteria, winner: Winner, old: Sequence[float] | None, generator: np.random.Generator) -> Weights:
    """The next weights: a tenth for all alike, the rest for the best (or the baseline), within the caps of each candidate."""
    if criteria.pattern == "Conformance":
        return Weights((), message(infos=["all ok"]))
    present = _present(criteria, old)
    best = winner.best or criteria.versions[:1]
    even = EXPLORED / len(criteria.versions)
    mix = [100 * (even + (1 - EXPLORED) * (name in best) / len(best)) for name in criteria.versions]
    candidates = [_within_caps(criteria, wanted, now) for wanted, now in zip(mix[1:], present[1:], strict=True)]
    return Weights(rounded([100 - sum(candidates), *candidates], generator), message(infos=["all ok"]))


def rounded(shares: Sequence[Fraction], generator: np.random.Generator) -> tuple[int, ...]:
    """Whole numbers with the same sum, each next to its share and equal to it on average: one random offset for the running total
    (systematic sampling, Madow 1949). The sum must be whole."""
    offset, total, marks = Fraction(generator.random()), Fraction(0), [0]
    for share in shares:
        total += share
        marks.append(math.floor(total + offset))
    return tuple(high - low for low, high in pairwise(marks))


def message(errors: Sequence[str] = (), warnings: Sequence[str] = (), infos: Sequence[str] = ()) -> str:
    """How Iter8 says things: always all three."""
    return f"Error: {', '.join(errors)}; Warning: {', '.join(warnings)}; Info: {', '.join(infos)}"


def _value(values: Values, metric: str, version: str) -> float | None:
    found = values.get(metric, {}).get(version)
    return None if found is None or math.isnan(found) else float(found)


def _meets(value: float | None, objective: Objective) -> bool:
    if value is None:
        return False
    return (objective.upper is None or value <= objective.upper) and (objective.lower is None or value >= objective.lower)


def _last_feasible(criteria: Criteria, feasible: Sequence[str]) -> Winner:
    """The candidate if it is feasible, else the baseline if that is."""
    if not feasible:
        return Winner(False, None, (), message(infos=["no version satisfies all objectives"]))
    name = feasible[-1]
    said = f"{'candidate' if name != criteria.versions[0] else 'baseline'} satisfies all objectives"
    only = criteria.pattern == "Canary" and name == criteria.versions[0]
    return Winner(True, name, (name,), message(infos=[said + ("; candidate does not" if only else "")]))


def _best(reward: Reward, values: Values, feasible: Sequence[str]) -> Winner:
    """The feasible versions with the best value."""
    found = {name: _value(values, reward.metric, name) for name in feasible}
    seen = {name: value for name, value in found.items() if value is not None}
    missing = [f"reward value for feasible version {name} is not available" for name in feasible if name not in seen]
    top = (max if reward.direction == "High" else min)(seen.values(), default=None)
    best = tuple(name for name, value in seen.items() if value == top)
    infos = [] if feasible else ["no version satisfies all objectives"]
    if len(best) > 1:
        infos.append("no unique winner; two or more feasible versions with same reward value")
    if len(best) == 1:
        infos.append("found unique winner")
    return Winner(len(best) == 1, best[0] if len(best) == 1 else None, best, message(warnings=missing, infos=infos))


def _present(criteria: Criteria, old: Sequence[float] | None) -> list[Fraction]:
    present = [100, *[0] * (len(criteria.versions) - 1)] if old is None else list(old)
    if len(present) != len(criteria.versions):
        raise ValueError(f"There are {len(present)} present weights for {len(criteria.versions)} versions, must be as many.")
    return [Fraction(weight) for weight in present]


def _within_caps(criteria: Criteria, wanted: Fraction, now: Fraction) -> Fraction:
    """What a candidate may have of what it should have: the rest goes to the baseline."""
    caps = [wanted]
    if criteria.weight_max is not None:
        caps.append(Fraction(criteria.weight_max))
    if criteria.increment_max is not None:
        caps.append(now + Fraction(criteria.increment_max))
    return min(caps)
