"""A confidence interval and the level it is valid at."""

import math
from collections.abc import Sequence
from typing import NamedTuple

# Below what is shown of a log odds ratio or an effect.
_DIGIT = 1e-12


class Interval(NamedTuple):
    """The values not yet ruled out: both ends belong to it. An end may be infinite where nothing bounds it.

    alpha: the probability, at most, that any of the intervals shown over all looks misses the truth.
    """

    low: float
    high: float
    alpha: float

    def contains(self, value: float) -> bool:
        """Whether `value` is inside, ends included."""
        return self.low <= value <= self.high


def met(kept: Interval, now: Interval) -> Interval:
    """What both leave, at the level of `now`. If that is nothing (the truth has moved): the point of `kept` nearest to `now`."""
    low, high = max(kept.low, now.low), min(kept.high, now.high)
    if low > high:
        low = high = kept.high if now.low > kept.high else kept.low
    return Interval(low, high, now.alpha)


def with_null(interval: Interval, null: float, crossed: bool, direction: int) -> Interval:
    """The interval, excluding `null` exactly when the test has crossed (in that direction): by a last digit, where rounding decides."""
    low, high, alpha = interval
    if not crossed:
        return Interval(min(low, null), max(high, null), alpha)
    if not interval.contains(null):
        return interval
    edge = null + math.copysign(_DIGIT, direction)
    return Interval(edge, max(edge, high), alpha) if direction > 0 else Interval(min(low, edge), edge, alpha)


def to_json(interval: Interval) -> list[float | None]:
    """Low, high and alpha; None where an end is infinite."""
    return [interval.low if math.isfinite(interval.low) else None, interval.high if math.isfinite(interval.high) else None, interval.alpha]


def of_json(said: Sequence[float | None]) -> Interval:
    """What `to_json` said."""
    low, high, alpha = said
    return Interval(-math.inf if low is None else low, math.inf if high is None else high, float(alpha or 0))
