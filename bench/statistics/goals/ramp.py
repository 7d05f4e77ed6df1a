"""G2: while the candidate's share grows and the base rate drifts, identical variants stay identical and a worse one is never better."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import at_end, first
from bench.statistics.summary import Share
from bench.statistics.worlds import RAMP, Binary, Floats, Seen, rates, simulate, stages

OURS = "ours: conditional e-process"
SCORE = "ours: epoch-stratified score"
PEERS = {
    "pooled z test at every look": peers.z_rejects,
    "pooled confidence sequence (GrowthBook)": peers.pooled_sequence_of_rates,
}

DRIFT = Binary(100, 1000, (0.08, 0.12), shares=RAMP)
STEADY = DRIFT._replace(baseline=(0.1,))
UP_AND_DOWN = Binary(150, 700, (0.05, 0.16, 0.03, 0.09), shares=(0.02, 0.1, 0.3, 0.6, 0.25, 0.8, 0.5), split="random")
WORSE = DRIFT._replace(lift=0.95)


def differs(world: Binary, rng: np.random.Generator, runs: int) -> Samples:
    """When each rule first says that the variants differ."""
    return _differs(simulate(world, rng, runs), stages(world))


def _differs(seen: Seen, epochs: Sequence[int]) -> Samples:
    total, units = seen.cumulative(), seen.units
    said = {name: first(rule(total), units) for name, rule in PEERS.items()}
    said |= {"pooled z test once, at the end": at_end(peers.z_rejects(total), units)}
    log_e = {OURS: ours.binary(seen), SCORE: ours.score_of_rates(seen, epochs)}
    return said | {name: first(ours.crosses(values), units) for name, values in log_e.items()}


def better(world: Binary, rng: np.random.Generator, runs: int) -> Samples:
    """When each rule first says that the candidate is better. It is worse."""
    seen = simulate(world, rng, runs)
    total = seen.cumulative()
    said = {name: first(rule(total) & peers.best_estimate(total)) for name, rule in PEERS.items()}
    said |= {"best estimate at the end (Iter8 v2)": at_end(peers.best_estimate(total))}
    log_e = {OURS: ours.binary(seen, side="greater"), SCORE: ours.score_of_rates(seen, stages(world), side="greater")}
    return said | {name: first(ours.crosses(values)) for name, values in log_e.items()}


def with_bandit(world: Binary, rng: np.random.Generator, runs: int) -> Samples:
    """The same while Thompson sampling chooses the split from what was seen, at least 5 % for each."""
    return _differs(_bandit(world, rng, runs), range(world.looks))


def _bandit(world: Binary, rng: np.random.Generator, runs: int) -> Seen:
    rate_a, rate_b = rates(world)
    total = np.zeros((runs, 4))
    blocks = []
    for look in range(world.looks):
        n_b = np.rint(_thompson_share(total, rng) * world.per_look).astype(np.int64)
        n_a = world.per_look - n_b
        block = np.stack([n_a, rng.binomial(n_a, rate_a[look]), n_b, rng.binomial(n_b, rate_b[look])], axis=1)
        total += block
        blocks.append(block)
    return Seen(*np.stack(blocks, axis=2).transpose(1, 0, 2))


def _thompson_share(total: Floats, rng: np.random.Generator, floor: float = 0.05) -> Floats:
    """P(candidate is best) by 200 draws from both posteriors."""
    n_a, s_a, n_b, s_b = total.T[..., None]
    draws = (total.shape[0], 200)
    best = rng.beta(1 + s_b, 1 + n_b - s_b, draws) > rng.beta(1 + s_a, 1 + n_a - s_a, draws)
    return np.clip(best.mean(axis=1), floor, 1 - floor)


def lines(measure: str, bound: float, *others: str) -> tuple[Line, ...]:
    """Ours has to keep the bound; the others are shown."""
    own = (Line(name, measure, name, Share(), Bound(bound)) for name in (OURS, SCORE))
    return *own, *(Line(name, measure, name, Share()) for name in (*PEERS, *others))


WRONG = lines("ever rejects", 0.05, "pooled z test once, at the end")
RAMP_WORDS = "candidate's share 5, 10, 20, 35, 50 %, 100 looks at 1,000 requests"

CASES = [
    Case("G2", f"identical; {RAMP_WORDS}; rates rise 8 → 12 %", 2000, partial(differs, DRIFT), WRONG),
    Case("G2", f"identical; {RAMP_WORDS}; rates stay at 10 %", 1000, partial(differs, STEADY), WRONG),
    Case(
        "G2", "identical; share 2, 10, 30, 60, 25, 80, 50 %, each request drawn, 150 looks at 700; rates 5 → 16 → 3 → 9 %", 2000,
        partial(differs, UP_AND_DOWN), WRONG,
    ),
    Case("G2", "identical; Thompson sampling chooses the share; rates rise 8 → 12 %", 1000, partial(with_bandit, DRIFT), WRONG),
    Case(
        "G2", f"candidate's rate 5 % lower; {RAMP_WORDS}; rates rise 8 → 12 %", 2000, partial(better, WORSE),
        lines("ever called better", 0.01, "best estimate at the end (Iter8 v2)"),
    ),
]
