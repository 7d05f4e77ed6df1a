"""What a shadow said to copies of predictions, beside what the visitors were told: the newest pairs, never all.

A pair is a copy and the visitor's own prediction: the same request id, and an answer to both (as in lab/store/exposed.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import duckdb

from lab.store import stretch
from lab.store.exposed import APART_S
from lab.store.store import Store
from lab.store.stretch import AHEAD
from lab.store.sums import DROPPED
from lab.store.tables import utc

# The newest copies that are looked at, as long as they are no older than a day before the newest of them.
COPIES = 5_000
WITHIN = timedelta(hours=24)

# Predictions of all routes that are searched for them: a shadow that gets few copies has fewer than that many pairs.
SEARCHED = 100_000

# For so long the list of shadows remembers one that gets no copies any more.
REMEMBERED = timedelta(days=30)

SHADOWS = """
select distinct route, variant from (
    select route, variant from block_sums where reason = 'shadow' and block >= $start
    union all
    select route, variant from predictions where reason = 'shadow' and time >= $start and time >= (select through from progress)
) where variant is not null order by all"""

COPIED = f"""
select count(*), count(*) filter (where complete), count(*) filter (where {DROPPED}),
       arg_max(weight, time)
from predictions
where route = $route and variant = $variant and reason = 'shadow' and time >= $start and time < $end"""

PAIRS = """
with copies as (
    select request_id, time, label, probability, attempts[-1].seconds as answer_s, inference_us
    from predictions
    where route = $route and variant = $variant and reason = 'shadow' and label is not null and time >= $start and time < $end
),
seen as (
    select request_id, served_by, label, probability, attempts[-1].seconds as answer_s, inference_us
    from predictions
    where route = $route and reason is distinct from 'shadow' and label is not null
          and time >= $start - to_seconds($apart) and time < $end + to_seconds($apart)
)
select c.request_id, c.time, s.served_by, s.label, c.label, s.probability, c.probability, s.answer_s, c.answer_s,
       s.inference_us, c.inference_us
from copies c join seen s using (request_id)"""


class Shadow(NamedTuple):
    """A variant that gets copies of a route's predictions, or got some."""

    route: str
    variant: str


class Pair(NamedTuple):
    """The visitor's answer and the shadow's, to the same request."""

    request_id: str
    time: datetime
    """Of the shadow's, in UTC without a zone."""
    served_by: str | None
    label: str
    shadow_label: str
    probability: float | None
    shadow_probability: float | None
    answer_s: float | None
    """Seconds until the service had answered, as the gateway measured."""
    shadow_answer_s: float | None
    inference_us: int | None
    shadow_inference_us: int | None


class Copies(NamedTuple):
    """What became of the copies in a stretch of time."""

    sent: int
    answered: int
    dropped: int
    """Because too many waited: no service was asked."""
    share: float | None
    """Of the predictions that are copied, 0 … 1, as the newest copy says."""

    @property
    def failed(self) -> int:
        """Sent, and not answered."""
        return self.sent - self.answered - self.dropped


class Shadowing(NamedTuple):
    """The newest that is known of a shadow."""

    shadow: Shadow
    start: datetime
    """The stretch of time that was looked at, UTC without a zone."""
    end: datetime
    copies: Copies
    pairs: Sequence[Pair]


def shadows(store: Store, now: float) -> list[Shadow]:
    """Those that got a copy lately. `now` in seconds since 1970."""
    with store.cursor() as cursor:
        rows = cursor.execute(SHADOWS, {"start": utc(now) - REMEMBERED}).fetchall()
    return [Shadow(*row) for row in rows]


def shadowing(store: Store, shadow: Shadow, now: float) -> Shadowing | None:
    """None for one that never got a copy, as far as the journals tell."""
    with store.cursor() as cursor:
        cursor.execute("begin transaction read only")
        end = stretch.latest(cursor, utc(now) + AHEAD, reason="shadow", **shadow._asdict())
        if end is None:
            return None
        start = _start(cursor, shadow, end)
        values: dict[str, Any] = {**shadow._asdict(), "start": start, "end": end}
        copies = Copies(*(cursor.execute(COPIED, values).fetchone() or (0, 0, 0, None)))
        pairs = [Pair(*row) for row in cursor.execute(PAIRS, {**values, "apart": APART_S}).fetchall()]
    return Shadowing(shadow, start, end, copies, pairs)


def _start(cursor: duckdb.DuckDBPyConnection, shadow: Shadow, end: datetime) -> datetime:
    """From where on copies are looked at."""
    reached = (
        stretch.before(cursor, end, COPIES, reason="shadow", **shadow._asdict()).start,
        stretch.before(cursor, end, SEARCHED).start,
    )
    return max([end - WITHIN, *(start for start in reached if start is not None)])
