"""Everything that the journals tell of one request: its prediction, the copies that shadows got of it, and what was said about it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from lab.store.log import records
from lab.store.store import Store

# A request has some shadows; of one id, a program that is wrong may say much.
LINES_MAX = 20
FEEDBACK_MAX = 50

FEEDBACK = f"""
select time, metric, value, truth, outcome, attributed_by, source, reward from feedback
where request_id = $request_id order by time, id limit {FEEDBACK_MAX}"""


class Said(NamedTuple):
    """One record of feedback, with the fields of its line."""

    time: Any
    metric: str | None
    value: float | None
    truth: str | None
    outcome: str
    attributed_by: str | None
    source: str | None
    reward: float | None
    """What it is worth: of a truth 1 where it is the label; None until its prediction is in the journal."""


class About(NamedTuple):
    """Lines have the fields of the prediction journal."""

    prediction: dict[str, Any] | None
    """What the visitor got; None when only copies are in the journal."""
    copies: Sequence[dict[str, Any]]
    feedback: Sequence[Said]


def about(store: Store, request_id: str) -> About | None:
    """None when the journals, as far as they are read, do not name it."""
    with store.cursor() as cursor:
        cursor.execute("begin transaction read only")
        wanted = {"request_id": request_id}
        lines = records(cursor, f"where request_id = $request_id order by time, rowid limit {LINES_MAX}", wanted)
        feedback = [Said(*row) for row in cursor.execute(FEEDBACK, wanted).fetchall()] if lines else []
    for line in lines:
        del line["number"]
    seen = [line for line in lines if line["reason"] != "shadow"]
    copies = [line for line in lines if line["reason"] == "shadow"]
    return About(seen[0] if seen else None, copies, feedback) if lines else None
