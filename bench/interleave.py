"""Measures several sides in turn, so that whatever else the machine does meets all of them alike."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")

Clock = Callable[[], float]

# Which figure is the better one: seconds and megabytes should be lower, requests per second higher.
Better = Literal["lower", "higher"]

# Fewer rounds show no spread.
ROUNDS_MIN = 3


class Ratio(NamedTuple):
    """How many times better the candidate is than the control: above 1 is faster, or smaller."""

    median: float
    """Of the rounds' ratios."""
    low: float
    """Their 10th percentile."""
    high: float
    """Their 90th percentile."""
    control: float
    """Median of the rounds, in the unit of the measurement."""
    candidate: float
    rounds: int


class Difference(NamedTuple):
    """How much the candidate adds to the control, in the unit of the measurement; the fields are those of Ratio."""

    median: float
    low: float
    high: float
    control: float
    candidate: float
    rounds: int


def interleaved(
    sides: Mapping[str, Callable[[], T]],
    rounds: int,
    seconds: float = math.inf,
    at_least: int = ROUNDS_MIN,
    clock: Clock = time.monotonic,
) -> dict[str, list[T]]:
    """A B A B …: calls every side once per round and returns each side's results, one per round.

    A slow machine does fewer rounds: after `seconds` no new one begins, but there are always `at_least` of them.
    """
    found: dict[str, list[T]] = {name: [] for name in sides}
    end = clock() + seconds
    for done in range(rounds):
        if done >= at_least and clock() >= end:
            break
        for name, measure in sides.items():
            found[name].append(measure())
    return found


def timed(call: Callable[[], object], clock: Clock = time.perf_counter) -> Callable[[], float]:
    """A side of `interleaved` that measures how many seconds `call` takes."""

    def seconds() -> float:
        started = clock()
        call()
        return clock() - started

    return seconds


def ratio(controls: Sequence[float], candidates: Sequence[float], better: Better) -> Ratio:
    """Compares round by round: the two figures of one round met the same noise."""
    times_better = [_times_better(*pair, better) for pair in _paired(controls, candidates)]
    return Ratio(*_spread(times_better), *_medians(controls, candidates))


def difference(controls: Sequence[float], candidates: Sequence[float]) -> Difference:
    """Subtracts round by round."""
    added = [candidate - control for control, candidate in _paired(controls, candidates)]
    return Difference(*_spread(added), *_medians(controls, candidates))


def percentiles(values: Sequence[float], per_block: int, percent: float) -> list[float]:
    """One percentile for every `per_block` values; what is left over at the end is dropped."""
    whole = len(values) // per_block
    return [float(np.percentile(values[block * per_block : (block + 1) * per_block], percent)) for block in range(whole)]


def _times_better(control: float, candidate: float, better: Better) -> float:
    return control / candidate if better == "lower" else candidate / control


def _paired(controls: Sequence[float], candidates: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(controls, candidates, strict=True))


def _spread(each: Sequence[float]) -> tuple[float, float, float]:
    """Median, 10th and 90th percentile."""
    low, high = np.percentile(each, [10, 90])
    return statistics.median(each), float(low), float(high)


def _medians(controls: Sequence[float], candidates: Sequence[float]) -> tuple[float, float, int]:
    return statistics.median(controls), statistics.median(candidates), len(controls)
