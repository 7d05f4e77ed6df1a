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
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb

from lab.errors import Refused
from lab.feedback.predictions import Said
from lab.journal import segments
from lab.journal.segments import Line, Segment
from lab.store import database, reading, tables, transaction
from lab.store.database import Place
from lab.store.reading import UNCOMMITTED, Lines
from lab.store.recent import NONE, Newest, Recent
from lab.store.tables import Kind

# Bytes that are read in one transaction at most, unless they are whole files that nobody writes to any more.
STRETCH_BYTES = 128 << 20

# Bytes of such files that are read in one transaction: together they keep all threads busy, and what is done once for each transaction
# takes a smaller part. One that is longer is read by itself.
TOGETHER_BYTES = 1 << 30

# Bytes that are searched for bad lines at once: each line is a Python object meanwhile.
PIECE_BYTES = 8 << 20

# Seconds after which a file that has not changed is taken to be finished.
FINISHED_S = 5

# Feedback that was kept: the first of several records.
COUNTS = "outcome in ('stored', 'late', 'unknown') and metric is not null"

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


class Part(NamedTuple):
    """Lines of a segment up to some byte, where DuckDB can read them."""

    segment: Segment
    file: Path
    end: int
    """In the segment."""
    is_linked: bool = False
    """It is the segment itself under a second name."""


class Followed(NamedTuple):
    """What lines have led to, in a transaction that is not committed yet."""

    rows: Lines
    through: datetime
    """Until when all predictions are in the sums."""
    waits: bool
    """Whether there may be feedback whose prediction has not come yet."""
    newest: Newest


class Store:
    """The database of one state folder, and the only reader of its journals. Any thread may ask it."""

    def __init__(self, state: Path, reward_cap: float | None = None, clock: Callable[[], float] = time.time) -> None:
        """Opens it. Raises StateError when the database cannot be made or another process has it. `clock` tells seconds since 1970."""
        self.place = Place(state)
        self.journal = state / "journal"
        self.recent = Recent()
        self.is_settled = threading.Event()
        """What was there at the start has been read, and no statement can change a setting any more."""
        self.changes = 0
        """Goes up whenever rows have come or gone."""
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
            self._close()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one thread."""
        with self._use:
            cursor = self._connection.cursor()
            self._users += 1
        try:
            with self._watching():
                yield cursor
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
            try:
                return self._read_on()
            finally:
                self._settle()

    def forget(self, gone: Sequence[Segment]) -> None:
        """Deletes segments, and every row that came from them."""
        with self._reading, self._watching():
            self._forget(gone)
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
            f"where {COUNTS} and request_id in (select unnest(?)) group by all",
            [list(ids)],
        )
        return {(request_id, metric): text if value is None else value for request_id, metric, text, value in rows}

    def said_last(self, most: int) -> Sequence[Said]:
        """The newest feedback that counts, the oldest of it first; `most` records of it, or all if there are fewer."""
        rows = self._ask(
            f"select request_id, metric, truth, value, epoch_ms(time) / 1000 from feedback where {COUNTS} and request_id is not null"
            f" and coalesce(truth, value::VARCHAR) is not null order by time desc, id desc limit {most}",
            [],
        )
        return [Said(id, metric, truth if value is None else value, time) for id, metric, truth, value, time in reversed(rows)]

    def only_of(self, visitor: str, since: float) -> str | None:
        """The one request id of this visitor since a moment in unix seconds; None when there is none, or more than one."""
        rows = self._ask(
            "select request_id from predictions where visitor = ? and time >= ? and reason is distinct from 'shadow' limit 2",
            [visitor, tables.utc(since)],
        )
        return rows[0][0] if len(rows) == 1 else None

    def _read_on(self) -> Added:
        found = self._segments()
        with database.writing(self.place), self._watching():
            self._forget_vanished(found)
            read, failures = self._read_all(found)
            if failures:
                raise failures[0]
        return _total(read)

    def _settle(self) -> None:
        """After the first reading, successful or not."""
        if not self.is_settled.is_set():
            with suppress(duckdb.Error):  # of a database that is broken already
                database.settle(self._reader)
                self.is_settled.set()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Notices damage."""
        try:
            yield
        except Exception as error:
            self._is_damaged |= database.tells_of_damage(error)
            raise

    def _ask(self, question: str, values: Sequence[object]) -> list[tuple]:  # type: ignore[type-arg]
        with self.cursor() as cursor:
            return cursor.execute(question, values).fetchall()

    def _open(self) -> None:
        self.is_settled.clear()
        self._connection = database.connect(self.place, self._reward_cap)
        try:
            self._recall()
        except duckdb.Error as error:
            # What is too large for the memory is not broken, and would be no smaller the next time.
            if isinstance(error, duckdb.OutOfMemoryException):
                raise
            log.warning("%s is damaged, and made anew from the journals.", self.place.file)
            self._close()
            database.remove(self.place)
            self._connection = database.connect(self.place, self._reward_cap)
            self._recall()

    def _recall(self) -> None:
        """Remembers what every look at the journals needs."""
        self._compared = None
        self._reader = self._connection.cursor()
        rows = self._ask("select name, bytes, tail from segments", [])
        self._reached = {name: Reached(bytes, tail) for name, bytes, tail in rows}
        # Whether there may be feedback whose prediction has not come yet.
        self._waits = True
        ((self._through,),) = self._ask("select through from progress", [])
        ((last,),) = self._ask("select max(rowid) from predictions", [])
        self.recent.add(transaction.newest(self._reader, last))

    def _close(self) -> None:
        self._reader.close()
        self._connection.close()

    def _rebuild(self) -> None:
        with self._use:
            self._use.wait_for(lambda: not self._users)
            self._close()
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

    def _forget_vanished(self, found: Sequence[Segment]) -> None:
        if found is self._compared:
            return
        vanished = self._reached.keys() - {segment.name for segment in found}
        # Without the folder nobody knows what became of the journals.
        if vanished and self.journal.is_dir():
            log.warning("%s: deleted, so the rows of it are forgotten.", ", ".join(sorted(vanished)))
            self._forget(segments.named(self.journal, vanished))
        self._compared = found

    def _forget(self, gone: Sequence[Segment]) -> None:
        cursor = self._reader
        with _transaction(cursor):
            transaction.forget(cursor, gone)
            cursor.execute("commit")
        self.changes += 1
        self._waits = True
        for segment in gone:
            self._reached.pop(segment.name, None)

    def _read_all(self, found: Sequence[Segment]) -> tuple[list[Added], list[Exception]]:
        read: list[Added] = []
        failures: list[Exception] = []
        # Finished files first, together; then whatever is left.
        steps = [partial(self._read_whole, group, read) for group in self._finished(found)]
        for step in (*steps, *(partial(self._read_segment, segment, read) for segment in found)):
            try:
                step()
            except FileNotFoundError:
                # Deleted since it was listed.
                self._listed = (-1, [])
            except (OSError, Refused, duckdb.Error) as error:
                failures.append(error)
                if database.tells_of_damage(error):
                    break
        return read, failures

    def _finished(self, found: Sequence[Segment]) -> list[list[Segment]]:
        """Files that nobody has read or writes to any more, in groups that can be read together. Of decisions there is only one file."""
        groups: list[list[Segment]] = []
        room = 0
        for segment in found:
            if segment.name in self._reached or segment.hour is None:
                continue
            size = _finished_size(segment.path, self._clock())
            if not size:
                continue
            if size > room or groups[-1][0].kind != segment.kind:
                groups.append([])
                room = TOGETHER_BYTES
            groups[-1].append(segment)
            room -= size
        return groups

    def _read_whole(self, group: Sequence[Segment], read: list[Added]) -> None:
        """Reads finished files where they lie. Those that are not what they should be are left for later."""
        if not self._store_whole(group, read) and len(group) > 1:
            middle = len(group) // 2
            self._read_whole(group[:middle], read)
            self._read_whole(group[middle:], read)

    def _store_whole(self, group: Sequence[Segment], read: list[Added]) -> bool:
        names = [one.name for one in group] if len(group) > 1 else ["stretch.jsonl"]
        parts = [Part(one, self.place.ingest / name, 0, True) for one, name in zip(group, names, strict=True)]
        try:
            if not all(reading.link(part.segment.path, part.file) for part in parts):
                return False
            parts = [part._replace(end=part.file.stat().st_size) for part in parts]
            stored = self._store(parts, []) if all(segments.whole_until(part.segment.path, 0) == part.end for part in parts) else None
        except (OSError, duckdb.OutOfMemoryException):
            # A question has the memory now, or a file is gone: pieces need less, and say what is wrong.
            stored = None
        finally:
            for part in parts:
                part.file.unlink(missing_ok=True)
        if stored is not None:
            read.append(Added(stored, 0))
        return stored is not None

    def _read_segment(self, segment: Segment, read: list[Added]) -> None:
        position, tail = self._reached.get(segment.name, NOWHERE)
        size = segment.path.stat().st_size
        if size == position:
            return
        if position and (size < position or segments.tail(segment.path, position) != tail):
            log.warning("%s is not what it was, and read again from its start.", segment.name)
            self._forget([segment])
            position = 0
        self._read_pieces(segment, position, segments.whole_until(segment.path, position), STRETCH_BYTES, read)

    def _read_pieces(self, segment: Segment, position: int, end: int, size: int, read: list[Added]) -> None:
        while position < end:
            until = segments.whole_until(segment.path, position, min(end, position + size))
            self._read_stretch(segment, position, until, read)
            position = until

    def _read_stretch(self, segment: Segment, start: int, end: int, read: list[Added]) -> None:
        part = Part(segment, self.place.ingest / "stretch.jsonl", end)
        try:
            reading.cut(segment.path, start, end, part.file)
            stored = self._store_if_possible(part, is_large=end - start > 2 * PIECE_BYTES)
            if stored is not None:
                read.append(Added(stored, 0))
            elif end - start > 2 * PIECE_BYTES:
                self._read_pieces(segment, start, end, PIECE_BYTES, read)
            else:
                read.append(self._store_what_fits(part, start))
        finally:
            part.file.unlink(missing_ok=True)

    def _store_if_possible(self, part: Part, is_large: bool) -> int | None:
        """None when smaller pieces are worth a try: something is no line, or there is too little memory for all of it."""
        try:
            return self._store([part], [])
        except duckdb.OutOfMemoryException:
            if not is_large:
                # Nothing is wrong with the lines: they are read when the question that has the memory is over.
                raise
            return None

    def _store_what_fits(self, part: Part, start: int) -> Added:
        segment = part.segment
        good, bad = reading.sort_out(self._reader, tables.KINDS[segment.kind], segment.path, start, part.end, part.file)
        reading.write(part.file, good)
        stored = self._store([part], bad)
        if stored != len(good):
            raise RuntimeError(f"{segment.path}: lines that fitted one by one did not fit together.")
        return Added(stored, len(bad))

    def _store(self, parts: Sequence[Part], bad: Sequence[Line]) -> int | None:
        """One transaction; returns how many lines became rows, or None, and nothing is changed, if one of a file could not.

        The parts are of one kind; `bad` are lines of the only part.
        """
        kind = tables.KINDS[parts[0].segment.kind]
        reached = {part.segment.name: Reached(part.end, segments.tail(part.segment.path, part.end)) for part in parts}
        with _transaction(self._reader):
            lines = reading.add(self._reader, kind, [reading.File(part.file, part.segment.hour) for part in parts])
            added = None if lines is None else self._follow(kind, lines)
            # What was read where it lies may have grown meanwhile.
            if added is None or any(part.is_linked and part.file.stat().st_size != part.end for part in parts):
                self._reader.execute("rollback")
                return None
            for part in parts:
                stored = added.rows[part.segment.hour]
                transaction.note(self._reader, part.segment, part.end, reached[part.segment.name].tail, stored, bad)
            self._reader.execute("commit")
        self.changes += 1
        self._reached |= reached
        self._through, self._waits = added.through, added.waits
        self.recent.add(added.newest)
        return added.rows.total()

    def _follow(self, kind: Kind, lines: Lines) -> Followed | None:
        """What follows from lines that were just added; None when some of them mean nothing."""
        with self._summing():
            look = reading.look(self._reader, kind, lines)
            if look is None:
                return None
            through, waits, newest = self._through, self._waits, NONE
            if look.rows and kind is tables.PREDICTIONS:
                through = transaction.add_to_sums(self._reader, look, through, tables.utc(self._clock()))
                waits = waits and transaction.meet_feedback(self._reader)
                newest = transaction.newest(self._reader, look.last, UNCOMMITTED)
            elif look.rows and kind is tables.FEEDBACK:
                transaction.meet_predictions(self._reader)
                waits = True
        return Followed(look.rows, through, waits, newest)

    @contextmanager
    def _summing(self) -> Iterator[None]:
        """What is read after the start is small."""
        if self.is_settled.is_set():
            yield
        else:
            with self.cursor() as apart, database.summing(apart):
                yield


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Undone when something goes wrong inside."""
    database.begin(cursor)
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # the statement that failed may have ended the transaction
            cursor.execute("rollback")
        raise


def _finished_size(file: Path, now: float) -> int:
    """How long a file is that nobody has written to for a while; 0 of any other."""
    try:
        status = file.stat()
    except OSError:
        return 0
    return status.st_size if now - status.st_mtime > FINISHED_S else 0


def _seconds(time: datetime) -> float:
    return time.replace(tzinfo=UTC).timestamp()


def _total(read: Sequence[Added]) -> Added:
    return Added(sum(one.stored for one in read), sum(one.quarantined for one in read))
