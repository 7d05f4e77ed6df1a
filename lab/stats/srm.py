"""Is the split that was observed the split that was planned? A mismatch of the sample ratio means the comparison cannot be trusted.

Lindon & Malek (2022), Anytime-valid inference for multinomial count data, average the likelihood ratio over alternatives. Here an
alternative multiplies one variant's odds by exp(g) in every block, so that the planned split may change from block to block.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from lab.stats.counts import whole
from lab.stats.curve import Curve, Floats, chebyshev_points, normal_grid
from lab.stats.evalue import NO_EVIDENCE, Evidence, Told, mean_log_e

# Odds up to 7 times those planned, either way; beyond, the largest tilt speaks.
REACH = 2.0
POINTS = 41
# The tilts expected to matter: a variant that has lost or gained about 5 % of its visitors.
SCALE = 0.05
# Shares of the stake and their scales: a twentieth is on gross mismatches, which then show several times sooner.
PRIOR = ((0.95, SCALE), (0.05, 10 * SCALE))


class SplitBlock(NamedTuple):
    """counts: visitors first assigned to each variant in the block. planned: their shares, summing to 1 (or to 100, ...)."""

    counts: Mapping[str, int]
    planned: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SplitCheck(Told):
    """An e-process for "every visitor was assigned by the planned split", over two or more named variants.

    Count visitors at their first assignment: requests of one visitor are not independent. No `merge`: the looks are a sequence.
    """

    variants: tuple[str, ...]
    looks: int = 0
    counts: tuple[int, ...] = ()
    expected: tuple[float, ...] = ()
    values: tuple[tuple[float, ...], ...] = ()
    evidence: Evidence = NO_EVIDENCE

    def __post_init__(self) -> None:
        if len(self.variants) < 2 or len(set(self.variants)) < len(self.variants):
            raise ValueError(f"The variants are {list(self.variants)}, must be two or more different names.")
        k = len(self.variants)
        start = {"counts": (0,) * k, "expected": (0.0,) * k, "values": ((0.0,) * POINTS,) * k}
        for name, nothing in start.items():
            if not getattr(self, name):
                object.__setattr__(self, name, nothing)

    def update(self, block: SplitBlock) -> Self:
        """One look later. ValueError for unknown variants, shares that are no shares, or visitors where none were planned."""
        counts, shares = self._counts(block), self._shares(block)
        total = sum(counts)
        values = np.asarray(self.values) + tilted(np.asarray(counts), shares, chebyshev_points(REACH, POINTS))
        return replace(
            self,
            looks=self.looks + 1,
            counts=tuple(a + b for a, b in zip(self.counts, counts, strict=True)),
            expected=tuple(a + total * float(share) for a, share in zip(self.expected, shares, strict=True)),
            values=tuple(tuple(row) for row in values.tolist()),
            evidence=self.evidence.seen(log_e_of(values)),
        )

    @property
    def estimate(self) -> dict[str, float]:
        """Per variant the visitors seen for each one expected; 1 where none were expected."""
        return {name: c / e if e else 1.0 for name, c, e in zip(self.variants, self.counts, self.expected, strict=True)}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        said = {name: list(getattr(self, name)) for name in ("variants", "counts", "expected")}
        return said | {"looks": self.looks, "values": [list(row) for row in self.values], "evidence": self.evidence.to_json()}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        tuples = {name: tuple(said[name]) for name in ("variants", "counts", "expected")}
        return cls(**tuples, looks=said["looks"], values=tuple(map(tuple, said["values"])), evidence=Evidence.from_json(said["evidence"]))

    def _counts(self, block: SplitBlock) -> tuple[int, ...]:
        unknown = set(block.counts) | set(block.planned)
        if unknown - set(self.variants):
            raise ValueError(f"{sorted(unknown - set(self.variants))[0]} is no variant of this split: {', '.join(self.variants)}.")
        return tuple(whole(f"The visitors of {name}", block.counts.get(name, 0)) for name in self.variants)

    def _shares(self, block: SplitBlock) -> Floats:
        shares = np.array([float(block.planned.get(name, 0.0)) for name in self.variants])
        if not ((shares >= 0).all() and 0 < shares.sum() < math.inf):
            said = ", ".join(f"{name} {share:g}" for name, share in zip(self.variants, shares, strict=True))
            raise ValueError(f"The planned shares are {said}: they must be 0 or more and not all 0.")
        for name, share in zip(self.variants, shares, strict=True):
            if share == 0 and block.counts.get(name, 0):
                raise ValueError(f"{name} got {block.counts[name]} visitors at a planned share of 0.")
        return shares / shares.sum()


def tilted(counts: ArrayLike, shares: ArrayLike, grid: Floats) -> Floats:
    """The log-likelihood ratio, against the plan, of each variant's odds times exp(grid).

    Counts and shares have the shape (..., k), the result (..., k, grid).
    """
    counts, shares = np.asarray(counts, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    total = counts.sum(axis=-1, keepdims=True)
    # Centred: the two terms nearly cancel when the counts are as planned.
    excess = counts - total * shares
    growth = np.log1p(shares[..., None] * np.expm1(grid)) - shares[..., None] * grid
    return excess[..., None] * grid - total[..., None] * growth


def log_e_of(values: Floats) -> float:
    """log e of the tilts' log-likelihood ratios, shape (k, POINTS): averaged over the prior of tilts and over the variants.

    Of two variants only one is tilted: tilting the other is the same with the opposite sign.
    """
    rows = values[:1] if len(values) == 2 else values
    return mean_log_e([_log_mean(Curve(row, REACH)) for row in rows])


def log_e_paths(counts: ArrayLike, shares: ArrayLike) -> Floats:
    """The log e-value after each look of many runs, for simulations: counts (runs, looks, k), shares broadcast to them.

    The prior's integral is a sum over tilts whose weights sum to 1: fine up to some millions of visitors, and valid beyond.
    """
    counts = np.asarray(counts, dtype=np.float64)
    k = 1 if counts.shape[-1] == 2 else counts.shape[-1]
    grid, log_weights = normal_grid(PRIOR, 0.0, -REACH, REACH, 120)
    values, log_e = np.zeros((counts.shape[0], k, grid.size)), np.empty(counts.shape[:2])
    shares = np.broadcast_to(np.asarray(shares, dtype=np.float64), counts.shape)
    for look in range(counts.shape[1]):
        values += tilted(counts[:, look], shares[:, look], grid)[:, :k]
        top = values.max(axis=(1, 2), keepdims=True)
        log_e[:, look] = top[:, 0, 0] + np.log((np.exp(values - top) @ np.exp(log_weights)).mean(axis=1))
    return log_e


def _log_mean(curve: Curve) -> float:
    return float(np.logaddexp(*(math.log(share) + curve.log_normal_mean(0.0, scale, -REACH, REACH) for share, scale in PRIOR)))
