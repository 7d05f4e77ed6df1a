"""From the tests of one candidate to its verdict: what is claimed, what harms, and in how far the evidence can be trusted."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from lab.judge.decision import Judgement
from lab.judge.evidence import Evidence, Tests
from lab.judge.guards import GuardTest, is_low_better
from lab.judge.limits import LimitTest
from lab.judge.reading import RATES, Values
from lab.judge.split import leaked
from lab.judge.words import AGAINST, WORSE
from lab.spec.experiment import Experiment, Guard, Metric
from lab.spec.experiment import Objective as Limits
from lab.stats.evalue import Evidence as EValue
from lab.stats.evalue import bonferroni_alpha, threshold
from lab.stats.interval import Interval
from lab.stats.plan import remaining
from lab.stats.verdict import Guardrail, Objective, Reason, Reward, Rule, Split, Verdict, judged

# At which feedback that comes unevenly blocks promotion: as a wrong split does.
ALPHA_COVERAGE: Final = 0.001


class Harm(NamedTuple):
    """A guardrail with its name among the e-values."""

    key: str
    guardrail: Guardrail


class Claim(NamedTuple):
    """The same of an objective."""

    key: str
    objective: Objective


class Case(NamedTuple):
    """All there is about one candidate at one look."""

    experiment: Experiment
    evidence: Evidence
    variant: str
    values: Values
    gate: tuple[Reason, ...] = ()
    """What promotion waits for."""
    time_is_up: bool = False
    is_shown: bool = True
    """Whether somebody reads the intervals, which take most of the time."""

    @property
    def tests(self) -> Tests:
        """Of this candidate."""
        return self.evidence.tests[self.variant]

    def value(self, metric: Metric) -> float | None:
        """Of this candidate, in the metric's unit."""
        return self.values.of(metric, self.variant)


class Found(NamedTuple):
    """A judgement, and whether some harm has half of the evidence (its logarithm) that a rollback takes: then nobody gets more visitors."""

    judgement: Judgement
    is_suspect: bool


def found(case: Case) -> Found:
    """The verdict on one candidate."""
    claims, harms = tuple(_claims(case)), tuple(_harms(case))
    return Found(_judgement(case, claims, harms), _is_suspect(case, harms))


def _judgement(case: Case, claims: Sequence[Claim], harms: Sequence[Harm]) -> Judgement:
    verdict = _verdict(case, claims, harms)
    log_e, log_e_max = _log_es(case, claims, harms)
    told = Judgement(case.variant, verdict, log_e=log_e, log_e_max=log_e_max)
    reward, test = case.experiment.reward, case.tests.reward
    if reward is None or test is None or not case.is_shown or not test.n:
        return told
    sign, scale = (1 if reward.direction == "High" else -1), reward.metric.scale
    difference = test.difference()
    known = difference * sign * scale if math.isfinite(difference) else None
    return told._replace(difference=known, interval=_unturned(_interval(case), sign), remaining=_remaining(case, verdict))


def trust(evidence: Evidence, variant: str) -> tuple[Reason, ...]:
    """What is wrong with the evidence itself, beside the split, which has a place of its own."""
    reasons: list[Reason] = []
    if evidence.split:
        reasons += [Reason("leaked", name, n=count) for name, count in leaked(evidence.split).items()]
    coverage = evidence.tests[variant].coverage if variant in evidence.tests else None
    needed = threshold(ALPHA_COVERAGE)
    if coverage and coverage.log_e >= needed:
        reasons.append(Reason("uneven coverage", "feedback", log_e=coverage.log_e, needed=needed, n=coverage.n))
    return tuple(reasons)


def split_reasons(evidence: Evidence, rule: Rule = Rule()) -> tuple[Reason, ...]:  # noqa: B008 - immutable
    """A split that is off, for good, or in doubt now: a doubt may pass."""
    watch = evidence.split
    if watch is None:
        return ()
    off, doubt = threshold(rule.alpha_split), threshold(rule.alpha_doubt)
    if watch.evidence.log_e_max >= off:
        return (Reason("split off", "split", log_e=watch.evidence.log_e_max, needed=off, n=watch.n),)
    in_doubt = Reason("split in doubt", "split", log_e=watch.evidence.log_e, needed=doubt, n=watch.n)
    return (in_doubt,) if watch.evidence.log_e >= doubt else ()


def rule_of(experiment: Experiment) -> Rule:
    """How certain a verdict must be."""
    strength = experiment.strength
    return Rule(
        alpha_promote=strength.alpha,
        alpha_rollback=strength.alpha_rollback,
        candidates=max(len(experiment.candidates), 1),
        units_min=strength.units_min,
        smallest=strength.smallest,
    )


def _is_suspect(case: Case, harms: Sequence[Harm]) -> bool:
    half = threshold(bonferroni_alpha(case.experiment.strength.alpha_rollback, max(len(harms), 1))) / 2
    return any((harm.guardrail.log_e or 0.0) >= half for harm in harms)


def _verdict(case: Case, claims: Sequence[Claim], harms: Sequence[Harm]) -> Verdict:
    rule, evidence = rule_of(case.experiment), case.evidence
    if not evidence.is_new:
        reasons = (Reason("no data", "experiment"),)
        return Verdict("inconclusive", (Reason("time is up", "experiment"), *reasons)) if case.time_is_up else Verdict("hold", reasons)
    objectives, guardrails = [one.objective for one in claims], [one.guardrail for one in harms]
    doubts = trust(evidence, case.variant)
    return _gated(case, judged(_reward(case, rule), objectives, guardrails, _split(evidence), rule, case.time_is_up, doubts))


def _gated(case: Case, verdict: Verdict) -> Verdict:
    """A closed gate holds what would be promoted, and nothing else."""
    if verdict.kind != "promote" or not case.gate:
        return verdict
    if case.time_is_up:
        return Verdict("inconclusive", (Reason("time is up", "experiment"), *case.gate), notes=verdict.notes)
    return Verdict("hold", case.gate, case.gate, verdict.notes)


def _split(evidence: Evidence) -> Split:
    """Where nothing is split (a shadow, a conformance test) nothing can be off."""
    watch = evidence.split
    if watch is None or evidence.experiment.pattern == "Shadow":
        return Split(0.0)
    return Split(watch.evidence.log_e_max if watch.n else None, watch.n)


def _reward(case: Case, rule: Rule) -> Reward | None:
    reward, test = case.experiment.reward, case.tests.reward
    if reward is None or test is None:
        return None
    scale, name = reward.metric.scale, reward.metric.name
    if not test.n:
        return Reward(name, None, None, unit=reward.metric.unit, limit=_signless(-reward.margin))
    difference = test.difference()
    estimate = difference * scale if math.isfinite(difference) else None
    limit = _signless(-reward.margin)
    return Reward(name, estimate, test.claim.log_e_max, _futile(case, rule, limit), reward.metric.unit, test.n, limit)


def _futile(case: Case, rule: Rule, limit: float) -> Interval | None:
    """The interval, where it leaves nothing worth having; only there it decides anything. Without a smallest difference worth having,
    nothing is futile: what is worse is harm, and rolls back as such."""
    test, reward = case.tests.reward, case.experiment.reward
    if rule.smallest is None or test is None or reward is None:
        return None
    smallest = max(rule.smallest, limit)
    is_pointless = test.is_pointless(smallest / reward.metric.scale, _alpha_each(case.experiment))
    return _below(_interval(case), smallest) if is_pointless else None


def _below(interval: Interval, smallest: float) -> Interval:
    """The interval, its end on the side of the smallest that the test says: they may differ by rounding, and by how a rate is shown."""
    return interval if interval.high < smallest else interval._replace(high=math.nextafter(smallest, -math.inf))


def _interval(case: Case) -> Interval:
    """Of the reward's difference, turned, in the metric's unit."""
    assert case.experiment.reward is not None
    assert case.tests.reward is not None
    scale = case.experiment.reward.metric.scale
    low, high, alpha = case.tests.reward.interval(_alpha_each(case.experiment))
    return Interval(low * scale, high * scale, alpha)


def _unturned(interval: Interval, sign: int) -> Interval:
    return interval if sign > 0 else Interval(-interval.high, -interval.low, interval.alpha)


def _alpha_each(experiment: Experiment) -> float:
    return bonferroni_alpha(experiment.strength.alpha, max(len(experiment.candidates), 1))


def _remaining(case: Case, verdict: Verdict) -> int | None:
    """In each variant, of the reward alone: half of what both need at the present split, at most the smaller arm's part."""
    test = case.tests.reward
    if test is None or verdict.kind not in ("continue", "hold"):
        return None
    seen = test.planned()
    more = remaining(seen, alpha=_alpha_each(case.experiment), side="greater")
    return None if more is None or not seen.units else math.ceil(more * test.n / seen.units)


def _claims(case: Case) -> Iterator[Claim]:
    """Every limit that must be shown to be kept."""
    for limits, tests in zip(case.experiment.objectives, case.tests.limits, strict=True):
        for test in tests:
            yield Claim(*_limited(limits, test, case.value(limits.metric)))


def _limited(limits: Limits, test: LimitTest, value: float | None) -> tuple[str, Objective]:
    metric = limits.metric
    key = f"{metric.name} kept" if test.is_upper else f"{metric.name} kept (lower)"
    return key, Objective(metric.name, value, _limit(limits, test), _max(test.claim, test.n), metric.unit, test.n)


def _harms(case: Case) -> Iterator[Harm]:
    """Every harm that ends a candidate's part."""
    for limits, tests in zip(case.experiment.objectives, case.tests.limits, strict=True):
        for test in tests if limits.rolls_back else ():
            key = f"{limits.metric.name} violated" if test.is_upper else f"{limits.metric.name} violated (lower)"
            value = case.value(limits.metric)
            yield Harm(key, _guardrail(limits.metric, limits.metric.name, value, _limit(limits, test), test.harm, test.n))
    if case.experiment.reward is not None and case.tests.reward is not None:
        yield _worse(case)
    for guard, guarded in zip(case.experiment.strength.guards, case.tests.guards, strict=False):
        yield _guarded(case, guard, guarded)


def _worse(case: Case) -> Harm:
    """The reward's opposite, its margin included."""
    reward, test = case.experiment.reward, case.tests.reward
    assert reward is not None
    assert test is not None
    difference = test.difference() if test.n else math.nan
    value = difference * reward.metric.scale if math.isfinite(difference) else None
    name = reward.metric.name + WORSE
    return Harm(name, _guardrail(reward.metric, name, value, _signless(-reward.margin), test.harm, test.n))


def _guarded(case: Case, guard: Guard, test: GuardTest) -> Harm:
    name = guard.metric.name + AGAINST
    limit = _relative(guard, case.values.of(guard.metric, case.experiment.baseline.variant))
    return Harm(name, _guardrail(guard.metric, name, case.value(guard.metric), limit, test.harm, test.n))


def _guardrail(metric: Metric, name: str, value: float | None, limit: float, harm: EValue, n: int) -> Guardrail:
    return Guardrail(name, value, limit, harm.log_e if n else None, _max(harm, n), metric.unit, n)


def _relative(guard: Guard, value: float | None) -> float:
    """The most, or least, that the margin allows at the baseline's present value; nan while that is unknown."""
    metric = guard.metric
    factor = guard.margin if is_low_better(metric) else 1 / guard.margin
    if value is None:
        return math.nan
    if metric.kind not in RATES:
        return value * factor
    share = value / metric.scale
    return share * factor / (1 - share + share * factor) * metric.scale


def _limit(limits: Limits, test: LimitTest) -> float:
    limit = limits.upper if test.is_upper else limits.lower
    assert limit is not None
    return limit


def _max(evidence: EValue, n: int) -> float | None:
    """What has seen nothing is missing, not weak."""
    return evidence.log_e_max if n else None


def _signless(value: float) -> float:
    """Without the sign of a zero."""
    return value + 0.0


def _log_es(case: Case, claims: Sequence[Claim], harms: Sequence[Harm]) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Every e-value's logarithm by name: now, and the largest."""
    now: dict[str, float] = {}
    largest: dict[str, float] = {}
    test = case.tests.reward
    if case.experiment.reward is not None and test is not None and test.n:
        name = f"{case.experiment.reward.metric.name} {'better' if not case.experiment.reward.margin else 'not worse'}"
        now[name], largest[name] = test.claim.log_e, test.claim.log_e_max
    for claim, limit_test in zip(claims, (one for both in case.tests.limits for one in both), strict=True):
        if limit_test.n:
            now[claim.key], largest[claim.key] = limit_test.claim.log_e, limit_test.claim.log_e_max
    for key, guardrail in harms:
        if guardrail.log_e is not None and guardrail.log_e_max is not None:
            now[key], largest[key] = guardrail.log_e, guardrail.log_e_max
    return now, largest
