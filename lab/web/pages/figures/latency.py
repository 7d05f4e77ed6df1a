"""How long the answers of each variant took, one histogram over the other."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from lab.controller.case import Case
from lab.spec.experiment import Experiment
from lab.stats.histogram import Histogram, bin_of, edge_s
from lab.web.pages.figures.figure import Figure, LatencyOf, Table
from lab.web.plot import Area, Axis, Chart, drawn

KEY = "latency"
TITLE = "How long answers took"
# Of the picture's bins each is so much wider than the one before, but none is narrower than what the gateway measures in.
WIDER = 1.1
MEASURED_MS = 1.0
# What is rarer than this at either end would make the rest too narrow to see.
RARE = 0.002
MS = 1000


class Told(NamedTuple):
    """One variant with its place among the versions."""

    variant: str
    place: int
    histogram: Histogram


def latency(case: Case, found: Sequence[LatencyOf], window: str) -> Figure:
    """The picture, or why there is none. window: of what time it is."""
    told = [one for one in _told(case.experiment, found) if one.histogram.n]
    if not told:
        return Figure(KEY, TITLE, f"The journal has no answers of this run, counted {window}.")
    sentence = f"{'; '.join(_said(one) for one in told)}. Counted {window}, up to now."
    return Figure(KEY, TITLE, sentence, drawn(_chart(told, sentence)), _table(told, window))


def _told(experiment: Experiment, found: Sequence[LatencyOf]) -> list[Told]:
    """In the order of the file."""
    counts = {one.variant: one.counts for one in found}
    return [
        Told(one.variant, place, Histogram.from_json({"bins": list(counts.get(one.variant, {}).items())}))
        for place, one in enumerate(experiment.versions)
    ]


def _said(one: Told) -> str:
    half, most = (_ms(one.histogram.quantile(q)) for q in (0.5, 0.95))
    return f"{one.variant}: half of the answers within {half}, 95 % within {most} (n = {one.histogram.n:,.0f})"


def _ms(seconds: float) -> str:
    """The gateway measures whole milliseconds."""
    return f"{MS * seconds:,.0f} ms" if MS * seconds >= MEASURED_MS else "1 ms"


def _chart(told: Sequence[Told], sentence: str) -> Chart:
    edges = _edges(told)
    exponents = [math.log10(edge) for edge in edges]
    areas = [Area(exponents, _heights(one.histogram, edges), one.variant, one.place, _latest(one)) for one in told]
    x = Axis("Time from request to answer, milliseconds (log scale)", "log", exponents[0], exponents[-1])
    highest = max(height for one in areas for height in one.heights)
    y = Axis(
        f"Share of a variant's answers, percent per step (each {MEASURED_MS:g} ms or a tenth wide)", low=0.0, high=1.05 * highest, unit=" %"
    )
    rare = f"The rarest {100 * RARE:g} % at either end are left out."
    return Chart(f"picture-{KEY}", TITLE, f"{sentence} {rare}", x, y, areas)


def _edges(told: Sequence[Told]) -> list[float]:
    """Of the picture's bins, in milliseconds: half-way between those that are measured, then further apart."""
    histograms = [one.histogram for one in told]
    low = MS * min(float(edge_s(one.bin_of_rank(RARE * one.n))) for one in histograms)
    high = MS * max(float(edge_s(one.bin_of_rank((1 - RARE) * one.n) + 1)) for one in histograms)
    edges = [MEASURED_MS / 2]
    while edges[-1] < high or len(edges) < 3:
        edges.append(_next(edges[-1]))
    edges.append(_next(edges[-1]))
    first = max((i for i, edge in enumerate(edges) if edge <= low), default=0)
    return edges[max(first - 1, 0) :]


def _next(edge: float) -> float:
    return max(edge + MEASURED_MS, round(edge * WIDER) + MEASURED_MS / 2)


def _heights(histogram: Histogram, edges: Sequence[float]) -> list[float]:
    """Percent of the answers. What took less than is measured belongs to the first bin."""
    bins = [0 if edge == MEASURED_MS / 2 else int(bin_of(edge / MS)) for edge in edges]
    return [100 * float(histogram.counts[first:last].sum()) / histogram.n for first, last in pairwise(bins)]


def _latest(one: Told) -> str:
    return f"median {_ms(one.histogram.quantile(0.5))}"


def _table(told: Sequence[Told], window: str) -> Table:
    quantiles = (0.5, 0.75, 0.9, 0.95, 0.99)
    columns = ("Variant", "Answers", *(f"{100 * q:g} % within" for q in quantiles))
    rows = tuple((one.variant, f"{one.histogram.n:,.0f}", *(_ms(one.histogram.quantile(q)) for q in quantiles)) for one in told)
    return Table(f"Answers that the split assigned, counted {window}", columns, rows)
