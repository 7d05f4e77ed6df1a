"""How far the newest predictions reach: so that a page searches some of them, and never all."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

import duckdb

from lab.store.sums import BLOCK, BLOCK_S

# Seconds that are tried one after the other: each is sixteen times the one before, from an hour to half a year.
REACHES_S = tuple(3600 * 16**power for power in range(4))

# Clocks may differ by so much. What is dated later than that is wrong: it would be the newest for ever.
AHEAD = timedelta(minutes=1)

# What is summed already, and what is younger than that.
COUNTED = """
select (select coalesce(sum(n), 0)::BIGINT from block_sums where block >= $start and block < $end{of})
     + (select count(*) from predictions where time >= $start and time < $end and time >= $through{of})"""
LAST = """
select greatest(
    (select max(block) from block_sums where block >= $start and block < $end{of}),
    (select max({block}) from predictions where time >= $start and time < $end and time >= $through{of}))"""
# Where they lie, to the block.
SPREAD = """
select block, sum(n)::BIGINT from (
    select block, n from block_sums where block >= $start and block < $end{of}
    union all
    select {block}, 1 from predictions
    where time >= $start and time < $end and time >= $through{of}
) group by block"""


class Stretch(NamedTuple):
    """A stretch of time, in UTC without a zone."""

    start: datetime | None
    """From here on; None: from the first prediction on."""
    end: datetime | None
    """Up to here, not included; None: to the last one."""
    n: int
    """Predictions in it."""


def before(cursor: duckdb.DuckDBPyConnection, end: datetime, most: int, **of: str) -> Stretch:
    """The shortest that ends there and holds `most` predictions or a few more, if there are so many; to the block of ten seconds.

    `of` are fields of blocks that must fit: route, variant, reason.
    """
    counting = _Counting(cursor, of)
    for reach in REACHES_S:
        start = _earlier(end, reach)
        n = counting.between(start, end)
        if n >= most:
            return _cut_start(counting, Stretch(start, end, n), most)
    return Stretch(None, end, counting.between(datetime.min, end))


def latest(cursor: duckdb.DuckDBPyConnection, end: datetime, **of: str) -> datetime | None:
    """When the last prediction before `end` was that fits, to the end of its block; None: never."""
    counting = _Counting(cursor, of)
    for reach in (*REACHES_S, None):
        start = datetime.min if reach is None else _earlier(end, reach)
        found = counting.last_block(start, end)
        if found is not None:
            return found + timedelta(seconds=BLOCK_S)
    return None


def since(cursor: duckdb.DuckDBPyConnection, start: datetime, end: datetime) -> Stretch:
    """All between two moments."""
    return Stretch(start, end, _Counting(cursor, {}).between(start, end))


def after(cursor: duckdb.DuckDBPyConnection, start: datetime, now: datetime, most: int) -> Stretch:
    """The shortest that begins there and holds `most` or a few more; what is dated later than `now` counts as the last of all."""
    counting = _Counting(cursor, {})
    for reach in REACHES_S:
        end = start + timedelta(seconds=reach)
        if end > now:
            break
        n = counting.between(start, end)
        if n >= most:
            return _cut_end(counting, Stretch(start, end, n), most)
    return Stretch(start, None, counting.between(start, datetime.max))



class _Counting:
    """How many predictions there are, from the sums."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, of: Mapping[str, str]) -> None:
        self.cursor = cursor
        self.of = of
        self.condition = "".join(f" and {name} = ${name}" for name in of)
        (self.through,) = cursor.execute("select through from progress").fetchone() or (datetime.min,)

    def between(self, start: datetime, end: datetime) -> int:
        ((n,),) = self._ask(COUNTED, start, end)
        return int(n)

    def last_block(self, start: datetime, end: datetime) -> datetime | None:
        ((block,),) = self._ask(LAST, start, end)
        return block

    def by_block(self, part: Stretch) -> list[tuple[datetime, int]]:
        return self._ask(SPREAD, part.start, part.end)

    def _ask(self, sql: str, start: datetime | None, end: datetime | None) -> list[tuple]:  # type: ignore[type-arg]
        values = {"start": start, "end": end, "through": self.through, **self.of}
        return self.cursor.execute(sql.format(of=self.condition, block=BLOCK), values).fetchall()


def _earlier(end: datetime, seconds: int) -> datetime:
    # Whoever asks for what was until the year 1 must not get past the beginning of the calendar.
    return end - min(timedelta(seconds=seconds), end - datetime.min)


def _cut_start(counting: _Counting, part: Stretch, most: int) -> Stretch:
    """Without what is more than wanted, at its older end."""
    for block, n in _running(sorted(counting.by_block(part), reverse=True)):
        if n >= most:
            return part._replace(start=block, n=n)
    return part


def _cut_end(counting: _Counting, part: Stretch, most: int) -> Stretch:
    for block, n in _running(sorted(counting.by_block(part))):
        if n >= most:
            return part._replace(end=block + timedelta(seconds=BLOCK_S), n=n)
    return part


def _running(blocks: list[tuple[datetime, int]]) -> Iterator[tuple[datetime, int]]:
    """Each block with the predictions up to it."""
    return zip((block for block, _ in blocks), accumulate(n for _, n in blocks), strict=True)
