"""Draws lines, bands and areas: one path each."""

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from lab.web.plot.chart import Area, Band, Line, Number
from lab.web.plot.frame import Frame
from lab.web.plot.svg import element
from lab.web.plot.thin import changes, kept, known

# So many colours and dashes there are.
PLACES = 6


def colours(place: int, what: str) -> str:
    """The classes of a line, a band or an area: two that differ in colour differ in their dashes, too."""
    return f"{what} variant-{min(max(place, 0), PLACES - 1)} dash-{max(place, 0) % PLACES}"


def line(layer: Line, frame: Frame) -> Markup:
    """A path with a break at every gap, and a dot where there is only a point."""
    ys = [y if y is not None and math.isfinite(y) else None for y in layer.ys]
    chosen = changes(ys) if layer.is_stepped else list(range(len(ys)))
    chosen = [chosen[i] for i in kept([ys[i] for i in chosen], [ys[i] for i in chosen])]
    runs = list(_runs(chosen, ys, ys))
    path = " ".join(_joined(run, layer, ys, frame) for run in runs if len(run) > 1)
    dots = " ".join(f"M{frame.point(layer.xs[run[0]], ys[run[0]] or 0.0)}h0" for run in runs if len(run) == 1)
    drawn = element("path", d=path, class_=colours(layer.place, "line")) if path else Markup("")
    return drawn + (element("path", d=dots, class_=f"{colours(layer.place, 'line')} dot") if dots else Markup(""))


def band(layer: Band, frame: Frame) -> Markup:
    """There along the upper ends, back along the lower ones; again after every gap."""
    chosen = kept(layer.lows, layer.highs)
    path = " ".join(_around(run, layer, frame) for run in _runs(chosen, layer.lows, layer.highs))
    return element("path", d=path, class_=colours(layer.place, "band")) if path else Markup("")


def area(layer: Area, frame: Frame) -> Markup:
    """Bin by bin, from the ground and back to it."""
    if not layer.heights:
        return Markup("")
    steps = "".join(f"V{frame.down(height)}H{frame.across(edge)}" for edge, height in zip(layer.edges[1:], layer.heights, strict=True))
    path = f"M{frame.point(layer.edges[0], 0.0)}{steps}V{frame.down(0.0)}Z"
    return element("path", d=path, class_=colours(layer.place, "area"))


def _runs(indices: Sequence[int], lows: Sequence[Number], highs: Sequence[Number]) -> Iterator[list[int]]:
    """Stretches without a gap."""
    run: list[int] = []
    for i in indices:
        if known(lows[i]) and known(highs[i]):
            run.append(i)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _joined(run: Sequence[int], layer: Line, ys: Sequence[Number], frame: Frame) -> str:
    points = [(frame.across(layer.xs[i]), frame.down(ys[i] or 0.0)) for i in run]
    first, *others = points
    if layer.is_stepped:
        return f"M{first[0]} {first[1]}" + "".join(f"H{x}V{y}" for x, y in others)
    return f"M{first[0]} {first[1]}" + "".join(f"L{x} {y}" for x, y in others)


def _around(run: Sequence[int], layer: Band, frame: Frame) -> str:
    there = "L".join(frame.point(layer.xs[i], _value(layer.highs[i])) for i in run)
    back = "L".join(frame.point(layer.xs[i], _value(layer.lows[i])) for i in reversed(run))
    return f"M{there}L{back}Z"


def _value(end: Number) -> float:
    return 0.0 if end is None else end
