"""Where things are in a picture: how far the axes reach, and the frame that the data are drawn into."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lab.web.plot.chart import Area, Axis, Band, Chart, Layer, Level, Line, Mark, Number, Span
from lab.web.plot.moments import LAST
from lab.web.plot.svg import number
from lab.web.plot.ticks import Reach

# The data's own coordinates; they are stretched to the box that there is.
WIDTH, HEIGHT = 2000, 480
# A power of ten beyond a thousand million is none that anybody computes.
FURTHEST = {"linear": 1e300, "log": 1e9}


class Frame(NamedTuple):
    """Both axes."""

    x: Reach
    y: Reach

    def point(self, x: float, y: float) -> str:
        """In the data's coordinates."""
        return f"{self.across(x)} {self.down(y)}"

    def across(self, x: float) -> str:
        """In the data's coordinates."""
        return number(WIDTH * self.x.share(x))

    def down(self, y: float) -> str:
        """In the data's coordinates."""
        return number(HEIGHT * (1 - self.y.share(y)))


def frame(chart: Chart) -> Frame:
    """As far as the axes say, else as far as the data go."""
    return Frame(
        _reach(chart.x, (x for layer in chart.layers for x in _xs(layer))),
        _reach(chart.y, (y for layer in chart.layers for y in _ys(layer))),
    )


def _reach(axis: Axis, values: Iterable[Number]) -> Reach:
    found = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
    low = _held(axis, min(found) if axis.low is None else axis.low)
    high = _held(axis, max(found) if axis.high is None else axis.high)
    if high / 2 - low / 2 > _least(axis, low, high):
        return Reach(low, high)
    return _widened(axis, low)


def _held(axis: Axis, end: float) -> float:
    """No axis goes further than numbers can be written."""
    furthest = FURTHEST.get(axis.kind, math.inf)
    return min(max(end, -furthest), furthest)


def _least(axis: Axis, low: float, high: float) -> float:
    """Below this, numbers beside each other are too few to draw by."""
    return 0.01 if axis.kind == "time" else max(abs(low), abs(high)) * 1e-12


def _widened(axis: Axis, middle: float) -> Reach:
    """Around the only value that there is."""
    if axis.kind == "time":
        return Reach(max(middle - 1, 0.0), max(middle + 1, 1.0)) if middle + 1 <= LAST else Reach(middle - 2, middle)
    by = max(abs(middle) / 10, 1e-9) if axis.kind == "linear" and middle else 1.0
    return Reach(middle - by, middle + by)


def _xs(layer: Layer) -> Iterator[Number]:
    if isinstance(layer, Line | Band):
        yield from layer.xs
    if isinstance(layer, Area):
        yield from layer.edges
    if isinstance(layer, Span):
        yield from (layer.low, layer.high)
    if isinstance(layer, Mark):
        yield layer.at


def _ys(layer: Layer) -> Iterator[Number]:
    if isinstance(layer, Line):
        yield from layer.ys
    if isinstance(layer, Band):
        yield from (*layer.lows, *layer.highs)
    if isinstance(layer, Area):
        yield from (0.0, *layer.heights)
    if isinstance(layer, Level):
        yield layer.at
