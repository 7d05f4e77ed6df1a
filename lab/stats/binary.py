"""Compares how often candidate and baseline succeed, block by block, without caring how the common rate drifts or the split moves.

Each block is judged by its conditional likelihood given the block's total (`conditional.py`); the e-value is the likelihood ratio
averaged over a prior of log odds ratios, exact for every sequence of base rates and every split chosen from the past alone.
See Turner, Ly & Gruenwald (2024), Generic E-variables for exact sequential k-sample tests, for the family of such tests.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from lab.stats.conditional import baseline_odds, block_log_likelihood, centred_cumulant, distinct, expected_successes, information
from lab.stats.counts import NOTHING, Counts
from lab.stats.curve import Curve, Floats, chebyshev_points, interpolation, normal_grid
from lab.stats.evalue import NO_EVIDENCE, Evidence, Told, checked_alpha, threshold
from lab.stats.interval import Interval, met, of_json, to_json, with_null
from lab.stats.mixture import SIDES, Side

__all__ = ["BinaryBlock", "BinaryComparison", "block_log_likelihood", "log_e_paths", "rate_difference"]

# The log odds ratios a comparison tells apart: odds up to 55 times those of the other arm. Beyond them a bound is used.
REACH = 4.0
POINTS = 49
# The share of the stake that is on gross differences, and how much wider than the prior's scale that part is. It costs 0.05 in log e
# where the effect is as expected, and sees a candidate that is broken several times sooner.
WIDE_SHARE = 0.05
WIDE = 5.0
# The largest margin either way: beyond the null there must be room for the alternative.
LARGEST_NULL = 2.5
# Units of a block without one arm that may wait for the other arm. More would compare different times with one another.
CARRIED = 100


class BinaryBlock(NamedTuple):
    """What matured between two looks: the split constant inside it, the block closed by the clock or by a count of units."""

    baseline: Counts
    candidate: Counts

    def checked(self) -> "BinaryBlock":
        """The same with plain whole numbers; ValueError if they cannot be counts."""
        return BinaryBlock(Counts(*self.baseline).checked(), Counts(*self.candidate).checked())

    def plus(self, other: "BinaryBlock") -> "BinaryBlock":
        """Both blocks as one."""
        return BinaryBlock(self.baseline.plus(other.baseline), self.candidate.plus(other.candidate))

    @property
    def n(self) -> int:
        """Units in both arms."""
        return self.baseline.n + self.candidate.n

    @property
    def successes(self) -> int:
        """Successes in both arms."""
        return self.baseline.successes + self.candidate.successes

    @property
    def has_both(self) -> bool:
        """Whether both arms saw units."""
        return self.baseline.n > 0 and self.candidate.n > 0


EMPTY = BinaryBlock(NOTHING, NOTHING)


@dataclass(frozen=True, slots=True)
class BinaryComparison(Told):
    """An e-process for the log odds ratio of success, candidate over baseline, and the values not yet ruled out.

    prior_scale: the log odds ratios expected to matter have this standard deviation (0.2: 10 % against 12 %), at most 1.
    side: "two-sided" tests "the log odds ratio is `null`", "greater" tests "at most `null`", "less" tests "at least `null`".
    null: a log odds ratio, -2.5 to 2.5; not 0 for a margin.
    alpha: the level at which the running interval is kept.

    Two-sided, the average is over N(0, prior_scale^2) whatever the null, so that the interval is all nulls with e < 1/alpha, and
    because the likelihood is log-concave that is an interval. One-sided, it is over the null plus (or minus) the half-normal: the
    likelihood ratio is monotone in the candidate's successes, hence the e-value holds for every value of the null hypothesis.
    A twentieth of the stake is on a prior five times as wide.

    A block with both arms stands alone. One that lacks an arm says nothing by itself; up to 100 units of such blocks wait to be joined
    with a block that has only the other arm (so that blocks of one unit work), more are passed over: joining them would compare
    different times. There is no `merge`: two comparisons of the same metric happen one after the other, by `update`.
    """

    prior_scale: float = 0.2
    side: Side = "two-sided"
    null: float = 0.0
    alpha: float = 0.05
    looks: int = 0
    totals: BinaryBlock = EMPTY
    pending: BinaryBlock = EMPTY
    values: tuple[float, ...] = (0.0,) * POINTS
    evidence: Evidence = NO_EVIDENCE
    kept: Interval | None = None
    direction: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.prior_scale <= 1:
            raise ValueError(f"prior_scale is {self.prior_scale}, must be above 0 and at most 1.")
        _check(self.null, self.side)
        checked_alpha(self.alpha)
        if self.kept is None:
            object.__setattr__(self, "kept", Interval(-math.inf, math.inf, self.alpha))

    def update(self, block: BinaryBlock, weight: float = 1.0) -> Self:
        """One look later. ValueError for counts that cannot be.

        weight: the share of the block's log-likelihood that counts, chosen from the past alone. A likelihood ratio to a power of at
        most 1 has a mean of at most 1 as well (Jensen's inequality), so the e-value stays exact, and is the more careful the less counts.
        """
        if not 0 < weight <= 1:
            raise ValueError(f"weight is {weight}, must be above 0 and at most 1.")
        closed, pending = joined(self.pending, block.checked())
        if not closed.has_both:
            return replace(self, looks=self.looks + 1, pending=pending)
        values = np.asarray(self.values) + weight * _block_values(closed)
        seen = replace(self, looks=self.looks + 1, pending=pending, totals=self.totals.plus(closed), values=tuple(values.tolist()))
        return seen._judged()

    @property
    def estimate(self) -> float:
        """The most likely log odds ratio; infinite if every success, or every failure, was in one arm; nan while nothing tells."""
        peak = self._curve().peak()
        return math.copysign(math.inf, peak) if abs(peak) == REACH else peak

    @property
    def difference(self) -> float:
        """The difference of the success rates (candidate minus baseline) that goes with the estimate; nan before both arms were seen."""
        if not self.totals.has_both:
            return math.nan
        return 0.0 if math.isnan(self.estimate) else rate_difference(self.estimate, self.totals)

    def log_e_at(self, log_odds_ratio_null: float, side: Side = "two-sided") -> float:
        """The log e-value now against another null (-2.5 to 2.5) or side, for margins and non-inferiority: not a running maximum."""
        _check(log_odds_ratio_null, side)
        return log_e_of_curve(self._curve(), log_odds_ratio_null, side, self.prior_scale)

    def interval(self, alpha: float | None = None) -> Interval:
        """The log odds ratios not ruled out; one-sided comparisons bound one end only. It excludes `null` exactly when `crossed(alpha)`.

        At the comparison's own alpha it is the intersection over all looks; if that is empty (the effect has changed), the point
        where it was last. At another alpha: the interval of this look, cut by the kept one where that is the wider level.
        """
        level = self.alpha if alpha is None else checked_alpha(alpha)
        if level == self.alpha:
            return self.kept._replace(alpha=level)
        now = self.interval_now(level, Interval(-math.inf, math.inf, level))
        kept = met(self.kept, now) if self.alpha < level else now
        return with_null(kept, self.null, self.crossed(level), self.direction)

    def difference_interval(self, alpha: float | None = None) -> Interval:
        """`interval` as differences of success rates, for display: each log odds ratio at the overall success rate observed.

        So it excludes 0 exactly when `interval` does. An end that is infinite there is -1 or 1 here.
        """
        low, high, level = self.interval(alpha)
        ends = (rate_difference(end, self.totals) if math.isfinite(end) else math.copysign(1.0, end) for end in (low, high))
        return Interval(*ends, level)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        said = {name: getattr(self, name) for name in ("prior_scale", "side", "null", "alpha", "looks", "direction")}
        counts = {name: [list(counts) for counts in getattr(self, name)] for name in ("totals", "pending")}
        return said | counts | {"values": list(self.values), "evidence": self.evidence.to_json(), "kept": to_json(self.kept)}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        counts = {name: BinaryBlock(*(Counts(*counts) for counts in said[name])) for name in ("totals", "pending")}
        rest = {"values": tuple(said["values"]), "evidence": Evidence.from_json(said["evidence"]), "kept": of_json(said["kept"])}
        return cls(**said | counts | rest)

    def _curve(self) -> Curve:
        return Curve(np.asarray(self.values), REACH)

    def _judged(self) -> Self:
        evidence = self.evidence.seen(self.log_e_at(self.null, self.side))
        direction = self._direction() if evidence.log_e_max > self.log_e_max else self.direction
        kept = met(self.kept, self.interval_now(self.alpha, self.kept))
        kept = with_null(kept, self.null, evidence.crossed(self.alpha), direction)
        return replace(self, evidence=evidence, direction=direction, kept=kept)

    def _direction(self) -> int:
        """On which side of the null the likelihood rises."""
        if self.side != "two-sided":
            return 1 if self.side == "greater" else -1
        near = self._curve().at([self.null - 1e-3, self.null + 1e-3])
        return 1 if near[1] > near[0] else -1

    def interval_now(self, alpha: float, known: Interval) -> Interval:
        """This look's interval; `known` itself where this look does not narrow it."""
        if self.side == "two-sided":
            return _two_sided(self._curve(), alpha, self.prior_scale, known)
        return _one_sided(self._curve(), alpha, self.prior_scale, self.side, known)


def rate_difference(log_odds_ratio: float, totals: BinaryBlock) -> float:
    """The difference of two success rates (candidate minus baseline) with this log odds ratio and the totals' overall rate.

    The two rates solve n_a p_a + n_b p_b = successes. 0 if nobody or everybody succeeded.
    """
    n_a, n_b, s = float(totals.baseline.n), float(totals.candidate.n), float(totals.successes)
    if s in (0, n_a + n_b):
        return 0.0
    ratio = min(max(log_odds_ratio, -50.0), 50.0)
    odds = float(baseline_odds(np.float64(n_a), np.float64(n_b), np.float64(s), np.float64(ratio)))
    return odds * math.expm1(ratio) / ((1 + odds) * (1 + odds * math.exp(ratio)))


def log_e_paths(
    n_baseline: ArrayLike,
    n_candidate: ArrayLike,
    total_successes: ArrayLike,
    candidate_successes: ArrayLike,
    prior_scale: float = 0.2,
    null: float = 0.0,
    side: Side = "two-sided",
    weights: ArrayLike = 1.0,
) -> Floats:
    """The log e-value after each look of many runs at once, for simulations: what `BinaryComparison.log_e` would be.

    The first four broadcast to (runs, looks), whole numbers; so do the weights, those of `BinaryComparison.update`. Blocks that lack an
    arm count for nothing (none is carried). The prior's integral is a Gauss-Legendre sum fine enough for the most informative run; the
    prior's masses sum to 1, so it is valid in itself.
    """
    _check(null, side)
    shape = np.broadcast_shapes(*(np.shape(x) for x in (n_baseline, n_candidate, total_successes, candidate_successes)))
    n_a, n_b, s, k = (np.broadcast_to(np.asarray(x), shape) for x in (n_baseline, n_candidate, total_successes, candidate_successes))
    points = chebyshev_points(REACH, POINTS)
    largest = float(information(n_a, n_b, s).sum(axis=1).max(initial=0.0))
    grid, log_weights = prior_grid(prior_scale, null, side, largest)
    read = interpolation(points, np.append(grid, null)).T
    cumulants, which = _cumulants(n_a, n_b, s, points)
    excess = k - expected_successes(n_a, n_b, s)
    counted = np.broadcast_to(np.asarray(weights, dtype=np.float64), shape)
    return _paths(excess, cumulants, which, counted, points, read, log_weights)


def _paths(
    excess: Floats, cumulants: Floats, which: NDArray[np.int64], counted: Floats, points: Floats, read: Floats, log_weights: Floats
) -> Floats:
    runs, looks = excess.shape
    values, log_e = np.zeros((runs, points.size)), np.empty((runs, looks))
    for look in range(looks):
        values += counted[:, look, None] * (excess[:, look, None] * points - cumulants[which[:, look]])
        total = values @ read
        numerator = total[:, :-1] + log_weights
        top = numerator.max(axis=1)
        log_e[:, look] = top + np.log(np.exp(numerator - top[:, None]).sum(axis=1)) - total[:, -1]
    return log_e


def _cumulants(n_a: NDArray[Any], n_b: NDArray[Any], s: NDArray[Any], points: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The normalisers of the distinct blocks, and which of them each block has."""
    rows, which = distinct(np.stack([n_a.ravel(), n_b.ravel(), s.ravel()]).astype(np.int64))
    return centred_cumulant(*rows, points), which.reshape(n_a.shape)


def prior_grid(scale: float, null: float, side: Side, largest: float) -> tuple[Floats, Floats]:
    """Places and log weights (summing to 1) of the prior, close enough to one another for a likelihood of this information."""
    inside = int(min(max(48, 16 * scale * math.sqrt(largest) + 24), 4000))
    return normal_grid(_parts(scale), 0.0 if side == "two-sided" else null, *_support(null, side, REACH), inside)


def _block_values(block: BinaryBlock) -> Floats:
    points = chebyshev_points(REACH, POINTS)
    return block_log_likelihood(block.baseline.n, block.candidate.n, block.successes, block.candidate.successes, points)


def joined(pending: BinaryBlock, block: BinaryBlock) -> tuple[BinaryBlock, BinaryBlock]:
    """What can be judged now, and what waits for its other arm."""
    if block.has_both:
        return block, EMPTY
    both = pending.plus(block)
    if both.n > CARRIED:
        return EMPTY, block if block.n <= CARRIED else EMPTY
    return (both, EMPTY) if both.has_both else (EMPTY, both)


def log_e_of_curve(curve: Curve, null: float, side: Side, scale: float) -> float:
    """The log e-value of a log-likelihood against a null."""
    return _log_numerator(curve, null, side, scale) - float(curve.at([null])[0])


def _log_numerator(curve: Curve, null: float, side: Side, scale: float) -> float:
    """The likelihood averaged over the prior, restricted to the reach and, one-sided, to beyond the null."""
    low, high = _support(null, side, REACH)
    centre = 0.0 if side == "two-sided" else null
    parts = (math.log(share) + curve.log_normal_mean(centre, width, low, high) for share, width in _parts(scale))
    return float(np.logaddexp(*parts))


def _parts(scale: float) -> tuple[tuple[float, float], ...]:
    return (1 - WIDE_SHARE, scale), (WIDE_SHARE, WIDE * scale)


def _support(null: float, side: Side, reach: float) -> tuple[float, float]:
    if side == "two-sided":
        return -reach, reach
    return (null, reach) if side == "greater" else (-reach, null)


def _two_sided(curve: Curve, alpha: float, scale: float, known: Interval) -> Interval:
    level = _log_numerator(curve, 0.0, "two-sided", scale) - threshold(alpha)
    if math.isfinite(known.low + known.high) and (curve.at([known.low, known.high]) > level).all():
        return known
    peak = curve.peak()
    return Interval(-math.inf, math.inf, alpha) if math.isnan(peak) else Interval(*curve.above(level, peak), alpha)


def _one_sided(curve: Curve, alpha: float, scale: float, side: Side, known: Interval) -> Interval:
    """All nulls not rejected. e falls as the null moves towards the alternative, so they reach from one end (to 1e-4) to infinity."""
    sign = 1 if side == "greater" else -1
    start = max(-LARGEST_NULL, known.low if sign > 0 else -known.high)
    # Beyond its peak the likelihood falls, and e is below 1.
    stop = min(sign * curve.peak(), LARGEST_NULL)

    def spare(place: float) -> float:
        return log_e_of_curve(curve, sign * place, side, scale) - threshold(alpha)

    if not start < stop or spare(start) <= 0:
        return known
    end = stop if spare(stop) > 0 else float(scipy.optimize.brentq(spare, start, stop, xtol=2e-5)) - 4e-5
    return Interval(end, math.inf, alpha) if sign > 0 else Interval(-math.inf, -end, alpha)


def _check(null: float, side: str) -> None:
    if not abs(null) <= LARGEST_NULL:
        raise ValueError(f"The null is a log odds ratio of {null}, must be between -{LARGEST_NULL:g} and {LARGEST_NULL:g}.")
    if side not in SIDES:
        raise ValueError(f"side is {side!r}, must be one of: {', '.join(SIDES)}.")
