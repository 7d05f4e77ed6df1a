"""Draws what the data stand in: grid and numbers, levels, marks, shaded stretches. Places are percent of the box, text has its own size."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from lab.web.plot.chart import Chart, Level, Mark, Span
from lab.web.plot.frame import Frame
from lab.web.plot.svg import element, number, together
from lab.web.plot.ticks import Reach, Tick, ticks

# About so many numbers an axis has: from bottom to top; from left to right where there is room, and on a phone.
UPWARDS, WIDE, NARROW = 5, 6, 3
# A line of text takes so many percent of the height.
TEXT = 8.0
# Numbers of marks nearer than this, in percent of the width, would touch on a phone.
TOUCHING = 8.0
# A name fits into a stretch of so many percent of the width on a desk, and on a phone.
ROOM_WIDE, ROOM_NARROW = 5.0, 15.0
SPANS_MOST = 60
MARKS_MOST = 12


class Flag(NamedTuple):
    """The numbers of marks that are close to each other."""

    at: float
    first: int
    last: int


def grid(chart: Chart, frame: Frame) -> Markup:
    """Lines and numbers of both axes."""
    upwards = ticks(chart.y, frame.y, UPWARDS)
    across = [ticks(chart.x, frame.x, most) for most in (WIDE, NARROW)]
    parts = [_upward(tick, frame) for tick in upwards]
    parts += [_across(row, frame.x, when) for row, when in zip(across, ("wide-only", "narrow-only"), strict=True)]
    return together(parts)


def gutter(chart: Chart, frame: Frame) -> int:
    """How many characters the longest number of the y axis has."""
    return min(max((len(tick.label) for tick in ticks(chart.y, frame.y, UPWARDS)), default=1), 12)


def spans(layers: Sequence[Span], frame: Frame) -> Markup:
    """Every other one is shaded; of very many only the latest are there."""
    return together(_shade(one, frame) for one in layers[-SPANS_MOST:][1::2])


def span_names(layers: Sequence[Span], frame: Frame) -> Markup:
    """Where there is room for them."""
    return together(_span_name(one, frame) for one in layers[-SPANS_MOST:] if one.name)


def levels(layers: Sequence[Level], frame: Frame) -> Markup:
    """Each with its name at the beginning, where lines are seldom yet: above, or below where that is the top or another is in the way."""
    there = sorted((one for one in layers if frame.y.holds(one.at)), key=lambda one: -one.at)
    tops = [100 * (1 - frame.y.share(one.at)) for one in there]
    return together(_level(one, top, _is_below(tops, i)) for i, (one, top) in enumerate(zip(there, tops, strict=True)))


def marks(layers: Sequence[Mark], frame: Frame) -> Markup:
    """A line each, and its number above; numbers that would touch are put together: 2 to 4."""
    there = [one for one in layers if frame.x.holds(one.at)]
    lines = [_upright(100 * frame.x.share(one.at)) for one in there]
    return together([*lines, *(_flag(flag) for flag in _flags([100 * frame.x.share(one.at) for one in there]))])


def shown_marks(chart: Chart, frame: Frame) -> list[Mark]:
    """In the order of time; of very many the latest."""
    found = [one for one in chart.layers if isinstance(one, Mark) and math.isfinite(one.at) and frame.x.holds(one.at)]
    return sorted(found, key=lambda one: one.at)[-MARKS_MOST:]


def _upward(tick: Tick, frame: Frame) -> Markup:
    top = _percent(100 * (1 - frame.y.share(tick.at)))
    line = element("line", x2="100%", y1=top, y2=top, class_="grid")
    return line + element("text", tick.label, x="-0.5em", y=top, dy="0.35em", text_anchor="end")


def _across(row: Sequence[Tick], reach: Reach, when: str) -> Markup:
    return element("g", *(part for tick in row for part in _below(tick, 100 * reach.share(tick.at))), class_=when)


def _below(tick: Tick, left: float) -> Iterator[Markup]:
    at = _percent(left)
    yield element("line", x1=at, x2=at, y2="100%", class_="grid")
    yield element("text", tick.label, x=at, y="100%", dy="1.4em", text_anchor="middle")


def _shade(one: Span, frame: Frame) -> Markup:
    left, right = _ends(one, frame)
    return element("rect", x=_percent(left), width=_percent(right - left), height="100%", class_="span")


def _span_name(one: Span, frame: Frame) -> Markup:
    left, right = _ends(one, frame)
    if right - left < ROOM_WIDE:
        return Markup("")
    name = "span-name" if right - left >= ROOM_NARROW else "span-name wide-only"
    return element("text", one.name, x=_percent((left + right) / 2), y="0", dy="1.2em", text_anchor="middle", class_=name)


def _ends(one: Span, frame: Frame) -> tuple[float, float]:
    """In percent of the width."""
    left = 100 * frame.x.share(one.low)
    return left, max(100 * frame.x.share(one.high), left)


def _level(one: Level, top: float, is_below: bool) -> Markup:
    at, dy = _percent(top), "1.15em" if is_below else "-0.35em"
    line = element("line", x2="100%", y1=at, y2=at, class_="level")
    return line + element("text", one.name, x="0", y=at, dx="0.4em", dy=dy, class_="level-name")


def _is_below(tops: Sequence[float], i: int) -> bool:
    return tops[i] < TEXT or (i > 0 and tops[i] - tops[i - 1] < 2 * TEXT)


def _upright(left: float) -> Markup:
    at = _percent(left)
    return element("line", x1=at, x2=at, y2="100%", class_="mark")


def _flags(lefts: Sequence[float]) -> list[Flag]:
    flags: list[Flag] = []
    for i, left in enumerate(lefts, start=1):
        if flags and left - flags[-1].at < TOUCHING:
            flags[-1] = flags[-1]._replace(last=i)
        else:
            flags.append(Flag(left, i, i))
    return flags


def _flag(flag: Flag) -> Markup:
    said = f"{flag.first}" if flag.first == flag.last else f"{flag.first} to {flag.last}"
    return element("text", said, x=_percent(flag.at), y="0", dy="-0.35em", text_anchor="middle", class_="flag")


def _percent(value: float) -> str:
    return f"{number(value)}%"
