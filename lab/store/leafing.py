"""Leafs through the log, the newest first: a page of it, within a bounded stretch, that keeps its place while predictions come in."""

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

import duckdb

from lab.store import stretch
from lab.store.log import CONDITIONS, Filter, records
from lab.store.store import Store
from lab.store.stretch import AHEAD, Stretch
from lab.store.tables import utc

# Predictions of one page.
PAGE = 50

# Predictions that are searched for one page, or a few more. Where everything fits, few are enough.
SEARCHED = 200_000
SEARCHED_FOR_ALL = 1_000
# Who says since when wants all of it; what fits is rare by then, and quick to find.
SEARCHED_SINCE = 1_000_000

LATELY = timedelta(minutes=1)

# Microseconds since 1970, and a row.
PLACE = re.compile(r"(?P<us>[0-9]{1,16})-(?P<row>-?[0-9]{1,18})")
START = datetime(1970, 1, 1)

OLDER = "(time < $time or time = $time and rowid < $row)"
NEWER = "(time > $time or time = $time and rowid > $row)"


class Place(NamedTuple):
    """Between two predictions of the log."""

    time: datetime
    """UTC without a zone."""
    row: int
    """In its table: puts those of one moment in order."""

    def __str__(self) -> str:
        return f"{(self.time - START) // timedelta(microseconds=1)}-{self.row}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `str` wrote; None of anything else."""
        fits = PLACE.fullmatch(text)
        try:
            return cls(START + timedelta(microseconds=int(fits["us"])), int(fits["row"])) if fits else None
        except OverflowError:
            return None


class Leaf(NamedTuple):
    """One page of the log."""

    rows: list[dict[str, Any]]
    """The newest first, with the fields of the journal's lines."""
    searched: Stretch
    """Where it was looked for them."""
    older: Place | None
    """Go on there for older ones; None: there are none."""
    newer: Place | None
    """The same for newer ones."""


class Lately(NamedTuple):
    """What came in within the last minute, shadows' copies included."""

    n: int
    newest: datetime | None


def lately(store: Store, now: float) -> Lately:
    """`now` in seconds since 1970."""
    with store.cursor() as cursor:
        question = "select count(*), max(time) from predictions where time >= $start and time < $end"
        values = {"start": utc(now) - LATELY, "end": utc(now) + AHEAD}
        return Lately(*(cursor.execute(question, values).fetchone() or (0, None)))


def newest(store: Store, wanted: Filter, now: float) -> Leaf:
    """The newest predictions that fit. `now` in seconds since 1970."""
    leaf = before(store, wanted, Place(utc(now) + AHEAD, 0), now)
    # Its end lies ahead of what there is.
    return leaf._replace(newer=None, searched=leaf.searched._replace(end=wanted.until))


def before(store: Store, wanted: Filter, place: Place, now: float) -> Leaf:
    """Those that come before a place in time, the nearest."""
    with store.cursor() as cursor:
        cursor.execute("begin transaction read only")
        end = min(place.time + timedelta(microseconds=1), wanted.until or datetime.max, utc(now) + AHEAD)
        searched = stretch.before(cursor, end, _most(wanted))
        found = _find(cursor, wanted, searched, OLDER, place, "time desc, rowid desc")
        if wanted.since and searched.start and wanted.since < searched.start and len(found) <= PAGE:
            searched = _since(cursor, wanted.since, end)
            found = _find(cursor, wanted, searched, OLDER, place, "time desc, rowid desc")
    rows, is_more = found[:PAGE], len(found) > PAGE
    return Leaf(rows, searched, _place(rows[-1]) if is_more else _edge(searched, wanted), _place(rows[0]) if rows else place)


def after(store: Store, wanted: Filter, place: Place, now: float) -> Leaf:
    """Those that come after a place in time, the nearest; the newest first."""
    with store.cursor() as cursor:
        cursor.execute("begin transaction read only")
        searched = stretch.after(cursor, place.time, utc(now), _most(wanted))
        found = _find(cursor, wanted, searched, NEWER, place, "time, rowid")
    rows, is_more = found[:PAGE][::-1], len(found) > PAGE
    is_over = searched.end is None or (wanted.until is not None and wanted.until <= searched.end)
    on = None if is_over or searched.end is None else Place(searched.end, -1)
    return Leaf(rows, searched, _place(rows[-1]) if rows else place, _place(rows[0]) if is_more else on)


def _since(cursor: duckdb.DuckDBPyConnection, since: datetime, end: datetime) -> Stretch:
    """All between two moments, or the newest part of it."""
    found = stretch.before(cursor, end, SEARCHED_SINCE)
    return found if found.start is not None and found.start > since else stretch.since(cursor, since, end)


def _find(
    cursor: duckdb.DuckDBPyConnection, wanted: Filter, searched: Stretch, side: str, place: Place, order: str
) -> list[dict[str, Any]]:
    """One more than a page has: then there are further ones."""
    edges = {"start": searched.start, "end": searched.end}
    bounds = [condition for name, condition in (("start", "time >= $start"), ("end", "time < $end")) if edges[name]]
    where = " and ".join([*bounds, side, *(CONDITIONS[name] for name in wanted.wishes)])
    values = wanted.wishes | {name: edge for name, edge in edges.items() if edge} | place._asdict()
    return records(cursor, f"where {where} order by {order} limit {PAGE + 1}", values)


def _edge(searched: Stretch, wanted: Filter) -> Place | None:
    """Where the search ended, if it did not end at the beginning of what is wanted."""
    if searched.start is None or (wanted.since is not None and searched.start <= wanted.since):
        return None
    return Place(searched.start, 0)


def _place(row: dict[str, Any]) -> Place:
    return Place(row["time"], row["number"])


def _most(wanted: Filter) -> int:
    return SEARCHED if wanted.wishes.keys() - {"since", "until"} else SEARCHED_FOR_ALL
