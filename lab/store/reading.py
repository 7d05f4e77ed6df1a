"""Tells DuckDB how to read a stretch of a journal, and finds the lines that it cannot read.

DuckDB alone judges whether a line is one, so that a line fares the same whichever way it comes: it reads and checks a whole stretch at
once, and only when that fails are the lines tried in halves, until those at fault stand alone.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np

from lab import files
from lab.errors import Refused
from lab.journal import segments
from lab.journal.segments import Line
from lab.store import database
from lab.store.tables import LINE_MAX_BYTES, Kind

# Bytes that are looked at together when lines are counted: any line that is too long holds one such part without an end of line.
PART = LINE_MAX_BYTES // 2
LINE_FEED = ord("\n")

# DuckDB numbers the rows that a transaction has added from 2^55 on, until it is committed: so these are told from all others, without
# looking at those.
UNCOMMITTED = 1 << 54

# Bytes of files from which on their lines are counted by a second thread.
BESIDE_BYTES = 8 << 20

# Of lines, or rows: how many there are, by the hour of their segment.
Lines = Counter[datetime | None]


class Shrunken(Refused):
    """A journal became shorter under our eyes. It is read again from its start."""


class File(NamedTuple):
    """Lines where DuckDB can read them."""

    path: Path
    hour: datetime | None
    """That of the segment which they are from."""


class Look(NamedTuple):
    """What was just added."""

    rows: Lines
    earliest: datetime | None
    latest: datetime | None
    wrong: int
    """Rows that mean nothing."""
    last: int | None
    """The highest row number."""


class Sorted(NamedTuple):
    """The lines of a stretch, apart."""

    good: list[bytes]
    bad: list[Line]


def cut(source: Path, start: int, end: int, target: Path) -> None:
    """Copies a stretch of whole lines to where DuckDB can read it.

    Raises Shrunken when the source ends before, StateError when the disk is full.
    """
    position = start
    with source.open("rb") as file, files.saving(target):
        target.unlink(missing_ok=True)
        with target.open("wb") as copy:
            while position < end and (sent := os.sendfile(copy.fileno(), file.fileno(), position, end - position)):
                position += sent
    if position < end:
        raise Shrunken(f"{source} has become shorter while it was read; it is read again.")


def link(source: Path, target: Path) -> bool:
    """Gives a whole file a second name where DuckDB can read it, which saves the copy. Not every file system can."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def add(connection: duckdb.DuckDBPyConnection, kind: Kind, given: Sequence[File]) -> Lines | None:
    """Adds every line of these files, of different hours, to their table, inside a transaction; says how many there are of each hour.

    None when something in a file is no line: the transaction is of no use then. Raises OSError or duckdb.Error when a file cannot be read
    or memory or disk do not suffice.
    """
    with _counting(given) as counted:
        try:
            added = _add(connection, kind, given)
        except (duckdb.DataError, duckdb.InvalidInputException):
            return None
        lines = counted()
    return lines if lines is not None and added == lines.total() else None


def look(connection: duckdb.DuckDBPyConnection, kind: Kind, lines: Lines) -> Look | None:
    """At what `add` has added; None when some of it means nothing. Raises duckdb.Error when memory does not suffice."""
    found = _look(connection, kind, lines)
    if found.rows.total() != lines.total():
        raise RuntimeError(f"{lines.total()} rows were added to {kind.table}, but {found.rows.total()} are found.")
    return found if not found.wrong and found.rows == +lines else None


def sort_out(connection: duckdb.DuckDBPyConnection, kind: Kind, source: Path, start: int, end: int, scratch: Path) -> Sorted:
    """Which lines of a stretch become rows, tried in transactions that are undone. `scratch` is a file that may be overwritten."""
    # A blank line is none: it says nothing.
    lines = [line for line in segments.lines_between(source, start, end, LINE_MAX_BYTES) if line.content.strip()]
    good = _fitting(connection, kind, [line for line in lines if _may_fit(line)], scratch)
    kept = {line.position for line in good}
    return Sorted([line.content for line in good], [line for line in lines if line.position not in kept])


def write(file: Path, lines: Sequence[bytes]) -> None:
    """A file of these lines. Raises StateError when the disk is full."""
    with files.saving(file):
        file.unlink(missing_ok=True)  # it may be the second name of a journal
        file.write_bytes(b"".join(line + b"\n" for line in lines))


def _fitting(connection: duckdb.DuckDBPyConnection, kind: Kind, lines: Sequence[Line], scratch: Path) -> Sequence[Line]:
    if not lines or _all_fit(connection, kind, [line.content for line in lines], scratch):
        return lines
    if len(lines) == 1:
        return []
    middle = len(lines) // 2
    return [*_fitting(connection, kind, lines[:middle], scratch), *_fitting(connection, kind, lines[middle:], scratch)]


def _all_fit(connection: duckdb.DuckDBPyConnection, kind: Kind, lines: Sequence[bytes], scratch: Path) -> bool:
    write(scratch, lines)
    database.begin(connection)
    try:
        added = add(connection, kind, [File(scratch, None)])
        return added is not None and look(connection, kind, added) is not None
    finally:
        with suppress(duckdb.Error):  # the statement that failed may have ended the transaction
            connection.execute("rollback")


def _may_fit(line: Line) -> bool:
    """Spares DuckDB what it would surely refuse, such as the zeros that a power cut leaves."""
    return line.length < LINE_MAX_BYTES and line.content.lstrip().startswith(b"{") and b"\0" not in line.content


@contextmanager
def _counting(given: Sequence[File]) -> Iterator[Callable[[], Lines | None]]:
    """Large files are counted beside what else is done: both wait for the same disk, and DuckDB does not keep all processors busy."""
    if sum(file.path.stat().st_size for file in given) < BESIDE_BYTES:
        yield partial(_count_each, given)
    else:
        with ThreadPoolExecutor(1, "count") as beside:
            yield beside.submit(_count_each, given).result


def _count_each(given: Sequence[File]) -> Lines | None:
    """None when a line is too long."""
    lines: Lines = Counter()
    for file in given:
        count = _count(file.path)
        if count is None:
            return None
        lines[file.hour] = count
    return lines


def _count(file: Path) -> int | None:
    """How many lines a file has; None when one is too long. DuckDB does not tell: it refuses those only in large files."""
    lines = 0
    open_line = 0
    part = bytearray(PART)
    bytes_of = np.frombuffer(part, np.uint8)
    with file.open("rb", buffering=0) as content:
        while size := content.readinto(part):
            first = part.find(b"\n", 0, size)
            open_line += size if first < 0 else first
            if open_line >= LINE_MAX_BYTES:
                return None
            if first >= 0:
                # Several times as fast as part.count, which looks at one byte after the other.
                lines += int(np.count_nonzero(bytes_of[:size] == LINE_FEED))
                open_line = size - part.rfind(b"\n", 0, size) - 1
    return lines


def _add(connection: duckdb.DuckDBPyConnection, kind: Kind, given: Sequence[File]) -> int:
    """How many rows came of it."""
    if len(given) == 1:
        rows = f"select *, {_literal(given[0].hour)} as hour from {_rows(kind, given)}"
    else:
        # The name ends with the hour, as 2026-11-20T19.jsonl.
        hour = "strptime(filename[-19:-7], '%Y-%m-%dT%H')"
        rows = f"select * exclude (filename), {hour} as hour from {_rows(kind, given, ', filename = true')}"
    ((added,),) = connection.execute(f"insert into {kind.table} by name {rows}").fetchall()
    return int(added)


def _literal(hour: datetime | None) -> str:
    return "null::TIMESTAMP" if hour is None else f"timestamp '{hour.isoformat(sep=' ')}'"


def _look(connection: duckdb.DuckDBPyConnection, kind: Kind, lines: Lines) -> Look:
    counts = f"count(*), min(time), max(time), count(*) filter (where not coalesce({kind.valid}, false)), max(rowid)"
    added = f"from {kind.table} where rowid >= {UNCOMMITTED}"
    if len(lines) == 1:
        # Groups would take as long again.
        ((count, *others),) = connection.execute(f"select {counts} {added}").fetchall()
        return Look(+Counter({next(iter(lines)): count}), *others)
    rows = connection.execute(f"select hour, {counts} {added} group by hour").fetchall()
    return Look(
        Counter({row[0]: row[1] for row in rows}),
        min((row[2] for row in rows), default=None),
        max((row[3] for row in rows), default=None),
        sum(row[4] for row in rows),
        max((row[5] for row in rows), default=None),
    )


def _rows(kind: Kind, given: Sequence[File], more: str = "") -> str:
    columns = ", ".join(f"'{name}': '{type}'" for name, type in kind.columns.items())
    paths = ", ".join("'" + os.fspath(file.path).replace("'", "''") + "'" for file in given)
    # Twice the length, for the line of that length is to be refused by us alone.
    size = f"maximum_object_size = {2 * LINE_MAX_BYTES}"
    return f"read_json([{paths}], format = 'newline_delimited', {size}, columns = {{{columns}}}{more})"
