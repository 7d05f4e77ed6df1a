"""Where an axis has its numbers, and how they are written."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from lab.web.plot.chart import Axis
from lab.web.plot.moments import moments

# Between these powers of ten a number is written out.
WRITTEN_OUT = range(-3, 6)
# As wide as a plus; a hyphen is not.
MINUS = "\N{MINUS SIGN}"


class Tick(NamedTuple):
    """A number of an axis, as it is written there."""

    at: float
    label: str


class Reach(NamedTuple):
    """From where to where an axis goes."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high end; what lies outside, at the nearer one."""
        # Halves, because the distance of two large numbers may be none.
        part = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2) if math.isfinite(value) else math.copysign(math.inf, value)
        return min(max(part, 0.0), 1.0)

    def holds(self, value: float) -> bool:
        """Whether it is on the axis, ends included."""
        return self.low <= value <= self.high


def ticks(axis: Axis, reach: Reach, most: int) -> tuple[Tick, ...]:
    """At round values inside, about as many as may be."""
    if axis.kind == "time":
        return tuple(Tick(*one) for one in moments(reach.low, reach.high, most))
    if axis.kind == "log":
        return tuple(_powers(reach, most, axis.unit))
    return tuple(_round(reach, most, axis))


def _round(reach: Reach, most: int, axis: Axis) -> Iterator[Tick]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    step = _step((reach.high / 2 - reach.low / 2) / most * 2)
    if not step or not math.isfinite(step):
        return
    digits = max(-math.floor(math.log10(step) + 1e-9), 0)
    first = math.ceil(reach.low / step - 1e-9)
    for turn in range(most + 2):
        value = (first + turn) * step
        if reach.holds(value) and math.isfinite(value):
            yield Tick(value, _written(value, digits, axis))


def _step(least: float) -> float:
    """The smallest round number that is not less; 0 where there is none."""
    if not least > 1e-300:
        return 0.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10, 20) if times * power >= least * (1 - 1e-9))


def _written(value: float, digits: int, axis: Axis) -> str:
    value = 0.0 if abs(value) < 1e-300 else value
    said = f"{value:+.{digits}f}" if axis.is_signed else f"{value:.{digits}f}"
    if digits > 6 or abs(value) >= 1e7:
        said = f"{value:+.3g}" if axis.is_signed else f"{value:.3g}"
    elif abs(value) >= 1000:
        said = f"{value:+,.{digits}f}" if axis.is_signed else f"{value:,.{digits}f}"
    zero = not float(said.replace(",", ""))
    return f"{said.lstrip('+-') if zero else said}{axis.unit}".replace("-", MINUS)


def _powers(reach: Reach, most: int, unit: str) -> Iterator[Tick]:
    """Powers of ten, each so many-th of them; of few, also 2 and 5 times as much."""
    decades = reach.high - reach.low
    if decades <= most / 2:
        yield from (tick for tick in _between_powers(reach, unit) if reach.holds(tick.at))
        return
    step = max(round(_step(decades / most)), 1)
    first = math.ceil(reach.low / step - 1e-9)
    for turn in range(most + 2):
        power = (first + turn) * step
        if reach.holds(power):
            yield Tick(float(power), _power(power) + unit)


def _between_powers(reach: Reach, unit: str) -> Iterator[Tick]:
    for power in range(math.floor(reach.low), math.ceil(reach.high) + 1):
        for times in (1, 2, 5):
            said = _power(power, times)
            yield Tick(power + math.log10(times), said + unit)


def _power(power: int, times: int = 1) -> str:
    if power not in WRITTEN_OUT:
        return f"{times}e{power}".replace("-", MINUS)
    return f"{times * 10**power:,}" if power >= 0 else f"{times / 10**-power:.{-power}f}"
