"""Is the candidate better, or at least not worse than the margin; and is it worse than that: one test per kind of metric.

`claim` is the evidence for promotion, `harm` that for a rollback. Differences are turned, candidate minus baseline: more is better.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, Self

from lab.judge.block import Arm
from lab.judge.pairs import Pair
from lab.judge.reading import RATES, counts_of, histogram_of
from lab.judge.turning import is_ratio, moved, sums_of, turned, turned_counts
from lab.spec.experiment import Direction, Metric, Reward, Unit
from lab.stats.binary import LARGEST_NULL, BinaryBlock
from lab.stats.evalue import Evidence, threshold
from lab.stats.exceedance import LatencyBlock, LatencyComparison
from lab.stats.histogram import Histogram
from lab.stats.interval import Interval
from lab.stats.moments import Moments, PairMoments
from lab.stats.plan import Seen, seen_differences, seen_rates
from lab.stats.quantile import enclosing
from lab.stats.questions import BOTH_SIDES, ONE_SIDED, Question, RateQuestions
from lab.stats.rate_margin import MarginTest
from lab.stats.ratio import RatioBlock, RatioComparison
from lab.stats.score import MeanBlock, MeanComparison, ScoreComparison, limits, log_e_at

# The log odds ratios that matter of rare events, and of slow requests.
RARE_SCALE: Final = 0.5


class RewardTest(Protocol):
    """Is the candidate better, or not worse than the margin; is it worse than that? Differences are turned: more is better."""

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""

    @property
    def claim(self) -> Evidence: ...

    @property
    def harm(self) -> Evidence: ...

    @property
    def n(self) -> int:
        """Units of the smaller arm."""

    def difference(self) -> float:
        """In our units; nan while there is none."""

    def interval(self, alpha: float) -> Interval:
        """Of the difference, each end valid with probability 1 - alpha."""

    def is_pointless(self, smallest: float, alpha: float) -> bool:
        """Whether all differences not ruled out are below the smallest worth having."""

    def planned(self) -> Seen:
        """For saying how long it may still take."""


@dataclass(frozen=True, slots=True, eq=False)
class RateReward:
    """Of units that succeed or not: exact, whatever the rate does from block to block. margin: what judges one, if there is one."""

    metric: Metric
    sign: int
    margin: MarginTest | None = None
    asked: RateQuestions = BOTH_SIDES

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""
        asked, margin = self.asked, self.margin
        for _, *arms in pairs:
            block = BinaryBlock(*(turned_counts(counts_of(self.metric, arm), self.sign) for arm in arms))
            if block.n:
                asked, margin = asked.update(block), margin.update(block) if margin else None
        return replace(self, asked=asked, margin=margin)

    @property
    def claim(self) -> Evidence:
        """That the candidate succeeds more often, or not less often by the margin."""
        return self.margin.not_worse if self.margin else self.asked.evidences[0]

    @property
    def harm(self) -> Evidence:
        """That it succeeds less often, by more than the margin."""
        return self.margin.worse if self.margin else self.asked.evidences[1]

    @property
    def n(self) -> int:
        """Units of the smaller arm."""
        return min(arm.n for arm in self.asked.totals)

    def difference(self) -> float:
        """Of both rates."""
        return self.asked.estimate

    def interval(self, alpha: float) -> Interval:
        """Of the difference."""
        return self.asked.difference_interval(alpha)

    def is_pointless(self, smallest: float, alpha: float) -> bool:
        """By the log odds ratio that such a difference is at the overall rate."""
        null = _log_odds_ratio(smallest, self.asked.totals)
        return null is not None and self.asked.log_e_at(Question("less", null=null)) >= threshold(alpha)

    def planned(self) -> Seen:
        """Of the totals."""
        return seen_rates(*self.asked.totals)


@dataclass(frozen=True, slots=True)
class ScoreReward:
    """Of means and ratios per unit: by large-sample theory, epoch by epoch.

    counted: where a margin is on the share of right predictions, the exact test as well, which takes each of them for independent. A
    score alone takes some fifty right answers of fifty for proof, however small the margin; the weaker evidence of both counts.
    """

    metric: Metric
    sign: int
    unit: Unit
    better: ScoreComparison
    worse: ScoreComparison
    units: tuple[int, int] = (0, 0)
    counted: MarginTest | None = None

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""
        seen = self
        for epoch, *arms in pairs:
            sums = [self._sums(arm) for arm in arms]
            if sums[0].n + sums[1].n:
                seen = replace(seen._with(epoch, *sums), counted=seen._recounted(arms))
        return seen

    def _recounted(self, arms: Sequence[Arm]) -> MarginTest | None:
        if self.counted is None:
            return None
        return self.counted.update(BinaryBlock(*(turned_counts(counts_of(self.metric, arm), self.sign) for arm in arms)))

    def _with(self, epoch: int, baseline: Any, candidate: Any) -> Self:  # noqa: ANN401 - moments, or pairs of them
        block: Any = (RatioBlock if isinstance(baseline, PairMoments) else MeanBlock)(epoch, baseline, candidate)
        units = (self.units[0] + baseline.n, self.units[1] + candidate.n)
        return replace(self, better=self.better.update(block), worse=self.worse.update(block), units=units)

    def _sums(self, arm: Arm) -> Moments | PairMoments:
        return turned(sums_of(self.metric, arm, self.unit), self.sign)

    @property
    def claim(self) -> Evidence:
        """That the candidate's is larger, or not smaller by the margin."""
        return _weaker(self.better.evidence, self.counted.not_worse) if self.counted else self.better.evidence

    @property
    def harm(self) -> Evidence:
        """That it is smaller by more than the margin."""
        return _weaker(self.worse.evidence, self.counted.worse) if self.counted else self.worse.evidence

    @property
    def n(self) -> int:
        """Units of the smaller arm."""
        return min(self.units)

    def difference(self) -> float:
        """The weighted mean of the epochs' differences."""
        return self.better.estimate

    def interval(self, alpha: float) -> Interval:
        """Of the difference."""
        score, rho = self.better.score, self.better.rho
        return Interval(float(limits(score, rho, alpha, "greater")[0]), float(limits(score, rho, alpha, "less")[1]), 2 * alpha)

    def is_pointless(self, smallest: float, alpha: float) -> bool:
        """By the score against that difference."""
        score = self.better.score
        return bool(score.weight > 0) and float(log_e_at(score, self.better.rho, smallest, "less")) >= threshold(alpha)

    def planned(self) -> Seen:
        """Of the claim's score."""
        return seen_differences(self.better, sum(self.units))


@dataclass(frozen=True, slots=True, eq=False)
class PercentileReward:
    """Of a percentile of latency: by who exceeds that of both together. margin_s moves the candidate's latencies."""

    metric: Metric
    sign: int
    margin_s: float
    compared: LatencyComparison
    totals: tuple[Histogram, Histogram] = (Histogram(), Histogram())

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""
        compared, totals = self.compared, self.totals
        for _, baseline, candidate in pairs:
            arms = histogram_of(self.metric, baseline), histogram_of(self.metric, candidate)
            if arms[0].n + arms[1].n:
                compared = compared.update(LatencyBlock(arms[0], moved(arms[1], self.sign * self.margin_s)))
                totals = totals[0].merge(arms[0]), totals[1].merge(arms[1])
        return replace(self, compared=compared, totals=totals)

    @property
    def claim(self) -> Evidence:
        """That the candidate exceeds it less often, if low is better."""
        return self._asked.evidences[0]

    @property
    def harm(self) -> Evidence:
        """The opposite."""
        return self._asked.evidences[1]

    @property
    def _asked(self) -> RateQuestions:
        return self.compared.comparison  # type: ignore[return-value]

    @property
    def n(self) -> int:
        """Predictions of the smaller arm."""
        return min(round(arm.n) for arm in self.totals)

    def difference(self) -> float:
        """Of both percentiles since the start."""
        q = self.compared.quantile
        return self.sign * (self.totals[1].quantile(q) - self.totals[0].quantile(q))

    def interval(self, alpha: float) -> Interval:
        """From both variants' own intervals, each at alpha (each end at alpha / 2): wider than the test is sharp."""
        q = self.compared.quantile
        base, cand = (enclosing(arm, q, alpha) for arm in self.totals)
        low, high = sorted((self.sign * (cand.low - base.high), self.sign * (cand.high - base.low)))
        return Interval(low, high, 2 * alpha)

    def is_pointless(self, smallest: float, alpha: float) -> bool:
        """By the interval; looked at only where the estimate says so, for it takes time."""
        return self.n > 0 and self.difference() < smallest and self.interval(alpha).high < smallest

    def planned(self) -> Seen:
        """Of how often each exceeds the percentile."""
        return seen_rates(*self._asked.totals)


def reward_test(reward: Reward, unit: Unit) -> RewardTest:
    """The test of a reward. ValueError for a metric that nothing can be better at."""
    metric, sign, margin = reward.metric, _sign(reward.direction), reward.margin / reward.metric.scale
    if metric.kind == "latency percentile":
        # More often beyond it is better only where high is.
        sides = ("less", "greater") if sign < 0 else ("greater", "less")
        asked = RateQuestions(tuple(Question(side, RARE_SCALE) for side in sides))
        return PercentileReward(metric, sign, margin, LatencyComparison(metric.quantile or 0.95, asked))  # type: ignore[arg-type]
    if metric.kind in RATES and not is_ratio(metric, unit):
        return RateReward(metric, sign, MarginTest(margin) if margin else None)
    if metric.kind == "count":
        raise ValueError(f"{metric.name} is a count: it grows with the traffic, so nothing can be better at it.")
    kind = RatioComparison if is_ratio(metric, unit) else MeanComparison
    counted = MarginTest(margin) if margin and is_ratio(metric, unit) else None
    better, worse = (kind.planned(side=side, null=-margin) for side in ONE_SIDED)
    return ScoreReward(metric, sign, unit, better, worse, counted=counted)


def _weaker(one: Evidence, other: Evidence) -> Evidence:
    """The smaller of two e-values is one if either of them is."""
    return Evidence(min(one.log_e, other.log_e), min(one.log_e_max, other.log_e_max))


def _sign(direction: Direction) -> int:
    return 1 if direction == "High" else -1


def _log_odds_ratio(difference: float, totals: BinaryBlock) -> float | None:
    """Of two rates with this difference and the totals' overall rate; None where no rates are so."""
    if not totals.has_both:
        return None
    rate_a = (totals.successes - totals.candidate.n * difference) / totals.n
    rate_b = rate_a + difference
    if not (0 < rate_a < 1 and 0 < rate_b < 1):
        return None
    ratio = math.log(rate_b / (1 - rate_b)) - math.log(rate_a / (1 - rate_a))
    return ratio if abs(ratio) <= LARGEST_NULL else None
