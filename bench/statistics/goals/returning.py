"""G9: visitors who come back are counted as visitors; counting their visits makes noise look like an effect."""

from functools import partial

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.summary import Share
from bench.statistics.visitors import PairSums, Visits, ratio_and_variance, visited
from bench.statistics.worlds import Seen

MATURED = "ours: ratio per visitor, matured visitors"
OPEN = "ratio per visitor, windows still open (shown beside)"
Z = "z test of visits at every look"
SEQUENCE = "confidence sequence of visits (GrowthBook)"


def differs(world: Visits, rng: np.random.Generator, runs: int) -> Samples:
    """When each rule first says that the variants differ."""
    a, b = visited(world, 1.0, rng, runs), visited(world, world.odds_ratio, rng, runs)
    total = Seen(a.visits, a.successes, b.visits, b.successes).cumulative()
    (ratio_a, var_a), (ratio_b, var_b) = ratio_and_variance(a.open_window), ratio_and_variance(b.open_window)
    n = a.open_window.n + b.open_window.n
    matured = [_closed(arm.cohorts, world.window) for arm in (a, b)]
    own = ours.score_of_pairs(matured[0], matured[1], [0] * (world.looks - world.window))
    return {
        MATURED: first(ours.crosses(own)),
        OPEN: first(peers.pooled_sequence(ratio_b - ratio_a, var_a + var_b, n)),
        Z: first(peers.z_rejects(total)),
        SEQUENCE: first(peers.pooled_sequence_of_rates(total)),
    }


def _closed(cohorts: PairSums, window: int) -> PairSums:
    """Only the cohorts whose window has closed by the last look."""
    return PairSums(*(part[:, :-window] for part in cohorts))


WORLD = Visits(looks=100, per_look=20, rate=0.1, effect_spread=1.0, visits_spread=1.0, visits=3.0, window=10)

CASES = [
    Case(
        "G9", "identical; visitors' log odds vary by 1, visits are heavy-tailed, 100 looks at 20 new visitors per arm", 500,
        partial(differs, WORLD),
        (
            Line(MATURED, "ever rejects", MATURED, Share(), Bound(0.05)),
            *(Line(rule, "ever rejects", rule, Share()) for rule in (OPEN, Z, SEQUENCE)),
        ),
        chunk=50,
    ),
]
