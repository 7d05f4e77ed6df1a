"""G3: how soon a true difference is found."""

from functools import partial

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.summary import Mean, Share
from bench.statistics.worlds import Binary, simulate

FIXED = 3841
"""Units per arm at which a z test that looks once finds 10 → 12 % with power 80 % (two-sided, 5 %)."""
WORLD = Binary(308, 100, (0.1,), lift=1.2)
LOG_ODDS_RATIO = float(np.log(0.12 / 0.88) - np.log(0.1 / 0.9))

OURS = "ours: conditional e-process"
SCORE = "ours: epoch-stratified score"
SEQUENCE = "pooled confidence sequence (GrowthBook)"
TOLD = "an e-process that is told the effect and its direction"


def found(world: Binary, rng: np.random.Generator, runs: int) -> Samples:
    """Units per arm at which each rule first says that the variants differ."""
    seen = simulate(world, rng, runs)
    units = seen.units // 2
    log_e = {OURS: ours.binary(seen), SCORE: ours.score_of_rates(seen, [0] * world.looks), TOLD: ours.told(seen, LOG_ODDS_RATIO)}
    said = {name: first(ours.crosses(values), units) for name, values in log_e.items()}
    return said | {SEQUENCE: first(peers.pooled_sequence_of_rates(seen.cumulative()), units)}


def lines(rule: str, bounds: tuple[float | None, ...]) -> tuple[Line, ...]:
    """Power at 1, 2 and 4 times the fixed sample, and the mean sample."""
    powers = zip((1, 2, 4), bounds, strict=False)
    shares = tuple(Line(rule, f"power at {times} x 3,841 per arm", rule, Share(times * FIXED), _at_least(at)) for times, at in powers)
    mean = Mean("x 3,841", cap=4 * FIXED, scale=FIXED)
    return *shares, Line(rule, "mean sample when stopped", rule, mean, Bound(bounds[3]) if bounds[3] else None)


def _at_least(at: float | None) -> Bound | None:
    return Bound(at, ">=") if at else None


NONE = (None,) * 4

CASES = [
    Case(
        "G3", "10 % against 12 %, half of the traffic each, a look every 50 per arm", 2000, partial(found, WORLD),
        (*lines(OURS, (0.5, 0.85, 0.99, 1.2)), *lines(SCORE, NONE), *lines(SEQUENCE, NONE), *lines(TOLD, NONE)),
    ),
]
