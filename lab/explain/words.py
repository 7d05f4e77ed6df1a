"""Numbers as people say them: shares in percent, times in minutes, evidence beside how much it takes."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lab.spec.experiment import Metric
from lab.stats.interval import Interval

SHARES = ("rate", "conversion", "accuracy")

# One unit and many.
UNITS = {"visitor": ("visitor", "visitors"), "request": ("prediction", "predictions")}


def counted(number: int, unit: str) -> str:
    """`1,204 visitors`"""
    one, many = UNITS[unit]
    return f"{number:,} {one if number == 1 else many}"


def amount(value: float | None, metric: Metric) -> str:
    """A value of this metric: `12.4 %`, `231 ms`."""
    if value is None or math.isnan(value):
        return "unknown"
    return f"{_digits(100 * value)} %" if is_share(metric) else f"{_digits(value)} {metric.unit}".strip()


def difference(value: float, metric: Metric) -> str:
    """A difference between two values: `+2.3 percentage points`."""
    if is_share(metric):
        return f"{_signed(100 * value)} percentage points"
    return f"{_signed(value)} {'percentage points' if metric.unit == '%' else metric.unit}".strip()


def between(interval: Interval, metric: Metric) -> str:
    """What an interval of differences leaves: `it is between -0.4 and +5.0 percentage points`."""
    if math.isinf(interval.low) and math.isinf(interval.high):
        return "it may be anything"
    if math.isinf(interval.low):
        return f"it is at most {difference(interval.high, metric)}"
    if math.isinf(interval.high):
        return f"it is at least {difference(interval.low, metric)}"
    return f"it is between {difference(interval.low, metric).partition(' ')[0]} and {difference(interval.high, metric)}"


def evidence(log_e: float | None) -> str:
    """An e-value from its logarithm, also where it is beyond what a number can be."""
    if log_e is None or math.isnan(log_e):
        return "unknown"
    if -9 < log_e < 14:
        value = math.exp(log_e)
        return f"{value:,.0f}" if value >= 999.5 else f"{value:.3g}"
    return f"1e{log_e / math.log(10):.0f}" if math.isfinite(log_e) else ("beyond measure" if log_e > 0 else "0")


def duration(seconds: float) -> str:
    """`40 s`, `3 min 20 s`, `2 h 5 min`, `4 days 3 h`."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole // 60, "min", whole % 60, "s")
    if whole < 86400:
        return _two(whole // 3600, "h", whole % 3600 // 60, "min")
    return _two(whole // 86400, "day" if whole < 172800 else "days", whole % 86400 // 3600, "h")


def clock(moment: float) -> str:
    """The time of day, in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%H:%M:%S} UTC"


def weights(percents: Mapping[str, float]) -> str:
    """`svc 70 %, forest 30 %`"""
    return ", ".join(f"{variant} {percent:.4g} %" for variant, percent in percents.items())


def listed(names: Sequence[str]) -> str:
    """`a, b and c`; of none, nothing."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large} {unit} {small} {smaller}" if small else f"{large} {unit}"


def is_share(metric: Metric) -> bool:
    """Whether its values are fractions of one that are better read in percent."""
    return metric.kind in SHARES and metric.scale == 1 and not metric.unit


def _digits(value: float) -> str:
    """Three digits that count, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'}{_digits(abs(value))}"
