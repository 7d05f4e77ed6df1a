"""Whether an experiment can see what it looks for in its time. A plan: by normal approximations, for traffic that is assumed."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from lab.lint.finding import Finding, found
from lab.lint.subject import CRITERIA, STRENGTH, Assumed, Subject
from lab.spec.experiment import Experiment, Objective, SetWeight
from lab.spec.rules import MEETING
from lab.spec.steps import equal_share
from lab.stats.evalue import bonferroni_alpha, threshold
from lab.stats.limit import cut_log_e
from lab.stats.plan import sequential, units_for_means, units_for_rates

# How often the difference should be found.
POWER = 0.8
# Smaller differences are planned for like this one: forever.
DIFFERENCE_MIN = 1e-6
# Nobody waits for more visitors or predictions than that.
PATIENCE = 10**12
# Looked for where a file does not say: a fifth of the assumed rate.
USUAL_LIFT = 0.2


class Traffic(NamedTuple):
    """What the planned time brings, by the assumption."""

    seconds: float
    visitors: float
    """Of all variants, whose rewards can still come in time."""
    worth: float
    """How many visitors at an even split between the baseline and one candidate tell as much."""
    candidate: float
    """Predictions of the candidate with the fewest."""
    smaller: float
    """Units of the smaller arm."""


def findings(subject: Subject) -> Iterator[Finding]:
    """Nothing where the lab's own method does not judge, or nothing is known about the spread of a reward."""
    experiment = subject.experiment
    if subject.is_iter8 or experiment.pattern not in MEETING:
        return
    traffic = planned(experiment, _fixed(subject), subject.assumed)
    yield from _reward(subject, traffic)
    yield from _minimum(subject, traffic)
    for number, objective in enumerate(experiment.objectives):
        yield from _limit(subject, number, objective, traffic)


def planned(experiment: Experiment, fixed: Mapping[str, float], assumed: Assumed) -> Traffic:
    """`fixed`: the route's weights, for a split that does not change. Candidates grow as fast as they may."""
    seconds = experiment.interval_s * experiment.iterations_in_all
    usable = max(seconds - experiment.strength.maturation_s, 0.0) / seconds
    arms = [_arms(experiment, fixed, iteration) for iteration in range(experiment.iterations_in_all)]
    per_iteration = assumed.visitors_per_s * experiment.interval_s
    harmonic = sum(4 * base * candidate / (base + candidate) for base, candidate in arms if base + candidate > 0)
    candidates = per_iteration * sum(candidate for _, candidate in arms)
    baselines = per_iteration * sum(base for base, _ in arms)
    visitors = assumed.visitors_per_s * seconds * usable
    return Traffic(seconds, visitors, per_iteration * usable * harmonic, candidates, usable * min(candidates, baselines))


class Arms(NamedTuple):
    """Shares of the visitors."""

    baseline: float
    candidate: float


def _arms(experiment: Experiment, fixed: Mapping[str, float], iteration: int) -> Arms:
    if experiment.deployment == "FixedSplit":
        candidates = [fixed.get(one.variant, 0.0) for one in experiment.candidates]
        return Arms(fixed.get(experiment.baseline.variant, 0.0) / 100, min(candidates) / 100)
    percent = _step_weight(experiment, iteration) if experiment.steps else experiment.increment_max * (iteration + 1)
    candidate = min(percent, experiment.candidate_weight_max, equal_share(len(experiment.candidates)))
    return Arms(max(100 - candidate * len(experiment.candidates), 0.0) / 100, candidate / 100)


def _step_weight(experiment: Experiment, iteration: int) -> float:
    """The weight at an iteration, when no pause takes longer than it must."""
    seconds, percent = iteration * experiment.interval_s, 0.0
    for step in experiment.steps:
        if seconds < 0:
            break
        if isinstance(step, SetWeight):
            percent = step.percent
        seconds -= experiment.interval_s if isinstance(step, SetWeight) else step.seconds or 0.0
    return percent


def _fixed(subject: Subject) -> Mapping[str, float]:
    return subject.routes.routes[subject.experiment.route].weights


def _reward(subject: Subject, traffic: Traffic) -> Iterator[Finding]:
    needed = visitors_needed(subject.experiment, subject.assumed)
    if needed is None or needed <= traffic.worth:
        return
    place = subject.at(*CRITERIA, "rewards", 0)
    sentence = (
        f"To see {_difference(subject)} in {POWER:.0%} of all runs takes some {_round(needed):,} visitors at an even split. "
        f"{traffic.seconds:g} s bring {_round(traffic.visitors):,} whose rewards are in by the end, worth {_round(traffic.worth):,} "
        f"at this split. {_assumption(subject.assumed)}"
    )
    yield found("L202", place, sentence)


def visitors_needed(experiment: Experiment, assumed: Assumed) -> float | None:
    """At an even split; None where nothing is known about the reward's spread."""
    reward, smallest = experiment.reward, max(_smallest(experiment, assumed), DIFFERENCE_MIN)
    if reward is None or reward.metric.kind not in ("conversion", "accuracy"):
        return None
    alpha = bonferroni_alpha(experiment.strength.alpha, len(experiment.candidates))
    rate = assumed.rate if reward.metric.kind == "conversion" else 1 - assumed.rate
    if reward.margin:
        margin = max(reward.margin / reward.metric.scale, DIFFERENCE_MIN)
        units = units_for_means(margin, math.sqrt(rate * (1 - rate)), alpha, POWER, "greater")
    else:
        # Towards the side that has room.
        other = rate + smallest if rate + smallest < 1 else rate - smallest
        units = units_for_rates(rate, min(max(other, 0.0), 1.0), alpha, POWER, "greater" if other > rate else "less")
    return sum(units) * sequential(alpha, POWER, "greater").maximum


def _smallest(experiment: Experiment, assumed: Assumed) -> float:
    smallest, reward = experiment.strength.smallest, experiment.reward
    return smallest / reward.metric.scale if smallest and reward else USUAL_LIFT * assumed.rate


def _difference(subject: Subject) -> str:
    experiment = subject.experiment
    name, margin = (experiment.reward.metric.name, experiment.reward.margin) if experiment.reward else ("", 0.0)
    if margin:
        return f"that {name} is not worse by {margin:g}"
    return f"a difference of {_smallest(experiment, subject.assumed):.3g} in {name}"


def _minimum(subject: Subject, traffic: Traffic) -> Iterator[Finding]:
    wanted = subject.experiment.strength.units_min
    if wanted > traffic.smaller:
        sentence = f"minimumSample is {wanted:,}, and {traffic.seconds:g} s bring the smaller arm {_round(traffic.smaller):,}."
        yield found("L225", subject.at(*STRENGTH, "minimumSample"), f"{sentence} {_assumption(subject.assumed)}")


def _limit(subject: Subject, number: int, objective: Objective, traffic: Traffic) -> Iterator[Finding]:
    """Of rates of predictions, and percentiles."""
    rate = _allowed(objective)
    if rate is None:
        return
    alpha = bonferroni_alpha(subject.experiment.strength.alpha, len(subject.experiment.candidates))
    needed = flawless(rate, alpha)
    if needed > traffic.candidate:
        what = "slow one" if objective.metric.quantile else "failure"
        sentence = (
            f"To show that {objective.metric.name} keeps its limit takes {needed:,} predictions of the candidate even without "
            f"a single {what}. {traffic.seconds:g} s bring {_round(traffic.candidate):,}. {_assumption(subject.assumed)}"
        )
        yield found("L209", subject.at(*CRITERIA, "objectives", number), sentence)


def _allowed(objective: Objective) -> float | None:
    """The share of predictions that may fail, strictly between 0 and 1."""
    metric = objective.metric
    if metric.kind == "latency percentile" and objective.upper is not None:
        return 1 - (metric.quantile or 0.95)
    if metric.measure in ("error-rate", "outlier-rate") and objective.upper is not None:
        limit = objective.upper / metric.scale
        return limit if 0 < limit < 1 else None
    return None


def flawless(rate: float, alpha: float) -> int:
    """How many predictions without a failure show that the rate of failures is below this one."""
    low, high = 0, 1
    while not _is_shown(high, rate, alpha) and high < PATIENCE:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_shown(middle, rate, alpha) else (middle, high)
    return high


def _is_shown(n: int, rate: float, alpha: float) -> bool:
    return float(np.asarray(cut_log_e(n, 0, rate, "less"))) >= threshold(alpha)


def _assumption(assumed: Assumed) -> str:
    return f"Assumed: {assumed.visitors_per_s:g} new visitors a second with one prediction each, {assumed.rate:.3g} of them with a reward."


def _round(number: float) -> int:
    """To two digits: it is a plan."""
    whole = int(min(number, PATIENCE))
    return round(whole, 2 - len(str(whole))) if whole >= 100 else whole
