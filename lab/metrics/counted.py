"""Counts from a counter's raw samples: whole numbers, none twice, none of another epoch. Pure.

PromQL's own `increase` guesses what happened before the first sample and after the last: 7.3 requests cannot be judged. The differences of
neighbouring samples are exact. A stretch between two samples that a change of the weights falls into belongs to neither epoch, and is left
out; which one it is does not depend on what visitors did in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from lab.metrics.prometheus import Series

Samples = Sequence[tuple[float, float]]


class Stretch(NamedTuple):
    """A part of a look in which the weights were constant. All in seconds since 1970."""

    begin: float
    """When the epoch began: samples before it tell of other weights."""
    after: float
    """What happened up to here was counted before."""
    through: float
    """The end, of the look or of the epoch."""


def increase(samples: Samples, stretch: Stretch) -> int:
    """How much a counter grew; a counter that fell has begun again at 0. Neighbouring stretches of one epoch add up."""
    return round(growth(samples, stretch))


def growth(samples: Samples, stretch: Stretch) -> float:
    """The same of a sum, which need not be whole."""
    within = [one for one in samples if stretch.begin <= one[0] <= stretch.through]
    before = [one for one in within if one[0] <= stretch.after]
    # Without a sample from before, the first one is where counting begins.
    counted = [*before[-1:], *(one for one in within if one[0] > stretch.after)]
    return sum(later - earlier if later >= earlier else later for (_, earlier), (_, later) in pairwise(counted))


# Who was scraped.
Target = tuple[str, ...]
TARGET: Final = ("job", "namespace", "pod", "instance")


def target(series: Series) -> Target:
    """Which pod a series is of."""
    return tuple(series.labels.get(name, "") for name in TARGET)


def scrapes(series: Iterable[Series]) -> dict[Target, list[float]]:
    """When each pod was scraped, as far as these series tell."""
    found: dict[Target, set[float]] = {}
    for one in series:
        found.setdefault(target(one), set()).update(at for at, _ in one.samples)
    return {one: sorted(times) for one, times in found.items()}


def begun(series: Iterable[Series], scraped: Mapping[Target, Sequence[float]]) -> list[Series]:
    """A series that a pod tells of for the first time, as for its first failure, was 0 when the pod was scraped before."""
    found = []
    for one in series:
        earlier = [at for at in scraped.get(target(one), ()) if at < one.samples[0][0]]
        found.append(one._replace(samples=((earlier[-1], 0.0), *one.samples)) if earlier else one)
    return found


def total(series: Iterable[Series], stretch: Stretch) -> int:
    """Of all series, which is of all pods."""
    return sum(increase(one.samples, stretch) for one in series)


def buckets(series: Iterable[Series], stretch: Stretch) -> dict[float, int]:
    """How many values lay at or below each upper edge (the label `le`), and above the one before it."""
    cumulative: dict[float, int] = {}
    for one in series:
        edge = float(one.labels["le"])
        cumulative[edge] = cumulative.get(edge, 0) + increase(one.samples, stretch)
    found, below = {}, 0
    for edge in sorted(cumulative):
        # Series are scraped together, but a restart may lie between two of them: a bucket is never less than empty.
        found[edge] = max(cumulative[edge] - below, 0)
        below = max(cumulative[edge], below)
    return found
