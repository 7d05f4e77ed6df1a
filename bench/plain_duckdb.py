"""The control for reading journals: DuckDB's own words for it, and nothing that has to hold after a crash or a broken line."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from lab.store.database import READING_LIMIT, THREADS_AT_START
from lab.store.tables import LINE_MAX_BYTES, PREDICTIONS

# What is asked of every variant, in seconds.
QUESTION = """
select route, variant, count(*) as n, avg((status >= 500)::INTEGER) as error_rate, avg(request_s) as mean_s,
       quantile_cont(request_s, 0.95) as p95_s
from {rows} group by all order by all
"""


def connect(file: Path | None, threads: int = THREADS_AT_START) -> duckdb.DuckDBPyConnection:
    """A database with the lab's memory; in memory without a file."""
    settings = {"threads": threads, "memory_limit": READING_LIMIT, "preserve_insertion_order": False}
    return duckdb.connect(str(file or ":memory:"), config=settings)


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """The table of predictions."""
    typed = ", ".join(f'"{name}" {kind}' for name, kind in PREDICTIONS.columns.items())
    connection.execute(f"create table predictions ({typed})")


def insert(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Adds every line of a file; returns how many there were."""
    (added,) = connection.execute(f"insert into predictions select * from {rows([file])}").fetchone() or (0,)
    return int(added)


def rows(files: Iterable[Path]) -> str:
    """SQL that reads lines with every column declared."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in PREDICTIONS.columns.items())
    paths = ", ".join(f"'{file}'" for file in files)
    return f"read_json([{paths}], format = 'newline_delimited', maximum_object_size = {LINE_MAX_BYTES}, columns = {{{columns}}})"
