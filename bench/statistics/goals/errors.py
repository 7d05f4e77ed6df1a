"""G4 and G5: a guardrail rolls back a version that fails too often, soon, and no other."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.summary import Median, Share
from bench.statistics.worlds import staged


class Failing(NamedTuple):
    """One version under watch."""

    looks: int
    per_look: int
    rates: tuple[float, ...]
    """Its error rate in equally long stages."""
    limit: float = 0.01


OURS = "ours: restart e-process"
PEERS = {
    "threshold 5 (Flagger)": partial(peers.failed_checks, allowed=4),
    "failureLimit 3 (Argo Rollouts)": partial(peers.failed_checks, allowed=3),
    "estimate above the limit (Iter8 v2)": peers.estimate_above,
    "z test at every look": peers.z_above,
}


def rollbacks(world: Failing, rng: np.random.Generator, runs: int) -> Samples:
    """Requests seen when each rule rolls back."""
    n = np.full((runs, world.looks), world.per_look)
    bad = rng.binomial(n, staged(world.rates, world.looks))
    units = np.cumsum(n[0])
    said = {name: first(rule(bad, n, world.limit), units) for name, rule in PEERS.items()}
    said |= {OURS: first(ours.crosses(ours.violated(bad, n, world.limit)), units)}
    return said | {"ours: certified within the limit": first(ours.crosses(ours.satisfied(bad, n, world.limit)), units)}


def looks_after_break(world: Failing, rng: np.random.Generator, runs: int) -> Samples:
    """Looks from the break to the rollback; infinite for a rollback before it, which would be a false one."""
    healthy = world.looks // len(world.rates)
    return {name: _after(sample / world.per_look, healthy) for name, sample in rollbacks(world, rng, runs).items()}


def _after(looks: np.ndarray, healthy: int) -> np.ndarray:
    return np.where(looks > healthy, looks - healthy, math.inf)


def checks(rate: float, false: float | None, median: float | None, per_check: int = 200) -> Case:
    """100 checks."""
    own = Line(OURS, "rolls back", OURS, Share(), Bound(false) if false else None)
    soon = (Line(OURS, "median requests", OURS, Median("requests"), Bound(median) if median else None),) if rate > 0.01 else ()
    others = [Line(name, "rolls back", name, Share()) for name in PEERS]
    times = [Line(name, "median requests", name, Median("requests")) for name in PEERS] if rate > 0.01 else []
    world = Failing(100, per_check, (rate,))
    words = f"error rate {100 * rate:g} %, limit 1 %, 100 checks of {per_check:,} requests"
    return Case("G4", words, 2000, partial(rollbacks, world), (own, *soon, *others, *times))


LATE = Failing(100, 1000, (0.004, 0.03))
CERTIFIED = "ours: certified within the limit"

CASES = [
    checks(0.005, 0.01, None), checks(0.008, 0.01, None), checks(0.01, 0.05, None),
    checks(0.005, 0.01, None, per_check=1000), checks(0.008, 0.01, None, per_check=1000),
    checks(0.015, None, None), checks(0.02, None, 1200), checks(0.03, None, 600),
    Case(
        "G4", "error rate 1 %, limit 1 %, 1,000 checks of 1,000 requests", 500, partial(rollbacks, Failing(1000, 1000, (0.01,))),
        (Line(OURS, "rolls back", OURS, Share(), Bound(0.05)), Line(CERTIFIED, "certifies", CERTIFIED, Share(), Bound(0.05))),
    ),
    Case(
        "G5", "error rate 0.4 %, from look 51 on 3 %; limit 1 %, looks of 1,000 requests", 1000, partial(looks_after_break, LATE),
        (
            Line(OURS, "median looks after the break", OURS, Median("looks"), Bound(3)),
            *(Line(name, "median looks after the break", name, Median("looks")) for name in PEERS),
        ),
    ),
]
