"""Accounts for every prediction: what the services answered, what the journal holds, what the database has of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lab.journal import segments
from lab.store.answers import Account, accounts
from lab.store.store import Store
from lab.store.tables import KINDS


class Journal(NamedTuple):
    """All segments of one kind. Of the lines that have been read, lines = stored + quarantined."""

    kind: str
    segments: int
    bytes: int
    """On disk."""
    unread: int
    """Bytes that have not been read yet: the last moment's, or half a line."""
    lines: int
    stored: int
    quarantined: int


class Whole(NamedTuple):
    """The whole account."""

    journals: list[Journal]
    answers: list[Account]
    outcomes: dict[str, int]
    """Lines of the feedback journal by outcome, the most frequent first."""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        answers = [one.as_json() for one in self.answers]
        return {"journals": [one._asdict() for one in self.journals], "answers": answers, "outcomes": self.outcomes}


def account(store: Store, sockets: Path) -> Whole:
    """`sockets` is the folder where the services keep their own counts."""
    # The counts first: what is answered meanwhile must not look lost.
    answers = accounts(store, sockets)
    found = journals(store)
    with store.cursor() as cursor:
        outcomes = cursor.execute("select outcome, count(*) from feedback group by outcome order by count(*) desc, outcome").fetchall()
    return Whole(found, answers, dict(outcomes))


def journals(store: Store) -> list[Journal]:
    """Predictions, feedback and decisions. Counts no rows, so it takes as long however many there are."""
    found = segments.listed(store.journal)
    with store.cursor() as cursor:
        rows = cursor.execute(
            "select kind, sum(bytes)::BIGINT, sum(lines)::BIGINT, sum(stored)::BIGINT, sum(quarantined)::BIGINT from segments group by kind"
        ).fetchall()
    read = {row[0]: row[1:] for row in rows}
    return [_journal(kind, [_size(one.path) for one in found if one.kind == kind], read) for kind in KINDS]


def _journal(kind: str, sizes: Sequence[int], read: Mapping[str, tuple[int, ...]]) -> Journal:
    until, lines, stored, quarantined = read.get(kind, (0, 0, 0, 0))
    # Whoever reads meanwhile may be further than the sizes.
    return Journal(kind, len(sizes), sum(sizes), max(0, sum(sizes) - until), lines, stored, quarantined)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        # Deleted since it was listed.
        return 0
