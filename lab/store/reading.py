"""Tells DuckDB how to read a stretch of a journal, and finds the lines that it cannot read.

DuckDB alone judges whether a line is one, so that a line fares the same whichever way it comes: it reads and checks a whole stretch at
once, and only when that fails are the lines tried in halves, until those at fault stand alone.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from lab import files
from lab.errors import StateError
from lab.journal import segments
from lab.journal.segments import Line
from lab.store.tables import LINE_MAX_BYTES, Kind

# Bytes that are looked at together when lines are counted: any line that is too long holds one such part without an end of line.
PART = LINE_MAX_BYTES // 2


class Sorted(NamedTuple):
    """The lines of a stretch, apart."""

    good: list[bytes]
    bad: list[Line]


def cut(source: Path, start: int, end: int, target: Path) -> None:
    """Copies a stretch of whole lines to where DuckDB can read it. Raises StateError when it is not there any more, or the disk is full."""
    position = start
    with source.open("rb") as file, files.saving(target):
        target.unlink(missing_ok=True)
        with target.open("wb") as copy:
            while position < end and (sent := os.sendfile(copy.fileno(), file.fileno(), position, end - position)):
                position += sent
    if position < end:
        raise StateError(f"{source} has become shorter while it was read; it is read again.")


def link(source: Path, target: Path) -> bool:
    """Gives a whole file a second name where DuckDB can read it, which saves the copy. Not every file system can."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def insert(connection: duckdb.DuckDBPyConnection, kind: Kind, file: Path, first: int, hour: datetime | None) -> int | None:
    """Adds every line of a file to its table, as the rows from `first` on, inside a transaction; returns how many.

    None when something in the file is no line: the transaction is of no use then. `hour` is that of the segment.
    """
    lines = _count(file)
    if lines is None:
        return None
    origin = "null" if hour is None else f"'{hour.isoformat()}'"
    try:
        (added,) = connection.execute(
            f"insert into {kind.table} by name select *, {origin}::TIMESTAMP as hour from {_rows(kind, file)}"
        ).fetchone() or (0,)
    except (duckdb.DataError, duckdb.InvalidInputException):
        return None
    wrong = f"select 1 from {kind.table} where rowid >= {first} and not coalesce({kind.valid}, false) limit 1"
    return None if added != lines or connection.execute(wrong).fetchone() else int(added)


def sort_out(connection: duckdb.DuckDBPyConnection, kind: Kind, source: Path, start: int, end: int, scratch: Path) -> Sorted:
    """Which lines of a stretch become rows, tried outside any transaction. `scratch` is a file that may be overwritten."""
    # A blank line is none: it says nothing.
    lines = [line for line in segments.lines_between(source, start, end, LINE_MAX_BYTES) if line.content.strip()]
    connection.execute(f"create or replace temp table trial as select * from {kind.table} limit 0")
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
    try:
        return insert(connection, kind._replace(table="trial"), scratch, 0, None) is not None
    finally:
        connection.execute("truncate trial")


def _may_fit(line: Line) -> bool:
    """Spares DuckDB what it would surely refuse, such as the zeros that a power cut leaves."""
    return line.length < LINE_MAX_BYTES and line.content.lstrip().startswith(b"{") and b"\0" not in line.content


def _count(file: Path) -> int | None:
    """How many lines a file has; None when one is too long. DuckDB does not tell: it refuses those only in large files."""
    lines = 0
    open_line = 0
    with file.open("rb", buffering=0) as content:
        while part := content.read(PART):
            first = part.find(b"\n")
            open_line += len(part) if first < 0 else first
            if open_line >= LINE_MAX_BYTES:
                return None
            if first >= 0:
                lines += part.count(b"\n")
                open_line = len(part) - part.rfind(b"\n") - 1
    return lines


def _rows(kind: Kind, file: Path) -> str:
    columns = ", ".join(f"'{name}': '{type}'" for name, type in kind.columns.items())
    path = os.fspath(file).replace("'", "''")
    # Twice the length, for the line of that length is to be refused by us alone.
    return f"read_json('{path}', format = 'newline_delimited', maximum_object_size = {2 * LINE_MAX_BYTES}, columns = {{{columns}}})"
