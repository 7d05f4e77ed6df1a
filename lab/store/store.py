"""Follows the journals: every line becomes a row exactly once, whatever happens to this process.

A stretch of lines, what follows from it, and how far it reaches are written in one transaction: after a crash either all of it is there or
none, and reading goes on where it stopped. The journals are the truth: rows whose segment was deleted or replaced go, and a database that
turns out to be damaged is made anew.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from lab.journal import segments
from lab.journal.segments import Line, Segment
from lab.store import database, reading, tables, transaction
from lab.store.database import Place
from lab.store.recent import KEPT, Recent

# Bytes that are read in one transaction at most, unless they are a whole file that nobody writes to any more.
STRETCH_BYTES = 128 << 20

# Bytes that are searched for bad lines at once: each line is a Python object meanwhile.
PIECE_BYTES = 8 << 20

# Seconds after which a file that has not changed is taken to be finished.
FINISHED_S = 5

log = logging.getLogger("lab.store")


class Added(NamedTuple):
    """What one reading of the journals has added, in lines."""

    stored: int
    quarantined: int


class Reached(NamedTuple):
    """How far a segment has been read."""

    bytes: int
    tail: int
    """Checksum of what stands before, by which the file is known again."""


NOWHERE = Reached(0, 0)


class Store:
    """The database of one state folder, and the only reader of its journals. Any thread may ask it."""

    def __init__(self, state: Path, reward_cap: float | None = None, clock: Callable[[], float] = time.time) -> None:
        """Opens it. Raises StateError when the database cannot be made or another process has it. `clock` tells seconds since 1970."""
        self.place = Place(state)
        self.journal = state / "journal"
        self.recent = Recent()
        self._reward_cap = reward_cap
        self._clock = clock
        self._reading = threading.Lock()
        # Guards the two below: a damaged database is replaced only when nobody uses it.
        self._use = threading.Condition()
        self._users = 0
        self._is_damaged = False
        self._listed: tuple[int, list[Segment]] = (-1, [])
        # The list that was last compared with what the database holds.
        self._compared: Sequence[Segment] | None = None
        self._open()

    def close(self) -> None:
        """Waits for a reading that is under way; nothing can be asked afterwards."""
        with self._reading:
            self._connection.close()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one thread."""
        with self._use:
            cursor = self._connection.cursor()
            self._users += 1
        try:
            yield cursor
        except Exception as error:
            self._is_damaged |= database.tells_of_damage(error)
            raise
        finally:
            cursor.close()
            with self._use:
                self._users -= 1
                self._use.notify_all()

    def read_on(self) -> Added:
        """Reads every whole line that has been written until now. A file that cannot be read keeps none of the others waiting.

        Raises OSError, StateError or duckdb.Error: reading goes on from there the next time.
        """
        with self._reading:
            if self._is_damaged:
                self._rebuild()
            found = self._segments()
            with database.writing(self.place), self.cursor() as cursor:
                self._forget_vanished(cursor, found)
                read, failures = self._read_all(cursor, found)
        if failures:
            raise failures[0]
        return _total(read)

    def forget(self, gone: Sequence[Segment]) -> None:
        """Deletes segments, and every row that came from them."""
        with self._reading, self.cursor() as cursor:
            self._forget(cursor, gone)
            # Last: were it first, a crash would leave rows that no journal tells of.
            for segment in gone:
                segment.path.unlink(missing_ok=True)

    def seen(self, ids: Collection[str]) -> Mapping[str, float]:
        """When the predictions with these request ids were answered, in unix seconds; those that are not in the journal are missing."""
        found = dict(self.recent.seen(ids))
        missing = [one for one in ids if one not in found]
        if missing:
            found |= {request_id: _seconds(time) for request_id, time in self._ask(
                "select request_id, time from predictions where reason is distinct from 'shadow' and request_id in (select unnest(?))",
                [missing],
            )}  # fmt: skip
        return found

    def given(self, ids: Collection[str]) -> Mapping[tuple[str, str], str | float]:
        """The feedback in the database about these request ids, by request id and metric: the value, of a truth its text."""
        rows = self._ask(
            "select request_id, metric, arg_min(coalesce(truth, value::VARCHAR), (time, id)), arg_min(value, (time, id)) from feedback "
            "where outcome in ('stored', 'late', 'unknown') and request_id in (select unnest(?)) group by all",
            [list(ids)],
        )
        return {(request_id, metric): text if value is None else value for request_id, metric, text, value in rows}

    def only_of(self, visitor: str, since: float) -> str | None:
        """The one request id of this visitor since a moment in unix seconds; None when there is none, or more than one."""
        rows = self._ask(
            "select request_id from predictions where visitor = ? and time >= ? and reason is distinct from 'shadow' limit 2",
            [visitor, datetime.fromtimestamp(since, UTC).replace(tzinfo=None)],
        )
        return rows[0][0] if len(rows) == 1 else None

    def _ask(self, question: str, values: Sequence[object]) -> list[tuple]:  # type: ignore[type-arg]
        with self.cursor() as cursor:
            return cursor.execute(question, values).fetchall()

    def _open(self) -> None:
        self._connection = database.connect(self.place, self._reward_cap)
        try:
            self._recall()
        except duckdb.Error:
            log.warning("%s is damaged, and made anew from the journals.", self.place.file)
            self._connection.close()
            database.remove(self.place)
            self._connection = database.connect(self.place, self._reward_cap)
            self._recall()

    def _recall(self) -> None:
        """Remembers what every look at the journals needs."""
        self._compared = None
        rows = self._ask("select name, bytes, tail from segments", [])
        self._rows: dict[str, int] = {}
        self._reached = {name: Reached(bytes, tail) for name, bytes, tail in rows}
        self._remember("true")

    def _rebuild(self) -> None:
        with self._use:
            self._use.wait_for(lambda: not self._users)
            self._connection.close()
            log.warning("%s is damaged, and made anew from the journals.", self.place.file)
            database.remove(self.place)
            # The condition's lock is reentrant: opening asks, too.
            self._open()
            self._is_damaged = False

    def _segments(self) -> list[Segment]:
        """The journals' files; listed anew when a name in the folder has changed: in months there come to be thousands."""
        try:
            changed = self.journal.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        if changed != self._listed[0]:
            found = segments.listed(self.journal)
            # A folder that changes right now may change again in the same tick of its clock.
            is_settled = time.time_ns() - changed > 1_000_000_000
            self._listed = (changed if is_settled else -1, found)
        return self._listed[1]

    def _forget_vanished(self, cursor: duckdb.DuckDBPyConnection, found: Sequence[Segment]) -> None:
        if found is self._compared:
            return
        vanished = self._reached.keys() - {segment.name for segment in found}
        # Without the folder nobody knows what became of the journals.
        if vanished and self.journal.is_dir():
            log.warning("%s: deleted, so the rows of it are forgotten.", ", ".join(sorted(vanished)))
            self._forget(cursor, segments.named(self.journal, vanished))
        self._compared = found

    def _forget(self, cursor: duckdb.DuckDBPyConnection, gone: Sequence[Segment]) -> None:
        with _transaction(cursor):
            transaction.forget(cursor, gone)
            cursor.execute("commit")
        for segment in gone:
            self._reached.pop(segment.name, None)

    def _read_all(self, cursor: duckdb.DuckDBPyConnection, found: Sequence[Segment]) -> tuple[list[Added], list[Exception]]:
        read: list[Added] = []
        failures: list[Exception] = []
        for segment in found:
            try:
                self._read_segment(cursor, segment, read)
            except FileNotFoundError:
                # Deleted since it was listed.
                self._listed = (-1, [])
            except OSError as error:
                failures.append(error)
        return read, failures

    def _read_segment(self, cursor: duckdb.DuckDBPyConnection, segment: Segment, read: list[Added]) -> None:
        position, tail = self._reached.get(segment.name, NOWHERE)
        status = segment.path.stat()
        if status.st_size == position:
            return
        if position and (status.st_size < position or segments.tail(segment.path, position) != tail):
            log.warning("%s is not what it was, and read again from its start.", segment.name)
            self._forget(cursor, [segment])
            position = 0
        end = segments.whole_until(segment.path, position)
        is_finished = status.st_size == end and self._clock() - status.st_mtime > FINISHED_S
        if position == 0 and end and is_finished and self._read_whole(cursor, segment, end, read):
            return
        self._read_pieces(cursor, segment, position, end, STRETCH_BYTES, read)

    def _read_whole(self, cursor: duckdb.DuckDBPyConnection, segment: Segment, end: int, read: list[Added]) -> bool:
        """A finished file is read where it lies, whatever its size."""
        file = self.place.ingest / "whole.jsonl"
        try:
            stored = self._store(cursor, segment, end, file, []) if reading.link(segment.path, file) else None
        except duckdb.OutOfMemoryException:
            # A question has the memory now; pieces need less.
            stored = None
        finally:
            file.unlink(missing_ok=True)
        if stored is not None:
            read.append(Added(stored, 0))
        return stored is not None

    def _read_pieces(
        self, cursor: duckdb.DuckDBPyConnection, segment: Segment, position: int, end: int, size: int, read: list[Added]
    ) -> None:
        while position < end:
            until = segments.whole_until(segment.path, position, min(end, position + size))
            self._read_stretch(cursor, segment, position, until, read)
            position = until

    def _read_stretch(self, cursor: duckdb.DuckDBPyConnection, segment: Segment, start: int, end: int, read: list[Added]) -> None:
        file = self.place.ingest / "stretch.jsonl"
        try:
            reading.cut(segment.path, start, end, file)
            stored = self._store_if_possible(cursor, segment, end, file, is_large=end - start > 2 * PIECE_BYTES)
            if stored is not None:
                read.append(Added(stored, 0))
            elif end - start > 2 * PIECE_BYTES:
                self._read_pieces(cursor, segment, start, end, PIECE_BYTES, read)
            else:
                read.append(self._store_what_fits(cursor, segment, start, end, file))
        finally:
            file.unlink(missing_ok=True)

    def _store_if_possible(self, cursor: duckdb.DuckDBPyConnection, segment: Segment, end: int, file: Path, is_large: bool) -> int | None:
        """None when smaller pieces are worth a try: something is no line, or there is too little memory for all of it."""
        try:
            return self._store(cursor, segment, end, file, [])
        except duckdb.OutOfMemoryException:
            if not is_large:
                # Nothing is wrong with the lines: they are read when the question that has the memory is over.
                raise
            return None

    def _store_what_fits(self, cursor: duckdb.DuckDBPyConnection, segment: Segment, start: int, end: int, file: Path) -> Added:
        good, bad = reading.sort_out(cursor, tables.KINDS[segment.kind], segment.path, start, end, file)
        reading.write(file, good)
        stored = self._store(cursor, segment, end, file, bad)
        if stored != len(good):
            raise RuntimeError(f"{segment.path}: lines that fitted one by one did not fit together.")
        return Added(stored, len(bad))

    def _store(self, cursor: duckdb.DuckDBPyConnection, segment: Segment, end: int, file: Path, bad: Sequence[Line]) -> int | None:
        """One transaction; returns how many lines became rows, or None, and nothing is changed, if one of the file could not."""
        kind = tables.KINDS[segment.kind]
        reached = Reached(end, segments.tail(segment.path, end))
        with _transaction(cursor):
            first = transaction.next_row(cursor, kind.table, self._rows.get(kind.table, 0))
            stored = reading.insert(cursor, kind, file, first, segment.hour)
            # What was read where it lies may have grown meanwhile.
            if stored is None or (file.stat().st_nlink > 1 and file.stat().st_size != end):
                cursor.execute("rollback")
                return None
            if stored and segment.kind == "predictions":
                transaction.add_to_sums(cursor, first, datetime.fromtimestamp(self._clock(), UTC).replace(tzinfo=None))
                transaction.meet_feedback(cursor, first)
            elif stored and segment.kind == "feedback":
                transaction.meet_predictions(cursor, first)
            transaction.note(cursor, segment, reached.bytes, reached.tail, stored, bad)
            cursor.execute("commit")
        self._reached[segment.name] = reached
        # The last row that there is for certain, or none.
        self._rows[kind.table] = max(0, first + stored - 1)
        if segment.kind == "predictions":
            self._remember(f"rowid >= {first}")
        return stored

    def _remember(self, condition: str) -> None:
        rows = self._ask(
            f"select request_id, epoch_ms(time) / 1000 from predictions where {condition} and reason is distinct from 'shadow'"
            f" order by rowid desc limit {KEPT}",
            [],
        )
        self.recent.add(reversed(rows))


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Undone when something goes wrong inside."""
    cursor.execute("begin")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # the statement that failed may have ended the transaction
            cursor.execute("rollback")
        raise


def _seconds(time: datetime) -> float:
    return time.replace(tzinfo=UTC).timestamp()


def _total(read: Sequence[Added]) -> Added:
    return Added(sum(one.stored for one in read), sum(one.quarantined for one in read))
