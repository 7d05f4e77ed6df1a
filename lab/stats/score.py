"""Compares two means, or two ratios, epoch by epoch, so that neither a ramp nor a drift passes for an effect.

An epoch is a stretch of constant split. Inside it each unit's residual is taken from the epoch's own pooled mean (or ratio), and the
candidate's residuals sum to the epoch's score: the difference of both means, weighted by n_a n_b / (n_a + n_b) (Mantel & Haenszel
1959). Under "no difference" the randomisation alone makes its mean 0, whatever the epoch's level. Scores and their variances add up
over epochs and go into the normal mixture of `mixture` with the variance that was seen: an asymptotic confidence sequence
(Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Annals of Statistics 2024), so valid in large samples.

Two estimates of the variance guard each other, and the larger one counts: residuals weighted by arm, which hold when the arms' spreads
differ, and residuals of both arms together, which hold when a small arm has not met its rare large values yet. Both take their
residuals under the null that is tested, so an epoch with one unit in an arm is as good as any other. One with an empty arm says
nothing.
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lab.stats.evalue import Evidence, Told, checked_alpha
from lab.stats.interval import Interval, met, of_json, to_json, with_null
from lab.stats.mixture import SIDES, Number, Side, boundary, log_e_of, tuned_rho
from lab.stats.moments import NO_PAIRS, Moments, PairMoments

# Total units, in two equal arms, at which the interval is nearly the shortest possible; far from it, it is only a little longer.
PLANNED_UNITS = 10_000
# Differences below this share of the level are rounding, not data.
ROUNDING = 1e-11


class Score(NamedTuple):
    """Sums over epochs, and they add up. With d the difference under test (candidate minus baseline):

    score - weight d is what is tested; `pooled` - 2 d `pooled_slope` + d^2 `pooled_curve` is one estimate of its variance, and the
    same with `by_arm` the other. information: the variance in units of one unit's own.
    """

    score: Any = 0.0
    weight: Any = 0.0
    information: Any = 0.0
    pooled: Any = 0.0
    pooled_slope: Any = 0.0
    pooled_curve: Any = 0.0
    by_arm: Any = 0.0
    by_arm_slope: Any = 0.0
    by_arm_curve: Any = 0.0

    def plus(self, other: "Score") -> "Score":
        """Both sets of epochs together."""
        return Score(*map(operator.add, self, other))


NO_SCORE = Score()
NO_EVIDENCE = Evidence()


class MeanBlock(NamedTuple):
    """What one look adds: moments of the units that matured since the last. epoch: any number that changes with the split."""

    epoch: int
    baseline: Moments
    candidate: Moments


def epoch_score(baseline: PairMoments, candidate: PairMoments) -> Score:
    """The score of one epoch. Fields may be arrays, one entry per run; where an arm is empty, all is 0."""
    x_a, x_b = baseline.n * np.asarray(baseline.mean_x, dtype=np.float64), candidate.n * np.asarray(candidate.mean_x, dtype=np.float64)
    usable = (x_a > 0) & (x_b > 0)
    share = np.divide(x_b, x_a + x_b, out=np.zeros_like(usable, dtype=np.float64), where=usable)
    ratio_a, ratio_b = _ratio(baseline, usable), _ratio(candidate, usable)
    gap = ratio_b - ratio_a
    pooled = ratio_a + share * gap
    arm_a = _residuals(baseline, pooled, -share * gap, -share)
    arm_b = _residuals(candidate, pooled, (1 - share) * gap, 1 - share)
    n = np.maximum(baseline.n + candidate.n, 2)
    information = share**2 * baseline.n + (1 - share) ** 2 * candidate.n
    alike, apart = n / (n - 1) * information / n, n / (n - 1)
    by_arm = [apart * (share**2 * a + (1 - share) ** 2 * b) for a, b in zip(arm_a, arm_b, strict=True)]
    both = [alike * (a + b) for a, b in zip(arm_a, arm_b, strict=True)]
    weight = x_a * share
    parts = (weight * gap, weight, information, *both, *by_arm)
    return Score(*(np.where(usable, part, 0.0)[()] for part in parts))


def _ratio(arm: PairMoments, usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.divide(arm.mean_y, arm.mean_x, out=np.zeros_like(usable, dtype=np.float64), where=usable)


def _residuals(arm: PairMoments, ratio: Number, gap: Number, share: Number) -> tuple[Number, Number, Number]:
    """The sum of squares of y - (ratio + share d) x in one arm: its value at d = 0, half its slope downwards, and its curvature.

    gap: the arm's own ratio minus `ratio`.
    """
    spread = np.maximum(arm.squares_y - 2 * ratio * arm.products + ratio**2 * arm.squares_x, 0.0)
    rounding = (ROUNDING * np.abs(arm.mean_y)) ** 2
    level = arm.n * np.square(arm.mean_x)
    value = spread + level * np.square(gap) + arm.n * rounding
    slope = arm.products - ratio * arm.squares_x + level * gap
    return value, share * slope, share**2 * (arm.squares_x + level)


def t_of(score: Score, null: Number = 0.0) -> NDArray[np.float64]:
    """The score over the root of the larger variance, for the null "difference = null". 0 where nothing was seen."""
    gap = np.asarray(score.score - null * np.asarray(score.weight, dtype=np.float64))
    squares = [_t_squared(score.weight, gap, null, *one) for one in _variances(score)]
    return np.sign(gap) * np.sqrt(np.minimum(*squares))


def _variances(score: Score) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    pooled = (score.pooled, score.pooled_slope, score.pooled_curve)
    return pooled, (score.by_arm, score.by_arm_slope, score.by_arm_curve)


def _t_squared(weight: Number, gap: Number, null: Number, value: Number, slope: Number, curve: Number) -> NDArray[np.float64]:
    """At most what a null infinitely far away would have: so the nulls not yet ruled out are always one interval."""
    variance = np.asarray(value - 2 * null * np.asarray(slope) + np.square(null) * curve)
    near = np.divide(np.square(gap), variance, out=np.zeros_like(variance), where=variance > 0)
    far = np.divide(np.square(weight), curve, out=np.zeros_like(variance), where=np.asarray(curve) > 0)
    return np.minimum(near, far)


def log_e_at(score: Score, rho: float, null: Number = 0.0, side: Side = "two-sided") -> NDArray[np.float64]:
    """The log e-value against "difference = null" (or at most, or at least `null`, for the sides "greater" and "less")."""
    return log_e_of(t_of(score, null), score.information, rho, side)


def limits(score: Score, rho: float, alpha: float, side: Side = "two-sided") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of the set of nulls with e < 1/alpha, now. Infinite where nothing rules them out yet."""
    t = boundary(score.information, rho, alpha, side)
    ends = [_roots(score, np.square(t), *one) for one in _variances(score)]
    low = np.minimum(ends[0][0], ends[1][0]) if side != "less" else np.full_like(t, -np.inf)
    high = np.maximum(ends[0][1], ends[1][1]) if side != "greater" else np.full_like(t, np.inf)
    return low, high


def _roots(score: Score, c: NDArray[np.float64], value: Number, slope: Number, curve: Number) -> tuple[Any, Any]:
    """Where (score - weight d)^2 = c (value - 2 d slope + d^2 curve), solved around the estimate, where nothing cancels."""
    weight = np.asarray(score.weight, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        a = np.square(weight) - c * curve
        bounded = (a > 0) & (weight > 0)
        estimate = np.divide(score.score, weight, out=np.zeros_like(weight), where=bounded)
        variance = np.maximum(value - 2 * estimate * slope + np.square(estimate) * curve, 0.0)
        b = -c * (slope - estimate * curve)
        root = np.sqrt(np.square(b) + a * c * variance)
        down = np.divide(b - root, a, out=np.full_like(weight, -np.inf), where=bounded)
        up = np.divide(b + root, a, out=np.full_like(weight, np.inf), where=bounded)
    return estimate + down, estimate + up


@dataclass(frozen=True, slots=True)
class ScoreComparison(Told):
    """What mean and ratio comparisons share: candidate minus baseline, against "difference = null", or one side of it.

    rho: the mixture's, in units of information; see `planned`. null: the difference under test: a margin, for non-inferiority.
    alpha: the level whose interval is kept over looks. closed: the epochs before the current one. baseline, candidate: the current one.
    There is no `merge`: the looks are a sequence; moments merge.
    """

    rho: float = tuned_rho(PLANNED_UNITS / 4)
    side: Side = "two-sided"
    null: float = 0.0
    alpha: float = 0.05
    looks: int = 0
    closed: Score = NO_SCORE
    epoch: int | None = None
    baseline: PairMoments = NO_PAIRS
    candidate: PairMoments = NO_PAIRS
    evidence: Evidence = NO_EVIDENCE
    kept: Interval | None = None

    def __post_init__(self) -> None:
        checked_alpha(self.alpha)
        if self.side not in SIDES:
            raise ValueError(f"The side is {self.side}, must be one of: {', '.join(SIDES)}.")
        if not (math.isfinite(self.null) and 0 < self.rho < math.inf):
            raise ValueError(f"null is {self.null} and rho is {self.rho}, must be finite, rho above 0.")
        if self.kept is None:
            object.__setattr__(self, "kept", Interval(-math.inf, math.inf, self.alpha))

    @classmethod
    def planned(cls, units: float = PLANNED_UNITS, alpha: float = 0.05, side: Side = "two-sided", null: float = 0.0) -> Self:
        """Tuned to be sharpest at `units` units in all, in two equal arms."""
        return cls(rho=tuned_rho(units / 4, alpha, side), side=side, null=null, alpha=alpha)

    @property
    def score(self) -> Score:
        """The sums over all epochs, the current one included."""
        return self.closed.plus(epoch_score(self.baseline, self.candidate))

    @property
    def estimate(self) -> float:
        """The weighted mean of the epochs' differences; nan before both arms of any epoch were seen."""
        score = self.score
        return float(score.score / score.weight) if score.weight > 0 else math.nan

    def log_e_at(self, null: float, side: Side | None = None) -> float:
        """The log e-value now of another null or side, from the same data: an e-process of its own."""
        return float(log_e_at(self.score, self.rho, null, side or self.side))

    def interval(self, alpha: float | None = None) -> Interval:
        """The differences not ruled out: at the comparison's own alpha the intersection over all looks, which excludes `null` exactly when
        the e-value has crossed; at another alpha this look's. One-sided comparisons leave one end infinite."""
        level = self.alpha if alpha is None else checked_alpha(alpha)
        if level == self.alpha:
            return self.kept
        now = _interval(self.score, self.rho, level, self.side)
        return met(self.kept, now) if self.alpha < level else now

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        plain = {name: getattr(self, name) for name in ("rho", "side", "null", "alpha", "looks", "epoch")}
        sums = {name: list(getattr(self, name)) for name in ("closed", "baseline", "candidate")}
        return plain | sums | {"evidence": self.evidence.to_json(), "kept": to_json(self.kept)}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        sums = {"closed": Score(*said["closed"])} | {name: PairMoments(*said[name]) for name in ("baseline", "candidate")}
        return cls(**said | sums | {"evidence": Evidence.from_json(said["evidence"]), "kept": of_json(said["kept"])})

    def update(self, block: Any) -> Self:  # noqa: ANN401 - each kind of comparison has its own kind of block
        """One look further. Only units that will not change any more belong in a block, each exactly once."""
        baseline, candidate = self._arms(block)
        if block.epoch == self.epoch:
            return self._judged(self.closed, block.epoch, self.baseline.merged(baseline), self.candidate.merged(candidate))
        return self._judged(self.score, block.epoch, baseline, candidate)

    def seen(self, blocks: Sequence[Any]) -> Self:
        """One look at everything anew, one block per epoch: for units whose numbers still grow between looks. Without blocks, nothing
        is new."""
        closed, arms = Score(), [self._arms(block) for block in blocks]
        for baseline, candidate in arms[:-1]:
            closed = closed.plus(epoch_score(baseline, candidate))
        return self._judged(closed, blocks[-1].epoch, *arms[-1]) if blocks else replace(self, looks=self.looks + 1)

    def _arms(self, block: Any) -> tuple[PairMoments, PairMoments]:  # noqa: ANN401 - see `update`
        raise NotImplementedError

    def _judged(self, closed: Score, epoch: int, baseline: PairMoments, candidate: PairMoments) -> Self:
        """With these sums, and the evidence in them."""
        plain = {"baseline": baseline.checked(), "candidate": candidate.checked(), "closed": Score(*map(float, closed))}
        score = plain["closed"].plus(epoch_score(plain["baseline"], plain["candidate"]))
        evidence = self.evidence.seen(float(log_e_at(score, self.rho, self.null, self.side)))
        kept = met(self.kept, _interval(score, self.rho, self.alpha, self.side))
        above = kept.low > self.null or (kept.high >= self.null and score.score > self.null * score.weight)
        kept = with_null(kept, self.null, evidence.crossed(self.alpha), 1 if above else -1)
        return replace(self, looks=self.looks + 1, epoch=epoch, evidence=evidence, kept=kept, **plain)


class MeanComparison(ScoreComparison):
    """The difference of two means of one number per unit, say revenue per visitor. Unit of the estimate: the values'."""

    __slots__ = ()

    def _arms(self, block: MeanBlock) -> tuple[PairMoments, PairMoments]:
        return PairMoments.of_one(block.baseline.checked()), PairMoments.of_one(block.candidate.checked())


def _interval(score: Score, rho: float, alpha: float, side: Side) -> Interval:
    low, high = limits(score, rho, alpha, side)
    return Interval(float(low), float(high), alpha)
