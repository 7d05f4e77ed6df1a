"""What was seen: the reward, each objective, the guardrails, whether the evidence can be trusted, and how much came in which epoch."""

from collections.abc import Iterator

from lab.explain.claims import RELATIVE, in_the_way, kept_log_e, needed, proof, reward_log_e
from lab.explain.words import SHARES, amount, between, counted, difference, evidence, weights
from lab.judge.decision import Decision, EpochCount, Judgement, Measured
from lab.spec.experiment import Experiment, Guard, Metric, Objective, Reward
from lab.stats.verdict import Reason

# What a verdict says of the evidence itself, not of a metric.
TRUST = ("split off", "split in doubt", "leaked", "uneven coverage", "no data")


def rewards(experiment: Experiment, decision: Decision) -> list[str]:
    """The estimate per variant with n, then each candidate's difference with its interval."""
    if experiment.reward is None:
        return ["Reward: none was asked for; the objectives decide."] if experiment.candidates else []
    metric = experiment.reward.metric
    values = "; ".join(_value(one, experiment) for one in _of(decision, metric)) or "nothing measured yet"
    return [
        f"Reward: {metric.name}, {'lower' if experiment.reward.direction == 'Low' else 'higher'} is better. {values}.",
        *(_difference(one, experiment.reward, experiment) for one in decision.judgements),
    ]


def objectives(experiment: Experiment, decision: Decision, is_over: bool) -> list[str]:
    """Each with its limit, and every variant's value and state. is_over: nothing more comes."""
    if not experiment.objectives:
        return []
    return ["Objectives:", *(_objective(one, experiment, decision, is_over) for one in experiment.objectives)]


def guards(experiment: Experiment, decision: Decision) -> list[str]:
    """The candidate beside the baseline."""
    if not experiment.strength.guards:
        return []
    return ["Guardrails against the baseline:", *(_guard(one, experiment, decision) for one in experiment.strength.guards)]


def trust(experiment: Experiment, decision: Decision) -> list[str]:
    """The split check wherever something is split; whatever else is wrong with the evidence."""
    if experiment.strength.method == "iter8" or experiment.pattern in ("Conformance", "Shadow"):
        return [f"Trust: {in_the_way(one, experiment)}." for one in decision.trust]
    wrong = [*decision.trust, *(one for judgement in decision.judgements for one in judgement.verdict.notes if one.what in TRUST)]
    split = [one for one in wrong if one.what.startswith("split")]
    others = [one for one in dict.fromkeys(wrong) if one not in split]
    return [_split(split, experiment, decision), *(f"Trust: {in_the_way(one, experiment)}." for one in others)]


def epochs(experiment: Experiment, decision: Decision) -> list[str]:
    """How many came while the weights were which."""
    if not decision.epochs:
        return []
    return ["By epoch, a stretch of constant weights:", *(_epoch(one, experiment) for one in decision.epochs)]


def _of(decision: Decision, metric: Metric) -> list[Measured]:
    return [one for one in decision.measured if one.metric.name == metric.name]


def _value(one: Measured, experiment: Experiment) -> str:
    """`forest 12.4 % (n = 812 visitors; 10.1 % to 14.9 %)`"""
    if one.value is None:
        return f"{one.variant} has no value yet (n = {one.n:,})"
    return f"{one.variant} {amount(one.value, one.metric)} (n = {_n(one, experiment)}{_range(one)})"


def _n(one: Measured, experiment: Experiment) -> str:
    if one.metric.kind in ("conversion", "reward mean"):
        return counted(one.n, experiment.strength.unit)
    return f"{one.n:,}"


def _range(one: Measured) -> str:
    if one.low is None or one.high is None:
        return ""
    # By the formula of a mean, an interval may begin below what can be.
    low = one.low if one.metric.kind == "reward mean" else max(one.low, 0.0)
    return f"; {amount(low, one.metric)} to {amount(one.high, one.metric)}"


def _difference(one: Judgement, reward: Reward, experiment: Experiment) -> str:
    """The estimate with its interval and the evidence for the claim."""
    metric, baseline = reward.metric, experiment.baseline.variant
    if one.difference is None:
        return f"  {one.variant} against {baseline}: nothing to compare yet."
    wide = ""
    if one.interval is not None:
        wide = f"; at {100 * (1 - one.interval.alpha):.3g} % certainty, which holds however often you look, {between(one.interval, metric)}"
    return f"  {one.variant} against {baseline}: {difference(one.difference, metric)}{wide}.{_claim(one, reward, experiment)}"


def _claim(one: Judgement, reward: Reward, experiment: Experiment) -> str:
    log_e, enough = reward_log_e(one, reward), needed(experiment)
    if experiment.strength.method == "iter8" or log_e is None:
        return ""
    claim = f"not worse by {difference(reward.margin, reward.metric).lstrip('+')}" if reward.margin else "better"
    state = "is shown" if log_e >= enough else "is not shown"
    return f" That it is {claim} {state}: {proof(log_e, enough)}."


def _objective(one: Objective, experiment: Experiment, decision: Decision, is_over: bool) -> str:
    found = {value.variant: value for value in _of(decision, one.metric)}
    said = [_met(one, version.variant, found.get(version.variant), experiment, decision, is_over) for version in experiment.versions]
    return f"  {one.metric.name} {limits(one)}: {'; '.join(said)}."


def limits(one: Objective) -> str:
    """`at least 90 % and at most 99 %`"""
    said = [f"{word} {amount(limit, one.metric)}" for word, limit in (("at least", one.lower), ("at most", one.upper)) if limit is not None]
    return " and ".join(said)


def is_within(one: Objective, value: float) -> bool:
    """Whether a value is on the right side of every limit."""
    return (one.upper is None or value <= one.upper) and (one.lower is None or value >= one.lower)


def _met(one: Objective, variant: str, value: Measured | None, experiment: Experiment, decision: Decision, is_over: bool) -> str:
    """What one variant makes of an objective, and how certain that is."""
    if value is None or value.value is None:
        return f"{variant} has no value yet"
    is_met = is_within(one, value.value)
    how_certain = _how_certain(one, variant, is_met, experiment, decision, is_over)
    return f"{_value(value, experiment)} {'meets' if is_met else 'misses'} it{how_certain}"


def _how_certain(one: Objective, variant: str, is_met: bool, experiment: Experiment, decision: Decision, is_over: bool) -> str:
    """Of the baseline nothing is claimed, unless it is all that there is."""
    judgement = next((judgement for judgement in decision.judgements if judgement.variant == variant), None)
    if judgement is None:
        return ""
    harm = next((reason for reason in judgement.verdict.reasons if reason.what == "violated" and reason.name == one.metric.name), None)
    if harm is not None:
        shown = "though it is shown that this was not so for a while" if is_met else "and the violation is shown"
        return f", {shown} ({proof(harm.log_e, harm.needed)})"
    log_e, enough = kept_log_e(judgement, one), needed(experiment)
    if log_e is None:
        return ", of which nothing is certain yet"
    shown = "shown" if log_e >= enough else "not shown" if is_over else "not shown yet"
    return f", {shown} ({proof(log_e, enough)})" if is_met else f", which is not shown; that it is met is {shown} ({proof(log_e, enough)})"


def _guard(one: Guard, experiment: Experiment, decision: Decision) -> str:
    values = "; ".join(_value(value, experiment) for value in _of(decision, one.metric)) or "nothing measured yet"
    what = "odds" if one.metric.kind in SHARES else "value"
    worse = f"{what} worse by a factor of {one.margin:g} at most"
    return f"  {one.metric.name}, {worse}: {values}.{''.join(_guarded(one, judgement) for judgement in decision.judgements)}"


def _guarded(one: Guard, judgement: Judgement) -> str:
    """How much speaks for a violation."""
    name = one.metric.name + RELATIVE
    harm = next((reason for reason in judgement.verdict.reasons if reason.name == name and reason.what == "violated"), None)
    if harm is not None:
        return f" {judgement.variant} violates it ({proof(harm.log_e, harm.needed)})."
    log_e = judgement.log_e_max.get(name)
    return "" if log_e is None else f" No violation by {judgement.variant} is shown (e = {evidence(log_e)})."


def _split(wrong: list[Reason], experiment: Experiment, decision: Decision) -> str:
    if wrong:
        return f"Split check (sample ratio): {in_the_way(wrong[0], experiment)}."
    if any(reason.name == "split" and reason.what == "missing" for one in decision.judgements for reason in one.verdict.reasons):
        return "Split check (sample ratio): nobody was split yet."
    return "Split check (sample ratio): nothing speaks against the traffic being split as planned."


def _epoch(one: EpochCount, experiment: Experiment) -> str:
    shares = {version.variant: one.weights[version.variant] for version in experiment.versions if version.variant in one.weights}
    planned = f" ({weights(shares)})" if shares else ""
    return f"  epoch {one.epoch}{planned}: {'; '.join(_counts(one, experiment))}."


def _counts(one: EpochCount, experiment: Experiment) -> Iterator[str]:
    """Predictions with their share, which should be near the planned one; visitors."""
    total = sum(one.requests.values())
    for version in experiment.versions:
        number = one.requests.get(version.variant, 0)
        share = f" ({100 * number / total:.3g} %)" if total else ""
        visitors = (
            f", {counted(one.units[version.variant], 'visitor')} matured" if _knows_visitors(one, version.variant, experiment) else ""
        )
        yield f"{version.variant} {counted(number, 'request')}{share}{visitors}"


def _knows_visitors(one: EpochCount, variant: str, experiment: Experiment) -> bool:
    return experiment.strength.unit == "visitor" and variant in one.units
