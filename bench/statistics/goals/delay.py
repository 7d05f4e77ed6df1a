"""G10: rewards come late; while the candidate's share grows, its visitors are younger, which is not an effect."""

from functools import partial

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.summary import Share
from bench.statistics.visitors import Delayed, delayed
from bench.statistics.worlds import RAMP, Seen

OURS = "ours: conditional e-process on matured cohorts"
NAIVE = "confidence sequence, not yet counts as no (GrowthBook)"


def differs(world: Delayed, rng: np.random.Generator, runs: int) -> Samples:
    """When each rule first says that the variants differ."""
    a, b = delayed(world, rng, runs)
    entered = (np.cumsum(a.entered, axis=1), np.cumsum(b.entered, axis=1))
    total = Seen(entered[0], a.converted_so_far, entered[1], b.converted_so_far)
    matured = Seen(*(counts[:, : -world.window] for counts in (a.entered, a.converted_in_window, b.entered, b.converted_in_window)))
    return {OURS: first(ours.crosses(ours.binary(matured))), NAIVE: first(peers.pooled_sequence_of_rates(total))}


WORLD = Delayed(looks=100, per_look=1000, rate=0.1, shares=RAMP, stays=0.9, window=20)

CASES = [
    Case(
        "G10", "identical; share 5 → 50 %, conversions come 10 looks later on average, window 20 looks, 100 looks at 1,000 visitors", 1000,
        partial(differs, WORLD),
        (Line(OURS, "ever rejects", OURS, Share(), Bound(0.05)), Line(NAIVE, "ever rejects", NAIVE, Share())),
    ),
]
