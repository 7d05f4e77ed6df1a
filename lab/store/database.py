"""Opens the database, and closes everything in it that could reach beyond it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import duckdb

from lab import files
from lab.errors import StateError
from lab.store import sums, tables, views
from lab.store.tables import EPOCH_START

FILE = "lab.duckdb"

# Where a stretch of a journal lies while it is read; nothing else is ever in there.
INGEST = "ingest"

# Bytes of memory for tables, joins and people's questions together. At the start, when two threads read JSON, each of them reserves buffers
# of 33 MB. While sums are made of what they read, more than the last would only hold pages of the file, which the system keeps anyway.
MEMORY_LIMIT, READING_LIMIT, SUMMING_LIMIT = "140MB", "150MB", "100MB"

# Threads that read, sum and answer: while everything is read that was there at the start, and afterwards. For a few thousand lines, waking
# a second one costs more than it saves.
THREADS_AT_START, THREADS = 2, 1

# Size of DuckDB's log at which it is worked into the file. That many rows, some 100,000, become a group of their own: smaller groups than
# three quarters of a full one (122,880 rows) would later be put together, and all of them compressed and written again.
LOG_LIMIT = "48MB"

# Most that may lie on disk for a question that needs more memory than there is.
SPILL_LIMIT = "2GB"

# How DuckDB says that another process has the file, that the disk is full, and that what it reads is not what it wrote.
LOCKED = "Could not set lock on file"
FULL = "No space left on device"
DAMAGE = ("Corrupt database file", "database has been invalidated", "Could not read enough bytes")


class Place(NamedTuple):
    """Where the database is."""

    state: Path

    @property
    def file(self) -> Path:
        """The database; derived, and made anew when it is missing."""
        return self.state / FILE

    @property
    def ingest(self) -> Path:
        """The only folder that the database can read from."""
        return self.state / INGEST


def connect(place: Place, reward_cap: float | None) -> duckdb.DuckDBPyConnection:
    """Opens or makes the database; one that is broken or of another version is made anew from the journals.

    Raises StateError when the disk does not let it.
    """
    connection = _usable(place, reward_cap)
    if connection is not None:
        return connection
    remove(place)
    try:
        connection = _opened(place)
        _create(connection)
        _prepare(connection, place, reward_cap)
    except duckdb.Error as error:
        raise StateError(f"{place.file} cannot be made. Free some space, or set LAB_STATE to a folder that can be written.") from error
    return connection


def remove(place: Place) -> None:
    """Deletes the database; nothing is lost. Raises StateError when that cannot be done."""
    with files.saving(place.file):
        for file in (place.file, place.file.with_name(f"{FILE}.wal")):
            file.unlink(missing_ok=True)


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """To be called when everything that was there at the start has been read. From now on no statement changes a setting."""
    connection.execute(f"set threads={THREADS}")
    _limit_memory(connection, MEMORY_LIMIT)
    connection.execute("set lock_configuration=true")


@contextmanager
def summing(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keeps less in memory meanwhile, for everybody who uses the database. Only before `settle`.

    `connection` is in no transaction: a setting that fails would break it off.
    """
    _limit_memory(connection, SUMMING_LIMIT)
    try:
        yield
    finally:
        _limit_memory(connection, READING_LIMIT)


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """A transaction, also when the last one found no memory in which to be undone."""
    try:
        connection.execute("begin")
    except duckdb.TransactionException:
        connection.execute("rollback")
        connection.execute("begin")


def _limit_memory(connection: duckdb.DuckDBPyConnection, limit: str) -> None:
    """What lies in memory beyond that goes; while too much of it is in use, the limit stays as it is."""
    with suppress(duckdb.OutOfMemoryException):
        connection.execute(f"set memory_limit='{limit}'")


@contextmanager
def writing(place: Place) -> Iterator[None]:
    """Turns what DuckDB says of a full disk into StateError."""
    try:
        yield
    except duckdb.Error as error:
        if FULL in str(error):
            raise StateError(f"{place.file} cannot be written: the disk is full. Free some space and try again.") from error
        raise


def tells_of_damage(error: BaseException) -> bool:
    """Whether an error, or what led to it, says that the database itself is broken, so that no trying again will help."""
    if isinstance(error, duckdb.Error):
        return isinstance(error, (duckdb.FatalException, duckdb.InternalException)) or any(sign in str(error) for sign in DAMAGE)
    return error.__cause__ is not None and tells_of_damage(error.__cause__)


def _usable(place: Place, reward_cap: float | None) -> duckdb.DuckDBPyConnection | None:
    """The database that is there; None when it is broken or of another version."""
    connection = None
    try:
        with writing(place):
            connection = _opened(place)
            if _is_current(connection):
                _prepare(connection, place, reward_cap)
                return connection
    except duckdb.Error as error:
        if LOCKED in str(error):
            raise StateError(f"{place.file} is in use by another process. Is another lab running on this state?") from error
    if connection is not None:
        connection.close()
    return None


def _opened(place: Place) -> duckdb.DuckDBPyConnection:
    settings = {
        "threads": THREADS_AT_START,
        "memory_limit": READING_LIMIT,
        "checkpoint_threshold": LOG_LIMIT,
        "preserve_insertion_order": False,
        # Nothing is read twice.
        "enable_external_file_cache": False,
    }
    return duckdb.connect(str(place.file), config=settings)


def _is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    try:
        found = connection.execute("select version from progress").fetchone()
    except duckdb.Error:
        return False
    return found is not None and found[0] == tables.VERSION


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("begin")
    for kind in tables.KINDS.values():
        columns = kind.columns | tables.ORIGIN | (tables.JOINED if kind is tables.FEEDBACK else {})
        typed = ", ".join(f'"{name}" {type}{" using compression uncompressed" * (name in tables.RANDOM)}' for name, type in columns.items())
        connection.execute(f"create table {kind.table} ({typed})")
    for table in sums.ALL:
        connection.execute(f"create table {table.table} as with lines as (from predictions) {table.partial} limit 0")
    connection.execute(
        "create table segments (name VARCHAR, kind VARCHAR, bytes BIGINT, tail BIGINT, lines BIGINT, stored BIGINT, quarantined BIGINT);"
        "create table quarantine (segment VARCHAR, position BIGINT, length BIGINT, start VARCHAR);"
        "create table tidied (name VARCHAR, rows BIGINT);"
        "create table progress (version INTEGER, through TIMESTAMP)"
    )
    connection.execute("insert into progress values (?, ?)", [tables.VERSION, EPOCH_START])
    connection.execute("commit")


def _prepare(connection: duckdb.DuckDBPyConnection, place: Place, reward_cap: float | None) -> None:
    (through,) = connection.execute("select through from progress").fetchone() or (EPOCH_START,)
    for statement in views.of_sums(through) + views.of_visitors(reward_cap):
        connection.execute(statement)
    # Only now: whoever comes second to a database that is in use must leave the first one's files alone.
    with files.saving(place.ingest):
        _clear(place.ingest)
    _lock_down(connection, place)


def _lock_down(connection: duckdb.DuckDBPyConnection, place: Place) -> None:
    """From now on no statement, whoever sends it, reads or writes a file outside the ingest folder."""
    connection.execute(f"set max_temp_directory_size='{SPILL_LIMIT}'")
    folder = f"{place.ingest}/".replace("'", "''")
    connection.execute(f"set allowed_directories=['{folder}']")
    connection.execute("set enable_external_access=false")


def _clear(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
