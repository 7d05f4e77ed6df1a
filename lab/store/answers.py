"""Compares what the services say that they answered with what stands in the journal: a loss is shown, never assumed away."""

import json
import re
from collections import Counter
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import duckdb

from lab.store.store import Store
from lab.store.sums import ATTEMPTS

# vgg16.answers: one number, kept by the service itself, over its deaths and restarts.
NAME = re.compile(r"(?P<variant>[a-z0-9]+)\.answers")


class Tried(NamedTuple):
    """What became of the attempts at each variant, by the journal's lines."""

    answered: Counter[str]
    given_up: Counter[str]
    """Not waited for any longer: after a time-out, or because the client had hung up. The variant may have answered later."""

    def plus(self, other: "Tried") -> "Tried":
        """Both together."""
        return Tried(self.answered + other.answered, self.given_up + other.given_up)


class Account(NamedTuple):
    """The answers of one variant to requests of the gateway."""

    variant: str
    answered: int
    """By its own count."""
    journalled: int
    """Attempts in the journal that it answered, visitors' and shadows'; also in segments that were deleted by their age or size."""
    given_up: int = 0
    """Attempts in the journal that the gateway gave up on. As many answers, at most, came too late for their line to tell of them."""

    @property
    def missing(self) -> int:
        """Answers that no line tells of: of requests under way, too late, or lost."""
        return max(0, self.answered - self.journalled)

    @property
    def late_max(self) -> int:
        """As many of the missing ones, at most, came when the gateway had given up."""
        return min(self.missing, self.given_up)

    @property
    def unexplained(self) -> int:
        """As many of the missing ones, at least, belong to requests under way or are lost. None: the journal is complete."""
        return self.missing - self.late_max

    def as_json(self) -> dict[str, str | int]:
        """With what follows from the counts."""
        return self._asdict() | {"missing": self.missing, "late_max": self.late_max, "unexplained": self.unexplained}


def accounts(store: Store, sockets: Path) -> list[Account]:
    """Every variant that keeps a count."""
    counted = counts(sockets)
    with store.cursor() as cursor:
        tried = _tried(cursor, "select variant, n, given_up from attempts").plus(_deleted(cursor))
    return [Account(name, answered, tried.answered[name], tried.given_up[name]) for name, answered in sorted(counted.items())]


def of_hour(store: Store, hour: datetime | None) -> Tried:
    """What the segment of one hour tells of."""
    with store.cursor() as cursor:
        return _tried(cursor, f"with lines as (from predictions where hour = ?) {ATTEMPTS.partial}", hour)


def counts(sockets: Path) -> dict[str, int]:
    """What each service has counted; one that has no readable count is missing."""
    found = {}
    for file in sockets.glob("*.answers"):
        fits = NAME.fullmatch(file.name)
        said = _read(file)
        if fits and said.isdecimal():
            found[fits["variant"]] = int(said)
    return found


def _tried(cursor: duckdb.DuckDBPyConnection, sql: str, *values: object) -> Tried:
    rows = cursor.execute(sql, list(values)).fetchall()
    return Tried(Counter({variant: n for variant, n, _ in rows}), Counter({variant: given_up for variant, _, given_up in rows}))


def _deleted(cursor: duckdb.DuckDBPyConnection) -> Tried:
    """What the deleted segments told of. One that is still there was not deleted after all."""
    rows = cursor.execute(
        "select detail from decisions where kind = 'retention' and detail->>'segment' not in (select name from segments) order by time, id"
    ).fetchall()
    last = {said["segment"]: said for said in (json.loads(row[0]) for row in rows)}
    # Deletions that were written down before this was counted do not tell what was given up.
    each = [Tried(Counter(said["answered"]), Counter(said.get("given_up", {}))) for said in last.values()]
    return reduce(Tried.plus, each, Tried(Counter(), Counter()))


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
