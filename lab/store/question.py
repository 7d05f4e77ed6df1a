"""Answers a question in SQL, and nothing but a question.

Three walls: the statement is parsed and may name our own tables only, it runs in a transaction that cannot write, and the database itself
neither opens files nor changes settings (the second after its first reading: nothing is answered before). Time and memory are bounded for
questions that people ask by mistake; DuckDB can neither interrupt nor bound the making of one huge value, so what makes much out of little
is refused, but whoever tries can still find a way: the address is for those who run the lab.
"""

import json
import threading
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb

from lab.errors import Refused
from lab.store.store import Store
from lab.store.tables import RELATIONS

# Rows that are fetched together, and the length of texts at which an answer ends.
FETCHED = 100
ANSWER_BYTES = 8 << 20

# Functions that make rows of nothing but their arguments.
GENERATORS = ("range", "generate_series", "unnest")

# Functions that would leave a trace, that wait, or that make values of any size.
FORBIDDEN = ("write_log", "sleep_ms", "pg_sleep", "range", "generate_series", "repeat", "lpad", "rpad", "bitstring", "list_resize",
             "array_resize", "format", "printf", "repeat_row")  # fmt: skip

# One question at a time, so that the reading of the journals always has a share of memory and processor.
asking = threading.Lock()


class QuestionError(Refused):
    """A question that cannot be asked, or that took too much."""


class Busy(Refused):
    """The lab reads its journals first, or somebody else's question is being answered: two would take each other's memory."""


class Answer(NamedTuple):
    """Rows under named columns; of plain JSON types."""

    columns: list[str]
    rows: list[list[Any]]
    more: bool
    """There are further rows."""


def ask(store: Store, sql: str, limit: int = 10_000, seconds: float = 10) -> Answer:
    """Runs one SELECT. Raises QuestionError with a sentence when it is something else, is wrong, or takes too long or too much memory.

    Waits as long for another question to end; Busy if that does not.
    """
    if not store.is_settled.wait(seconds):
        raise Busy("The lab has just started and reads its journals first. Try again in a minute.")
    if not asking.acquire(timeout=seconds):
        raise Busy("Another question is being answered. Try again in a few seconds.")
    try:
        return _ask(store, sql, limit, seconds)
    finally:
        asking.release()


def _ask(store: Store, sql: str, limit: int, seconds: float) -> Answer:
    with store.cursor() as cursor:
        _check(cursor, sql)
        timer = threading.Timer(seconds, cursor.interrupt)
        timer.start()
        try:
            cursor.execute("begin transaction read only")
            cursor.execute(sql)
            columns = [column[0] for column in cursor.description or ()]
            rows, more = _fetch(cursor, limit)
        except duckdb.InterruptException as error:
            raise QuestionError(f"The answer took longer than {seconds:g} s. Ask for less: a shorter time, fewer columns.") from error
        except duckdb.OutOfMemoryException as error:
            raise QuestionError("The answer needs more memory than questions get. Ask for less, or count instead of listing.") from error
        except duckdb.Error as error:
            raise QuestionError(_first_words(error)) from error
        finally:
            timer.cancel()
    return Answer(columns, rows, more)


def _fetch(cursor: duckdb.DuckDBPyConnection, limit: int) -> tuple[list[list[Any]], bool]:
    """At most `limit` rows and some ANSWER_BYTES of text, and whether there are more."""
    rows: list[list[Any]] = []
    size = 0
    while fetched := cursor.fetchmany(FETCHED):
        rows += [[_plain(value) for value in row] for row in fetched]
        size += sum(_length(value) for row in fetched for value in row)
        if len(rows) > limit or size > ANSWER_BYTES:
            return rows[:limit], True
    return rows, False


def _length(value: object) -> int:
    """Roughly the bytes of a value's text."""
    if isinstance(value, dict):
        return sum(map(_length, value.values()))
    return sum(map(_length, value)) if isinstance(value, (list, tuple)) else len(value) if isinstance(value, str) else 8


def _check(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = cursor.extract_statements(sql)
        (serialized,) = cursor.execute("select json_serialize_sql(?)", [sql]).fetchone() or ("{}",)
        parsed = json.loads(serialized)
    except duckdb.Error as error:
        raise QuestionError(_first_words(error)) from error
    except RecursionError as error:
        raise QuestionError("The question is nested too deeply. Ask with fewer brackets or operators.") from error
    if len(statements) != 1 or parsed.get("error") or statements[0].type != duckdb.StatementType.SELECT:
        raise QuestionError('Only one SELECT can be asked, such as "select variant, count(*) from predictions group by all".')
    own = _names(parsed, "cte_map")
    nodes = _nodes(parsed)
    # What makes rows is no function of values, though it looks like one inside.
    row_makers = [node.get("function") for node in nodes if node.get("type") == "TABLE_FUNCTION"]
    for node in nodes:
        if not any(node is maker for maker in row_makers):
            _check_node(node, own)


def _check_node(node: dict[str, Any], own: set[str]) -> None:
    kind = node.get("type")
    if kind == "RECURSIVE_CTE_NODE":
        raise QuestionError("WITH RECURSIVE cannot be used here. Ask without it.")
    function = str((node.get("function") or node).get("function_name", "")).lower() if kind in ("TABLE_FUNCTION", "FUNCTION") else ""
    if function and (function not in GENERATORS if kind == "TABLE_FUNCTION" else function in FORBIDDEN):
        raise QuestionError(f"{function}() cannot be used here: questions are answered from the lab's own tables: {', '.join(RELATIONS)}.")
    name = str(node.get("table_name", ""))
    if kind == "BASE_TABLE" and name.lower() not in RELATIONS and name.lower() not in own:
        raise QuestionError(f"There is no table {name!r}. There are {', '.join(RELATIONS)}.")


def _nodes(value: object) -> list[dict[str, Any]]:
    """Every object in a parsed statement, however deep."""
    found = []
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            found.append(one)
            left += one.values()
        elif isinstance(one, list):
            left += one
    return found


def _names(parsed: object, where: str) -> set[str]:
    """The tables that a statement defines for itself (WITH)."""
    maps = [node[where].get("map", []) for node in _nodes(parsed) if isinstance(node.get(where), dict)]
    return {str(entry.get("key", "")).lower() for entries in maps for entry in entries}


def _first_words(error: duckdb.Error) -> str:
    """What DuckDB says is wrong, with the place in the question, without its advice on settings."""
    return str(error).split("\n\nPossible solutions")[0].strip()


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, datetime):
        # Times without a zone are UTC here.
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, int):
        # JSON writers disagree about what is longer.
        return value if -(2**63) <= value < 2**63 else str(value)
    return value if isinstance(value, str) or value is None else str(value)
