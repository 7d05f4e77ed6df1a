"""Does one variant keep a limit: one test per kind of metric, of the variant alone.

`claim` is the evidence that the limit is kept, `harm` that it is violated, or was for a stretch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from lab.judge.block import Arm
from lab.judge.reading import LONGEST_S, counts_of, histogram_of
from lab.judge.turning import is_ratio, merged, merged_pairs, paired, sums_of
from lab.spec.experiment import Metric, Objective, Unit
from lab.stats.counts import Counts
from lab.stats.evalue import Evidence
from lab.stats.held import HeldMean, HeldRate, HeldRatio, Hits
from lab.stats.histogram import Histogram
from lab.stats.moments import PairMoments


@dataclass(frozen=True, slots=True, eq=False)
class LimitTest:
    """One limit of one objective, of one variant alone. limit: in our units. held: what judges it."""

    metric: Metric
    limit: float
    is_upper: bool
    unit: Unit
    held: HeldRate | HeldMean | HeldRatio

    @classmethod
    def start(cls, metric: Metric, limit: float, is_upper: bool, unit: Unit) -> "LimitTest":
        """Nothing seen yet."""
        return cls(metric, limit, is_upper, unit, _held(metric, limit, is_upper, unit))

    def seen(self, arms: Sequence[Arm]) -> Self:
        """One look later: a look's epochs are one block, since nothing is compared."""
        return replace(self, held=self.held.update(self._block(arms)))  # type: ignore[arg-type]

    def _block(self, arms: Sequence[Arm]) -> Hits | Histogram | PairMoments:
        if isinstance(self.held, HeldRatio):
            return merged_pairs([paired(sums_of(self.metric, arm, self.unit)) for arm in arms])
        if isinstance(self.held, HeldMean):
            return merged([histogram_of(self.metric, arm) for arm in arms])
        if self.metric.kind == "latency percentile":
            return self._slow(merged([arm.latency for arm in arms]))
        n, successes = (sum(part) for part in zip(Counts(0, 0), *(counts_of(self.metric, arm) for arm in arms), strict=True))
        return Hits.of(Counts(n, successes if self.is_upper else n - successes))

    def _slow(self, latency: Histogram) -> Hits:
        n, surely, possibly = round(latency.n), *(round(above) for above in latency.above(self.limit))
        return Hits(n, surely, possibly) if self.is_upper else Hits(n, n - possibly, n - surely)

    @property
    def claim(self) -> Evidence:
        """That the limit is kept."""
        return self.held.satisfied

    @property
    def harm(self) -> Evidence:
        """That it is violated, or was for a stretch."""
        return self.held.violated

    @property
    def n(self) -> int:
        """Units of this variant."""
        return self.held.n


def limit_tests(objective: Objective, unit: Unit) -> tuple[LimitTest, ...]:
    """Of both limits, or of one. ValueError for a count."""
    ends = ((objective.upper, True), (objective.lower, False))
    scale = objective.metric.scale
    return tuple(LimitTest.start(objective.metric, limit / scale, is_upper, unit) for limit, is_upper in ends if limit is not None)


def _held(metric: Metric, limit: float, is_upper: bool, unit: Unit) -> HeldRate | HeldMean | HeldRatio:
    if metric.kind == "count":
        raise ValueError(f"{metric.name} is a count: it grows with the traffic, so no limit can be held against it.")
    if metric.kind == "latency percentile":
        share = metric.quantile or 0.95
        return HeldRate(1 - share if is_upper else share)
    if metric.kind in ("latency mean", "inference mean"):
        return HeldMean(limit, max(LONGEST_S, 2 * limit), is_upper)
    if metric.kind == "reward mean":
        return HeldRatio(limit, is_upper)
    if is_ratio(metric, unit):
        return HeldRatio(limit, is_upper, max(limit * (1 - limit), 0.0))
    return HeldRate(limit if is_upper else 1 - limit)
