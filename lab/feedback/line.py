"""Makes the line of the feedback journal: docs/feedback.schema.json."""

import orjson

from lab.feedback.fields import spelled_time
from lab.feedback.item import TRUTH, Item, Malformed, Sender
from lab.feedback.outcome import Answer, Outcome


def line(item: Item | Malformed, sender: Sender, answer: Answer, *, arrived_at: float, record: str, by_cookie: bool = False) -> bytes:
    """One line with its line feed. Of what was malformed, nothing of the body is kept. `record` is the line's own id."""
    said = item if isinstance(item, Item) else None
    truth = said is not None and said.metric == TRUTH
    fields = {
        "time": spelled_time(arrived_at),
        "id": record,
        "request_id": said and said.request_id,
        "metric": said and said.metric,
        "value": said.value if said is not None and not truth else None,
        "truth": said.value if said is not None and truth else None,
        "at": said and said.at,
        "outcome": answer.outcome.value,
        "attributed_by": _attributed_by(answer, by_cookie),
        "source": sender.source(item.source),
        "route": sender.route,
        "variant": sender.variant,
        "address": sender.address,
        "visitor": sender.visitor,
    }
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _attributed_by(answer: Answer, by_cookie: bool) -> str | None:
    if answer.outcome in (Outcome.unattributed, Outcome.malformed):
        return None
    return "cookie" if by_cookie else "id"
