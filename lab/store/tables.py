"""Which tables there are, and how a journal's line becomes a row."""

from datetime import UTC, datetime
from typing import NamedTuple

# Bump it when a table changes: a database of another number is thrown away and rebuilt from the journals.
VERSION = 4

# Before any line.
EPOCH_START = datetime(2000, 1, 1)

# Longest line that counts as one, in bytes: the gateway writes up to some 20 kB.
LINE_MAX_BYTES = 262144


# Columns of random hex digits. DuckDB would spend more time on making these smaller by half than on all other columns together.
RANDOM = ("request_id", "visitor", "input", "id")


class Kind(NamedTuple):
    """One sort of journal."""

    table: str
    """The table that its lines become rows of."""
    columns: dict[str, str]
    """DuckDB's type of every field."""
    valid: str
    """SQL that is true for a row that means something; a missing field is NULL."""


A_TIME = "time between timestamp '2000-01-01' and timestamp '2200-01-01'"

PREDICTIONS = Kind(
    "predictions",
    {
        "time": "TIMESTAMP",
        "request_id": "VARCHAR",
        "client_request_id": "VARCHAR",
        "route": "VARCHAR",
        "experiment": "VARCHAR",
        "epoch": "BIGINT",
        "table": "VARCHAR",
        "variant": "VARCHAR",
        "weight": "DOUBLE",
        "reason": "VARCHAR",
        "served_by": "VARCHAR",
        "rescued": "BOOLEAN",
        "visitor": "VARCHAR",
        "method": "VARCHAR",
        "path": "VARCHAR",
        "status": "INTEGER",
        "complete": "BOOLEAN",
        "attempts": "STRUCT(variant VARCHAR, status INTEGER, seconds DOUBLE)[]",
        "request_s": "DOUBLE",
        "bytes": "BIGINT",
        "model": "VARCHAR",
        "artifact": "VARCHAR",
        "stand_in": "BOOLEAN",
        "label": "VARCHAR",
        "probability": "DOUBLE",
        "outlier": "BOOLEAN",
        "outlier_score": "DOUBLE",
        "input": "VARCHAR",
        "features": "DOUBLE[]",
        "queue_us": "BIGINT",
        "inference_us": "BIGINT",
    },
    f"{A_TIME} and request_id is not null and route is not null and epoch between 0 and 1e15 and status between 100 and 599"
    " and complete is not null and rescued is not null and attempts is not null and request_s between 0 and 1e6"
    " and coalesce(isfinite(weight), true) and coalesce(isfinite(probability), true) and coalesce(isfinite(outlier_score), true)",
)

FEEDBACK = Kind(
    "feedback",
    {
        "time": "TIMESTAMP",
        "id": "VARCHAR",
        "request_id": "VARCHAR",
        "metric": "VARCHAR",
        "value": "DOUBLE",
        "truth": "VARCHAR",
        "at": "VARCHAR",
        "outcome": "VARCHAR",
        "attributed_by": "VARCHAR",
        "source": "VARCHAR",
        "route": "VARCHAR",
        "variant": "VARCHAR",
        "address": "VARCHAR",
        "visitor": "VARCHAR",
    },
    f"{A_TIME} and outcome is not null and coalesce(isfinite(value), true)",
)

DECISIONS = Kind(
    "decisions",
    {
        "time": "TIMESTAMP",
        "id": "VARCHAR",
        "kind": "VARCHAR",
        "route": "VARCHAR",
        "experiment": "VARCHAR",
        "epoch": "BIGINT",
        "who": "VARCHAR",
        "why": "VARCHAR",
        "weights": "JSON",
        "detail": "JSON",
    },
    f"{A_TIME} and kind is not null",
)

# Predictions first: feedback is joined to them.
KINDS = {"predictions": PREDICTIONS, "feedback": FEEDBACK, "decisions": DECISIONS}

# All that people ask and a digest covers: the journals' rows, and the evidence made of them.
RELATIONS = (*(kind.table for kind in KINDS.values()), "blocks", "latency", "labels", "visits", "visitors", "rewards", "attempts",
             "quarantine", "segments")  # fmt: skip

# Where a row came from: the hour in the name of its segment, NULL for decisions. Its own time may lie beside it by seconds.
ORIGIN = {"hour": "TIMESTAMP"}

# What a feedback row learns from the prediction that it is about; NULL until that one is in the journal.
JOINED = {
    "predicted_at": "TIMESTAMP",
    "predicted_route": "VARCHAR",
    "experiment": "VARCHAR",
    "epoch": "BIGINT",
    "predicted_variant": "VARCHAR",
    "reason": "VARCHAR",
    "predicted_visitor": "VARCHAR",
    "label": "VARCHAR",
    "reward": "DOUBLE",
}


def utc(seconds: float) -> datetime:
    """Without a zone, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
