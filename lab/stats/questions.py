"""Several questions about one pair of rates for the work of one: is it better, is it worse, is it worse than a margin.

The e-values are those of `BinaryComparison`: the block's conditional likelihood is computed once, and each question reads it by one
product with a matrix, its prior's integral being a Gauss-Legendre sum fine enough for what was seen. No interval is kept over looks.
"""

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
import scipy

from lab.stats.binary import (
    EMPTY,
    POINTS,
    REACH,
    BinaryBlock,
    BinaryComparison,
    joined,
    log_e_of_curve,
    prior_grid,
    rate_difference,
)
from lab.stats.conditional import centred_cumulant, expected_successes, information
from lab.stats.curve import Curve, Floats, chebyshev_points, interpolation
from lab.stats.evalue import NO_EVIDENCE, Evidence
from lab.stats.interval import Interval
from lab.stats.mixture import Side

# With more information than this the likelihood may change too fast for a sum, and the integral is made where it is.
MOST_INFORMATION = 4.0**7
# A block's likelihood is summed term by term while it has so few, and so few units that logarithms of factorials keep ten digits.
FEW = 250
SUMMED = 100_000


class Question(NamedTuple):
    """What is asked: as the parameters of `BinaryComparison`."""

    side: Side
    prior_scale: float = 0.2
    null: float = 0.0


def _nothing() -> Floats:
    return np.zeros(POINTS)


@dataclass(frozen=True, slots=True, eq=False)
class RateQuestions:
    """The evidence on each question. values: the log-likelihood at the points of `Curve`. information: about how much was seen of the
    log odds ratio. gap, weight: sums over blocks of n_a n_b / (n_a + n_b) times the difference of both rates, and without it."""

    questions: tuple[Question, ...]
    looks: int = 0
    totals: BinaryBlock = EMPTY
    pending: BinaryBlock = EMPTY
    values: Floats = field(default_factory=_nothing)
    information: float = 0.0
    gap: float = 0.0
    weight: float = 0.0
    evidences: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        if not self.evidences:
            # What BinaryComparison refuses is refused here.
            for side, scale, null in self.questions:
                BinaryComparison(prior_scale=scale, side=side, null=null)
            object.__setattr__(self, "evidences", (NO_EVIDENCE,) * len(self.questions))

    def update(self, block: BinaryBlock, weight: float = 1.0) -> Self:
        """One look later, as `BinaryComparison.update`."""
        closed, pending = joined(self.pending, block.checked())
        if not closed.has_both:
            return replace(self, looks=self.looks + 1, pending=pending)
        (n_a, s_a), (n_b, s_b) = closed
        share = n_a * n_b / (n_a + n_b)
        seen = replace(
            self,
            looks=self.looks + 1,
            pending=pending,
            totals=self.totals.plus(closed),
            gap=self.gap + share * (s_b / n_b - s_a / n_a),
            weight=self.weight + share,
        )
        # Where nobody or everybody succeeded, the likelihood says nothing.
        return seen._judged(closed, weight) if 0 < closed.successes < closed.n else seen

    def _judged(self, block: BinaryBlock, weight: float) -> Self:
        values = self.values + weight * _likelihood(block)
        seen = self.information + float(information(block.baseline.n, block.candidate.n, block.successes))
        log_es = (_log_e_of(question, values, seen) for question in self.questions)
        evidences = tuple(one.seen(log_e) for one, log_e in zip(self.evidences, log_es, strict=True))
        return replace(self, values=values, information=seen, evidences=evidences)

    @property
    def evidence(self) -> Evidence:
        """That of the first question."""
        return self.evidences[0]

    @property
    def estimate(self) -> float:
        """The weighted mean of the blocks' differences of both rates (Mantel & Haenszel 1959); nan before both arms were seen."""
        return self.gap / self.weight if self.weight else math.nan

    def log_e_at(self, question: Question) -> float:
        """The log e-value now of another question."""
        return _log_e_of(question, self.values, self.information)

    def interval(self, alpha: float, scale: float = 0.2) -> Interval:
        """The log odds ratios that neither side rules out at `alpha`, now: each end is right with probability 1 - alpha at all looks."""
        whole = Interval(-math.inf, math.inf, alpha)
        low, high = (BinaryComparison(scale, side, values=tuple(self.values.tolist())).interval_now(alpha, whole) for side in ONE_SIDED)
        return Interval(low.low, high.high, 2 * alpha)

    def difference_interval(self, alpha: float, scale: float = 0.2) -> Interval:
        """The same as differences of both rates, each log odds ratio at the overall rate; never without the estimate itself."""
        low, high, level = self.interval(alpha, scale)
        ends = (rate_difference(end, self.totals) if math.isfinite(end) else math.copysign(1.0, end) for end in (low, high))
        first, last = ends
        return Interval(min(first, self.estimate), max(last, self.estimate), level) if self.weight else Interval(-1.0, 1.0, level)


ONE_SIDED: tuple[Side, Side] = ("greater", "less")
# Is the candidate's rate higher, is it lower: nothing seen yet.
BOTH_SIDES = RateQuestions(tuple(Question(side) for side in ONE_SIDED))


def _likelihood(block: BinaryBlock) -> Floats:
    """`block_log_likelihood` of one block in which some succeeded and some did not, at the points."""
    (n_a, _), (n_b, successes), total = *block, block.successes
    points = chebyshev_points(REACH, POINTS)
    excess = successes - float(expected_successes(n_a, n_b, total))
    is_short = min(total, n_b) - max(total - n_a, 0) < FEW and block.n < SUMMED
    cumulant = _summed(n_a, n_b, total, points) if is_short else centred_cumulant(n_a, n_b, total, points)[0]
    return excess * points - cumulant


def _summed(n_a: int, n_b: int, total: int, points: Floats) -> Floats:
    """`centred_cumulant` of one block by the sum itself: sooner done while it has few terms."""
    hits = np.arange(max(total - n_a, 0), min(total, n_b) + 1)
    log_ways = -scipy.special.gammaln(np.stack([hits, n_b - hits, total - hits, n_a - total + hits]) + 1.0).sum(axis=0)
    terms = (log_ways - log_ways.max()) + points[:, None] * (hits - total * (n_b / (n_a + n_b)))
    top = terms.max(axis=1)
    sums = top + np.log(np.exp(terms - top[:, None]).sum(axis=1))
    # The middle point is an odds ratio of 1, which everything is relative to.
    return sums - sums[points.size // 2]


def _log_e_of(question: Question, values: Floats, seen: float) -> float:
    side, scale, null = question
    if seen > MOST_INFORMATION:
        return log_e_of_curve(Curve(values, REACH), null, side, scale)
    matrix, log_weights = _reading(question, _tier(seen))
    read = matrix @ values
    terms = read[:-1] + log_weights
    top = float(terms.max())
    return top + math.log(float(np.exp(terms - top).sum())) - float(read[-1])


def _tier(seen: float) -> int:
    """The smallest power of 4 above what was seen, so that few matrices are made."""
    return max(math.ceil(math.log(max(seen, 1.0), 4)), 0)


@lru_cache(maxsize=128)
def _reading(question: Question, tier: int) -> tuple[Floats, Floats]:
    """What turns values at the points into values at the prior's places and, last, at the null; and the places' log weights."""
    side, scale, null = question
    grid, log_weights = prior_grid(scale, null, side, 4.0**tier)
    return interpolation(chebyshev_points(REACH, POINTS), np.append(grid, null)), log_weights
