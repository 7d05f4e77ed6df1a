"""Latencies that chance decides, in the bins of the lab's histograms."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from lab.simulate.course import is_number
from lab.stats.histogram import BINS, HIGHEST_S, LOWEST_S, PER_DECADE, bin_of, edge_s

Floats = NDArray[np.float64]
FORMS = "{median_ms: m, sigma: s}, or a list of {share: p, median_ms: m, sigma: s} whose shares add up to 1"
# What a latency of each bin is taken for when latencies are summed: the middle of its bin.
MIDDLES = edge_s(np.arange(BINS) + 0.5)


class Part(NamedTuple):
    """Lognormal latencies. sigma: the standard deviation of their natural logarithm; 0: all alike."""

    share: float
    median_s: float
    sigma: float


class Drawn(NamedTuple):
    """So many latencies by bin, shape (2000,), and their sum."""

    counts: Floats
    total_s: float


class Latencies:
    """A mixture of lognormal latencies, which load may stretch."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Latencies) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def draw(self, rng: np.random.Generator, n: int, stretch: float = 1.0) -> Drawn:
        """n latencies, each `stretch` times as long (to within a bin's width)."""
        shift = _bins(stretch)
        # A few are drawn one by one; of many only how many fall in each bin.
        counts = self._one_by_one(rng, n, shift) if n < self._bins_filled else self._by_bins(rng, n, shift)
        return Drawn(counts, float(counts @ MIDDLES))

    def each(self, rng: np.random.Generator, n: int) -> Floats:
        """n latencies in seconds."""
        shares = [part.share for part in self.parts]
        which = rng.choice(len(self.parts), n, p=shares) if len(self.parts) > 1 else np.zeros(n, dtype=np.int64)
        medians, sigmas = (np.array([getattr(part, name) for part in self.parts])[which] for name in ("median_s", "sigma"))
        return medians * np.exp(sigmas * rng.standard_normal(n))

    def slower(self, limit_s: float, stretch: float = 1.0) -> float:
        """The probability of a latency above the limit."""
        shift = _bins(stretch)
        return float(sum(part.share * (1 - _below(part, limit_s / 10 ** (shift / PER_DECADE))) for part in self.parts))

    @cached_property
    def _shares(self) -> Floats:
        """The probability of each bin."""
        edges = edge_s(np.arange(1, BINS))
        below = sum(part.share * _below(part, edges) for part in self.parts)
        return np.diff(np.concatenate([[0.0], np.asarray(below), [1.0]]))

    @cached_property
    def _filled(self) -> slice:
        """The bins in which a latency is likelier than one in 10^12."""
        places = np.flatnonzero(self._shares > 1e-12)
        return slice(int(places[0]), int(places[-1]) + 1)

    @cached_property
    def _bins_filled(self) -> int:
        return self._filled.stop - self._filled.start

    def _by_bins(self, rng: np.random.Generator, n: int, shift: int) -> Floats:
        shares = self._shares[self._filled]
        drawn = rng.multinomial(n, shares / shares.sum())
        return _moved(drawn, self._filled.start + shift)

    def _one_by_one(self, rng: np.random.Generator, n: int, shift: int) -> Floats:
        places = np.searchsorted(self._passed, rng.random(n), side="right")
        return _moved(np.bincount(places, minlength=self._bins_filled), self._filled.start + shift)

    @cached_property
    def _passed(self) -> Floats:
        passed = np.cumsum(self._shares[self._filled])
        return passed[:-1] / passed[-1]


def latencies(said: Any) -> Latencies:  # noqa: ANN401 - whatever the file says
    """What a world's file says. ValueError completes the sentence “… is …, must be …”."""
    if isinstance(said, Latencies):
        return said
    if isinstance(said, Mapping):
        return Latencies([_part({"share": 1, **said})])
    if not isinstance(said, list) or not said:
        raise ValueError(FORMS)
    parts = [_part(one) for one in said]
    if abs(sum(part.share for part in parts) - 1) > 1e-9:
        raise ValueError(f"{FORMS}; they add up to {sum(part.share for part in parts):g}")
    return Latencies(parts)


def histogram(values_s: Floats) -> Drawn:
    """Latencies by bin."""
    return Drawn(np.bincount(bin_of(values_s), minlength=BINS).astype(np.float64), float(values_s.sum()))


def _part(said: object) -> Part:
    if not isinstance(said, Mapping) or set(said) != {"share", "median_ms", "sigma"} or not all(is_number(one) for one in said.values()):
        raise ValueError(FORMS)
    if not (0 < said["share"] <= 1 and said["sigma"] >= 0 and LOWEST_S < said["median_ms"] / 1e3 < HIGHEST_S):
        raise ValueError(f"{FORMS}; shares are above 0, sigma is 0 or more, the median is between 0.01 and 1,000,000 ms")
    return Part(float(said["share"]), said["median_ms"] / 1e3, float(said["sigma"]))


def _below(part: Part, limit_s: Any) -> Any:  # noqa: ANN401 - a number or an array
    """The probability of a latency of the part below each limit."""
    return ndtr(np.log(np.asarray(limit_s) / part.median_s) / max(part.sigma, 1e-9))


def _bins(stretch: float) -> int:
    return round(math.log10(stretch) * PER_DECADE)


def _moved(counts: NDArray[np.int64], first: int) -> Floats:
    """Counts of neighbouring bins in their place among all; what is beyond either end goes to the last bin there."""
    made = np.zeros(BINS)
    if first >= 0 and first + counts.size <= BINS:
        made[first : first + counts.size] = counts
        return made
    np.add.at(made, np.clip(np.arange(first, first + counts.size), 0, BINS - 1), counts)
    return made
