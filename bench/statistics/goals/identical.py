"""G1: two identical variants must not be called different, however rare successes are and however often one looks."""

from functools import partial

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import at_end, first
from bench.statistics.summary import Share
from bench.statistics.worlds import Binary, simulate

REQUESTS = 20_000
LOOKS = (1, 3, 10, 30, 100, 300, 1000)
"""How often the same 20,000 requests are looked at: the plot's axis."""
RATES = (0.001, 0.005, 0.01, 0.05, 0.5)

RULES = {
    "z test at every look": peers.z_rejects,
    "pooled confidence sequence (GrowthBook)": peers.pooled_sequence_of_rates,
    "P(best) > 0.95 at every look": partial(peers.probably_best, probability=0.95),
    "P(best) > 0.99 at every look (Iter8 v1)": partial(peers.probably_best, probability=0.99),
}
OURS = "ours: conditional e-process"


def decisions(world: Binary, rng: np.random.Generator, runs: int) -> Samples:
    """When each rule first says that the variants differ."""
    seen = simulate(world, rng, runs)
    total = seen.cumulative()
    said = {name: first(rule(total)) for name, rule in RULES.items()}
    once = {
        "z test once, at the end": at_end(peers.z_rejects(total)),
        "best estimate at the end (Iter8 v2)": at_end(peers.best_estimate(total)),
    }
    return {OURS: first(ours.crosses(ours.binary(seen)))} | said | once


def lines(peers_too: bool) -> tuple[Line, ...]:
    """Ours has to keep 5 %; the others are shown."""
    others = (*RULES, "z test once, at the end", "best estimate at the end (Iter8 v2)") if peers_too else ("z test at every look",)
    shown = (Line(name, "ever rejects", name, Share()) for name in others)
    return Line(OURS, "ever rejects", OURS, Share(), Bound(0.05)), *shown


def world(rate: float, looks: int) -> Binary:
    """Half of the traffic each."""
    return Binary(looks, REQUESTS // looks // 2 * 2, (rate,))


def case(rate: float, looks: int) -> Case:
    """One rate, looked at so often."""
    said = f"success rate {100 * rate:g} %, {looks:,} look{'s' if looks > 1 else ''} at 20,000 requests"
    return Case("G1", said, 2000, partial(decisions, world(rate, looks)), lines(rate == 0.1))


THIN = Binary(1000, 4, (0.1,), split="random")

CASES = [
    *(case(0.1, looks) for looks in LOOKS),
    *(case(rate, 1000) for rate in RATES),
    Case(
        "G1", "success rate 10 %, 1,000 looks at 4 requests each that draw their variant (blocks often lack one)", 2000,
        partial(decisions, THIN), lines(peers_too=False),
    ),
]
