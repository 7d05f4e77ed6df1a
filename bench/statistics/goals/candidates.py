"""G12: of several identical candidates none wins, and an interval shown at every look never misses the truth."""

from functools import partial

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import NEVER, first
from bench.statistics.summary import Share
from bench.statistics.worlds import RAMP, Binary, Seen, simulate

OURS = "ours: e-Bonferroni over four candidates"
UNCORRECTED = "conditional e-process, no correction"
Z = "z test of any candidate at every look"


def any_winner(candidates: int, rng: np.random.Generator, runs: int) -> Samples:
    """When any of the candidates is first called different; all are identical to the baseline."""
    said = {OURS: np.full(runs, NEVER), UNCORRECTED: np.full(runs, NEVER), Z: np.full(runs, NEVER)}
    n = np.full((runs, 100), 100)
    s_a = rng.binomial(n, 0.1)
    for _ in range(candidates):
        seen = Seen(n, s_a, n, rng.binomial(n, 0.1))
        log_e = ours.binary(seen)
        now = {OURS: ours.crosses(log_e, 0.05 / candidates), UNCORRECTED: ours.crosses(log_e), Z: peers.z_rejects(seen.cumulative())}
        said = {name: np.minimum(said[name], first(holds)) for name, holds in now.items()}
    return said


def misses(world: Binary, rng: np.random.Generator, runs: int) -> Samples:
    """When the interval first misses the true odds ratio, which is when the e-value against it reaches 1/alpha."""
    seen = simulate(world, rng, runs)
    return {"ours": first(ours.crosses(ours.binary(seen, null=float(np.log(world.odds_ratio)))))}


def coverage(odds_ratio: float) -> Case:
    """An interval under ramp and drift."""
    world = Binary(200, 400, (0.08, 0.12), odds_ratio=odds_ratio, shares=RAMP)
    words = f"odds ratio {odds_ratio:g}; share 5 → 50 %, rates rise from 8 to 12 %, 200 looks at 400 requests"
    line = Line("ours: interval of the odds ratio", "ever misses", "ours", Share(), Bound(0.05))
    return Case("G12", words, 2000, partial(misses, world), (line,))


CASES = [
    Case(
        "G12", "a baseline and four candidates, all 10 %, 100 looks at 100 requests each", 2000, partial(any_winner, 4),
        (Line(OURS, "any is called different", OURS, Share(), Bound(0.05)),
         *(Line(rule, "any is called different", rule, Share()) for rule in (UNCORRECTED, Z))),
    ),
    *(coverage(odds_ratio) for odds_ratio in (1.0, 1.2, 0.8)),
]
