"""What follows from new lines, inside the transaction that stores them: sums, and feedback that meets its prediction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb

from lab.journal.segments import Line, Segment
from lab.store import sums, tables, views
from lab.store.reading import UNCOMMITTED, Look
from lab.store.recent import KEPT, NONE, Newest
from lab.store.tables import EPOCH_START

# Seconds after its end at which a block's predictions are summed; lines that come later still are added to it all the same.
SETTLED_S = 2

# Seconds of blocks that are summed together: one by one, planning the sums would cost more than the sums. What is younger is counted when
# somebody asks.
STRIDE_S = 60

# Partial sums are put together when there are this many more rows than after the last time.
SPARE_ROWS = 200_000

# Characters of a quarantined line that are shown.
SHOWN = 200

# Request ids of predictions that visitors saw, with their times in unix seconds.
SEEN = "select request_id, epoch_ms(time) / 1000 as seconds from predictions where reason is distinct from 'shadow'"

# What a prediction says of feedback about it. An answer of a shadow is no prediction that anybody saw.
MEETING = """
update feedback set predicted_at = p.time, predicted_route = p.route, experiment = p.experiment, epoch = p.epoch,
       predicted_variant = p.variant, reason = p.reason, predicted_visitor = p.visitor, label = p.label,
       reward = case metric when 'truth' then (truth = p.label)::DOUBLE else value end
from predictions p
where p.request_id = feedback.request_id and p.reason is distinct from 'shadow' and feedback.predicted_at is null
"""


def add_to_sums(cursor: duckdb.DuckDBPyConnection, look: Look, through: datetime, now: datetime) -> datetime:
    """Sums the new predictions that lie in settled blocks, and settles those that are old enough by now; returns until when all are.

    `through` is until when they were before.
    """
    assert look.earliest is not None
    assert look.latest is not None
    if look.earliest < through:
        _sum(cursor, f"rowid >= {UNCOMMITTED} and time < {_literal(through)}")
    # Never into the future: one line that is dated years ahead would make all that follow late.
    settled = _block_before(min(look.latest, now) - timedelta(seconds=SETTLED_S))
    if settled < through + timedelta(seconds=STRIDE_S):
        return through
    _sum(cursor, f"time >= {_literal(through)} and time < {_literal(settled)}")
    _settle(cursor, settled)
    return settled


def newest(cursor: duckdb.DuckDBPyConnection, last: int | None, first: int = 0) -> Newest:
    """What is to be remembered of the predictions from row number `first` to `last`: no more of them than are remembered."""
    if last is None:
        return NONE
    # By their numbers: to put millions of rows in order takes more memory than there is.
    found = cursor.execute(f"{SEEN} and rowid >= {max(first, last - KEPT + 1)}").fetchnumpy()
    return Newest(found["request_id"].tolist(), found["seconds"])


def meet_feedback(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Joins feedback that came before its prediction with the new predictions; returns whether any waits still."""
    waiting = "select 1 from feedback where predicted_at is null and request_id is not null limit 1"
    if cursor.execute(waiting).fetchone() is None:
        return False
    cursor.execute(f"{MEETING} and feedback.request_id is not null and p.rowid >= {UNCOMMITTED}")
    return True


def meet_predictions(cursor: duckdb.DuckDBPyConnection) -> None:
    """Joins the new feedback with the predictions that it is about."""
    cursor.execute(f"{MEETING} and feedback.rowid >= {UNCOMMITTED}")


def note(cursor: duckdb.DuckDBPyConnection, segment: Segment, end: int, tail: int, stored: int, bad: Sequence[Line]) -> None:
    """Remembers how far a segment has been read, and what in it was no line."""
    updated = cursor.execute(
        "update segments set bytes = ?, tail = ?, lines = lines + ?, stored = stored + ?, quarantined = quarantined + ? where name = ?",
        [end, tail, stored + len(bad), stored, len(bad), segment.name],
    ).fetchone()
    if updated == (0,):
        row = [segment.name, segment.kind, end, tail, stored + len(bad), stored, len(bad)]
        cursor.execute("insert into segments values (?, ?, ?, ?, ?, ?, ?)", row)
    if bad:
        columns = [one.position for one in bad], [one.length for one in bad], [_shown(one.content) for one in bad]
        cursor.execute("insert into quarantine select ?, unnest(?::BIGINT[]), unnest(?::BIGINT[]), unnest(?)", [segment.name, *columns])


def forget(cursor: duckdb.DuckDBPyConnection, gone: Sequence[Segment]) -> None:
    """Deletes the rows that came from segments, and sums up anew what is left."""
    predictions = [segment for segment in gone if segment.kind == "predictions"]
    if predictions:
        _part_feedback(cursor, [segment.hour for segment in predictions])
    for segment in gone:
        cursor.execute(f"delete from {segment.kind} where hour is not distinct from ?", [segment.hour])
        cursor.execute("delete from segments where name = ?", [segment.name])
        cursor.execute("delete from quarantine where segment = ?", [segment.name])
    if predictions:
        (through,) = cursor.execute("select through from progress").fetchone() or (EPOCH_START,)
        for table in sums.ALL:
            cursor.execute(f"delete from {table.table}")
        _sum(cursor, f"time < {_literal(through)}")


def _part_feedback(cursor: duckdb.DuckDBPyConnection, hours: Sequence[datetime | None]) -> None:
    """Takes from feedback what it has learned from the predictions of these hours."""
    blank = ", ".join(f"{name} = null" for name in tables.JOINED)
    cursor.execute(
        f"update feedback set {blank} where predicted_at is not null"
        " and request_id in (select request_id from predictions where hour in (select unnest(?)) and reason is distinct from 'shadow')",
        [list(hours)],
    )


def _shown(content: bytes) -> str:
    """The beginning of what is no line, in letters that harm no terminal."""
    return content[:SHOWN].decode("latin-1").encode("unicode_escape").decode("ascii")


def _tidy(cursor: duckdb.DuckDBPyConnection) -> None:
    """Puts the partial sums of the same key together where they have become many. Those of a block are summed once; late lines are few."""
    for table in (sums.VISITS, sums.ATTEMPTS):
        (rows,) = cursor.execute(f"select count(*) from {table.table}").fetchone() or (0,)
        (before,) = cursor.execute("select rows from tidied where name = ?", [table.table]).fetchone() or (0,)
        if rows > 2 * before + SPARE_ROWS:
            _put_together(cursor, table)


def _put_together(cursor: duckdb.DuckDBPyConnection, table: sums.Sums) -> None:
    cursor.execute(f"create or replace table {table.table} as with parts as (from {table.table}) {table.whole}")
    cursor.execute("delete from tidied where name = ?", [table.table])
    cursor.execute(f"insert into tidied select '{table.table}', count(*) from {table.table}")


def _sum(cursor: duckdb.DuckDBPyConnection, condition: str) -> None:
    for table in sums.ALL:
        cursor.execute(f"insert into {table.table} by name with lines as (from predictions where {condition}) {table.partial}")


def _settle(cursor: duckdb.DuckDBPyConnection, through: datetime) -> None:
    _tidy(cursor)
    cursor.execute("update progress set through = ?", [through])
    for statement in views.of_sums(through):
        cursor.execute(statement)


def _block_before(moment: datetime) -> datetime:
    """The start of the block in which a moment lies."""
    return EPOCH_START + timedelta(seconds=(moment - EPOCH_START) // timedelta(seconds=sums.BLOCK_S) * sums.BLOCK_S)


def _literal(moment: datetime) -> str:
    return f"timestamp '{moment.isoformat(sep=' ')}'"
