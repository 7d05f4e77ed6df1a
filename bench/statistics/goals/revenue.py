"""G8: rare, heavy-tailed amounts at a small share of the traffic must not look like a difference."""

from functools import partial

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.summary import Share
from bench.statistics.visitors import Revenue, mean_and_variance, spent

OURS = "ours: score with guarded variance"
WELCH = "confidence sequence with Welch variance, tuned for 5,000 (GrowthBook)"
WELCH_LATE = "confidence sequence with Welch variance, tuned for 100,000"


def differs(world: Revenue, rng: np.random.Generator, runs: int) -> Samples:
    """When each rule first says that the variants differ."""
    a, b = spent(world, rng, runs)
    (mean_a, var_a), (mean_b, var_b) = mean_and_variance(a), mean_and_variance(b)
    n = np.cumsum(a.n + b.n, axis=1)
    pooled = partial(peers.pooled_sequence, mean_b - mean_a, var_a + var_b, n)
    own = ours.score_of_sums(a, b, [0] * world.looks)
    return {OURS: first(ours.crosses(own)), WELCH: first(pooled(tuned_for=5000.0)), WELCH_LATE: first(pooled(tuned_for=1e5))}


def lines(measure: str, bound: Bound | None) -> tuple[Line, ...]:
    """Ours first."""
    return Line(OURS, measure, OURS, Share(), bound), *(Line(rule, measure, rule, Share()) for rule in (WELCH, WELCH_LATE))


RARE = Revenue(200, 500, buyers=0.05, spread=1.5, share=0.05)
RARER = Revenue(200, 500, buyers=0.01, spread=2.0, share=0.02)

LOOKS = "200 looks at 500 visitors"


def null(world: Revenue, words: str, runs: int) -> Case:
    """Identical variants."""
    return Case("G8", f"identical; {words}; {LOOKS}", runs, partial(differs, world), lines("ever rejects", Bound(0.05)), chunk=100)


LESS = RARE._replace(share=0.5, candidate_factor=0.7)

CASES = [
    null(RARE, "candidate's share 5 %, 5 % buy, lognormal with sigma 1.5", 1000),
    null(RARER, "candidate's share 2 %, 1 % buy, lognormal with sigma 2", 1000),
    null(RARE._replace(share=0.5), "half each, 5 % buy, lognormal with sigma 1.5", 500),
    Case(
        "G8", f"buyers spend 30 % less; half each, 5 % buy, lognormal with sigma 1.5; {LOOKS}", 500, partial(differs, LESS),
        lines("finds it", None), chunk=100,
    ),
]
