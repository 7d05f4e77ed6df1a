"""Draws what the tables say: SVG files under docs/plots/, the same bytes for the same numbers."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Ours is drawn strongest; the others differ by dash too, for readers who see no colours.
STYLES = {
    "ours": ("#0b6e4f", "-", 2.4),
    "also ours": ("#2a9d8f", (0, (1, 1)), 2.4),
    "naive": ("#c1121f", "--", 1.6),
    "peer": ("#e08e00", "-.", 1.6),
    "second peer": ("#5a4fcf", ":", 1.8),
    "third peer": ("#555555", (0, (5, 1, 1, 1, 1, 1)), 1.6),
}


class Curve(NamedTuple):
    """One rule's line. style: a name in STYLES."""

    label: str
    style: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]


class Mark(NamedTuple):
    """A single point with words beside it."""

    label: str
    x: float
    y: float


class Plot(NamedTuple):
    """A picture: curves over one axis, and perhaps a level that must not be passed."""

    file: str
    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    level: float | None = None
    level_label: str = ""
    logarithmic: bool = False
    mark: Mark | None = None


def draw(plots: Sequence[Plot], folder: Path) -> None:
    """Writes each plot into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    # Text stays text: small files that can be searched. The salt makes the ids in the file the same each time.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ab-lab", "font.family": "sans-serif", "path.simplify": True}):
        for plot in plots:
            _figure(plot).savefig(folder / plot.file, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")


def _figure(plot: Plot) -> Figure:
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    for curve in plot.curves:
        colour, dashes, width = STYLES[curve.style]
        axes.plot(curve.x, curve.y, label=curve.label, color=colour, linestyle=dashes, linewidth=width)
    if plot.level is not None:
        axes.axhline(plot.level, color="black", linewidth=0.8)
        axes.annotate(plot.level_label, (0.01, plot.level), xycoords=("axes fraction", "data"), va="bottom", fontsize=9)
    if plot.mark is not None:
        axes.plot(plot.mark.x, plot.mark.y, "o", color="black", markersize=6)
        axes.annotate(plot.mark.label, (plot.mark.x, plot.mark.y), xytext=(-8, 6), textcoords="offset points", ha="right", fontsize=9)
    _words(axes, plot)
    return figure


def _words(axes: Axes, plot: Plot) -> None:
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label, ylim=(-0.02, 1.02))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    if plot.logarithmic:
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.legend(frameon=False, fontsize=9)


def decided_by(sample: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of runs that had decided when so much was seen."""
    return np.searchsorted(np.sort(sample), at, side="right") / sample.size


def curves_over_time(samples: Mapping[str, NDArray[np.float64]], styles: Mapping[str, str], points: int = 120) -> list[Curve]:
    """One curve for each sample with a style: the share of runs that had decided by then."""
    last = max((float(sample[sample < math.inf].max(initial=0)) for sample in samples.values()), default=0.0)
    at = np.linspace(0, last, points)
    return [Curve(name, style, at, decided_by(samples[name], at)) for name, style in styles.items()]
