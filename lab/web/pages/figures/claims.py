"""What a candidate has to show, and what would roll it back: each with its name among the e-values, and in words."""

from collections.abc import Iterator
from typing import NamedTuple

from lab.explain.claims import RELATIVE, WORSE, needed
from lab.explain.words import SHARES, amount, difference
from lab.spec.experiment import Experiment, Objective, Reward
from lab.stats.evalue import bonferroni_alpha, threshold


class Claim(NamedTuple):
    """key: among a judgement's e-values."""

    key: str
    words: str
    harm: str = ""
    """Of what a promotion takes: the name under which a verdict says that the contrary is shown."""


def claims(experiment: Experiment) -> tuple[Claim, ...]:
    """All that a promotion takes; the reward's first."""
    reward = experiment.reward
    first = [_reward(reward, experiment)] if reward else []
    return (*first, *(claim for one in experiment.objectives for claim in _kept(one)))


def harms(experiment: Experiment) -> tuple[Claim, ...]:
    """All that rolls back; the reward's first."""
    reward, baseline = experiment.reward, experiment.baseline.variant
    first = [_worse(reward, baseline)] if reward and experiment.candidates else []
    limits = [claim for one in experiment.objectives if one.rolls_back for claim in _violated(one)]
    guards = experiment.strength.guards if experiment.candidates else ()
    return (*first, *limits, *(_guarded(guard.metric.name, guard.margin, guard.metric.kind in SHARES, baseline) for guard in guards))


def needed_for_harm(experiment: Experiment) -> float:
    """How large the logarithm of a harm's e-value must become: they share the probability to be wrong."""
    return threshold(bonferroni_alpha(experiment.strength.alpha_rollback, max(len(harms(experiment)), 1)))


def needed_for_claim(experiment: Experiment) -> float:
    """The same of a claim: all of one candidate's must be shown, so only candidates share it."""
    return needed(experiment)


def _reward(reward: Reward, experiment: Experiment) -> Claim:
    name, baseline = reward.metric.name, experiment.baseline.variant
    if not reward.margin:
        return Claim(f"{name} better", f"{name} is better than that of {baseline}", name + WORSE)
    margin = difference(reward.margin, reward.metric).lstrip("+")
    return Claim(f"{name} not worse", f"{name} is not worse than that of {baseline} by {margin}", name + WORSE)


def _worse(reward: Reward, baseline: str) -> Claim:
    margin = f" by more than {difference(reward.margin, reward.metric).lstrip('+')}" if reward.margin else ""
    return Claim(reward.metric.name + WORSE, f"{reward.metric.name} is worse than that of {baseline}{margin}")


def _kept(one: Objective) -> Iterator[Claim]:
    name = one.metric.name
    if one.upper is not None:
        yield Claim(f"{name} kept", f"{name} is at most {amount(one.upper, one.metric)}", name)
    if one.lower is not None:
        yield Claim(f"{name} kept (lower)", f"{name} is at least {amount(one.lower, one.metric)}", name)


def _violated(one: Objective) -> Iterator[Claim]:
    name = one.metric.name
    if one.upper is not None:
        yield Claim(f"{name} violated", f"{name} is above {amount(one.upper, one.metric)}")
    if one.lower is not None:
        yield Claim(f"{name} violated (lower)", f"{name} is below {amount(one.lower, one.metric)}")


def _guarded(name: str, margin: float, has_odds: bool, baseline: str) -> Claim:
    what = "odds" if has_odds else "value"
    return Claim(name + RELATIVE, f"{name}: {what} worse than that of {baseline} by more than a factor of {margin:g}")
