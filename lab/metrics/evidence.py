"""What an experiment has seen between two moments, as Prometheus counted it: the blocks that the lab's judge takes.

A mesh splits requests, not visitors: each is a unit of its own. Rewards and truths are not in it: nobody there knows whose they are.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from string import Template
from typing import Final, NamedTuple

import numpy as np

from lab.judge.block import Arm, Block
from lab.metrics.counted import Stretch, begun, buckets, growth, scrapes, total
from lab.metrics.prometheus import Prometheus, Unavailable
from lab.stats.counts import Counts
from lab.stats.histogram import BINS, Histogram, bin_of
from lab.store.exposed import Run

# Seconds before a look from which samples are asked for: the last one before it is where its counting begins.
BACK_S: Final = 300.0


class Names(NamedTuple):
    """The series of one kind of exporter. `$variant` and the version's own names for itself are filled in."""

    requests: str
    """A counter of every request."""
    failed: str
    """The same counter, of the failed ones alone."""
    latency: str
    """A histogram's name with its labels, without _bucket or _sum: `name{labels}`."""
    per_second: float = 1.0
    """How many of the histogram's unit are a second."""


# What Istio's sidecars count: standard since 1.5. Code 0 is a connection that broke.
ISTIO: Final = Names(
    'istio_requests_total{reporter="source",destination_workload="$workload",destination_workload_namespace="$ns"}',
    'istio_requests_total{reporter="source",destination_workload="$workload",destination_workload_namespace="$ns",response_code=~"5..|0"}',
    'istio_request_duration_milliseconds{reporter="source",destination_workload="$workload",destination_workload_namespace="$ns"}',
    1000.0,
)


class Change(NamedTuple):
    """Since when a route has had which weights."""

    at: float
    epoch: int
    weights: Mapping[str, float]


class PrometheusEvidence:
    """Answers like the journals do: `ask(run, after, through)`."""

    def __init__(
        self,
        prometheus: Prometheus,
        names: Names,
        variables: Mapping[str, Mapping[str, str]],
        changes: Callable[[str], Sequence[Change]],
    ) -> None:
        """`variables`: of each variant, what its series are called by. `changes`: those of a route, in the order of time."""
        self._prometheus = prometheus
        self._names = names
        self._variables = variables
        self._changes = changes

    def __call__(self, run: Run, after: float, through: float) -> tuple[Block, ...]:
        """One block per epoch. Raises lab.metrics.prometheus.Unavailable: a look that cannot be had is made later, never empty."""
        if run.unit != "request":
            raise Unavailable(f"Prometheus counts requests, not visitors: {run.name} must say strength: {{unit: request}}.")
        found = []
        for change, stretch in stretches(self._changes(run.route), after, through):
            arms = {variant: arm for variant in run.variants if (arm := self._arm(variant, change, stretch)) is not None}
            if arms:
                found.append(Block(change.epoch, dict(change.weights), arms))
        return tuple(found)

    def _arm(self, variant: str, change: Change, stretch: Stretch) -> Arm | None:
        """None: Prometheus knows nothing of it, which is not the same as no requests."""
        since = max(stretch.begin, stretch.after - BACK_S) - 0.001
        names = Names(*(self._filled(one, variant) for one in self._names[:3]), self._names.per_second)
        told = self._prometheus.samples(names.requests, since, stretch.through)
        if not told:
            return None
        scraped = scrapes(told)
        others = (names.failed, _part(names.latency, "_bucket"), _part(names.latency, "_sum"))
        failed, times, sums = (begun(self._prometheus.samples(one, since, stretch.through), scraped) for one in others)
        requests = begun(told, scraped)
        n = total(requests, stretch)
        return Arm(
            requests=Counts(n, min(total(failed, stretch), n)),
            latency=histogram(buckets(times, stretch), names.per_second),
            visitors=n,
            leaked=0 if change.weights.get(variant, 0.0) else n,
            latency_total_s=sum(growth(one.samples, stretch) for one in sums) / names.per_second,
        )

    def _filled(self, selector: str, variant: str) -> str:
        return Template(selector).safe_substitute({"variant": variant, **self._variables.get(variant, {})})


def stretches(changes: Sequence[Change], after: float, through: float) -> list[tuple[Change, Stretch]]:
    """The parts of a look, each within one epoch."""
    ends = [*(one.at for one in changes[1:]), float("inf")]
    found = [(one, Stretch(one.at, max(after, one.at), min(through, end))) for one, end in zip(changes, ends, strict=False)]
    return [(change, stretch) for change, stretch in found if stretch.after < stretch.through]


def histogram(counts: Mapping[float, int], per_second: float) -> Histogram:
    """Each value just below the upper edge of its bucket. What is above the last edge counts as twice that."""
    highest = max((edge for edge in counts if math.isfinite(edge)), default=1.0)
    bins = np.zeros(BINS)
    for edge, count in counts.items():
        seconds = (edge if math.isfinite(edge) else 2 * highest) / per_second
        # Below the bin that holds the edge: a limit at an edge is what the counter answers exactly. Any other limit is met for certain only
        # where the whole bucket meets it.
        bins[max(int(bin_of(seconds)) - 1, 0)] += count
    return Histogram(bins)


def _part(name: str, suffix: str) -> str:
    bare, brace, labels = name.partition("{")
    return f"{bare}{suffix}{brace}{labels}"


def changes_in(lines: Iterable[Mapping[str, object]], route: str) -> list[Change]:
    """The changes of a route's weights that the journal of decisions tells of; `at` is in seconds since 1970."""
    found = []
    for said in lines:
        if said.get("route") == route and isinstance(said.get("epoch"), int) and isinstance(said.get("weights"), dict):
            found.append(Change(_seconds(said["time"]), said["epoch"], said["weights"]))  # type: ignore[arg-type]
    return sorted(found, key=lambda one: one.epoch)


def _seconds(time: object) -> float:
    return datetime.fromisoformat(str(time)).timestamp()
