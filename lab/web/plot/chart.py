"""What a chart is made of: two axes, and layers of data, the lowest first."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Number = float | None

# More bins than a picture has pixels on a phone tell nobody more.
BINS_MOST = 300


class Axis(NamedTuple):
    """One axis. Values of a `log` axis are given as exponents of ten, so that they may be larger than any number; those of a `time` axis
    in seconds since 1970, shown in UTC."""

    title: str
    """In words, with the unit."""
    kind: Literal["linear", "log", "time"] = "linear"
    low: Number = None
    """Where it begins; None: where the data do. What lies outside is drawn at the edge."""
    high: Number = None
    unit: str = ""
    """Behind every number: ` %`."""
    is_signed: bool = False
    """Differences have a plus, too."""


class Line(NamedTuple):
    """One value per x. None, nan and infinite ones leave a gap. place: which colour and dash. latest: the last value, in words."""

    xs: Sequence[float]
    ys: Sequence[Number]
    name: str
    place: int = 0
    latest: str = ""
    is_stepped: bool = False
    """A value holds until the next one."""


class Band(NamedTuple):
    """All between a low and a high end. An infinite end is drawn to the edge; where an end is None or nan, there is a gap."""

    xs: Sequence[float]
    lows: Sequence[Number]
    highs: Sequence[Number]
    name: str
    place: int = 0
    latest: str = ""


class Area(NamedTuple):
    """A histogram, filled: one height per bin, and one more edge than bins."""

    edges: Sequence[float]
    heights: Sequence[float]
    name: str
    place: int = 0
    latest: str = ""


class Level(NamedTuple):
    """A horizontal line with its name: a limit, a threshold, no difference."""

    at: float
    name: str


class Mark(NamedTuple):
    """A moment, numbered in the picture and named below it."""

    at: float
    name: str


class Span(NamedTuple):
    """A stretch along the x axis; every other one is shaded."""

    low: float
    high: float
    name: str = ""


Layer = Line | Band | Area | Level | Mark | Span


class Chart(NamedTuple):
    """A picture before it is drawn."""

    id: str
    """Unique on its page; letters, digits and `-`."""
    title: str
    description: str
    """What it shows, for those who do not see it."""
    x: Axis
    y: Axis
    layers: Sequence[Layer]


def checked(chart: Chart) -> Chart:
    """The chart itself; ValueError for one that cannot be drawn."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", chart.id):
        raise ValueError(f"The picture's id is {chart.id!r}, must be a letter, then letters, digits or '-'.")
    for layer in chart.layers:
        _check(layer)
    return chart


def _check(layer: Layer) -> None:
    if isinstance(layer, Line):
        _same(layer.name, len(layer.xs), "y values", len(layer.ys))
    if isinstance(layer, Band):
        _same(layer.name, len(layer.xs), "lower ends", len(layer.lows))
        _same(layer.name, len(layer.xs), "upper ends", len(layer.highs))
    if isinstance(layer, Area):
        _check_area(layer)


def _check_area(layer: Area) -> None:
    _same(layer.name, len(layer.edges) - 1, "heights", len(layer.heights), "bins")
    if len(layer.heights) > BINS_MOST:
        raise ValueError(f"{layer.name} has {len(layer.heights):,} bins, must have at most {BINS_MOST}: put some together.")


def _same(name: str, wanted: int, what: str, found: int, of: str = "x values") -> None:
    if wanted != found:
        raise ValueError(f"{name} has {found:,} {what} for {wanted:,} {of}, must have as many.")
