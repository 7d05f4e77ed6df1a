"""Leaves out points that nobody could tell apart, but neither the extremes, nor the gaps, nor the last one."""

import math
from collections.abc import Iterator, Sequence

from lab.web.plot.chart import Number

# Stretches of a line; each keeps a gap, its lowest and its highest point.
STRETCHES = 100


def kept(lows: Sequence[Number], highs: Sequence[Number]) -> list[int]:
    """Indices of the points to draw, in order: some 300 at most. Of a line, both are its values."""
    n = len(lows)
    if n <= 3 * STRETCHES:
        return list(range(n))
    chosen = {0, n - 1}
    for part in range(STRETCHES):
        chosen.update(_of(range(part * n // STRETCHES, (part + 1) * n // STRETCHES), lows, highs))
    return sorted(chosen)


def changes(ys: Sequence[Number]) -> list[int]:
    """Indices of the points of a stepped line where it changes, and of the last one."""
    return [i for i, y in enumerate(ys) if i in (0, len(ys) - 1) or y != ys[i - 1]]


def known(value: Number) -> bool:
    """Neither None nor nan."""
    return value is not None and not math.isnan(value)


def _of(indices: range, lows: Sequence[Number], highs: Sequence[Number]) -> Iterator[int]:
    there = [i for i in indices if known(lows[i]) and known(highs[i])]
    yield from [i for i in indices if not (known(lows[i]) and known(highs[i]))][:1]
    if there:
        yield min(there, key=lambda i: lows[i] or 0.0)
        yield max(there, key=lambda i: highs[i] or 0.0)
