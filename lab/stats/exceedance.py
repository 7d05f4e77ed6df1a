"""Compares slow requests: how often candidate and baseline exceed a threshold that only the past has chosen.

A quantile is compared by an exceedance: each block's latencies are held against the pooled quantile of the blocks before it, and the
counts above it go to `BinaryComparison`. Where both arms have one distribution inside each block, that is exact however it drifts.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.evalue import Evidence
from lab.stats.histogram import Histogram, edge_s
from lab.stats.interval import Interval
from lab.stats.limit import LimitTest
from lab.stats.mixture import Side

# How much of the past the threshold keeps per block: about the last ten blocks count.
MEMORY = 0.9


class LatencyBlock(NamedTuple):
    """The latencies of what ended between two looks."""

    baseline: Histogram
    candidate: Histogram


def _comparison() -> BinaryComparison:
    return BinaryComparison(prior_scale=0.5, side="greater")


@dataclass(frozen=True, slots=True)
class LatencyComparison:
    """An e-process for "the candidate is slower at this quantile" (or another side: that of `comparison`).

    quantile: which, 0.95 unless told. comparison: what the exceedances are fed to; its parameters are the test's, and its log odds
    ratio is that of exceeding the threshold. recent: both arms' latencies of about the last ten closed blocks, fading by 0.9 a block.

    The first block only sets the threshold. While a block that lacks an arm waits for the other one, the threshold stays.
    No `merge`: the threshold depends on the order of the blocks.
    """

    quantile: float = 0.95
    comparison: BinaryComparison = field(default_factory=_comparison)
    recent: Histogram = field(default_factory=Histogram)
    edge: int | None = None

    def __post_init__(self) -> None:
        _check(self.quantile)

    @classmethod
    def start(cls, quantile: float = 0.95, side: Side = "greater", null: float = 0.0, alpha: float = 0.05) -> Self:
        """A comparison that has seen nothing; the parameters are `BinaryComparison`'s, with a prior scale of 0.5."""
        return cls(quantile, BinaryComparison(prior_scale=0.5, side=side, null=null, alpha=alpha))

    def update(self, block: LatencyBlock) -> Self:
        """One look later."""
        comparison = self.comparison.update(BinaryBlock(*(self._exceeding(arm) for arm in block)))
        recent = self.recent.scaled(MEMORY).merge(block.baseline).merge(block.candidate) if _n(block) else self.recent
        waiting = comparison.pending.n > 0 and self.edge is not None
        edge = self.edge if waiting or not recent.n else threshold_edge(recent, self.quantile)
        return replace(self, comparison=comparison, recent=recent, edge=edge)

    @property
    def threshold_s(self) -> float:
        """The latency, in seconds, that the next block is held against; nan before the first."""
        return math.nan if self.edge is None else float(edge_s(self.edge))

    @property
    def looks(self) -> int:
        """How many looks there were."""
        return self.comparison.looks

    @property
    def log_e(self) -> float:
        """The natural logarithm of the e-value now."""
        return self.comparison.log_e

    @property
    def log_e_max(self) -> float:
        """Its largest value over all looks."""
        return self.comparison.log_e_max

    @property
    def p_value(self) -> float:
        """The always-valid p-value."""
        return self.comparison.p_value

    def crossed(self, alpha: float) -> bool:
        """Whether the e-value has ever reached 1/alpha."""
        return self.comparison.crossed(alpha)

    @property
    def estimate(self) -> float:
        """The most likely log odds ratio of exceeding the threshold."""
        return self.comparison.estimate

    def interval(self, alpha: float | None = None) -> Interval:
        """The log odds ratios of exceeding the threshold that are not ruled out."""
        return self.comparison.interval(alpha)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        said = {"quantile": self.quantile, "edge": self.edge}
        return said | {"comparison": self.comparison.to_json(), "recent": self.recent.to_json()}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        comparison, recent = BinaryComparison.from_json(said["comparison"]), Histogram.from_json(said["recent"])
        return cls(said["quantile"], comparison, recent, said["edge"])

    def _exceeding(self, arm: Histogram) -> Counts:
        if self.edge is None:
            return Counts(0, 0)
        return Counts(round(arm.n), round(arm.from_edge(self.edge)))


@dataclass(frozen=True, slots=True)
class LatencyLimit:
    """Holds one arm's quantile of latency against a limit: "p95 <= L" is "at most 5 % of the requests are slower than L".

    A histogram cannot tell latencies inside the bin that holds the limit (0.93 % wide). "Violated" counts them as fast enough and
    "satisfied" as too slow, so neither claims more than is known. Put the limit on a bin's edge, and the two agree.
    """

    limit_s: float
    quantile: float = 0.95
    surely: LimitTest | None = None
    possibly: LimitTest | None = None

    def __post_init__(self) -> None:
        _check(self.quantile)
        for name in ("surely", "possibly"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, LimitTest(1 - self.quantile))

    def update(self, block: Histogram) -> Self:
        """One look later."""
        surely, possibly = (Counts(round(block.n), round(above)) for above in block.above(self.limit_s))
        return replace(self, surely=self.surely.update(surely), possibly=self.possibly.update(possibly))

    @property
    def violated(self) -> Evidence:
        """That more than the allowed share is slower than the limit."""
        return self.surely.violated

    @property
    def satisfied(self) -> Evidence:
        """That less than the allowed share is."""
        return self.possibly.satisfied

    @property
    def looks(self) -> int:
        """How many looks there were."""
        return self.surely.looks

    @property
    def log_e(self) -> float:
        """The natural logarithm of the e-value now that the limit is violated."""
        return self.violated.log_e

    @property
    def log_e_max(self) -> float:
        """Its largest value over all looks."""
        return self.violated.log_e_max

    @property
    def p_value(self) -> float:
        """The always-valid p-value of "the limit is kept"."""
        return self.violated.p_value

    def crossed(self, alpha: float) -> bool:
        """Whether the limit was shown to be violated at this level."""
        return self.violated.crossed(alpha)

    @property
    def estimate(self) -> float:
        """The share surely slower than the limit; nan before anything was seen. For the quantile itself see `QuantileInterval`."""
        return self.surely.estimate

    def interval(self, alpha: float | None = None) -> Interval:
        """The shares slower than the limit that are not ruled out: both counts' intervals together."""
        low, high = self.surely.interval(alpha), self.possibly.interval(alpha)
        return Interval(low.low, high.high, low.alpha)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        tests = {"surely": self.surely.to_json(), "possibly": self.possibly.to_json()}
        return {"limit_s": self.limit_s, "quantile": self.quantile} | tests

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        return cls(said["limit_s"], said["quantile"], *(LimitTest.from_json(said[name]) for name in ("surely", "possibly")))


def threshold_edge(recent: Histogram, quantile: float) -> int:
    """The edge of the quantile's bin with a share above it closer (in ratio) to 1 - quantile; never one that nothing exceeds."""
    index = recent.bin_of_rank(quantile * recent.n)
    upper, lower = recent.from_edge(index + 1) / recent.n, recent.from_edge(index) / recent.n
    wanted = 1 - quantile
    return index + 1 if upper > 0 and wanted / upper <= lower / wanted else index


def _n(block: LatencyBlock) -> float:
    return block.baseline.n + block.candidate.n


def _check(quantile: float) -> None:
    if not 0 < quantile < 1:
        raise ValueError(f"The quantile is {quantile}, must be between 0 and 1.")
