"""Latencies in 2,000 bins of equal ratio, 10 microseconds to 1,000 seconds: sums, quantiles, and how many were slower than an edge."""

import math
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 2_000
LOWEST_S = 1e-5
HIGHEST_S = 1e3
# Bins per factor of ten: each bin is 0.93 % wide.
PER_DECADE = 250


def edge_s(index: ArrayLike) -> NDArray[np.float64]:
    """The lower edge, in seconds, of the bin at `index`; the upper one of the bin before."""
    return LOWEST_S * 10 ** (np.asarray(index, dtype=np.float64) / PER_DECADE)


def bin_of(latency_s: ArrayLike) -> NDArray[np.int64]:
    """The bin of each latency in seconds; what is out of range goes to the first or the last bin. ValueError for negative or nan."""
    values = np.asarray(latency_s, dtype=np.float64)
    if not (values >= 0).all():
        raise ValueError(f"A latency is {values[~(values >= 0)][0]} s, must be 0 or more.")
    scaled = np.floor(np.log10(np.maximum(values, LOWEST_S) / LOWEST_S) * PER_DECADE + 1e-9)
    return np.minimum(scaled, BINS - 1).astype(np.int64)


def _nothing() -> NDArray[np.float64]:
    return np.zeros(BINS)


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """counts: how many latencies fell in each bin, shape (2000,). Fractions are allowed, for histograms that fade."""

    counts: NDArray[np.float64] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        if self.counts.shape != (BINS,) or not (self.counts >= 0).all():
            raise ValueError(f"A histogram's counts have shape {self.counts.shape}, must be ({BINS},) and 0 or more.")
        self.counts.setflags(write=False)

    @classmethod
    def of(cls, latencies_s: ArrayLike) -> Self:
        """The histogram of latencies in seconds."""
        return cls().add(latencies_s)

    def add(self, latencies_s: ArrayLike) -> Self:
        """With these latencies, in seconds, too."""
        return type(self)(self.counts + np.bincount(bin_of(np.atleast_1d(latencies_s)), minlength=BINS))

    def merge(self, other: "Histogram") -> Self:
        """Both together."""
        return type(self)(self.counts + other.counts)

    def scaled(self, share: float) -> Self:
        """Every count times `share`: how a histogram fades."""
        return type(self)(self.counts * share)

    @property
    def n(self) -> float:
        """How many latencies."""
        return float(self.counts.sum())

    def from_edge(self, index: int) -> float:
        """How many latencies were at or above `edge_s(index)`."""
        return float(self.counts[index:].sum())

    def above(self, limit_s: float) -> tuple[float, float]:
        """How many were surely slower than `limit_s`, and how many possibly: they differ by the bin that holds the limit."""
        index = int(bin_of(limit_s))
        surely = self.from_edge(index + 1)
        return surely, surely + float(self.counts[index])

    def quantile(self, q: float) -> float:
        """The latency, in seconds, with a share q at or below it; within its bin by equal ratios. nan when there is none."""
        if not 0 <= q <= 1:
            raise ValueError(f"The quantile is {q}, must be between 0 and 1.")
        if self.n == 0:
            return math.nan
        rank = q * self.n
        index = self.bin_of_rank(rank)
        inside = float(self.counts[index])
        before = float(self.counts[:index].sum())
        return float(edge_s(index + min(max((rank - before) / inside, 0.0), 1.0))) if inside else float(edge_s(index))

    def bin_of_rank(self, rank: float) -> int:
        """The first bin by whose end at least `rank` latencies (and at least one) have been passed."""
        passed = np.cumsum(self.counts)
        return int(min(np.searchsorted(passed, max(rank, min(1.0, float(passed[-1]))) - 1e-9), BINS - 1))

    def to_json(self) -> dict[str, Any]:
        """Only the bins with something in them: [bin, count] pairs."""
        filled = np.flatnonzero(self.counts)
        return {"bins": [[int(i), float(self.counts[i])] for i in filled]}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        counts = _nothing()
        for index, count in said["bins"]:
            counts[index] = count
        return cls(counts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and bool(np.array_equal(self.counts, other.counts))

    def __hash__(self) -> int:
        return hash(self.counts.tobytes())


