"""Summaries of simulated runs, each with its standard error, and whether a bound holds."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

# A share breaks its bound when so few (or many) runs would be this unlikely if the bound were exactly true.
UNLIKELY = 0.01


class Summary(NamedTuple):
    """A number and how far chance may have moved it."""

    value: float
    error: float
    """One standard error, in the unit of the value; nan where none is known."""
    runs: int
    kind: str
    """`share`, or the unit of the value."""


Statistic = Callable[[NDArray[np.float64]], Summary]


class Share(NamedTuple):
    """The share of runs that decided, at the latest when `by` units were seen."""

    by: float = math.inf

    def __call__(self, sample: NDArray[np.float64]) -> Summary:
        """`sample`: units seen at the decision, infinite if there was none."""
        decided = (sample < math.inf) & (sample <= self.by)
        share = float(decided.mean())
        return Summary(share, math.sqrt(share * (1 - share) / sample.size), sample.size, "share")


class Median(NamedTuple):
    """The median, with a standard error from the order statistics around it. Runs that never decide count as infinite."""

    unit: str = ""

    def __call__(self, sample: NDArray[np.float64]) -> Summary:
        around = 0.5 + np.array([-0.5, 0, 0.5]) / math.sqrt(sample.size)
        low, middle, high = np.quantile(sample, np.clip(around, 0, 1), method="inverted_cdf")
        error = (high - low) / 2 if high < math.inf else math.nan
        return Summary(float(middle), float(error), sample.size, self.unit)


class Mean(NamedTuple):
    """The mean, with its standard error. `cap` stands in for runs that never decide."""

    unit: str = ""
    cap: float = math.inf
    scale: float = 1.0

    def __call__(self, sample: NDArray[np.float64]) -> Summary:
        values = np.minimum(sample, self.cap) / self.scale
        error = float(values.std(ddof=1)) / math.sqrt(values.size) if values.size > 1 else math.nan
        return Summary(float(values.mean()), error, values.size, self.unit)


class Largest(NamedTuple):
    """The largest value: of a difference, or of a size. It has no standard error."""

    unit: str = ""

    def __call__(self, sample: NDArray[np.float64]) -> Summary:
        return Summary(float(sample.max()), math.nan, sample.size, self.unit)


def holds(summary: Summary, bound: float, side: str) -> bool:
    """A share: unless a binomial test at 1 % speaks against the bound. Anything else: the value, less two standard errors."""
    if summary.kind == "share":
        return _share_holds(round(summary.value * summary.runs), summary.runs, bound, side)
    slack = 0.0 if math.isnan(summary.error) else 2 * summary.error
    return summary.value - slack <= bound if side == "<=" else summary.value + slack >= bound


def _share_holds(decided: int, runs: int, bound: float, side: str) -> bool:
    tail = binom.sf(decided - 1, runs, bound) if side == "<=" else binom.cdf(decided, runs, bound)
    return bool(tail >= UNLIKELY)
