"""Holds a rate, a mean, or a ratio against a limit: only the evidence that it is violated and that it is satisfied, no interval.

For a controller that looks often. Rates give what `LimitTest` and `LatencyLimit` give, means what `MeanLimit` gives, for counts of which
a part is uncertain: "violated" counts what is surely too much, "satisfied" what is possibly too much.
"""

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np

from lab.stats.betas import Floats
from lab.stats.counts import Counts
from lab.stats.evalue import NO_EVIDENCE, Evidence
from lab.stats.histogram import BINS, Histogram, edge_s
from lab.stats.limit import RATES, advanced, cut_both, cut_log_e, with_restarts
from lab.stats.mean_limit import (
    ABOVE,
    BELOW,
    BETS,
    log_e_mean,
    restarted,
    satisfied_increments,
    violated_increments,
)
from lab.stats.mixture import log_e_of, tuned_rho
from lab.stats.moments import NO_PAIRS, PairMoments
from lab.stats.score import PLANNED_UNITS


class Hits(NamedTuple):
    """Units, and how many of them are surely and possibly too much."""

    n: int
    surely: int
    possibly: int

    @classmethod
    def of(cls, counts: Counts) -> "Hits":
        """Of counts without doubt."""
        return cls(counts.n, counts.successes, counts.successes)


def _no_restarts() -> Floats:
    return np.full(RATES, -np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class HeldRate:
    """A rate that is allowed up to `limit`, strictly between 0 and 1. At 1 nothing can violate it; at 0 one hit does."""

    limit: float
    looks: int = 0
    hits: Hits = Hits(0, 0, 0)  # noqa: RUF009 - a tuple: immutable
    restarts: Floats = field(default_factory=_no_restarts)
    violated: Evidence = NO_EVIDENCE
    satisfied: Evidence = NO_EVIDENCE

    def update(self, block: Hits) -> Self:
        """One look later; ValueError for hits beyond n. An empty block changes nothing."""
        Counts(block.n, block.surely).checked(), Counts(block.n, block.possibly).checked()
        if block.n == 0:
            return self
        hits, look = Hits(*(a + b for a, b in zip(self.hits, block, strict=True))), self.looks + 1
        if not 0 < self.limit < 1:
            return replace(self, looks=look, hits=hits, violated=self._broken(hits), satisfied=self._kept())
        restarts = advanced(self.restarts, look, block.n, block.surely, self.limit)
        above, below = self._from_start(hits)
        violated = self.violated.seen(float(with_restarts(above, restarts, look)))
        return replace(self, looks=look, hits=hits, restarts=restarts, violated=violated, satisfied=self.satisfied.seen(below))

    def _from_start(self, hits: Hits) -> tuple[float, float]:
        """log e of "above" for what is surely too much, and of "below" for what possibly is."""
        if hits.surely == hits.possibly:
            return cut_both(Counts(hits.n, hits.surely), self.limit)
        return float(cut_log_e(hits.n, hits.surely, self.limit, "greater")), float(cut_log_e(hits.n, hits.possibly, self.limit, "less"))

    def _broken(self, hits: Hits) -> Evidence:
        return self.violated.seen(math.inf) if self.limit <= 0 and hits.surely else self.violated

    def _kept(self) -> Evidence:
        return self.satisfied.seen(math.inf) if self.limit >= 1 else self.satisfied

    @property
    def n(self) -> int:
        """Units seen."""
        return self.hits.n


def _no_bets() -> Floats:
    return np.full(BETS.size, -np.inf)


def _no_wealth() -> Floats:
    return np.zeros(BETS.size)


@dataclass(frozen=True, slots=True, eq=False)
class HeldMean:
    """A mean of bounded values, in histograms, that is allowed up to `limit` (is_upper), or from it on. limit, bound: in seconds.

    "Violated" restarts at every block, as in `MeanLimit`. Values count with the end of their bin that is against the claim.
    """

    limit: float
    bound: float
    is_upper: bool = True
    blocks: int = 0
    n: int = 0
    bad: Floats = field(default_factory=_no_bets)
    good: Floats = field(default_factory=_no_wealth)
    violated: Evidence = NO_EVIDENCE
    satisfied: Evidence = NO_EVIDENCE

    def __post_init__(self) -> None:
        if not 0 < self.limit < self.bound < math.inf:
            raise ValueError(f"The limit is {self.limit:g} and the bound {self.bound:g}, must be 0 < limit < bound.")

    def update(self, block: Histogram) -> Self:
        """One look later. An empty block changes nothing."""
        if not block.n:
            return self
        look = self.blocks + 1
        above, below = (block.counts @ matrix for matrix in _increments(self.limit, self.bound))
        worse, better = ((above, ABOVE), (below, BELOW)) if self.is_upper else ((below, BELOW), (above, ABOVE))
        bad, good = restarted(self.bad, look, worse[0]), self.good + better[0]
        late = np.logaddexp(log_e_mean(bad, worse[1]), -math.log(look + 1))
        return replace(
            self,
            blocks=look,
            n=self.n + round(block.n),
            bad=bad,
            good=good,
            violated=self.violated.seen(float(late)),
            satisfied=self.satisfied.seen(float(log_e_mean(good, better[1]))),
        )


@lru_cache(maxsize=32)
def _increments(limit: float, bound: float) -> tuple[Floats, Floats]:
    """What one value of each bin adds to the log wealth of each bet that the mean is above, and below, the limit: (bins, bets)."""
    edges = np.concatenate([[0.0], edge_s(np.arange(1, BINS + 1))])
    surely, possibly = np.minimum(edges[:-1], bound), np.minimum(edges[1:], bound)
    # The last bin holds everything beyond, too.
    possibly[-1] = bound
    return violated_increments(surely[:, None], limit), satisfied_increments(possibly[:, None], limit, bound)


@dataclass(frozen=True, slots=True)
class HeldRatio:
    """A ratio of sums per unit, y over x, that is allowed up to `limit` (is_upper), or from it on; a mean, if every x is 1.

    The units' residuals y - limit x are a score whose mean is 0 at the limit; the normal mixture judges it with their squares as its
    variance, so in large samples (`score.py`, with one arm). least: the variance of one x at the limit, below which no small sample is
    believed: limit (1 - limit) where y are those of x that succeeded.
    """

    limit: float
    is_upper: bool = True
    least: float = 0.0
    sums: PairMoments = NO_PAIRS
    violated: Evidence = NO_EVIDENCE
    satisfied: Evidence = NO_EVIDENCE

    def update(self, block: PairMoments) -> Self:
        """One look later. An empty block changes nothing."""
        if not block.n:
            return self
        sums = PairMoments(*self.sums.merged(block.checked())).checked()
        above, below = (_score_log_e(sums, self.limit, self.least, side) for side in ("greater", "less"))
        worse, better = (above, below) if self.is_upper else (below, above)
        return replace(self, sums=sums, violated=self.violated.seen(worse), satisfied=self.satisfied.seen(better))

    @property
    def n(self) -> int:
        """Units seen."""
        return int(self.sums.n)


RHO = tuned_rho(PLANNED_UNITS / 2, side="greater")


def _score_log_e(sums: PairMoments, limit: float, least: float, side: str) -> float:
    off = sums.mean_y - limit * sums.mean_x
    spread = max(sums.squares_y - 2 * limit * sums.products + limit**2 * sums.squares_x, 0.0)
    variance = max(spread + sums.n * off**2, least * sums.n * sums.mean_x)
    t = sums.n * off / math.sqrt(variance) if variance > 0 else 0.0
    return float(log_e_of(t, sums.n, RHO, "greater" if side == "greater" else "less"))
