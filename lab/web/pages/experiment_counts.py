"""Asks the journals what a run's page shows besides the looks: latencies, feedback, rescues, and whether every answer has its line."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from lab.controller.case import Case
from lab.controller.story import Story
from lab.store.answers import Account, accounts
from lab.store.store import Store
from lab.store.sums import BIN, BLOCK_S
from lab.store.tables import utc
from lab.web.pages.experiment_figures import LatencyOf

# Seconds of a run that are counted at most, its last ones: a page takes no longer after a week than after half an hour.
WINDOW_S = 1800.0

OURS = "route = $route and experiment = $run and block >= $since and variant is not null"


class Seen(NamedTuple):
    """Since `since`, by variant."""

    since: float | None = None
    """In seconds since 1970; None: it has not begun."""
    is_whole: bool = True
    """Whether that is the run from its start on."""
    predictions: Mapping[str, int] = {}
    """Those that the split assigned, here and below; of a shadow its copies."""
    rescued: Mapping[str, int] = {}
    unrescued: Mapping[str, int] = {}
    """Answers that failed, and that visitors got: nobody sees what a copy for a shadow is answered."""
    with_feedback: Mapping[str, int] = {}
    """Predictions that somebody rewarded, or told the truth of."""
    latency: tuple[LatencyOf, ...] = ()
    answers: tuple[Account, ...] = ()
    """Of all times."""


def seen(store: Store, sockets: Path, case: Case, now: float) -> Seen:
    """Raises duckdb.Error where the database cannot answer now."""
    story = case.story
    if story.began_at is None:
        return Seen()
    since = _since(story, now)
    variants = [one.variant for one in case.experiment.versions]
    values = {"route": story.route, "run": story.run, "since": utc(since)}
    with store.cursor() as cursor:
        # One view of the tables: feedback and the predictions that it is about belong together.
        cursor.execute("begin transaction read only")
        counted = _rows(cursor, COUNTED, values)
        ((through,),) = _rows(cursor, "select through from progress", {})
        bins = _rows(cursor, BINS, {**values, "through": through})
        said = _rows(cursor, SAID, values)
    return Seen(
        since=since,
        is_whole=since <= story.began_at,
        predictions={variant: n for variant, n, _, _ in counted},
        rescued={variant: rescued for variant, _, rescued, _ in counted},
        unrescued={variant: failed for variant, _, _, failed in counted},
        with_feedback=dict(said),
        latency=_latency(variants, bins),
        answers=tuple(one for one in accounts(store, sockets) if one.variant in variants),
    )


# What a shadow answers has another reason than the split.
COUNTED = f"""select variant, sum(n)::BIGINT, sum(rescued)::BIGINT,
coalesce(sum(failed - rescued) filter (where reason = 'split'), 0)::BIGINT from blocks
where {OURS} and reason in ('split', 'shadow') group by variant"""

# Of the sums, and of what is not summed yet: the view of both would put it together twice.
BINS = f"""select variant, bin, sum(n)::BIGINT from (
    select variant, bin, n from latency_sums where {OURS} and reason in ('split', 'shadow')
    union all
    select variant, {BIN}, 1 from predictions
    where {OURS.replace("block", "time")} and time >= $through and reason in ('split', 'shadow')
) group by all"""

SAID = """select predicted_variant, count(distinct request_id) from feedback
where predicted_route = $route and experiment = $run and predicted_at >= $since and reason = 'split'
      and metric in ('reward', 'truth') and reward is not null and outcome in ('stored', 'late', 'unknown')
group by predicted_variant"""


def _since(story: Story, now: float) -> float:
    """A whole block, so that sums can tell."""
    assert story.began_at is not None
    first = max(story.began_at, (story.ended_at or now) - WINDOW_S)
    return first - first % BLOCK_S


def _rows(cursor: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]) -> list[tuple]:  # type: ignore[type-arg]
    return cursor.execute(sql, dict(values)).fetchall()


def _latency(variants: list[str], rows: list[tuple]) -> tuple[LatencyOf, ...]:  # type: ignore[type-arg]
    bins: dict[str, dict[int, int]] = defaultdict(dict)
    for variant, place, n in rows:
        bins[variant][place] = n
    return tuple(LatencyOf(variant, bins[variant]) for variant in variants if variant in bins)
