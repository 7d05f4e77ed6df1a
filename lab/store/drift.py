"""Notices that a variant answers differently, or is asked differently, than in the beginning.

The measure is the population stability index: the sum over bins of (p - q) ln(p / q), where p is the share of the newest predictions and q
that of the first ones (S. Kullback's symmetric divergence, 1959; as an index: E. Lewis, An Introduction to Credit Scoring, 1994).
By custom below 0.1 is quiet, above 0.2 a notable shift.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from lab.store.sums import BLOCK_S

# Predictions of either end that are compared, and how many it takes.
WINDOW = 1000
ENOUGH = 200

# Bins of a measurement: tenths of what it was in the beginning.
BINS = 10


class Shift(NamedTuple):
    """How far a variant's newest predictions are from its first ones."""

    labels: float
    features: tuple[float, ...] | None
    """Per measurement; None for pictures."""
    compared: tuple[int, int]
    """How many predictions there were of the first and of the newest."""


def shift(cursor: duckdb.DuckDBPyConnection, route: str, variant: str) -> Shift | None:
    """The shift of one variant; None while there are not enough predictions for two windows."""
    blocks = cursor.execute(
        "select block, sum(n)::BIGINT from labels where route = ? and variant = ? and reason is distinct from 'shadow' group by block"
        " order by block",
        [route, variant],
    ).fetchall()
    if sum(n for _, n in blocks) < 2 * ENOUGH:
        return None
    first = _rows(cursor, route, variant, blocks[0][0], _reach(blocks), "")
    newest = _rows(cursor, route, variant, _reach(blocks[::-1]), blocks[-1][0], "desc")
    half = min(WINDOW, sum(n for _, n in blocks) // 2)
    return _compare(first[:half], newest[:half])


def index(first: Sequence[float], newest: Sequence[float]) -> float:
    """Population stability index of two counts over the same bins; half a prediction is added to each, so that an empty one is finite."""
    q = (np.asarray(first, dtype=float) + 0.5) / (sum(first) + 0.5 * len(first))
    p = (np.asarray(newest, dtype=float) + 0.5) / (sum(newest) + 0.5 * len(newest))
    return float(np.sum((p - q) * np.log(p / q)))


def _compare(first: list[tuple[str | None, list[float] | None]], newest: list[tuple[str | None, list[float] | None]]) -> Shift | None:
    if min(len(first), len(newest)) < ENOUGH:
        return None
    before, after = Counter(label for label, _ in first), Counter(label for label, _ in newest)
    names = sorted(before.keys() | after.keys(), key=str)
    labels = index([before[name] for name in names], [after[name] for name in names])
    return Shift(labels, _features(_table(first), _table(newest)), (len(first), len(newest)))


def _features(first: NDArray[np.float64] | None, newest: NDArray[np.float64] | None) -> tuple[float, ...] | None:
    if first is None or newest is None or first.shape[1] != newest.shape[1]:
        return None
    return tuple(_of_one(first[:, column], newest[:, column]) for column in range(first.shape[1]))


def _of_one(first: NDArray[np.float64], newest: NDArray[np.float64]) -> float:
    edges = np.unique(np.quantile(first, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) for values in (first, newest)]
    return index(*counts)


def _table(rows: list[tuple[str | None, list[float] | None]]) -> NDArray[np.float64] | None:
    """Measurements as rows; None where a prediction has none, or another number of them."""
    features = [row for _, row in rows]
    lengths = {len(row) if row else 0 for row in features}
    return np.array(features, dtype=float) if len(lengths) == 1 and lengths != {0} else None


def _reach(blocks: Sequence[tuple[datetime, int]]) -> datetime:
    """The block, from the start of the list on, up to which there are enough predictions for a window."""
    total = 0
    for block, n in blocks:
        total += n
        if total >= WINDOW:
            return block
    return blocks[-1][0]


def _rows(
    cursor: duckdb.DuckDBPyConnection, route: str, variant: str, start: datetime, last: datetime, order: str
) -> list[tuple[str | None, list[float] | None]]:
    return cursor.execute(
        "select label, features from predictions where route = ? and variant = ? and reason is distinct from 'shadow' and label is not null"
        f" and time >= ? and time < ? order by time {order}, request_id {order} limit {WINDOW}",
        [route, variant, start, last + timedelta(seconds=BLOCK_S)],
    ).fetchall()
