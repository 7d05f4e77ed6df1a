"""What `lab stats` does with a file's blocks: turns rows into what a test takes, and what the test says into a finding."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np

from lab.cli.stats.input import InputError, Look, Row
from lab.cli.stats.report import Estimate, Finding
from lab.cli.stats.rows import counts, epoch_number, number_of_units, pairs_by_unit, planned_weight, sum_of_n, sums_by_unit, times
from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.exceedance import LatencyBlock, LatencyComparison, LatencyLimit
from lab.stats.histogram import Histogram
from lab.stats.interval import Interval
from lab.stats.limit import LimitTest
from lab.stats.mean_interval import MeanInterval
from lab.stats.mean_limit import MeanLimit
from lab.stats.mixture import Side
from lab.stats.moments import Moments, PairMoments
from lab.stats.quantile import QuantileInterval
from lab.stats.ratio import RatioBlock, RatioComparison
from lab.stats.score import MeanBlock, MeanComparison, ScoreComparison
from lab.stats.srm import SplitBlock, SplitCheck
from lab.stats.winsor import Cap, capped

State = TypeVar("State")
UNDECIDED = "undecided"


@dataclass(frozen=True)
class Judge(Generic[State]):
    """A test and how it is fed and read. It is a value: `update` returns the next one."""

    state: State
    names: tuple[str, ...]
    """The variants whose rows it takes; in a comparison the baseline first."""
    feed: Callable[[State, Look], State]
    """Raises ValueError for what the test does not take."""
    tell: Callable[[State, Mapping[str, int], str], Finding]
    size: Callable[[Sequence[Row]], int]
    """How many units the rows of one variant and block are."""
    n: Mapping[str, int] = field(default_factory=dict)

    def update(self, look: Look) -> Self:
        """One look later. InputError names the block's end if the test refuses it."""
        n = {name: self.n.get(name, 0) + self.size(look.of(name)) for name in self.names}
        try:
            return replace(self, state=self.feed(self.state, look), n=n)
        except ValueError as refused:
            raise InputError(f"{look.place}, block {look.block}: {refused}") from refused

    def finding(self, name: str) -> Finding:
        """What it says now."""
        return self.tell(self.state, self.n, name)


Comparing = Callable[[str, str, float], Judge[Any]]
"""(baseline, candidate, alpha) → its judge."""

Watching = Callable[[str, float], Judge[Any]]
"""(variant, alpha) → its judge."""


def binary(side: Side, margin: float) -> Comparing:
    """Two success rates; margin: an odds ratio."""
    if not margin > 0:
        raise ValueError(f"The margin is {margin:g}, must be an odds ratio above 0.")

    def start(baseline: str, candidate: str, alpha: float) -> Judge[BinaryComparison]:
        def feed(test: BinaryComparison, look: Look) -> BinaryComparison:
            return test.update(BinaryBlock(counts(look.of(baseline)), counts(look.of(candidate))))

        test = BinaryComparison(side=side, null=math.log(margin), alpha=alpha)
        return Judge(test, (baseline, candidate), feed, _tell_binary, sum_of_n)

    return start


def limit(rate: float) -> Watching:
    """One success rate and a limit."""

    def start(variant: str, alpha: float) -> Judge[LimitTest]:
        def feed(test: LimitTest, look: Look) -> LimitTest:
            return test.update(counts(look.of(variant)))

        return Judge(LimitTest(rate, alpha=alpha), (variant,), feed, _tell_limit, sum_of_n)

    return start


class Latency(NamedTuple):
    """Two quantiles: the test, and each arm's own quantile to show."""

    test: LatencyComparison
    baseline: QuantileInterval
    candidate: QuantileInterval


def quantile(side: Side, which: float) -> Comparing:
    """Two quantiles of latency."""

    def start(baseline: str, candidate: str, alpha: float) -> Judge[Latency]:
        def feed(state: Latency, look: Look) -> Latency:
            arms = [Histogram.of(times(look.of(name), "value")) for name in (baseline, candidate)]
            return Latency(state.test.update(LatencyBlock(*arms)), state.baseline.update(arms[0]), state.candidate.update(arms[1]))

        shown = QuantileInterval(which, alpha)
        state = Latency(LatencyComparison.start(which, side, alpha=alpha), shown, shown)
        return Judge(state, (baseline, candidate), feed, _tell_latency, len)

    return start


class Slow(NamedTuple):
    """One quantile and a limit: the test, and the quantile itself to show."""

    test: LatencyLimit
    shown: QuantileInterval


def quantile_limit(limit_s: float, which: float) -> Watching:
    """One quantile of latency and a limit in seconds."""

    def start(variant: str, alpha: float) -> Judge[Slow]:
        def feed(state: Slow, look: Look) -> Slow:
            block = Histogram.of(times(look.of(variant), "value"))
            return Slow(state.test.update(block), state.shown.update(block))

        rate = LimitTest(1 - which, alpha=alpha)
        return Judge(Slow(LatencyLimit(limit_s, which, rate, rate), QuantileInterval(which, alpha)), (variant,), feed, _tell_slow, len)

    return start


class Capped(NamedTuple):
    """Two means: the test, and the cap that the past gives."""

    test: MeanComparison
    cap: Cap | None


def mean(side: Side, margin: float, cap: float | None) -> Comparing:
    """Two means per unit; margin: a difference; cap: the quantile of the past at which values are cut."""

    def start(baseline: str, candidate: str, alpha: float) -> Judge[Capped]:
        epochs: dict[str, int] = {}

        def feed(state: Capped, look: Look) -> Capped:
            arms = [sums_by_unit(look.of(name), "value")[0] for name in (baseline, candidate)]
            most = state.cap.value if state.cap else math.inf
            block = MeanBlock(epoch_number(look, epochs), *(Moments.of(capped(arm, most)) for arm in arms))
            return Capped(state.test.update(block), state.cap.update(np.concatenate(arms)) if state.cap else None)

        def tell(state: Capped, n: Mapping[str, int], name: str) -> Finding:
            return _tell_score(state.test, n, name)

        test = MeanComparison.planned(alpha=alpha, side=side, null=margin)
        return Judge(Capped(test, None if cap is None else Cap(cap)), (baseline, candidate), feed, tell, number_of_units)

    return start


class Bounded(NamedTuple):
    """One mean and a limit: the test, and the mean's own interval to show."""

    test: MeanLimit
    shown: MeanInterval


def mean_limit(most: float, bound: float) -> Watching:
    """One mean and a limit, of values that are never above `bound`."""

    def start(variant: str, alpha: float) -> Judge[Bounded]:
        def feed(state: Bounded, look: Look) -> Bounded:
            values = sums_by_unit(look.of(variant), "value")[0]
            return Bounded(state.test.update(values), state.shown.update(Moments.of(values)))

        def tell(state: Bounded, n: Mapping[str, int], name: str) -> Finding:
            return _tell_bounded(state, n, name, alpha)

        return Judge(Bounded(MeanLimit(most, bound), MeanInterval.planned(alpha=alpha)), (variant,), feed, tell, number_of_units)

    return start


def ratio(side: Side, margin: float) -> Comparing:
    """Two ratios of sums over units; margin: a difference."""

    def start(baseline: str, candidate: str, alpha: float) -> Judge[RatioComparison]:
        epochs: dict[str, int] = {}

        def feed(test: RatioComparison, look: Look) -> RatioComparison:
            arms = (PairMoments.of(*pairs_by_unit(look.of(name))) for name in (baseline, candidate))
            return test.update(RatioBlock(epoch_number(look, epochs), *arms))

        test = RatioComparison.planned(alpha=alpha, side=side, null=margin)
        return Judge(test, (baseline, candidate), feed, _tell_score, number_of_units)

    return start


def split(names: Sequence[str], alpha: float, block_alpha: float) -> Judge[SplitCheck]:
    """The observed split of all variants and the planned one."""

    def feed(test: SplitCheck, look: Look) -> SplitCheck:
        seen = {name: sum_of_n(look.of(name)) for name in names}
        return test.update(SplitBlock(seen, {name: planned_weight(look.of(name)) for name in names}))

    def tell(test: SplitCheck, n: Mapping[str, int], name: str) -> Finding:
        shares = {variant: Estimate(ratio) for variant, ratio in test.estimate.items()}
        verdict = "off: trust nothing" if test.crossed(block_alpha) else "doubtful" if test.crossed(alpha) else "as planned"
        return Finding(name, n, shares, test.log_e, test.p_value, verdict)

    return Judge(SplitCheck(tuple(names)), tuple(names), feed, tell, sum_of_n)


def _tell_binary(test: BinaryComparison, n: Mapping[str, int], name: str) -> Finding:
    low, high, alpha = test.interval()
    ratio = Estimate(_exp(test.estimate), _exp(low), _exp(high))
    difference = Estimate(test.difference, *test.difference_interval()[:2])
    verdict = _verdict(test.side, test.crossed(alpha), Interval(low, high, alpha), test.null, math.exp(test.null))
    return Finding(name, n, {"odds_ratio": ratio, "difference": difference}, test.log_e, test.p_value, verdict)


def _tell_latency(state: Latency, n: Mapping[str, int], name: str) -> Finding:
    test = state.test
    low, high, alpha = test.interval()
    estimates = {
        "odds_of_slow": Estimate(_exp(test.estimate), _exp(low), _exp(high)),
        "baseline_s": Estimate(state.baseline.estimate, *state.baseline.interval()[:2]),
        "candidate_s": Estimate(state.candidate.estimate, *state.candidate.interval()[:2]),
    }
    words = {"higher": "slower", "lower": "faster", "above 1": "slower", "below 1": "faster", UNDECIDED: UNDECIDED}
    verdict = words[_verdict(test.comparison.side, test.crossed(alpha), Interval(low, high, alpha), 0.0, 1.0)]
    return Finding(name, n, estimates, test.log_e, test.p_value, verdict, {"threshold_s": test.threshold_s})


def _tell_score(test: ScoreComparison, n: Mapping[str, int], name: str) -> Finding:
    interval = test.interval()
    verdict = _verdict(test.side, test.crossed(test.alpha), interval, test.null, test.null)
    return Finding(name, n, {"difference": Estimate(test.estimate, interval.low, interval.high)}, test.log_e, test.p_value, verdict)


def _tell_limit(test: LimitTest, n: Mapping[str, int], name: str) -> Finding:
    low, high, alpha = test.interval()
    verdict = _kept(test.crossed(alpha), test.satisfied.crossed(alpha))
    more = {"log_e_satisfied": test.satisfied.log_e}
    return Finding(name, n, {"rate": Estimate(test.estimate, low, high)}, test.log_e, test.p_value, verdict, more)


def _tell_slow(state: Slow, n: Mapping[str, int], name: str) -> Finding:
    test, shown = state.test, state.shown
    alpha = test.surely.alpha
    estimates = {
        "share_beyond_limit": Estimate(test.surely.estimate, *test.surely.interval()[:2]),
        "quantile_s": Estimate(shown.estimate, *shown.interval()[:2]),
    }
    verdict = _kept(test.violated.crossed(alpha), test.satisfied.crossed(alpha))
    more = {"log_e_satisfied": test.satisfied.log_e}
    return Finding(name, n, estimates, test.violated.log_e, test.violated.p_value, verdict, more)


def _tell_bounded(state: Bounded, n: Mapping[str, int], name: str, alpha: float) -> Finding:
    test, shown = state.test, state.shown
    estimate = Estimate(test.estimate, *shown.interval()[:2])
    more = {"log_e_satisfied": test.satisfied.log_e}
    verdict = _kept(test.crossed(alpha), test.satisfied.crossed(alpha))
    return Finding(name, n, {"mean": estimate}, test.log_e, test.p_value, verdict, more)


def _verdict(side: Side, crossed: bool, interval: Interval, null: float, shown: float) -> str:
    """higher, lower, above or below the margin, or undecided."""
    if not crossed:
        return UNDECIDED
    if side == "two-sided":
        return "higher" if interval.low > null else "lower"
    return f"{'above' if side == 'greater' else 'below'} {shown:g}"


def _kept(violated: bool, satisfied: bool) -> str:
    """Violated wins over satisfied: a limit once kept may be broken later."""
    return "violated" if violated else "satisfied" if satisfied else UNDECIDED


def _exp(log: float) -> float:
    return math.inf if log > 700 else math.exp(log)
