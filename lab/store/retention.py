"""Deletes the oldest segments of the journals when they are too old or too many, but none that a running experiment needs."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from lab.journal import decisions, segments
from lab.journal.decisions import Decision
from lab.journal.segments import Segment
from lab.store import answers
from lab.store.answers import Tried
from lab.store.store import Store


class Bounds(NamedTuple):
    """How much of the journals is kept."""

    days: float
    gigabytes: float


class Sized(NamedTuple):
    """A segment and what it takes on disk."""

    segment: Segment
    bytes: int

    @property
    def hour(self) -> datetime:
        assert self.segment.hour is not None
        return self.segment.hour.replace(tzinfo=UTC)


def tidy(store: Store, bounds: Bounds, now: datetime, in_use: Collection[str]) -> list[str]:
    """Deletes what may go, with its rows, so that a rebuilt database is the same; returns the names of the deleted segments.

    Decisions are kept for ever, and say how many answers a deleted segment told of: otherwise those would look lost. `in_use` names the
    experiments that are running. Raises StateError, and deletes no more, when the disk is full.
    """
    sized = [Sized(one, one.path.stat().st_size) for one in segments.listed(store.journal) if one.hour]
    doomed = [one.segment for one in superfluous(sized, bounds, now, _needed_since(store, in_use))]
    for one in doomed:
        if one.kind == "predictions":
            _write_down(store.journal, one.name, answers.of_hour(store, one.hour), now)
    if doomed:
        store.forget(doomed)
    return [one.name for one in doomed]


def _write_down(journal: Path, name: str, tried: Tried, now: datetime) -> None:
    detail = {"segment": name, "answered": dict(tried.answered), "given_up": dict(tried.given_up)}
    why = "older or larger than LAB_KEEP_DAYS and LAB_KEEP_GB allow"
    decisions.record(journal, Decision("retention", None, None, None, "lab", why, None, detail), now.timestamp())


def superfluous(sized: Sequence[Sized], bounds: Bounds, now: datetime, needed_since: datetime | None) -> list[Sized]:
    """Which segments may go: the oldest first, never the present hour nor one that is needed."""
    until = now - timedelta(hours=1) if needed_since is None else min(needed_since, now) - timedelta(hours=1)
    total = sum(one.bytes for one in sized)
    doomed = []
    for one in sorted(sized, key=lambda each: each.segment.hour):
        is_too_old = now - one.hour > timedelta(days=bounds.days)
        is_too_much = total > bounds.gigabytes * 1e9
        if one.hour <= until and (is_too_old or is_too_much):
            doomed.append(one)
            total -= one.bytes
    return doomed


def _needed_since(store: Store, in_use: Collection[str]) -> datetime | None:
    if not in_use:
        return None
    with store.cursor() as cursor:
        found = cursor.execute("select min(block) from blocks where experiment in (select unnest(?))", [list(in_use)])
        (since,) = found.fetchone() or (None,)
    return since.replace(tzinfo=UTC) if since else None
