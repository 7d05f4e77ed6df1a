"""What a reason of a verdict is about: the reward's difference, a limit, or the comparison with the baseline; and how certain it is."""

from collections.abc import Iterable
from typing import NamedTuple

from lab.explain.words import amount, counted, difference, duration, evidence, listed
from lab.judge.decision import Judgement
from lab.spec.experiment import Experiment, Metric, Objective, Reward
from lab.stats.evalue import bonferroni_alpha, threshold
from lab.stats.verdict import Reason

# What the judge adds to a metric's name.
WORSE = " worse"
RELATIVE = " against the baseline"
# How the names of harms end among the e-values.
HARMS = (WORSE, RELATIVE, " violated", " violated (lower)")


class About(NamedTuple):
    """A reason's metric, and the reward or the objective that it is the claim of; neither of a guardrail."""

    metric: Metric | None
    reward: Reward | None = None
    objective: Objective | None = None
    is_relative: bool = False


def about(reason: Reason, experiment: Experiment) -> About:
    """By the reason's name and limit."""
    reward, name = experiment.reward, reason.name
    if reward is not None and name in (reward.metric.name, reward.metric.name + WORSE) and not _limits(reason, experiment):
        return About(reward.metric, reward=reward)
    for guard in experiment.strength.guards:
        if name == guard.metric.name + RELATIVE:
            return About(guard.metric, is_relative=True)
    found = _limits(reason, experiment)
    return About(found.metric, objective=found) if found else About(None)


def needed(experiment: Experiment) -> float:
    """How large the logarithm of a claim's e-value must become."""
    return threshold(bonferroni_alpha(experiment.strength.alpha, max(len(experiment.candidates), 1)))


def reward_log_e(one: Judgement, reward: Reward) -> float | None:
    """The largest so far of the reward's claim."""
    return one.log_e_max.get(f"{reward.metric.name} {'not worse' if reward.margin else 'better'}")


def kept_log_e(one: Judgement, objective: Objective) -> float | None:
    """The largest so far of the claim that an objective is kept; of two limits the weaker one."""
    ends = ((objective.upper, "kept"), (objective.lower, "kept (lower)"))
    found = [one.log_e_max.get(f"{objective.metric.name} {key}") for limit, key in ends if limit is not None]
    known = [log_e for log_e in found if log_e is not None]
    return min(known) if len(known) == len(found) and known else None


def strongest_harm(one: Judgement, experiment: Experiment) -> str:
    """What most speaks for, and how much; empty while nothing does."""
    harms = {name: log_e for name, log_e in one.log_e_max.items() if name.endswith(HARMS)}
    name = max((name for name, log_e in harms.items() if log_e > 0), key=lambda name: harms[name], default=None)
    if name is None:
        return ""
    return f"{name} ({proof(harms[name], threshold(bonferroni_alpha(experiment.strength.alpha_rollback, len(harms))))})"


def proof(log_e: float | None, enough: float | None) -> str:
    """`e = 3.4 of 20`"""
    return f"e = {evidence(log_e)} of {evidence(enough)}"


def merged(reasons: Iterable[Reason]) -> list[Reason]:
    """Each once; those without evidence as one, under the names of their metrics."""
    found = list(dict.fromkeys(reasons))
    missing = [reason for reason in found if reason.what == "missing"]
    names = dict.fromkeys("the split" if one.name == "split" else one.name.removesuffix(WORSE).removesuffix(RELATIVE) for one in missing)
    together = [Reason("missing", listed(list(names)))] if names else []
    return [*together, *(reason for reason in found if reason not in missing)]


def wanted(reason: Reason, experiment: Experiment) -> str:
    """What is in the way of a promotion, after `it takes`."""
    if reason.what == "not shown":
        return f"proof that {_claimed(reason, about(reason, experiment))} ({proof(reason.log_e, reason.needed)})"
    if reason.what == "too few":
        return enough(reason, experiment)
    words = {
        "missing": f"evidence on {reason.name}",
        "no data": "new data",
        "split off": "a new experiment whose traffic is split as planned",
        "leaked": f"a new experiment in which {reason.name} gets nothing at a weight of 0 %",
        "uneven coverage": "a new experiment with feedback from both variants alike",
        "gate": "the end of the pause" if reason.limit is not None else "somebody who resumes it",
    }
    return words.get(reason.what, reason.name)


def in_the_way(reason: Reason, experiment: Experiment) -> str:
    """The same as a clause: what is wrong now."""
    if reason.what == "too few":
        return f"too little was seen: it takes {enough(reason, experiment)}"
    if reason.what == "gate":
        return f"all that promotion takes is shown, and it {_gate(reason)}"
    words = {
        "no data": "the last look brought no data, and without data nothing changes",
        "split off": f"the traffic is not split as planned ({_numbers(reason)} visitors), so nothing that is measured can be trusted",
        "split in doubt": f"the traffic may not be split as planned ({_numbers(reason)} visitors)",
        "leaked": f"{reason.name} got {counted(reason.n, 'request')} while its weight was 0 %, so the traffic does not go where it should",
        "uneven coverage": f"feedback does not come from both variants alike ({_numbers(reason)}), so rewards cannot be compared",
        "missing": f"there is no evidence on {reason.name} yet",
    }
    return words.get(reason.what, reason.name)


def _numbers(reason: Reason) -> str:
    return f"{proof(reason.log_e, reason.needed)}, n = {reason.n:,}"


def _gate(reason: Reason) -> str:
    if reason.limit is None:
        return "waits for somebody to resume it"
    return f"pauses for {duration(reason.limit)}, of which {duration(reason.value or 0.0)} are over"


def enough(reason: Reason, experiment: Experiment) -> str:
    """`400 visitors per variant for conversion (143 so far)`"""
    this = about(reason, experiment)
    is_of_units = this.reward is not None and this.reward.metric.kind in ("conversion", "reward mean", "accuracy")
    unit = experiment.strength.unit if is_of_units else "request"
    return f"{counted(int(reason.limit or 0), unit)} per variant for {reason.name} ({reason.n:,} so far)"


def _claimed(reason: Reason, this: About) -> str:
    if this.reward is not None:
        worse = f"not worse by {difference(this.reward.margin, this.reward.metric).lstrip('+')}"
        return f"its {this.reward.metric.name} is {worse if this.reward.margin else 'better'}"
    if this.objective is not None:
        end = "at most" if reason.limit == this.objective.upper else "at least"
        return f"its {reason.name} is {end} {amount(reason.limit, this.objective.metric)}"
    return f"its {reason.name} is as it must be"


def _limits(reason: Reason, experiment: Experiment) -> Objective | None:
    """The objective that has this limit."""
    fits = (one for one in experiment.objectives if one.metric.name == reason.name and reason.limit in (one.upper, one.lower))
    return next((one for one in fits if reason.limit is not None), None)
