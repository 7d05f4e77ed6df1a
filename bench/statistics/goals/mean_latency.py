"""G4, for means: the mean latency of heavy-tailed answers against a limit."""

import math
from functools import partial

import numpy as np

from bench.statistics import ours
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.summary import Median, Share
from bench.statistics.worlds import Floats

LIMIT_S, BOUND_S, SPREAD, LOOKS, PER_LOOK = 2.0, 60.0, 1.0, 100, 200
VIOLATED, SATISFIED = "ours: bets that it is violated", "ours: bets that it is kept"
NAIVE, NAIVE_KEPT = "t test at every look, violated", "t test at every look, kept"


def decisions(mean_s: float, rng: np.random.Generator, runs: int) -> Samples:
    """Requests until each rule says that the mean is above, or below, the limit."""
    scale = mean_s / math.exp(SPREAD**2 / 2)
    times = np.minimum(scale * np.exp(SPREAD * rng.standard_normal((runs, LOOKS, PER_LOOK))), BOUND_S)
    units = np.arange(1, LOOKS + 1) * PER_LOOK
    t = _t_statistic(times, units)
    above, below = ours.mean_limit(times, LIMIT_S, BOUND_S)
    holds = {VIOLATED: ours.crosses(above), SATISFIED: ours.crosses(below), NAIVE: t > 1.645, NAIVE_KEPT: t < -1.645}
    return {rule: first(decided, units) for rule, decided in holds.items()}


def _t_statistic(times: Floats, units: np.ndarray) -> Floats:
    mean, square = (np.cumsum((times**power).sum(axis=2), axis=1) / units for power in (1, 2))
    return (mean - LIMIT_S) / np.sqrt((square - mean**2) / (units - 1))


def _lines(measure: str, statistic: Share | Median, bounds: dict[str, Bound]) -> tuple[Line, ...]:
    return tuple(Line(rule, measure, rule, statistic, bounds.get(rule)) for rule in (VIOLATED, SATISFIED, NAIVE, NAIVE_KEPT))


WORDS = "lognormal with sigma 1, limit 2 s, no answer takes more than 60 s, 100 looks at 200 requests"
EXACT = {VIOLATED: Bound(0.05), SATISFIED: Bound(0.05)}

CASES = [
    Case("G4", f"mean latency 2 s; {WORDS}", 600, partial(decisions, 2.0), _lines("ever decides", Share(), EXACT), chunk=100),
    Case("G4", f"mean latency 2.2 s; {WORDS}", 300, partial(decisions, 2.2), _lines("median requests", Median("requests"), {}), chunk=100),
    Case("G4", f"mean latency 1.6 s; {WORDS}", 300, partial(decisions, 1.6), _lines("median requests", Median("requests"), {}), chunk=100),
]
