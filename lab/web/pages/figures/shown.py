"""A metric's values as an axis shows them: shares in percent."""

import math
from collections.abc import Iterable, Sequence

from lab.explain.words import is_share
from lab.spec.experiment import Metric

Number = float | None


def scaled(value: Number, metric: Metric) -> Number:
    """What the axis has for it."""
    return value if value is None or not is_share(metric) else 100 * value


def with_unit_of_difference(words: str, metric: Metric) -> str:
    """`Difference, percentage points`; without a unit only the words."""
    unit = "percentage points" if is_share(metric) or metric.unit == "%" else metric.unit
    return f"{words}, {unit}" if unit else words


def with_unit(words: str, metric: Metric) -> str:
    """`error-rate, percent`; of a count, `number`; without a unit only the words."""
    unit = "percent" if is_share(metric) else "number" if metric.kind == "count" else metric.unit
    return f"{words}, {unit}" if unit else words


def end(value: Number, beyond: float, metric: Metric) -> Number:
    """Of an interval that there is: null is an end that nothing bounds."""
    return beyond if value is None else scaled(value, metric)


def settled(row: Sequence[Number]) -> list[float]:
    """What is known, without the first third: what is seen of few is so uncertain that all that follows would look alike beside it."""
    known = [value for value in row if value is not None and math.isfinite(value)]
    return known[len(known) // 3 :]


def reach(values: Iterable[float], wanted: Iterable[float]) -> tuple[float, float]:
    """From the lowest to the highest, with some room."""
    found = [*values, *wanted] or [0.0]
    low, high = min(found), max(found)
    room = 0.08 * (high - low) or max(abs(high) / 10, 1.0)
    return low - room, high + room
