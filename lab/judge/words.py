"""Says a decision in one sentence, with its numbers."""

import math
from collections.abc import Iterable
from typing import Final

from lab.judge.reading import LATENCIES, RATES
from lab.spec.experiment import Experiment, Metric
from lab.stats.verdict import Reason

VERBS: Final = {"promote": "Promote", "roll back": "Roll back", "continue": "Continue", "hold": "Hold", "inconclusive": "Inconclusive"}
# What is added to a metric's name where the reason is not about its limit.
WORSE: Final = " worse"
AGAINST: Final = " against the baseline"


def percent(value: float) -> str:
    """A weight: `25 %`, `33.33 %`."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + " %"


def amount(metric: Metric | None, value: float | None) -> str:
    """A value of a metric with its unit; a share without a unit in percent."""
    if value is None or math.isnan(value):
        return "unknown"
    if metric and metric.kind in RATES and not metric.unit:
        return f"{100 * value:.3g} %"
    return f"{value:.4g} {metric.unit if metric else ''}".strip()


def gap(metric: Metric, value: float) -> str:
    """The size of a difference: of shares in points of a percent."""
    size = abs(value)
    if metric.kind in RATES:
        return f"{100 * size / metric.scale:.3g} points"
    return f"{size:.3g} {metric.unit}".strip()


def metric_of(experiment: Experiment, name: str) -> Metric | None:
    """The metric that a reason is about: its name may have words after it."""
    asked = [one.metric for one in (*experiment.objectives, *experiment.strength.guards)]
    asked += [experiment.reward.metric] if experiment.reward else []
    return next((metric for metric in asked if name in (metric.name, metric.name + WORSE, metric.name + AGAINST)), None)


def evidence(reason: Reason) -> str:
    """How much there is, and how much it takes: as e-values, not as logarithms."""
    if reason.log_e is None or reason.needed is None:
        return "e unknown"
    return f"e = {_power(reason.log_e)} of {_power(reason.needed)}"


def fact(experiment: Experiment, variant: str, reason: Reason, bound: str = "") -> str:
    """A reason as part of a sentence. bound: the end of a violated metric's interval, `lower bound 2.6 %`."""
    metric = metric_of(experiment, reason.name)
    if metric is None:
        return _general(variant, reason)
    if reason.what in ("missing", "too few"):
        return _lacking(metric, variant, reason)
    if reason.name == metric.name + WORSE or _is_reward(experiment, reason):
        return _reward(experiment, metric, variant, reason)
    if reason.name == metric.name + AGAINST:
        return _against(experiment, metric, variant, reason)
    return _limit(experiment, metric, variant, reason, bound)


def sentence(head: str, facts: Iterable[str], most: int = 2) -> str:
    """`Hold at 25 %: 143 of 400 predictions on vgg16.`"""
    told = list(dict.fromkeys(facts))
    more = f"; and {len(told) - most} more" if len(told) > most else ""
    return f"{head}: {'; '.join(told[:most])}{more}." if told else f"{head}."


def _general(variant: str, reason: Reason) -> str:
    """What is about no metric."""
    texts = {
        "jointly violated": f"the guardrails together are violated on {variant} ({evidence(reason)})",
        "missing": f"no evidence of the {reason.name} yet",
        "split off": f"the traffic is not split as planned ({evidence(reason)}, n = {reason.n})",
        "split in doubt": f"the traffic may not be split as planned ({evidence(reason)}, n = {reason.n})",
        "time is up": "the time is up",
        "leaked": f"{reason.name} got {reason.n} predictions or visitors at a weight of 0 %",
        "uneven coverage": f"feedback does not come from both variants alike ({evidence(reason)}, n = {reason.n})",
        "no data": "No data since the last look",
        "gate": _gate(reason),
    }
    return texts.get(reason.what, f"{reason.name} {reason.what}")


def _lacking(metric: Metric, variant: str, reason: Reason) -> str:
    if reason.what == "missing":
        return f"no evidence of {metric.name} on {variant} yet"
    what = "predictions" if metric.kind in LATENCIES or metric.kind == "rate" else f"units of {metric.name}"
    return f"{reason.n} of {_whole(reason.limit)} {what} on {variant}"


def _reward(experiment: Experiment, metric: Metric, variant: str, reason: Reason) -> str:
    """Differences here are turned: more is better."""
    reward = experiment.reward
    words = ("higher", "lower") if reward is None or reward.direction == "High" else ("lower", "higher")
    margin = abs(reason.limit or 0.0)
    bound = f"within {gap(metric, margin)} of the baseline" if margin else words[0]
    value = _difference(metric, reason.value, words)
    texts = {
        "shown": f"{metric.name} is {value}{'' if not margin else ', ' + bound} on {variant} ({evidence(reason)})",
        "not shown": f"{metric.name} is {value} on {variant}, not shown to be {bound} yet ({evidence(reason)})",
        "futile": f"{metric.name} is {_at_most(metric, reason, words)} on {variant}, {gap(metric, margin)} is the least wanted",
    }
    return texts.get(reason.what, f"{metric.name} is {value} on {variant} (n = {reason.n}, {evidence(reason)})")


def _difference(metric: Metric, value: float | None, words: tuple[str, str]) -> str:
    if not value:
        return "unknown" if value is None else "the same"
    return f"{words[0] if value > 0 else words[1]} by {gap(metric, value)}"


def _at_most(metric: Metric, reason: Reason, words: tuple[str, str]) -> str:
    value = reason.value or 0.0
    return f"{words[0]} by at most {gap(metric, value)}" if value >= 0 else f"{words[1]} by at least {gap(metric, value)}"


def _against(experiment: Experiment, metric: Metric, variant: str, reason: Reason) -> str:
    margin = next(one.margin for one in experiment.strength.guards if one.metric == metric)
    times = f"{margin:g} times the baseline's{' odds' if metric.kind in RATES else ''}"
    return f"{metric.name} {_beyond(metric, reason)}, {times}, on {variant} (n = {reason.n}, {evidence(reason)})"


def _limit(experiment: Experiment, metric: Metric, variant: str, reason: Reason, bound: str) -> str:
    is_upper = any(one.metric == metric and one.upper == reason.limit for one in experiment.objectives)
    end = "at most" if is_upper else "at least"
    value, limit = amount(metric, reason.value), amount(metric, reason.limit)
    texts = {
        "shown": f"{metric.name} {value} is {end} {limit} on {variant} ({evidence(reason)})",
        "not shown": f"{metric.name} {value} is not shown to be {end} {limit} on {variant} yet ({evidence(reason)})",
    }
    numbers = f"(n = {reason.n}, {bound or evidence(reason)})"
    return texts.get(reason.what, f"{metric.name} {_crossed(metric, reason, is_upper)} on {variant} {numbers}")


def _crossed(metric: Metric, reason: Reason, is_upper: bool) -> str:
    """A limit may be violated for a stretch, though not on the whole."""
    value, limit = reason.value, reason.limit
    if value is None or limit is None or math.isnan(value) or (value > limit if is_upper else value < limit):
        return _beyond(metric, reason)
    return f"was {'above' if is_upper else 'below'} {amount(metric, limit)} for a while, though {amount(metric, value)} on the whole,"


def _beyond(metric: Metric, reason: Reason) -> str:
    """The value on the wrong side of its limit."""
    value, limit = (math.nan if one is None else one for one in (reason.value, reason.limit))
    return f"{amount(metric, value)} {'>' if value > limit else '<'} {amount(metric, limit)}"


def _is_reward(experiment: Experiment, reason: Reason) -> bool:
    """Whether it is the reward's claim; an objective may be of the same metric, with another limit."""
    reward = experiment.reward
    if reward is None or reward.metric.name != reason.name or reason.what == "violated":
        return False
    limits = [end for one in experiment.objectives if one.metric.name == reason.name for end in (one.upper, one.lower)]
    return reason.limit not in limits


def _gate(reason: Reason) -> str:
    if reason.limit is None:
        return "it waits for somebody to resume"
    return f"a pause lasts {_whole(reason.limit)} s, {_whole(reason.value)} s are over"


def _whole(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f}"


def _power(log_e: float) -> str:
    if -5 < log_e < 12:
        return f"{math.exp(log_e):.3g}" if log_e < math.log(1000) else f"{math.exp(log_e):.0f}"
    return f"10^{log_e / math.log(10):.0f}" if math.isfinite(log_e) else ("infinite" if log_e > 0 else "0")
