"""Decides what becomes of one item of feedback."""

from enum import StrEnum
from typing import NamedTuple

from lab.feedback.fields import quoted
from lab.feedback.item import Item


class Outcome(StrEnum):
    """What became of it. All but the last two are lines of the journal."""

    stored = "stored"
    duplicate = "duplicate"
    conflicting = "conflicting"
    unknown = "unknown"
    late = "late"
    unattributed = "unattributed"
    malformed = "malformed"
    unwritable = "unwritable"
    """The disk is full or broken: nothing is kept."""
    overloaded = "overloaded"
    """Too much waits already, or the lab cannot tell now: nothing is kept."""


STATUS = {
    Outcome.stored: 200,
    Outcome.duplicate: 200,
    Outcome.late: 200,
    Outcome.unattributed: 202,
    Outcome.unknown: 404,
    Outcome.conflicting: 409,
    Outcome.malformed: 422,
    Outcome.overloaded: 503,
    Outcome.unwritable: 507,
}


class Answer(NamedTuple):
    """What the sender of one item is told."""

    outcome: Outcome
    request_id: str | None = None
    metric: str | None = None
    late: bool = False
    """Whether it came after the attribution window."""
    detail: str | None = None
    """A sentence, where the outcome needs one."""

    @property
    def status(self) -> int:
        """Of HTTP."""
        return STATUS[self.outcome]


class Known(NamedTuple):
    """What there is to know about an item when it is decided."""

    predicted_at: float | None
    """When its prediction was answered, in seconds since 1970; None if there is none."""
    given: float | str | None
    """What was said before of this metric of this prediction."""
    arrived_at: float


def decide(item: Item, known: Known, window_s: float) -> Answer:
    """`window_s`: feedback that arrives more seconds after its prediction is late."""
    if item.request_id is None:
        return Answer(Outcome.unattributed, None, item.metric, False, NOBODYS)
    if known.predicted_at is None:
        return Answer(Outcome.unknown, item.request_id, item.metric, False, _unknown(item.request_id))
    age_s = known.arrived_at - known.predicted_at
    late = age_s > window_s
    if known.given is not None:
        outcome = Outcome.duplicate if known.given == item.value else Outcome.conflicting
        return Answer(outcome, item.request_id, item.metric, late, _repeated(item, known.given))
    if late:
        return Answer(Outcome.late, item.request_id, item.metric, True, _late(age_s, window_s))
    return Answer(Outcome.stored, item.request_id, item.metric)


def malformed(sentence: str) -> Answer:
    """`sentence` says what is wrong."""
    return Answer(Outcome.malformed, detail=sentence)


def overloaded(item: Item | None, sentence: str) -> Answer:
    """Nothing is kept; it is worth trying again."""
    return Answer(Outcome.overloaded, item and item.request_id, item and item.metric, False, sentence)


def unwritable(item: Item) -> Answer:
    """Nothing is kept. What is wrong with the disk is not the sender's business."""
    return Answer(Outcome.unwritable, item.request_id, item.metric, False, UNWRITABLE)


UNWRITABLE = "This feedback is not kept: the lab's disk is full or cannot be written. Send it again later; what was kept counts once."

NOBODYS = (
    "It is counted, but nobody knows which prediction it is about, so no verdict uses it. "
    "Send request_id with it: the X-Request-ID of the prediction's answer."
)


def _unknown(request_id: str) -> str:
    return (
        f"No prediction has the request id {request_id}. Send the X-Request-ID of the prediction's answer. "
        "This is kept, and counts should that prediction appear."
    )


def _repeated(item: Item, given: float | str) -> str:
    before = f"{item.metric} of {item.request_id} was {_shown(given)} before"
    return f"{before}, and counts once." if given == item.value else f"{before}, which counts; {_shown(item.value)} does not."


def _late(age_s: float, window_s: float) -> str:
    return f"It is kept as late: it came {age_s:.0f} s after the prediction, and {window_s:g} s is the limit."


def _shown(value: float | str) -> str:
    return quoted(value) if isinstance(value, str) else f"{value:.17g}"
