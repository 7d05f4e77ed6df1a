"""Is one rate lower than another by more than a margin, or by less: block by block, exact at any size and for any drift.

An alternative is a pair of rates, chosen from the past alone, that differ by more (or less) than the margin allows. Of all pairs at the
margin the likelihood ratio is taken against the one that is nearest to it, by Kullback and Leibler's divergence weighted with the block's
counts. With n_a and n_b units, whose likelihood ratios have the means r_a and r_b, its mean is at most ((n_a r_a + n_b r_b) / n)^n, which
the choice of the nearest pair keeps at 1 or below wherever the null hypothesis holds, since that is a convex set (Turner & Gruenwald 2023,
Exact anytime-valid confidence intervals for contingency tables and beyond). Several alternatives are averaged.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import scipy

from lab.stats.binary import EMPTY, BinaryBlock, joined
from lab.stats.evalue import NO_EVIDENCE, Evidence, mean_log_e

# Alternatives, as multiples of the margin from it: towards no difference and beyond, and the other way.
STEPS = (0.5, 1.0, 2.0, 4.0)
# Rates nearer to 0 or 1 are not bet on.
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class MarginTest:
    """margin: above 0, below 1. not_worse: evidence that the candidate's rate is above the baseline's less the margin; worse: below.

    The first block with both arms only tells the rate that later alternatives are about.
    """

    margin: float
    totals: BinaryBlock = EMPTY
    pending: BinaryBlock = EMPTY
    above: tuple[float, ...] = (0.0,) * len(STEPS)
    below: tuple[float, ...] = (0.0,) * len(STEPS)
    not_worse: Evidence = NO_EVIDENCE
    worse: Evidence = NO_EVIDENCE

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise ValueError(f"The margin is {self.margin:g}, must be between 0 and 1: a difference of two rates.")

    def update(self, block: BinaryBlock) -> Self:
        """One look later. What lacks an arm waits, as in `BinaryComparison`."""
        closed, pending = joined(self.pending, block.checked())
        if not closed.has_both:
            return replace(self, pending=pending)
        above, below = (self._advanced(closed, wealth, sign) for wealth, sign in ((self.above, 1), (self.below, -1)))
        return replace(
            self,
            totals=self.totals.plus(closed),
            pending=pending,
            above=above,
            below=below,
            not_worse=self.not_worse.seen(mean_log_e(above)),
            worse=self.worse.seen(mean_log_e(below)),
        )

    def _advanced(self, block: BinaryBlock, wealth: tuple[float, ...], sign: int) -> tuple[float, ...]:
        if not self.totals.n:
            return wealth
        rate = (self.totals.successes + 0.5) / (self.totals.n + 1)
        gaps = (-self.margin + sign * step * self.margin for step in STEPS)
        return tuple(old + _log_ratio(block, rate, gap, -self.margin) for old, gap in zip(wealth, gaps, strict=True))


def _log_ratio(block: BinaryBlock, rate: float, gap: float, null: float) -> float:
    """Of the block: the alternative with this overall rate and this difference, against the nearest pair that differs by `null`."""
    (n_a, s_a), (n_b, s_b) = block
    low = rate - n_b / block.n * gap
    pair = low, low + gap
    if not all(LEAST < one < 1 - LEAST for one in pair):
        return 0.0
    at = _nearest(n_a, n_b, *pair, null)
    return _log_bet(n_a, s_a, pair[0], at) + _log_bet(n_b, s_b, pair[1], at + null)


def _nearest(n_a: int, n_b: int, rate_a: float, rate_b: float, null: float) -> float:
    """The baseline's rate of the pair that differs by `null` and is nearest to (rate_a, rate_b)."""

    def slope(x: float) -> float:
        y = x + null
        return n_a * (x - rate_a) / (x * (1 - x)) + n_b * (y - rate_b) / (y * (1 - y))

    return float(scipy.optimize.brentq(slope, max(0.0, -null) + 1e-12, min(1.0, 1 - null) - 1e-12, xtol=1e-14))


def _log_bet(n: int, successes: int, rate: float, null: float) -> float:
    return successes * math.log(rate / null) + (n - successes) * math.log((1 - rate) / (1 - null))
