"""Round moments of the clock and the calendar, in UTC, from seconds to years."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

MINUTE, HOUR, DAY = 60, 3600, 86400
SECONDS = (1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR,
           12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY)  # fmt: skip
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12000)
MONTH_S = 30.4 * DAY
# 5 January 1970 was the first Monday.
MONDAY = 4 * DAY
# Until the year 9999.
LAST = 253402300799.0


class Moment(NamedTuple):
    """Seconds since 1970, and how it is written."""

    at: float
    label: str


def moments(low: float, high: float, most: int) -> Iterator[Moment]:
    """Round ones between the two, about as many as may be. ValueError for what no calendar has."""
    for end in (low, high):
        if not 0 <= end <= LAST:
            raise ValueError(f"A time is {end:g} s, must be between 0 and {LAST:.0f} seconds since 1970.")
    step = next((step for step in SECONDS if step * most >= high - low), None)
    yield from _by_clock(low, high, step) if step else _by_calendar(low, high, most)


def days(low: float, high: float) -> str:
    """Of which days a stretch is: `21 Nov 2026`, `21 to 23 Nov 2026`."""
    first, last = _utc(low), _utc(high)
    if first.date() == last.date():
        return f"{first:%-d %b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last:%-d %b %Y}"
    return f"{first:%-d %b} to {last:%-d %b %Y}" if first.year == last.year else f"{first:%-d %b %Y} to {last:%-d %b %Y}"


def _by_clock(low: float, high: float, step: int) -> Iterator[Moment]:
    zero = MONDAY if step >= 7 * DAY else 0
    at = zero + -(-(low - zero) // step) * step
    while at <= high:
        yield Moment(at, _label(at, step))
        at += step


def _label(at: float, step: int) -> str:
    """Midnight is the day that begins."""
    moment = _utc(at)
    if at % DAY == 0:
        return f"{moment:%-d %b}"
    return f"{moment:%H:%M:%S}" if step < MINUTE else f"{moment:%H:%M}"


def _by_calendar(low: float, high: float, most: int) -> Iterator[Moment]:
    """Beginnings of months, or of years."""
    step = next(step for step in MONTHS if step * MONTH_S * most >= high - low or step == MONTHS[-1])
    first, last = _utc(low), _utc(high)
    whole = first.year * 12 + first.month - 1
    for month in range(whole - whole % step, last.year * 12 + last.month, step):
        if not 12 <= month < 120000:
            continue
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
        if low <= at <= high:
            yield Moment(at, f"{_utc(at):%b %Y}" if step < 12 else f"{_utc(at):%Y}")


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
