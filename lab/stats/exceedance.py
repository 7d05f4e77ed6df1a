"""Compares slow requests: how often candidate and baseline exceed the quantile of both together.

Each block's latencies are held against the quantile of all latencies in the block, whichever arm they come from, and the counts above it
go to `BinaryComparison`. Where both arms have one distribution inside a block, every assignment of its latencies to the arms is equally
likely, so that given how many exceed the threshold, who does is hypergeometric (Fisher 1935, The Design of Experiments): exact, however
latencies drift.

Arms whose quantiles are alike but whose shapes are not need two more cares, and neither touches that exactness.

A small block borrows latencies of the blocks before it for its threshold: the largest of ten is not their 95th percentile, and the arm
of the wider shape has it less often, or more. A large block never borrows: when all latencies move, an older threshold is no longer
the quantile of anybody, and unlike shapes would exceed it unlike often.

And the score has a larger variance than the hypergeometric one. The pooled quantile moves with the arms' noise by their densities there:
to first order the variance is 1 + (w - p)^2 / (p (1 - p)) times as large, p being the candidate's share of the block's latencies and w
its share of the density at the quantile (from Bahadur's 1966 representation of a quantile). So only that part of the log-likelihood
counts, with the densities of the blocks before: a power of a likelihood ratio, chosen from the past, is still an e-value.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.stats.binary import CARRIED, BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.evalue import Evidence, Told
from lab.stats.histogram import Histogram, edge_s
from lab.stats.interval import Interval
from lab.stats.limit import LimitTest
from lab.stats.mixture import Side

# How many latencies should exceed a threshold: a block with fewer borrows from the past.
EXCEEDING = 50


class LatencyBlock(NamedTuple):
    """The latencies of what ended between two looks."""

    baseline: Histogram
    candidate: Histogram

    @property
    def n(self) -> float:
        """How many."""
        return self.baseline.n + self.candidate.n

    @property
    def has_both(self) -> bool:
        """Whether there is something to compare."""
        return self.baseline.n > 0 and self.candidate.n > 0

    @property
    def pooled(self) -> Histogram:
        """Both arms together."""
        return self.baseline.merge(self.candidate)

    def plus(self, other: "LatencyBlock") -> "LatencyBlock":
        """Both blocks as one."""
        return LatencyBlock(self.baseline.merge(other.baseline), self.candidate.merge(other.candidate))

    def faded(self, most: float) -> "LatencyBlock":
        """Scaled down to at most so many latencies."""
        share = min(1.0, max(most, 0.0) / self.n) if self.n else 1.0
        return self if share == 1 else LatencyBlock(self.baseline.scaled(share), self.candidate.scaled(share))


EMPTY = LatencyBlock(Histogram(), Histogram())
NO_COUNTS = BinaryBlock(Counts(0, 0), Counts(0, 0))


def _comparison() -> BinaryComparison:
    return BinaryComparison(prior_scale=0.5, side="greater")


@dataclass(frozen=True, slots=True)
class LatencyComparison(Told):
    """An e-process for "the candidate is slower at this quantile" (or another side: that of `comparison`).

    quantile: which, 0.95 unless told. comparison: what the exceedances are fed to; its parameters are the test's, and its log odds
    ratio is that of exceeding the threshold. pending: what lacks an arm and waits for the other one, at most as many latencies as
    `BinaryComparison` lets wait; a block that has both stands alone. edge: the threshold of the last block, a bin's lower edge. recent:
    what that threshold was the quantile of: the last block, and of those before as much as makes `EXCEEDING` exceed.

    No `merge`: the e-value's running maximum depends on the order of the blocks.
    """

    quantile: float = 0.95
    comparison: BinaryComparison = field(default_factory=_comparison)
    pending: LatencyBlock = EMPTY
    edge: int | None = None
    recent: LatencyBlock = EMPTY

    def __post_init__(self) -> None:
        _check(self.quantile)

    @classmethod
    def start(cls, quantile: float = 0.95, side: Side = "greater", null: float = 0.0, alpha: float = 0.05) -> Self:
        """A comparison that has seen nothing; the parameters are `BinaryComparison`'s, with a prior scale of 0.5."""
        return cls(quantile, BinaryComparison(prior_scale=0.5, side=side, null=null, alpha=alpha))

    def update(self, block: LatencyBlock) -> Self:
        """One look later."""
        closed, pending = _joined(self.pending, block)
        if not closed.has_both:
            return replace(self, comparison=self.comparison.update(NO_COUNTS), pending=pending)
        wanted = EXCEEDING / (1 - self.quantile) - closed.n
        recent = closed.plus(self.recent.faded(wanted)) if wanted > 0 else closed
        edge = threshold_edge(recent.pooled, self.quantile)
        counts = BinaryBlock(*(Counts(round(arm.n), round(arm.from_edge(edge))) for arm in closed))
        comparison = self.comparison.update(counts, self._weight(closed.candidate.n / closed.n))
        return replace(self, comparison=comparison, pending=pending, edge=edge, recent=recent)

    def _weight(self, share: float) -> float:
        """What counts of a block in which the candidate has this share of the latencies."""
        near = densities(np.stack([arm.counts for arm in self.recent])[:, None], self.quantile)
        return float(weight_of(*near[:, 0], share))

    @property
    def threshold_s(self) -> float:
        """The latency, in seconds, that the last block was held against; nan before the first."""
        return math.nan if self.edge is None else float(edge_s(self.edge))

    @property
    def looks(self) -> int:
        """How many looks there were."""
        return self.comparison.looks

    @property
    def evidence(self) -> Evidence:
        """That of the exceedances."""
        return self.comparison.evidence

    @property
    def estimate(self) -> float:
        """The most likely log odds ratio of exceeding the threshold."""
        return self.comparison.estimate

    def interval(self, alpha: float | None = None) -> Interval:
        """The log odds ratios of exceeding the threshold that are not ruled out."""
        return self.comparison.interval(alpha)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        blocks = {name: [arm.to_json() for arm in getattr(self, name)] for name in ("pending", "recent")}
        return {"quantile": self.quantile, "edge": self.edge, "comparison": self.comparison.to_json()} | blocks

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        pending, recent = (LatencyBlock(*(Histogram.from_json(arm) for arm in said[name])) for name in ("pending", "recent"))
        return cls(said["quantile"], BinaryComparison.from_json(said["comparison"]), pending, said["edge"], recent)


@dataclass(frozen=True, slots=True)
class LatencyLimit(Told):
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
        if not 0 < self.limit_s < math.inf:
            raise ValueError(f"The limit is {self.limit_s:g} s, must be above 0.")
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
    def evidence(self) -> Evidence:
        """That of `violated`: its e-value is the one that guards."""
        return self.violated

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


def threshold_edge(pooled: Histogram, quantile: float) -> int:
    """The edge of the quantile's bin with a share above it closer (in ratio) to 1 - quantile; never one that nothing exceeds."""
    index = pooled.bin_of_rank(quantile * pooled.n)
    upper, lower = pooled.from_edge(index + 1) / pooled.n, pooled.from_edge(index) / pooled.n
    wanted = 1 - quantile
    return index + 1 if upper > 0 and wanted / upper <= lower / wanted else index


def densities(counts: NDArray[np.float64], quantile: float) -> NDArray[np.float64]:
    """Of both arms' bins, shape (2, runs, bins): how many lie around the pooled quantile, and all, shape (2, runs, 2).

    Around: where the share above is from half to one and a half times that of the quantile.
    """
    passed = counts.sum(axis=0).cumsum(axis=-1)
    n = passed[..., -1:]
    first, last = (((passed < (1 - part * (1 - quantile)) * n).sum(axis=-1, keepdims=True)) for part in (1.5, 0.5))
    places = np.arange(counts.shape[-1])
    around = (places >= first) & (places <= last)
    return np.stack([(counts * around).sum(axis=-1), counts.sum(axis=-1)], axis=-1)


def weight_of(baseline: ArrayLike, candidate: ArrayLike, share: ArrayLike) -> NDArray[np.float64]:
    """The hypergeometric variance over the score's own, at most 1. baseline, candidate: (near, all) of `densities`; 1 without any.

    What unlike densities seem to add by chance alone is taken off first.
    """
    (near_a, n_a), (near_b, n_b) = (np.moveaxis(np.asarray(arm, dtype=np.float64), -1, 0) for arm in (baseline, candidate))
    a, b = near_a * n_b * (1 - np.asarray(share)), near_b * n_a * np.asarray(share)
    spread = np.asarray(share) * (1 - np.asarray(share))
    of_density = np.divide(b, a + b, out=np.array(np.broadcast_to(share, np.shape(a + b)), dtype=np.float64), where=a + b > 0)
    chance = spread * (1 / np.maximum(near_a, 1) + 1 / np.maximum(near_b, 1))
    return 1 / (1 + np.maximum((of_density - share) ** 2 / spread - chance, 0.0))


def _joined(pending: LatencyBlock, block: LatencyBlock) -> tuple[LatencyBlock, LatencyBlock]:
    """What can be judged now, and what waits for its other arm: as in `BinaryComparison`, but with the latencies themselves."""
    if block.has_both:
        return block, EMPTY
    both = pending.plus(block)
    if both.n > CARRIED:
        return EMPTY, block if block.n <= CARRIED else EMPTY
    return (both, EMPTY) if both.has_both else (EMPTY, both)


def _check(quantile: float) -> None:
    if not 0 < quantile < 1:
        raise ValueError(f"The quantile is {quantile}, must be between 0 and 1.")
