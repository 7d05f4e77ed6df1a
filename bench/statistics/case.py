"""What a case is: one world, simulated many times, and the lines of the table that it gives."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.statistics.summary import Statistic, Summary, holds

Samples = Mapping[str, NDArray[np.float64]]
"""One number per run under each name: often how much was seen when a rule decided, infinite if it never did."""

Simulate = Callable[[np.random.Generator, int], Samples]
"""(random numbers, how many runs) → what happened in each of them."""


class Bound(NamedTuple):
    """What a result must keep to."""

    at: float
    side: str = "<="
    """`<=` or `>=`."""


class Line(NamedTuple):
    """One line of the table: a statistic of one of the samples."""

    rule: str
    """Who decides: `ours: …` or the name of a naive or peer rule."""
    measure: str
    """What is measured: `ever rejects`, `median requests`."""
    sample: str
    """The name of the sample that it comes from."""
    statistic: Statistic
    bound: Bound | None = None
    """Only for rules of ours."""


class Case(NamedTuple):
    """One world and what is measured in it."""

    goal: str
    """`G1` to `G15`."""
    world: str
    """In words, with its numbers."""
    runs: int
    simulate: Simulate
    lines: tuple[Line, ...]
    chunk: int = 250
    """How many runs are simulated at once: as many as fit the memory well."""

    @property
    def name(self) -> str:
        """Different for every case: its random numbers and its samples go by it."""
        return f"{self.goal}: {self.world}"


class Result(NamedTuple):
    """One line of the table, measured."""

    case: Case
    line: Line
    summary: Summary

    @property
    def holds(self) -> bool | None:
        """Whether the bound is kept, within the tolerance of a simulation; None without a bound."""
        bound = self.line.bound
        return None if bound is None else holds(self.summary, bound.at, bound.side)


def results(case: Case, samples: Samples) -> list[Result]:
    """Every line of a case, measured on its samples."""
    return [Result(case, line, line.statistic(samples[line.sample])) for line in case.lines]
