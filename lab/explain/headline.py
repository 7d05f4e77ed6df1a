"""The first sentence: what the verdict is and why, with the numbers that made it so."""

import math

from lab.explain.claims import About, about, in_the_way, merged, needed, proof, reward_log_e
from lab.explain.words import amount, difference, listed
from lab.judge.decision import Decision, Judgement, Measured
from lab.judge.guards import is_low_better
from lab.spec.experiment import Experiment, Metric, Reward
from lab.stats.verdict import Reason


def headline(experiment: Experiment, decision: Decision) -> str:
    """Of the whole experiment; of several candidates each has its part."""
    if not decision.judgements:
        return _by_iter8(experiment, decision)
    heads = {"promote": _promoted, "roll back": _rolled_back, "continue": _going_on, "hold": _held, "inconclusive": _inconclusive}
    told = [one for one in decision.judgements if one.variant == decision.winner] if decision.kind == "promote" else decision.judgements
    return " ".join(heads[one.verdict.kind](experiment, decision, one) for one in told) or decision.why


def _by_iter8(experiment: Experiment, decision: Decision) -> str:
    """Its rule has no verdicts on candidates."""
    verdict = {
        "promote": f"Promote {decision.winner}",
        "roll back": "Roll back",
        "continue": "Continue",
        "hold": "Hold",
        "inconclusive": f"Inconclusive, {experiment.baseline.variant} stays",
    }[decision.kind]
    return decision.why if decision.why.startswith(verdict) else f"{verdict}, by Iter8's rule: {decision.why}"


def _promoted(experiment: Experiment, decision: Decision, one: Judgement) -> str:
    if not experiment.candidates:
        return f"{one.variant} conforms: {_all_met(experiment)}."
    if experiment.reward is None:
        return f"Promote {one.variant}: {_all_met(experiment)}."
    objectives = f", and {_all_met(experiment)}" if experiment.objectives else ""
    return f"Promote {one.variant}: {_better(experiment, one, experiment.reward)}{objectives}."


def _better(experiment: Experiment, one: Judgement, reward: Reward) -> str:
    """The reward's claim, as shown."""
    baseline, metric = experiment.baseline.variant, reward.metric
    by = "" if one.difference is None else f"{difference(one.difference, metric)}{_at_least(one, reward)}"
    if reward.margin:
        margin = difference(reward.margin, metric).lstrip("+")
        return f"its {metric.name} is not worse than that of {baseline} by {margin} or more{': ' if by else ''}{by}"
    return f"its {metric.name} is better than that of {baseline}{', by ' if by else ''}{by}"


def _at_least(one: Judgement, reward: Reward) -> str:
    """The end of the interval that is nearer to no difference."""
    if one.interval is None:
        return ""
    end = one.interval.low if reward.direction == "High" else one.interval.high
    word = "at least" if reward.direction == "High" else "at most"
    return "" if math.isinf(end) else f" ({word} {difference(end, reward.metric).partition(' ')[0]})"


def _all_met(experiment: Experiment) -> str:
    names = listed([one.metric.name for one in experiment.objectives])
    return f"{names} {'is' if len(experiment.objectives) == 1 else 'are'} shown to be within the limits"


def _rolled_back(experiment: Experiment, decision: Decision, one: Judgement) -> str:
    harms = [reason for reason in one.verdict.reasons if reason.what == "violated"]
    if not harms:
        joint = next((reason for reason in one.verdict.reasons if reason.what == "jointly violated"), None)
        suspects = [reason.name for reason in one.verdict.reasons if reason.what == "suspected"]
        why = f"its guardrails together are violated ({proof(joint.log_e, joint.needed)})" if joint else decision.why.rstrip(".")
        return f"Roll back {one.variant}: {why}{', above all ' + listed(suspects) if suspects else ''}."
    head = f"Roll back {one.variant}" if experiment.candidates else f"{one.variant} does not conform"
    return f"{head}: {'; '.join(_harm(experiment, decision, one, reason) for reason in harms)}."


def _harm(experiment: Experiment, decision: Decision, one: Judgement, reason: Reason) -> str:
    this = about(reason, experiment)
    if this.metric is None:
        return f"{reason.name} is violated ({proof(reason.log_e, reason.needed)})"
    if this.reward is not None:
        return f"its {this.metric.name} {_worse(experiment, one, this.reward)} ({_n(reason)}, {proof(reason.log_e, reason.needed)})"
    measured = _measured(decision, this.metric, one.variant)
    return f"its {this.metric.name} {_crossed(reason, this, this.metric, experiment.baseline.variant, measured)}"


def _worse(experiment: Experiment, one: Judgement, reward: Reward) -> str:
    """Harm that was shown stays shown, also where the difference is on its right side again."""
    baseline, metric = experiment.baseline.variant, reward.metric
    if one.difference is None:
        return f"is worse than that of {baseline}"
    turned = one.difference if reward.direction == "High" else -one.difference
    if turned < -reward.margin:
        return f"is worse than that of {baseline} by {difference(one.difference, metric)}"
    margin = f" by more than {difference(reward.margin, metric).lstrip('+')}" if reward.margin else ""
    on_the_whole = f"though the difference is {difference(one.difference, metric)} on the whole"
    return f"was for a while worse than that of {baseline}{margin}, {on_the_whole}"


def _crossed(reason: Reason, this: About, metric: Metric, baseline: str, measured: Measured | None) -> str:
    """A limit may be violated for a while, though not on the whole."""
    value, limit = amount(reason.value, metric), amount(reason.limit, metric)
    bound = f"what the guardrail allows beside {baseline}, {limit}" if this.is_relative else f"the limit of {limit}"
    side = _side(reason, this, metric)
    if _is_beyond(reason, side):
        return f"is {value}, {side} {bound} ({_n(reason)}{_bound(measured, side, metric)})"
    return f"was for a while {side} {bound}, though it is {value} on the whole ({_n(reason)}, {proof(reason.log_e, reason.needed)})"


def _side(reason: Reason, this: About, metric: Metric) -> str:
    """On which side of the limit the harm is."""
    is_upper = is_low_better(metric) if this.objective is None else reason.limit == this.objective.upper
    return "above" if is_upper else "below"


def _is_beyond(reason: Reason, side: str) -> bool:
    """Whether the value of now is on the wrong side; what is unknown says nothing against it."""
    value, limit = (math.nan if one is None else one for one in (reason.value, reason.limit))
    return not (value <= limit if side == "above" else value >= limit)


def _n(reason: Reason) -> str:
    return f"n = {reason.n:,}"


def _bound(measured: Measured | None, side: str, metric: Metric) -> str:
    """The end of the interval that is nearer to the limit."""
    if measured is None:
        return ""
    end, word = (measured.low, "lower") if side == "above" else (measured.high, "upper")
    return "" if end is None else f", {word} bound {amount(end, metric)}"


def _measured(decision: Decision, metric: Metric, variant: str) -> Measured | None:
    return next((one for one in decision.measured if one.metric.name == metric.name and one.variant == variant), None)


def _going_on(experiment: Experiment, decision: Decision, one: Judgement) -> str:
    """What it looks like, and what is not shown."""
    missing = [reason for reason in one.verdict.reasons if reason.what == "not shown"]
    first = missing[0] if missing else None
    if first is None:
        return f"Continue with {one.variant}: nothing is decided yet."
    more = (
        f"; {listed([reason.name for reason in missing[1:]])} {'is' if len(missing) == 2 else 'are'} not shown either"
        if missing[1:]
        else ""
    )
    this = about(first, experiment)
    if this.reward is not None:
        return f"Continue with {one.variant}: {_looks(experiment, one, this.reward)}, {_not_shown(experiment, one, this.reward)}{more}."
    limit = amount(first.limit, this.metric) if this.metric else "its limit"
    why = f"its {_value(first, this.metric)} is not shown to keep {limit} yet ({proof(first.log_e, first.needed)})"
    return f"Continue with {one.variant}: {why}{more}."


def _value(reason: Reason, metric: Metric | None) -> str:
    return f"{reason.name}, {amount(reason.value, metric)}," if metric and reason.value is not None else reason.name


def _looks(experiment: Experiment, one: Judgement, reward: Reward) -> str:
    if one.difference is None:
        return f"nothing is known yet of its {reward.metric.name}"
    turned = one.difference if reward.direction == "High" else -one.difference
    looks = "better" if turned > 0 else "worse" if turned < 0 else "no different"
    than = "from" if turned == 0 else "than"
    return (
        f"its {reward.metric.name} looks {looks} {than} that of {experiment.baseline.variant} ({difference(one.difference, reward.metric)})"
    )


def _not_shown(experiment: Experiment, one: Judgement, reward: Reward) -> str:
    log_e = reward_log_e(one, reward)
    claim = f"that it is not worse by {difference(reward.margin, reward.metric).lstrip('+')}" if reward.margin else "that it is better"
    return f"but {claim} is not shown yet ({proof(log_e, needed(experiment))})"


def _held(experiment: Experiment, decision: Decision, one: Judgement) -> str:
    return f"Hold {one.variant}: {'; '.join(in_the_way(reason, experiment) for reason in merged(one.verdict.reasons))}."


def _inconclusive(experiment: Experiment, decision: Decision, one: Judgement) -> str:
    futile = next((reason for reason in one.verdict.reasons if reason.what == "futile"), None)
    stays = f"Inconclusive, {experiment.baseline.variant} stays"
    if futile is not None:
        return f"{stays}: {_futile(experiment, one, futile)}."
    missing = [reason for reason in merged(one.verdict.reasons) if reason.what != "time is up"]
    return f"{stays}: the time is up{', and ' + listed([_lack(reason, experiment, one) for reason in missing]) if missing else ''}."


def _futile(experiment: Experiment, one: Judgement, reason: Reason) -> str:
    metric = about(reason._replace(limit=None), experiment).metric or about(reason, experiment).metric
    if metric is None or reason.value is None or reason.limit is None:
        return f"{reason.name} of {one.variant} leaves nothing worth having"
    gain, worth = difference(reason.value, metric), difference(reason.limit, metric).lstrip("+")
    return f"in {metric.name}, {one.variant} can be better by {gain} at most, and less than {worth} is not worth a change"


def _lack(reason: Reason, experiment: Experiment, one: Judgement) -> str:
    if reason.what != "not shown":
        return in_the_way(reason, experiment)
    this = about(reason, experiment)
    better = "not being worse by the margin" if this.reward and this.reward.margin else "being better"
    what = f"its {reason.name} {better}" if this.reward else f"its {reason.name} keeping the limit"
    return f"{what} is not shown ({proof(reason.log_e, reason.needed)})"
