"""Where one arm's quantile of latency lies: a confidence sequence from order statistics.

Howard & Ramdas (2022), Sequential estimation of quantiles with applications to A/B testing and best-arm identification: the number of
values at or below the true quantile is a sum of coin tosses of known probability, so the order statistics whose ranks are plausible
for that sum enclose the quantile. Plausible means a beta-binomial e-value below 1/alpha.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np

from lab.stats.evalue import checked_alpha, threshold
from lab.stats.histogram import BINS, Histogram, edge_s
from lab.stats.interval import Interval, met, of_json, to_json
from lab.stats.limit import beta_binomial_log_e, prior


class Ranks(NamedTuple):
    """Of n sorted values, the quantile lies from the low-th to the high-th, counted from 1; 0 and n + 1 mean no bound."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class QuantileInterval:
    """The running confidence sequence of one quantile, in seconds, from histograms: their bins' outer edges, so never too narrow.

    Valid at all looks together for independent latencies of one distribution. No `merge`: the looks are a sequence.
    """

    quantile: float = 0.95
    alpha: float = 0.05
    looks: int = 0
    seen: Histogram = field(default_factory=Histogram)
    kept: Interval | None = None

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise ValueError(f"The quantile is {self.quantile}, must be between 0 and 1.")
        if self.kept is None:
            object.__setattr__(self, "kept", Interval(0.0, math.inf, checked_alpha(self.alpha)))

    def update(self, block: Histogram) -> Self:
        """One look later."""
        seen = self.seen.merge(block)
        kept = met(self.kept, enclosing(seen, self.quantile, self.alpha)) if block.n else self.kept
        return replace(self, looks=self.looks + 1, seen=seen, kept=kept)

    @property
    def estimate(self) -> float:
        """The quantile seen, in seconds; nan before anything was."""
        return self.seen.quantile(self.quantile)

    def interval(self, alpha: float | None = None) -> Interval:
        """The latencies in seconds not ruled out: at its own alpha the intersection over all looks, at another alpha this look's."""
        if alpha is None or alpha == self.alpha:
            return self.kept
        now = enclosing(self.seen, self.quantile, checked_alpha(alpha))
        return met(self.kept, now) if self.alpha < alpha else now

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        said = {"quantile": self.quantile, "alpha": self.alpha, "looks": self.looks}
        return said | {"seen": self.seen.to_json(), "kept": to_json(self.kept)}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        return cls(**said | {"seen": Histogram.from_json(said["seen"]), "kept": of_json(said["kept"])})


def plausible_ranks(n: int, quantile: float, alpha: float) -> Ranks:
    """Which order statistics of n values enclose the quantile, at every n together, with probability at least 1 - alpha."""
    middle = round(quantile * n)
    return Ranks(_last_plausible(n, quantile, alpha, middle, 0), _last_plausible(n, quantile, alpha, middle, n) + 1)


def _last_plausible(n: int, quantile: float, alpha: float, inside: int, edge: int) -> int:
    """The count of values at or below the quantile that is plausible and nearest to `edge`, by 33 counts at a time."""
    a, b = prior(1 - quantile)
    while abs(edge - inside) > 1:
        counts = np.unique(np.linspace(inside, edge, 33).round())[:: 1 if edge > inside else -1]
        plausible = beta_binomial_log_e(n, counts, b, a, quantile) < threshold(alpha)
        if plausible.all():
            return edge
        last = max(int(plausible.argmin()) - 1, 0)
        inside, edge = int(counts[last]), int(counts[last + 1])
    at_edge = float(beta_binomial_log_e(n, edge, b, a, quantile)) if n else 0.0
    return edge if at_edge < threshold(alpha) else inside


def enclosing(seen: Histogram, quantile: float, alpha: float) -> Interval:
    """This look's interval: valid at all looks together, without their intersection."""
    n = round(seen.n)
    ranks = plausible_ranks(n, quantile, alpha)
    first, last = seen.bin_of_rank(ranks.low), seen.bin_of_rank(min(ranks.high, n))
    # The first and the last bin hold everything beyond the range too.
    low = float(edge_s(first)) if ranks.low > 0 and first > 0 else 0.0
    high = float(edge_s(last + 1)) if ranks.high <= n and last < BINS - 1 else math.inf
    return Interval(low, high, alpha)
