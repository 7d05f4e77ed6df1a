"""Which buckets each variant holds. The gateway computes the same from the same numbers (`holder` in nginx/split.js).

Visitors are hashed to 10,000 buckets. The first candidate grows from the start and the second from the end, so that two may share
the buckets in any way, and nobody leaves either while both only grow. From the third on, each grows in a lane of its own.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lab.routes.table import Route, exact_percent

# The split has a resolution of 0.01 %.
BUCKETS = 10_000


class Range(NamedTuple):
    """Neighbouring buckets, both ends included."""

    first: int
    last: int


def buckets(percent: float) -> int:
    """How many buckets a weight is."""
    return round(percent * BUCKETS / 100)


def lane_width(candidates: int) -> int:
    """How many buckets a candidate may hold at most."""
    return BUCKETS if candidates <= 2 else BUCKETS // candidates


def held_in(lane: int, candidates: int, percent: float) -> Range | None:
    """The buckets of the candidate in a lane."""
    width = buckets(percent)
    if width == 0:
        return None
    first = _start(lane, candidates, width)
    return Range(first, first + width - 1)


def held(route: Route) -> dict[str, tuple[Range, ...]]:
    """The buckets of every candidate with a lane, and of the baseline, which has what they leave."""
    ranges = {name: held_in(lane, len(route.lanes), route.weight(name)) for lane, name in enumerate(route.lanes)}
    taken = [one for one in ranges.values() if one]
    return {route.baseline: _between(taken)} | {name: (one,) if one else () for name, one in ranges.items()}


def beyond(name: str, percent: float, candidates: int) -> str:
    """Why a candidate cannot have so much, or nothing."""
    width = lane_width(candidates)
    if buckets(percent) <= width:
        return ""
    lane = exact_percent(width * 100 / BUCKETS)
    return f"{name} cannot have {exact_percent(percent)} %: with {candidates} candidates each has a lane of {lane} %."


def moved(before: Route, after: Route) -> tuple[str, ...]:
    """The candidates that lose visitors although their weight has not gone down: their lane lies elsewhere now."""
    old, new = held(before), held(after)
    grown = [name for name in before.lanes if name in new and 0 < before.weight(name) <= after.weight(name)]
    return tuple(name for name in grown if old[name] and not _covers(new[name], old[name][0]))


def _start(lane: int, candidates: int, width: int) -> int:
    if lane == 1:
        return BUCKETS - width
    return 0 if lane == 0 else (lane - 1) * (BUCKETS // candidates)


def _between(taken: Sequence[Range]) -> tuple[Range, ...]:
    edges = [-1, *(edge for one in sorted(taken) for edge in one), BUCKETS]
    gaps = [Range(last + 1, first - 1) for last, first in zip(edges[::2], edges[1::2], strict=True)]
    return tuple(gap for gap in gaps if gap.first <= gap.last)


def _covers(ranges: tuple[Range, ...], wanted: Range) -> bool:
    return any(one.first <= wanted.first and wanted.last <= one.last for one in ranges)
