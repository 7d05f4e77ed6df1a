"""Worlds of latencies: lognormal answers of two variants, look by look."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bench.statistics.worlds import Floats, path, staged


class Latencies(NamedTuple):
    """Two variants whose answers take lognormal times."""

    looks: int
    per_look: int
    """Requests between two looks, both variants together."""
    scale: tuple[float, ...] = (0.1,)
    """The median in seconds: knots over the whole time, as load comes and goes."""
    spread: float = 0.6
    """Standard deviation of the logarithm."""
    slower: float = 1.0
    """The candidate's times over the baseline's."""
    slow_share: float = 0.0
    """The share of the candidate's calls that take `slow_factor` times as long."""
    slow_factor: float = 3.0
    candidate_spread: float | None = None
    """A different spread for the candidate with an equal 95th percentile."""
    shares: tuple[float, ...] = (0.5,)


class Block(NamedTuple):
    """Latencies between two looks, in seconds, shape (runs, requests)."""

    a: Floats
    b: Floats


# The 95 % point of the standard normal distribution.
Z95 = 1.6448536269514722


def blocks(world: Latencies, rng: np.random.Generator, runs: int) -> Iterator[Block]:
    """The evidence of all runs, one look after the other."""
    scales = path(world.scale, world.looks)
    shares = staged(world.shares, world.looks)
    for scale, share in zip(scales, shares, strict=True):
        n_b = round(share * world.per_look)
        a = scale * np.exp(world.spread * rng.standard_normal((runs, world.per_look - n_b)))
        yield Block(a, scale * _candidate(world, rng, (runs, n_b)))


def _candidate(world: Latencies, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Times as a multiple of the baseline's median."""
    spread = world.spread if world.candidate_spread is None else world.candidate_spread
    # Both 95th percentiles are equal before `slower` and `slow_share`.
    times = world.slower * np.exp(Z95 * (world.spread - spread) + spread * rng.standard_normal(shape))
    return np.where(rng.random(shape) < world.slow_share, times * world.slow_factor, times) if world.slow_share else times
