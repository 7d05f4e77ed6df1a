"""Is the candidate worse than the baseline by more than a factor: one test per kind of metric. `harm` is the evidence that it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

from lab.judge.pairs import Pair
from lab.judge.reading import LATENCIES, RATES, counts_of, histogram_of
from lab.judge.rewards import RARE_SCALE
from lab.judge.turning import is_ratio, shifted, sums_of, turned
from lab.spec.experiment import Guard, Metric, Unit
from lab.stats.binary import BinaryBlock
from lab.stats.evalue import Evidence
from lab.stats.exceedance import LatencyBlock, LatencyComparison
from lab.stats.histogram import PER_DECADE
from lab.stats.moments import PairMoments
from lab.stats.questions import Question, RateQuestions
from lab.stats.ratio import RatioBlock, RatioComparison
from lab.stats.score import MeanBlock, MeanComparison, ScoreComparison


class GuardTest(Protocol):
    """Is the candidate worse than the baseline by more than a factor?"""

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""

    @property
    def harm(self) -> Evidence: ...

    @property
    def n(self) -> int:
        """Units of the smaller arm."""


@dataclass(frozen=True, slots=True, eq=False)
class RateGuard:
    """By the odds ratio of a rate."""

    metric: Metric
    asked: RateQuestions

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""
        asked = self.asked
        for _, *arms in pairs:
            block = BinaryBlock(*(counts_of(self.metric, arm) for arm in arms))
            asked = asked.update(block) if block.n else asked
        return replace(self, asked=asked)

    @property
    def harm(self) -> Evidence:
        """That the odds ratio is beyond the margin."""
        return self.asked.evidence

    @property
    def n(self) -> int:
        """Units of the smaller arm."""
        return min(arm.n for arm in self.asked.totals)


@dataclass(frozen=True, slots=True, eq=False)
class PercentileGuard:
    """By who exceeds the percentile of both together, the candidate's latencies divided by the margin."""

    metric: Metric
    bins: int
    compared: LatencyComparison

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""
        compared = self.compared
        for _, baseline, candidate in pairs:
            block = LatencyBlock(histogram_of(self.metric, baseline), shifted(histogram_of(self.metric, candidate), -self.bins))
            compared = compared.update(block) if block.n else compared
        return replace(self, compared=compared)

    @property
    def harm(self) -> Evidence:
        """That the candidate still exceeds it more often."""
        return self.compared.evidence

    @property
    def n(self) -> int:
        """Predictions of the smaller arm."""
        return min(arm.n for arm in self.compared.comparison.totals)


@dataclass(frozen=True, slots=True)
class MeanGuard:
    """By means, the candidate's divided (low is better) or multiplied by the margin."""

    metric: Metric
    unit: Unit
    factor: float
    compared: ScoreComparison
    units: tuple[int, int] = (0, 0)

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""
        seen = self
        for epoch, *arms in pairs:
            base, cand = (sums_of(self.metric, arm, self.unit) for arm in arms)
            if base.n + cand.n:
                seen = seen._with(epoch, base, cand)
        return seen

    def _with(self, epoch: int, base: Any, cand: Any) -> Self:  # noqa: ANN401 - moments, or pairs of them
        block: Any = (RatioBlock if isinstance(base, PairMoments) else MeanBlock)(epoch, base, turned(cand, self.factor))
        return replace(self, compared=self.compared.update(block), units=(self.units[0] + base.n, self.units[1] + cand.n))

    @property
    def harm(self) -> Evidence:
        """That the candidate's is beyond the margin."""
        return self.compared.evidence

    @property
    def n(self) -> int:
        """Units of the smaller arm."""
        return min(self.units)


def guard_test(guard: Guard, unit: Unit) -> GuardTest:
    """The test of a margin. ValueError for a count, or a margin below 1."""
    metric, margin = guard.metric, guard.margin
    if metric.kind == "count" or not margin >= 1:
        raise ValueError(f"{metric.name} has the margin {margin:g}: it must be 1 or more, and not of a count.")
    if metric.kind == "latency percentile":
        bins = round(math.log10(margin) * PER_DECADE)
        asked = RateQuestions((Question("greater", RARE_SCALE),))
        return PercentileGuard(metric, bins, LatencyComparison(metric.quantile or 0.95, asked))  # type: ignore[arg-type]
    low_is_better = is_low_better(metric)
    if metric.kind in RATES and not is_ratio(metric, unit):
        null = math.log(margin) if low_is_better else -math.log(margin)
        return RateGuard(metric, RateQuestions((Question("greater" if low_is_better else "less", RARE_SCALE, null),)))
    kind = RatioComparison if is_ratio(metric, unit) else MeanComparison
    factor = 1 / margin if low_is_better else margin
    return MeanGuard(metric, unit, factor, kind.planned(side="greater" if low_is_better else "less"))


def is_low_better(metric: Metric) -> bool:
    """Of a metric that nobody gave a direction: latencies, errors and outliers."""
    return metric.kind in LATENCIES or metric.measure in ("error-rate", "outlier-rate")
