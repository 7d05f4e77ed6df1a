"""Compares what the services say that they answered with what stands in the journal: a loss is shown, never assumed away."""

import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from lab.store.store import Store
from lab.store.sums import ATTEMPTS

# vgg16.answers: one number, kept by the service itself, over its deaths and restarts.
NAME = re.compile(r"(?P<variant>[a-z0-9]+)\.answers")


class Account(NamedTuple):
    """The answers of one variant to requests of the gateway."""

    variant: str
    answered: int
    """By its own count."""
    journalled: int
    """Attempts in the journal that it answered, visitors' and shadows'; also in segments that were deleted by their age or size."""

    @property
    def missing(self) -> int:
        """Answers that no line tells of: of requests under way, or lost."""
        return max(0, self.answered - self.journalled)


def accounts(store: Store, sockets: Path) -> list[Account]:
    """Every variant that keeps a count."""
    counted = counts(sockets)
    with store.cursor() as cursor:
        journalled = Counter(dict(cursor.execute("select variant, n from attempts").fetchall()))
        journalled += _deleted(cursor)
    return [Account(variant, answered, journalled[variant]) for variant, answered in sorted(counted.items())]


def of_hour(store: Store, hour: datetime | None) -> dict[str, int]:
    """The answers per variant that the segment of one hour tells of."""
    with store.cursor() as cursor:
        return dict(cursor.execute(f"with lines as (from predictions where hour = ?) {ATTEMPTS.partial}", [hour]).fetchall())


def counts(sockets: Path) -> dict[str, int]:
    """What each service has counted; one that has no readable count is missing."""
    found = {}
    for file in sockets.glob("*.answers"):
        fits = NAME.fullmatch(file.name)
        said = _read(file)
        if fits and said.isdecimal():
            found[fits["variant"]] = int(said)
    return found


def _deleted(cursor: duckdb.DuckDBPyConnection) -> Counter[str]:
    """What the deleted segments told of. One that is still there was not deleted after all."""
    rows = cursor.execute(
        "select detail from decisions where kind = 'retention' and detail->>'segment' not in (select name from segments) order by time, id"
    ).fetchall()
    last = {said["segment"]: said["answered"] for said in (json.loads(row[0]) for row in rows)}
    return sum((Counter(answered) for answered in last.values()), Counter())


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
