"""Finds predictions in the journal: the newest ones, or those that came after one that is known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import duckdb

from lab.store.store import Store


class Filter(NamedTuple):
    """What to look for; None means anything."""

    route: str | None = None
    variant: str | None = None
    """The assigned one."""
    label: str | None = None
    outlier: bool | None = None
    status: tuple[int, int] | None = None
    """First and last status that fit."""
    reason: str | None = None
    visitor: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    """UTC without a zone."""
    until: datetime | None = None
    """Not included."""

    @property
    def wishes(self) -> dict[str, Any]:
        """What is not left open."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class Page(NamedTuple):
    """Predictions in the order in which they were written."""

    rows: list[dict[str, Any]]
    last: int
    """Number of the last one that was looked at: ask for what comes after it to go on."""


# How each wish is said in SQL. Only those that there are: a condition that is always true would keep DuckDB from skipping rows.
CONDITIONS = {
    "route": "route = $route",
    "variant": "variant = $variant",
    "label": "label = $label",
    "outlier": "outlier = $outlier",
    "status": "status between $status[1] and $status[2]",
    "reason": "reason = $reason",
    "visitor": "visitor = $visitor",
    "request_id": "request_id = $request_id",
    "since": "time >= $since",
    "until": "time < $until",
}


def newest(store: Store, wanted: Filter, limit: int) -> Page:
    """The last `limit` predictions that fit, the oldest of them first."""
    return _page(store, wanted, [], "time desc, rowid desc", limit)


def after(store: Store, wanted: Filter, last: int, limit: int) -> Page:
    """The first `limit` predictions that fit and came after number `last`.

    Numbers begin anew when the database is rebuilt, and shrink when segments are deleted: whoever is ahead of them goes on at the end.
    """
    return _page(store, wanted, [f"rowid > {int(last)}"], "rowid", limit)


def _page(store: Store, wanted: Filter, conditions: list[str], order: str, limit: int) -> Page:
    values = wanted.wishes
    conditions = conditions + [CONDITIONS[name] for name in values]
    where = " and ".join(conditions) or "true"
    with store.cursor() as cursor:
        # One view of the table: what is stored between two questions would be told twice.
        cursor.execute("begin transaction read only")
        (end,) = cursor.execute("select max(rowid) from predictions").fetchone() or (None,)
        rows = records(cursor, f"where {where} order by {order} limit {limit}", values)
    numbers = [row.pop("number") for row in rows]
    if order != "rowid":
        rows.reverse()
    # A page that is full ends with its last row: what comes after that one is for the next.
    is_full = order == "rowid" and len(rows) == limit
    return Page(rows, numbers[-1] if is_full else -1 if end is None else int(end))


def records(cursor: duckdb.DuckDBPyConnection, which: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Predictions with the fields of their lines, and the `number` of their row. `which` is the end of the question, in SQL."""
    cursor.execute(f"select rowid as number, * exclude (hour) from predictions {which}", values)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
