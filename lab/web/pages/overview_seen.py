"""What came in lately, variant by variant: from the sums, so it takes as long however many predictions there are."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from lab.store.report import latency_of
from lab.store.store import Store
from lab.store.sums import BLOCK_S, DROPPED
from lab.store.tables import EPOCH_START

# Seconds that the numbers of a page are about: long enough for shares to mean something, short enough to be "now".
WINDOW_S = 300

# Seconds that states and rates are about: a model that has died shows within them.
STATE_S = 30

COUNTS = """
select route, variant, reason, sum(n)::BIGINT, sum(failed)::BIGINT, sum(rescued)::BIGINT, sum(outliers)::BIGINT, sum(judged)::BIGINT,
       coalesce(sum(n) filter (where block >= $latest), 0)::BIGINT, coalesce(sum(failed) filter (where block >= $latest), 0)::BIGINT,
       coalesce(sum(rescued) filter (where block >= $latest), 0)::BIGINT
from blocks where block >= $since and variant is not null group by all
"""
BINS = """
select route, variant, reason is not distinct from 'shadow', bin, sum(n)::BIGINT
from latency where block >= $since and variant is not null group by all order by bin
"""
# The sums do not know them; they are searched for in the window alone.
COPIES_DROPPED = f"""
select route, variant, count(*), count(*) filter (where time >= $latest)
from predictions where time >= $since and {DROPPED} and variant is not null group by all
"""


class Counts(NamedTuple):
    """Predictions of one variant, or copies that went to it as a shadow."""

    n: int = 0
    failed: int = 0
    """Answered with an error, broken off, or answered by another variant in its place; not those that were dropped."""
    rescued: int = 0
    """Of those that failed: answered by another variant."""
    outliers: int = 0
    judged: int = 0
    """Predictions that were checked for being outliers."""
    latest_n: int = 0
    """In the last STATE_S seconds, as the two that follow."""
    latest_failed: int = 0
    latest_rescued: int = 0
    dropped: int = 0
    """Copies that were sent to nobody, because too many waited already."""
    latest_dropped: int = 0

    @property
    def latest_sent(self) -> int:
        """Those that somebody was asked for."""
        return self.latest_n - self.latest_dropped

    def without(self, dropped: int, latest: int) -> "Counts":
        """The same, when so many of the failed ones were dropped."""
        failed, latest_failed = self.failed - dropped, self.latest_failed - latest
        return self._replace(failed=failed, latest_failed=latest_failed, dropped=dropped, latest_dropped=latest)


class Variant(NamedTuple):
    """What one variant did in the window."""

    counts: Counts = Counts()
    p95_s: float | None = None
    """95 % of its predictions took no longer; None: there was none."""
    reasons: Mapping[str, int] = {}
    """Why it was to answer: split, roundrobin, rule, override."""


class Seen(NamedTuple):
    """The window, to the block of ten seconds."""

    until: float
    """In seconds since 1970."""
    latest_s: float
    """How long the last STATE_S are: up to a block more."""
    variants: Mapping[tuple[str, str], Variant]
    """By route and variant."""
    shadows: Mapping[tuple[str, str], Variant]
    """The same of copies, whose answers nobody saw."""

    @property
    def latest_n(self) -> int:
        """Predictions and copies in the last STATE_S."""
        return sum(one.counts.latest_n for one in (*self.variants.values(), *self.shadows.values()))


NOBODY = Variant()


def seen(store: Store, now: float) -> Seen:
    """Until `now`, in seconds since 1970."""
    since, latest = _block(now - WINDOW_S), _block(now - STATE_S)
    with store.cursor() as cursor:
        # One view of both: what is stored between two questions would be in one of them only.
        cursor.execute("begin transaction read only")
        rows = cursor.execute(COUNTS, {"since": since, "latest": latest}).fetchall()
        bins = cursor.execute(BINS, {"since": since}).fetchall()
        dropped = cursor.execute(COPIES_DROPPED, {"since": since, "latest": latest}).fetchall()
    shadows = dict(_variants(rows, bins, True))
    for route, variant, n, latest_n in dropped:
        found = shadows[route, variant]
        shadows[route, variant] = found._replace(counts=found.counts.without(n, latest_n))
    return Seen(now, now - latest.replace(tzinfo=UTC).timestamp(), _variants(rows, bins, False), shadows)


def _variants(rows: list[tuple], bins: list[tuple], is_shadow: bool) -> Mapping[tuple[str, str], Variant]:  # type: ignore[type-arg]
    counted: dict[tuple[str, str], Counts] = defaultdict(Counts)
    reasons: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    times: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for route, variant, reason, *numbers in rows:
        if (reason == "shadow") is is_shadow:
            found = counted[route, variant]
            # Who was dropped is not among the sums.
            counted[route, variant] = Counts(*(one + more for one, more in zip(found, numbers, strict=False)))
            reasons[route, variant][reason or ""] = numbers[0]
    for route, variant, is_copy, bin_, n in bins:
        if is_copy is is_shadow:
            times[route, variant][bin_] = n
    return {key: Variant(one, _p95(times[key]), reasons[key]) for key, one in counted.items()}


def _p95(bins: Mapping[int, int]) -> float | None:
    found = latency_of(bins)
    return found.p95_s if found else None


def _block(moment: float) -> datetime:
    """The start of the block in which a moment lies."""
    whole = EPOCH_START.replace(tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(whole + (moment - whole) // BLOCK_S * BLOCK_S, UTC).replace(tzinfo=None)
