"""Compares a mean of bounded values with a limit, say the mean latency: evidence that it is violated, and that it is kept.

Each claim is a bet against its opposite. While the mean is at most m, the wealth prod(1 + u (x_i - m)) with 0 <= u < 1/m is a
supermartingale of mean 1 (Waudby-Smith & Ramdas 2024): large wealth says that the limit m is violated. With values of at most B and
0 >= u > -1/(B - m) the same holds while the mean is at least m: large wealth says that it is kept. Exact at any sample size, whatever
the shape of the values and however their mean drifts within the claim. The bets u are a fixed grid, averaged: the order inside a block
does not matter, and the best bet need not be known.

"Violated" restarts at every block with weight 1/(k(k+1)), k the block, and the weight of restarts to come stays in cash: a late
regression shows as fast as an early one (after Shin, Ramdas & Rinaldo 2024).
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from lab.stats.evalue import Evidence, Told

# Bets as shares of the largest that cannot lose everything.
BETS = np.geomspace(0.003, 0.99, 16)
# The stake on each. That the limit is kept is best bet on with all one has wherever the bound is far above the limit: half the stake is.
ABOVE = np.full(BETS.size, -math.log(BETS.size))
BELOW = np.log(np.append(np.full(BETS.size - 1, 0.5 / (BETS.size - 1)), 0.5))
NO_EVIDENCE = Evidence()


def violated_increments(values: ArrayLike, limit: float, counts: ArrayLike = 1) -> NDArray[np.float64]:
    """What a block adds to the log wealth of each bet that the mean is above `limit`. values: (..., n), 0 or more. Result: (..., bets)."""
    return _increments(np.asarray(values, dtype=np.float64) / limit - 1, counts)


def satisfied_increments(values: ArrayLike, limit: float, bound: float, counts: ArrayLike = 1) -> NDArray[np.float64]:
    """The same for the mean below `limit`. Values above `bound` count as `bound`: the claim is about values cut there."""
    cut = np.minimum(np.asarray(values, dtype=np.float64), bound)
    return _increments((limit - cut) / (bound - limit), counts)


def restarted(wealth: NDArray[np.float64], block: int, increments: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log wealth (..., bets) after block number `block` (from 1), bet by bet, of all restarts so far. -inf before the first."""
    return np.logaddexp(wealth, -math.log(block * (block + 1))) + increments


def log_e_restarted(wealth: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """The log e-value of that: the mean over bets, and the cash for the restarts to come."""
    return np.logaddexp(log_e_mean(wealth, ABOVE), -math.log(block + 1))


def log_e_mean(wealth: NDArray[np.float64], stakes: NDArray[np.float64] = BELOW) -> NDArray[np.float64]:
    """The log of the mean over bets (the last axis), weighted by the stakes."""
    return np.asarray(scipy.special.logsumexp(wealth + stakes, axis=-1))


@dataclass(frozen=True, slots=True)
class MeanLimit(Told):
    """Is the mean above `limit`, or below it? Both have an e-process of their own; `log_e` and what follows from it are of "violated".

    limit, bound: in the values' unit; bound: no value is larger, say the proxy's time-out. blocks: those with values. above, below: the
    log wealth of each bet that the mean is above, and below, the limit. There is no `merge`: the looks are a sequence.
    """

    limit: float
    bound: float
    looks: int = 0
    n: int = 0
    total: float = 0.0
    blocks: int = 0
    above: tuple[float, ...] = ()
    below: tuple[float, ...] = (0.0,) * BETS.size
    violated: Evidence = NO_EVIDENCE
    satisfied: Evidence = NO_EVIDENCE

    def __post_init__(self) -> None:
        if not 0 < self.limit < self.bound < math.inf:
            raise ValueError(f"The limit is {self.limit} and the bound {self.bound}, must be 0 < limit < bound.")

    def update(self, values: ArrayLike, counts: ArrayLike | None = None) -> Self:
        """One look further, with the values since the last; `counts` says how often each occurred. ValueError if one is negative."""
        numbers, times = _checked(values, counts)
        if not times.sum():
            return replace(self, looks=self.looks + 1)
        return self._bet(numbers, times)

    def _bet(self, values: NDArray[np.float64], counts: NDArray[np.float64]) -> Self:
        block = self.blocks + 1
        before = np.array(self.above or (-np.inf,) * BETS.size)
        above = restarted(before, block, violated_increments(values, self.limit, counts))
        below = np.array(self.below) + satisfied_increments(values, self.limit, self.bound, counts)
        return replace(
            self,
            looks=self.looks + 1,
            n=self.n + int(counts.sum()),
            total=self.total + float(values @ counts),
            blocks=block,
            above=tuple(above.tolist()),
            below=tuple(below.tolist()),
            violated=self.violated.seen(float(log_e_restarted(above, block))),
            satisfied=self.satisfied.seen(float(log_e_mean(below))),
        )

    @property
    def estimate(self) -> float:
        """The mean of all values; nan without any."""
        return self.total / self.n if self.n else math.nan

    @property
    def evidence(self) -> Evidence:
        """That of `violated`: its e-value is the one that guards."""
        return self.violated

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        plain = {name: getattr(self, name) for name in ("limit", "bound", "looks", "n", "total", "blocks")}
        evidence = {"violated": self.violated.to_json(), "satisfied": self.satisfied.to_json()}
        return plain | {"above": list(self.above), "below": list(self.below)} | evidence

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        evidence = {name: Evidence.from_json(said[name]) for name in ("violated", "satisfied")}
        return cls(**said | evidence | {name: tuple(said[name]) for name in ("above", "below")})


def _increments(off: NDArray[np.float64], counts: ArrayLike) -> NDArray[np.float64]:
    """The sum over values of counts * log(1 + bet * off), one bet at a time: memory for one copy of the values."""
    times = np.asarray(counts, dtype=np.float64)
    return np.stack([np.sum(times * np.log1p(bet * off), axis=-1) for bet in BETS], axis=-1)


def _checked(values: ArrayLike, counts: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numbers = np.asarray(values, dtype=np.float64).ravel()
    times = np.ones_like(numbers) if counts is None else np.asarray(counts, dtype=np.float64).ravel()
    if times.shape != numbers.shape:
        raise ValueError(f"There are {numbers.size} values and {times.size} counts, must be as many.")
    for name, array in (("values", numbers), ("counts", times)):
        if wrong := array[~(np.isfinite(array) & (array >= 0))].tolist():
            raise ValueError(f"{name} has {wrong[0]}, must be finite and 0 or more.")
    return numbers, times
