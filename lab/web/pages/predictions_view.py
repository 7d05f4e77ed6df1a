"""The log as the page shows it: rows of words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from lab.store.leafing import Lately, Leaf
from lab.store.stretch import Stretch
from lab.web.pages.experiment_state import State
from lab.web.pages.predictions_asked import Asked
from lab.web.pages.predictions_words import CHOSEN, NOBODY, UNKNOWN, Places, milliseconds, outlier, probability, status

# Longest label in the table; a prediction's own page has it whole.
LABEL_MAX = 60


class Row(NamedTuple):
    """One prediction."""

    request_id: str
    at: str
    """As the journal writes it."""
    date: str
    clock: str
    """UTC, to the millisecond."""
    route: str
    variant: str
    place: int
    """Of the variant among its route's."""
    answered_by: str | None
    """Only if that is another one, or nobody."""
    label: str
    probability: str
    outlier: str
    status: State
    chosen: str
    latency: str


class LogView(NamedTuple):
    """What the page shows of the log."""

    rows: Sequence[Row]
    searched: str
    """Where it was looked, in a sentence; empty where everything fits."""
    older: str | None
    """The query that leads there."""
    newer: str | None
    newest: str
    is_first: bool
    lately: str
    """What comes in, in a sentence that moves while the rows stay; empty on other pages than the first."""


def log_view(leaf: Leaf, lately: Lately | None, asked: Asked, places: Places) -> LogView:
    """The page of what was asked."""
    return LogView(
        rows=[row(one, places) for one in leaf.rows],
        searched=searched(leaf.searched) if asked.wanted.wishes else "",
        older=None if leaf.older is None else asked.address(before=leaf.older),
        newer=None if leaf.newer is None else asked.address(after=leaf.newer),
        newest=asked.address(),
        is_first=asked.is_first,
        lately="" if lately is None else came_in(lately, bool(asked.typed)),
    )


def row(line: dict[str, Any], places: Places) -> Row:
    """Of a line of the journal."""
    return Row(
        request_id=line["request_id"],
        at=iso(line["time"]),
        date=f"{line['time']:%d %b}",
        clock=precise(line["time"]),
        route=line["route"],
        variant=line["variant"] or NOBODY,
        place=places.place(line["route"], line["variant"]),
        answered_by=answered_by(line),
        label=short(line["label"], LABEL_MAX),
        probability=probability(line["probability"]),
        outlier=outlier(line["outlier"]),
        status=status(line["status"], line["complete"]),
        chosen=CHOSEN.get(line["reason"], UNKNOWN),
        latency=milliseconds(line["request_s"]),
    )


def came_in(lately: Lately, is_filtered: bool) -> str:
    """`In the last minute 42 predictions came in, the newest at 19:30:00.000 UTC.`"""
    if lately.newest is None:
        return "In the last minute no prediction came in."
    number = "1 prediction" if lately.n == 1 else f"{lately.n:,} predictions"
    whole = " Of all, whether they fit or not." if is_filtered else ""
    return f"In the last minute {number} came in, the newest at {precise(lately.newest)} UTC.{whole}"


def answered_by(line: dict[str, Any]) -> str | None:
    """Who answered, if it was not the one that was chosen."""
    return None if line["served_by"] == line["variant"] else line["served_by"] or NOBODY


def searched(part: Stretch) -> str:
    """How many predictions were looked at, and of what time."""
    number = f"{part.n:,} prediction{'' if part.n == 1 else 's'}"
    if part.start is None:
        return f"Searched all {number} there are." if part.end is None else f"Searched all {number} up to {clock(part.end)} UTC."
    if part.end is None:
        return f"Searched some {number}, from {clock(part.start)} UTC on."
    return f"Searched some {number}, from {clock(part.start)} to {clock(part.end)} UTC."


def short(text: str | None, most: int) -> str:
    """Cut where it gets long."""
    if text is None:
        return UNKNOWN
    return text if len(text) <= most else f"{text[: most - 1]}…"


def iso(moment: datetime) -> str:
    """2026-11-20T19:30:00.000Z"""
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def precise(moment: datetime) -> str:
    """19:30:00.000"""
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}"


def clock(moment: datetime) -> str:
    """20 Nov 19:30:00"""
    return f"{moment:%d %b %H:%M:%S}"
