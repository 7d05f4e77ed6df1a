"""The numbers of a run's last look: every objective with its state, and the reward with what is shown of it. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from lab.explain.claims import RELATIVE, WORSE, kept_log_e, needed, reward_log_e
from lab.explain.seen import is_within, limits
from lab.explain.words import SHARES, amount, between, counted, difference, evidence
from lab.judge.decision import Decision, Judgement, Measured
from lab.spec.experiment import Experiment, Guard, Metric, Objective
from lab.stats.interval import Interval
from lab.stats.verdict import Reason
from lab.web.pages.experiment_state import NOTHING, State

KEPT = State("kept", "good")
VIOLATED = State("violated", "bad")
# Harm that was shown stays shown, also where the value is within its limit again.
ONCE_VIOLATED = State("violated for a while", "bad")
NOT_SHOWN = State("not shown yet", "warn")
# Of a run that is over: nothing more comes.
NEVER_SHOWN = State("not shown", "idle")
# Of the reward; the largest e-value of the past may still be large enough for the candidate.
WORSE_SHOWN = State("shown to be worse", "bad")
UNAVAILABLE = State("unavailable", "idle")
# Of the baseline nothing is claimed: it is what the candidates are compared with.
COMPARED = State("for comparison", "idle")
NO_HARM = State("no violation shown", "idle")


class Limited(NamedTuple):
    """One metric of one variant beside its limit."""

    metric: str
    variant: str
    place: int
    """Among the versions, from 0 on: its colour."""
    value: str
    between: str
    limit: str
    n: str
    e: str
    """The evidence, and how much it takes."""
    state: State


class Rewarded(NamedTuple):
    """What one variant's visitors brought."""

    variant: str
    place: int
    value: str
    between: str
    n: str


class Compared(NamedTuple):
    """A candidate's reward beside the baseline's."""

    variant: str
    place: int
    difference: str
    between: str
    e: str
    needed: str
    state: State


class Reward(NamedTuple):
    """The reward's tables."""

    title: str
    sentence: str
    """Which direction is better, and what the intervals are."""
    variants: tuple[Rewarded, ...]
    candidates: tuple[Compared, ...]


def objectives(experiment: Experiment, decision: Decision | None, is_over: bool) -> tuple[Limited, ...]:
    """Every objective, then every guardrail; before the first look all of them are unavailable. is_over: the run has ended."""
    every = range(len(experiment.objectives))
    limited = (_objective(number, place, experiment, decision, is_over) for number in every for place in _places(experiment))
    guarded = (_guard(one, place, experiment, decision) for one in experiment.strength.guards for place in _places(experiment))
    return (*limited, *guarded)


def reward(experiment: Experiment, decision: Decision | None, is_over: bool) -> Reward | None:
    """None where the file asks for no reward."""
    if experiment.reward is None:
        return None
    metric, direction = experiment.reward.metric, "lower" if experiment.reward.direction == "Low" else "higher"
    sentence = f"{direction.capitalize()} is better.{_certainty(experiment, decision)}"
    values = tuple(_rewarded(metric, place, experiment, decision) for place in _places(experiment))
    return Reward(metric.name, sentence, values, tuple(_compared(experiment, decision, is_over)))


def _certainty(experiment: Experiment, decision: Decision | None) -> str:
    """Of the differences' intervals, as recorded."""
    if experiment.strength.method == "iter8":
        return " By Iter8's rule the best value wins; it knows no uncertainty."
    alphas = [one.interval.alpha for one in (decision.judgements if decision else ()) if one.interval]
    if not alphas:
        return ""
    return f" The intervals of differences hold with {100 * (1 - alphas[0]):.3g} % certainty, however often somebody looks."


def _places(experiment: Experiment) -> range:
    return range(len(experiment.versions))


def _measured(metric: Metric, variant: str, decision: Decision | None) -> Measured | None:
    every = decision.measured if decision else ()
    return next((one for one in every if one.metric.name == metric.name and one.variant == variant), None)


def _judgement(variant: str, decision: Decision | None) -> Judgement | None:
    return next((one for one in (decision.judgements if decision else ()) if one.variant == variant), None)


def _objective(number: int, place: int, experiment: Experiment, decision: Decision | None, is_over: bool) -> Limited:
    one, variant = experiment.objectives[number], experiment.versions[place].variant
    seen, judgement = _measured(one.metric, variant, decision), _judgement(variant, decision)
    e = _evidence(one, judgement, experiment) if judgement else NOTHING
    state = _state(one, seen, judgement, experiment, is_over)
    if decision is not None and experiment.strength.method == "iter8":
        state = _by_estimate(decision, variant, number)
    return Limited(one.metric.name, variant, place, *_value(seen, experiment), limits(one), _n(seen, experiment), e, state)


def _evidence(one: Objective, judgement: Judgement, experiment: Experiment) -> str:
    """Of what the state says: once harm is shown, of the harm."""
    harm, log_e = _harm(judgement, one.metric.name), kept_log_e(judgement, one)
    if harm is not None:
        return f"{evidence(harm.log_e)} of {evidence(harm.needed)} for a violation"
    return NOTHING if log_e is None else f"{evidence(log_e)} of {evidence(needed(experiment))}"


def _state(one: Objective, seen: Measured | None, judgement: Judgement | None, experiment: Experiment, is_over: bool) -> State:
    if seen is None or seen.value is None:
        return UNAVAILABLE
    if judgement is None:
        return COMPARED
    if _harm(judgement, one.metric.name) is not None:
        return ONCE_VIOLATED if is_within(one, seen.value) else VIOLATED
    log_e = kept_log_e(judgement, one)
    return KEPT if log_e is not None and log_e >= needed(experiment) else _not_shown(is_over)


def _not_shown(is_over: bool) -> State:
    return NEVER_SHOWN if is_over else NOT_SHOWN


def _by_estimate(decision: Decision, variant: str, number: int) -> State:
    """Iter8's rule takes the estimates as they are."""
    is_met = dict(enumerate(decision.satisfied.get(variant, ()))).get(number)
    return UNAVAILABLE if is_met is None else KEPT if is_met else VIOLATED


def _guard(one: Guard, place: int, experiment: Experiment, decision: Decision | None) -> Limited:
    variant = experiment.versions[place].variant
    seen, judgement = _measured(one.metric, variant, decision), _judgement(variant, decision)
    what = "odds" if one.metric.kind in SHARES else "value"
    limit = f"{what} at most {one.margin:g} times as bad as those of the baseline"
    log_e = judgement.log_e_max.get(one.metric.name + RELATIVE) if judgement else None
    state = UNAVAILABLE if seen is None or seen.value is None else COMPARED if judgement is None else NO_HARM
    harm = _harm(judgement, one.metric.name + RELATIVE) if judgement else None
    e = f"{evidence(log_e)} for a violation" if log_e is not None else NOTHING
    state = VIOLATED if harm else state
    return Limited(one.metric.name, variant, place, *_value(seen, experiment), limit, _n(seen, experiment), e, state)


def _harm(judgement: Judgement, name: str) -> Reason | None:
    return next((one for one in judgement.verdict.reasons if one.what == "violated" and one.name == name), None)


def _value(seen: Measured | None, experiment: Experiment) -> tuple[str, str]:
    """The value, and between what it is."""
    if seen is None or seen.value is None:
        return NOTHING, NOTHING
    if seen.low is None or seen.high is None:
        return amount(seen.value, seen.metric), NOTHING
    # By the formula of a mean, an interval may begin below what can be.
    low = seen.low if seen.metric.kind == "reward mean" else max(seen.low, 0.0)
    return amount(seen.value, seen.metric), f"{amount(low, seen.metric)} to {amount(seen.high, seen.metric)}"


def _n(seen: Measured | None, experiment: Experiment) -> str:
    if seen is None:
        return NOTHING
    is_of_units = seen.metric.kind in ("conversion", "reward mean", "accuracy")
    return counted(seen.n, experiment.strength.unit if is_of_units else "request")


def _rewarded(metric: Metric, place: int, experiment: Experiment, decision: Decision | None) -> Rewarded:
    variant = experiment.versions[place].variant
    seen = _measured(metric, variant, decision)
    return Rewarded(variant, place, *_value(seen, experiment), _n(seen, experiment))


def _compared(experiment: Experiment, decision: Decision | None, is_over: bool) -> Iterator[Compared]:
    """None of them with Iter8's method, which compares values alone."""
    asked, enough = experiment.reward, needed(experiment)
    if asked is None or experiment.strength.method == "iter8":
        return
    for place, version in enumerate(experiment.candidates, start=1):
        one = _judgement(version.variant, decision)
        log_e = reward_log_e(one, asked) if one else None
        state = UNAVAILABLE if log_e is None else State("shown", "good") if log_e >= enough else _not_shown(is_over)
        state = WORSE_SHOWN if one and _harm(one, asked.metric.name + WORSE) else state
        known = one.difference if one else None
        told = NOTHING if known is None else difference(known, asked.metric)
        wide = NOTHING if one is None or one.interval is None else _between(one.interval, asked.metric)
        yield Compared(version.variant, place, told, wide, NOTHING if log_e is None else evidence(log_e), evidence(enough), state)


def _between(interval: Interval, metric: Metric) -> str:
    return between(interval, metric).removeprefix("it is ").removeprefix("it ")
