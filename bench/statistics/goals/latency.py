"""G6: a slower 95th percentile is found soon, and load that comes and goes is not mistaken for one."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from bench.statistics import ours
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.latencies import Block, Latencies, blocks
from bench.statistics.summary import Median, Share
from bench.statistics.worlds import RAMP, Floats

OURS = "ours: exceedances of the pooled quantile"
NAIVE = "z test of pooled quantiles at every look"
QUANTILE = 0.95


def found(world: Latencies, side: str, naive: bool, rng: np.random.Generator, runs: int) -> Samples:
    """Requests, both variants together, until each rule says that the candidate is slower (or, two-sided, different)."""
    watch, pooled = ours.Latency(runs), PooledQuantiles(side)
    decided = []
    for block in blocks(world, rng, runs):
        watch.look(block)
        if naive:
            decided.append(pooled.look(block))
    units = np.arange(1, world.looks + 1) * world.per_look
    said = {OURS: first(ours.crosses(watch.log_e(side)), units)}
    return said | ({NAIVE: first(np.stack(decided, axis=1), units)} if naive else {})


class Estimated(NamedTuple):
    """A quantile and its standard error, per run."""

    value: Floats
    error: Floats


class PooledQuantiles:
    """Two quantiles since the start and a z test between them; their errors are read off order statistics (Woodruff 1952)."""

    def __init__(self, side: str) -> None:
        self.side = side
        self.arms: list[list[Floats]] = [[], []]

    def look(self, block: Block) -> np.ndarray:
        """Whether each run's test rejects now."""
        for arm, values in zip(self.arms, block, strict=True):
            arm.append(values)
        a, b = (self._quantile(arm) for arm in self.arms)
        z = (b.value - a.value) / np.hypot(a.error, b.error)
        return z >= 1.645 if self.side == "greater" else np.abs(z) >= 1.96

    def _quantile(self, arm: list[Floats]) -> Estimated:
        # One sorted array per arm; what is new is merged by sorting again, which is quick on sorted runs.
        arm[:] = [np.sort(np.concatenate(arm, axis=1), axis=1, kind="stable")]
        n = arm[0].shape[1]
        reach = math.sqrt(n * QUANTILE * (1 - QUANTILE))
        low, middle, high = np.clip(np.round(n * QUANTILE + reach * np.array([-1, 0, 1])).astype(int), 0, n - 1)
        return Estimated(arm[0][:, middle], np.maximum((arm[0][:, high] - arm[0][:, low]) / 2, 1e-9))


def false(world: Latencies, words: str, runs: int, naive: bool) -> Case:
    """Equal 95th percentiles."""
    shown = (Line(NAIVE, "ever rejects", NAIVE, Share()),) if naive else ()
    lines = (Line(OURS, "ever rejects", OURS, Share(), Bound(0.05)), *shown)
    return Case("G6", words, runs, partial(found, world, "two-sided", naive), lines, chunk=100)


def slower(world: Latencies, words: str, runs: int, bound: float | None, per_arm: bool = True) -> Case:
    """A slower candidate."""
    unit = "requests per arm" if per_arm else "requests"
    simulate = partial(_per_arm if per_arm else found, world, "greater", per_arm)
    names = (OURS, NAIVE) if per_arm else (OURS,)
    lines = [
        line
        for name in names
        for line in (
            Line(name, "finds it", name, Share()),
            Line(name, f"median {unit}", name, Median(unit), Bound(bound) if bound and name == OURS else None),
        )
    ]
    return Case("G6", words, runs, simulate, tuple(lines), chunk=100)


def _per_arm(world: Latencies, side: str, naive: bool, rng: np.random.Generator, runs: int) -> Samples:
    return {name: sample / 2 for name, sample in found(world, side, naive, rng, runs).items()}


EVEN = Latencies(100, 400)
SHORT = EVEN._replace(looks=60)
OFTEN = Latencies(1000, 40)
LOADED = Latencies(100, 1000, scale=(0.1, 0.15), shares=RAMP)
BUSY_HOURS = Latencies(100, 1000, scale=(0.1, 0.2, 0.08, 0.25), shares=(0.05, 0.3, 0.6, 0.2))

CASES = [
    false(EVEN, "identical, 100 looks at 200 requests per arm", 600, naive=True),
    false(OFTEN, "identical, 1,000 looks at 20 requests per arm", 1000, naive=False),
    false(EVEN._replace(candidate_spread=0.3), "equal 95th percentile, half the spread, 100 looks", 600, naive=False),
    false(EVEN._replace(candidate_spread=0.15), "equal 95th percentile, a quarter of the spread, 100 looks", 600, naive=False),
    false(
        OFTEN._replace(candidate_spread=0.3), "equal 95th percentile, half the spread, 1,000 looks at 20 requests per arm",
        400, naive=False,
    ),
    false(LOADED, "identical; share 5 → 50 % while load makes all 1.5 times as slow", 600, naive=True),
    false(BUSY_HOURS, "identical; share 5, 30, 60, 20 % while load goes up and down", 400, naive=False),
    false(
        LOADED._replace(candidate_spread=0.3),
        "equal 95th percentile, half the spread; share 5 → 50 % while load makes all 1.5 times as slow",
        400, naive=True,
    ),
    false(
        BUSY_HOURS._replace(spread=1.0, candidate_spread=0.5),
        "equal 95th percentile, half the spread; share 5, 30, 60, 20 % while load goes up and down",
        400, naive=False,
    ),
    slower(EVEN._replace(slower=1.1), "10 % slower", 300, 3000),
    slower(SHORT._replace(slower=1.2), "20 % slower", 300, 1200),
    slower(SHORT._replace(slower=1.5), "50 % slower", 300, 800),
    slower(EVEN._replace(slow_share=0.02), "2 % of the calls take three times as long", 300, None),
    slower(LOADED._replace(slower=1.2), "20 % slower; share 5 → 50 % while load makes all 1.5 times as slow", 200, None, per_arm=False),
]
