"""Says what each variant did: requests, failures, latency, labels, outliers, rewards, and how much is known of that."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import duckdb

from lab.store import drift
from lab.store.drift import Shift
from lab.store.store import Store
from lab.store.sums import BLOCK_S, LOWEST_S, PER_DECADE
from lab.store.tables import EPOCH_START

# What a shadow answered nobody saw; a request without a variant is the gateway's own answer.
SHADOWLESS = "reason is distinct from 'shadow'"
WANTED = "variant is not null and ($route is null or route = $route) and ($since is null or block >= $since)"
SEEN = f"{WANTED} and {SHADOWLESS}"
COUNTED = f"filter (where {SHADOWLESS})"


class Latency(NamedTuple):
    """Quantiles of the time that a visitor's whole request took, in seconds, to within one percent."""

    p50_s: float
    p95_s: float
    p99_s: float


class Rewards(NamedTuple):
    """What came back about a variant's predictions; one reward per prediction."""

    predictions: int
    """Predictions that got one."""
    mean: float | None
    late: int
    """Of them after the attribution window: no verdict uses those."""
    coverage: float
    """Share of the variant's predictions that got one, 0 … 1."""


class VariantReport(NamedTuple):
    """One variant of one route, without its shadow copies, which are only counted."""

    route: str
    variant: str
    requests: int
    """Predictions that were assigned to it."""
    reasons: dict[str, int]
    """How many of them by split, roundrobin, rule and override; and its shadow copies."""
    failures: int
    """Answers 5xx, broken off, or given by another variant in its place."""
    rescued: int
    """Failures that another variant answered for."""
    refused: int
    """Answers 4xx: the clients' mistakes."""
    latency: Latency | None
    labels: dict[str, int]
    outlier_share: float | None
    """Of the predictions that were checked for it; None where none was."""
    rewards: Rewards
    shift: Shift | None
    """Drift since its first predictions; None while there are too few."""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        nested = {name: part._asdict() if part is not None else None for name, part in self._nested().items()}
        return self._asdict() | nested

    def _nested(self) -> dict[str, Any]:
        return {"latency": self.latency, "rewards": self.rewards, "shift": self.shift}


def report(store: Store, since: datetime | None = None, route: str | None = None) -> list[VariantReport]:
    """Every variant that predicted since a moment (UTC without a zone; to the block of ten seconds), of one route or of all."""
    start = None if since is None else since - (since - EPOCH_START) % timedelta(seconds=BLOCK_S)
    with store.cursor() as cursor:
        # One view of the tables: rewards and the predictions that they are about belong together.
        cursor.execute("begin transaction read only")
        return _Reporter(cursor, {"since": start, "route": route}).all()


class _Reporter:
    """Questions that share their conditions."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, conditions: dict[str, Any]) -> None:
        self.cursor = cursor
        self.conditions = conditions

    def all(self) -> list[VariantReport]:
        counts = self._ask(
            f"""select route, variant, coalesce(sum(n) {COUNTED}, 0)::BIGINT, coalesce(sum(failed) {COUNTED}, 0)::BIGINT,
                       coalesce(sum(rescued) {COUNTED}, 0)::BIGINT, coalesce(sum(refused) {COUNTED}, 0)::BIGINT,
                       sum(outliers) {COUNTED} / nullif(sum(judged) {COUNTED}, 0)
                from blocks where {WANTED} group by route, variant order by route, variant"""
        )
        reasons = self._by_variant(
            f"select route, variant, reason, sum(n)::BIGINT from blocks where {WANTED} and reason is not null group by all order by 4 desc"
        )
        bins = self._by_variant(f"select route, variant, bin, sum(n)::BIGINT from latency where {SEEN} group by all order by bin")
        labels = self._by_variant(f"select route, variant, label, sum(n)::BIGINT from labels where {SEEN} group by all order by 4 desc, 3")
        rewards = {(row[0], row[1]): row[2:] for row in self._ask(
            f"""select route, variant, count(*), avg(reward), count(*) filter (where late)
                from rewards where {SEEN.replace('block', 'predicted_at')} group by all"""
        )}  # fmt: skip
        return [
            VariantReport(
                route=route,
                variant=variant,
                requests=n,
                reasons=reasons[route, variant],
                failures=failed,
                rescued=rescued,
                refused=refused,
                latency=latency_of(bins[route, variant]),
                labels=labels[route, variant],
                outlier_share=outliers,
                rewards=_rewards(rewards.get((route, variant)), n),
                shift=drift.shift(self.cursor, route, variant),
            )
            for route, variant, n, failed, rescued, refused, outliers in counts
        ]

    def _ask(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        return self.cursor.execute(sql, self.conditions).fetchall()

    def _by_variant(self, sql: str) -> dict[tuple[str, str], dict[Any, int]]:
        """Counts by something else than route and variant, in the order of the rows."""
        found: dict[tuple[str, str], dict[Any, int]] = defaultdict(dict)
        for route, variant, key, n in self._ask(sql):
            found[route, variant][key] = n
        return found


def latency_of(bins: Mapping[int, int]) -> Latency | None:
    """Of predictions by bin of the histogram, in the order of bins."""
    total = sum(bins.values())
    return Latency(*(_quantile(bins, share * total) for share in (0.5, 0.95, 0.99))) if total else None


def _quantile(bins: Mapping[int, int], rank: float) -> float:
    """The middle of the bin that holds the latency of this rank."""
    reached = accumulate(bins.values())
    fits = next(one for one, until in zip(bins, reached, strict=True) if until >= rank)
    return LOWEST_S * 10 ** ((fits + 0.5) / PER_DECADE)


def _rewards(row: tuple[int, float | None, int] | None, requests: int) -> Rewards:
    n, mean, late = row or (0, None, 0)
    return Rewards(n, mean, late, n / requests if requests else 0.0)
