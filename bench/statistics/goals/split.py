"""G7: an observed split that is off is found, and a planned one that changes is not mistaken for one."""

from functools import partial
from typing import NamedTuple

import numpy as np

from bench.statistics import ours, peers
from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import first
from bench.statistics.summary import Median, Share
from bench.statistics.worlds import RAMP, staged


class Arriving(NamedTuple):
    """Visitors at their first assignment."""

    looks: int
    per_look: int
    shares: tuple[float, ...] = (0.5,)
    """Planned, in equally long stages."""
    lost: float = 0.0
    """The share of the candidate's visitors who are never counted."""


WARN, BLOCK = "ours: odds tilts, warns at 5 %", "ours: odds tilts, blocks at 0.1 %"
LEVELS = (0.05, 0.01, 0.001)
FINAL = "chi-squared p < 0.05 against the final split"


def alarms(world: Arriving, rng: np.random.Generator, runs: int) -> Samples:
    """Visitors counted when each rule says that the split is off."""
    planned = staged(world.shares, world.looks)
    assigned = rng.binomial(world.per_look, np.broadcast_to(planned, (runs, world.looks)))
    n_a, n_b = world.per_look - assigned, rng.binomial(assigned, 1 - world.lost)
    units = np.cumsum(n_a + n_b, axis=1)
    log_e = ours.split(n_a, n_b, planned)
    said = {WARN: ours.crosses(log_e), BLOCK: ours.crosses(log_e, 0.001)} | _chi_squared(n_a, n_b, planned)
    return {name: _units(holds, units) for name, holds in said.items()}


def _chi_squared(n_a: np.ndarray, n_b: np.ndarray, planned: np.ndarray) -> dict[str, np.ndarray]:
    total_a, total_b = np.cumsum(n_a, axis=1), np.cumsum(n_b, axis=1)
    expected = np.cumsum((n_a + n_b) * planned, axis=1)
    said = {_named(level): peers.chi_squared(total_a, total_b, expected, level) for level in LEVELS}
    return said | {FINAL: peers.chi_squared(total_a, total_b, (total_a + total_b) * planned[-1], 0.05)}


def _units(holds: np.ndarray, units: np.ndarray) -> np.ndarray:
    looks = first(holds)
    found = np.isfinite(looks)
    at = np.where(found, looks, 1).astype(int) - 1
    return np.where(found, units[np.arange(len(at)), at], np.inf)


def _named(level: float) -> str:
    return f"chi-squared p < {level:g} at every look"


def null(world: Arriving, words: str) -> Case:
    """Nothing is lost."""
    own = (Line(WARN, "false alarm", WARN, Share(), Bound(0.05)), Line(BLOCK, "false alarm", BLOCK, Share(), Bound(0.001)))
    others = [_named(level) for level in LEVELS] + ([FINAL] if len(world.shares) > 1 else [])
    return Case("G7", words, 2000, partial(alarms, world), (*own, *(Line(name, "false alarm", name, Share()) for name in others)))


def loss(lost: float, looks: int, bound: float | None) -> Case:
    """Some of the candidate's visitors are lost."""
    rules = {WARN: Bound(bound) if bound else None, BLOCK: None, _named(0.001): None}
    lines = tuple(Line(rule, "median visitors", rule, Median("visitors"), at) for rule, at in rules.items())
    words = f"{100 * lost:g} % of the candidate's visitors are lost, planned 50/50"
    return Case("G7", words, 1000, partial(alarms, Arriving(looks, 200, lost=lost)), lines)


CASES = [
    null(Arriving(1000, 200), "as planned, 50/50, 1,000 looks at 200 visitors"),
    null(Arriving(1000, 200, RAMP), "as planned, candidate's share 5, 10, 20, 35, 50 %, 1,000 looks at 200 visitors"),
    null(Arriving(1000, 50, (0.01, 0.9, 0.3)), "as planned, candidate's share 1, 90, 30 %, 1,000 looks at 50 visitors"),
    loss(0.02, 1500, None), loss(0.05, 400, 15_000), loss(0.1, 150, None),
]
