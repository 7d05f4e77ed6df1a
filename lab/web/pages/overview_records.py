"""Whether everything is recorded: answers against lines, lines against rows, feedback, and what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from lab.explain.words import listed
from lab.store import account
from lab.store.account import Journal
from lab.store.answers import Account, accounts
from lab.store.tables import utc
from lab.web.evidence import troubles
from lab.web.pages.experiment_state import State
from lab.web.pages.experiment_trust import too_late
from lab.web.pages.parts import Parts

# Hours of feedback that are counted: all of it may be millions of records.
HOURS = 1

OUTCOMES = "select outcome, count(*) from feedback where time >= ? group by outcome order by count(*) desc, outcome"

# What becomes of feedback that is lost to its sender.
UNKEPT = ("unwritable", "overloaded", "unjournalled")

GOOD, UNSURE, BAD = State("yes", "good"), State("not yet", "warn"), State("no", "bad")
DOUBTFUL = State("perhaps not", "warn")


class Found(NamedTuple):
    """What there is to judge by."""

    answers: Sequence[Account]
    journals: Sequence[Journal]
    feedback: Mapping[str, int]
    """Lines of the last hour, by outcome."""
    unkept: Mapping[str, int]
    """Feedback without a line, since the service started."""
    troubles: Sequence[str]
    is_current: bool
    """Everything that was there when the service started has been read."""
    latest_n: int
    """Predictions and copies of the last 30 seconds: of some, the line may be under way."""

    @property
    def predictions(self) -> int:
        """All that are stored."""
        return next((one.stored for one in self.journals if one.kind == "predictions"), 0)


class Fact(NamedTuple):
    """One thing that is so."""

    name: str
    sentence: str
    state: State


class Records(NamedTuple):
    """All of them, and what they come to."""

    state: State
    facts: Sequence[Fact]
    troubles: Sequence[str]


def find(parts: Parts, notes: Sequence[str], latest_n: int, now: float) -> Found:
    """Asks. notes: what is wrong with the table of routes."""
    # The counts first: what is answered meanwhile must not look lost.
    answers = accounts(parts.store, parts.here.sockets)
    since = utc(now) - timedelta(hours=HOURS)
    with parts.store.cursor() as cursor:
        feedback = dict(cursor.execute(OUTCOMES, [since]).fetchall())
    return Found(
        answers=answers,
        journals=account.journals(parts.store),
        feedback=feedback,
        unkept={name: parts.acceptor.counts[name] for name in UNKEPT if parts.acceptor.counts[name]},
        troubles=[*_troubles(parts), *notes],
        is_current=parts.follower.is_current,
        latest_n=latest_n,
    )


def judged(found: Found) -> Records:
    """What it comes to: as good as the worst of it."""
    facts = [_answers(found), _lines(found), _feedback(found), _reading(found)]
    worst = next((state for state in (BAD, DOUBTFUL, UNSURE) if state in {one.state for one in facts}), GOOD)
    return Records(BAD if found.troubles else worst, facts, found.troubles)


def _answers(found: Found) -> Fact:
    """Those that no line tells of came too late for the gateway, belong to requests under way, or are lost."""
    name = "Answers of the models"
    answered, missing, unexplained = (sum(getattr(one, field) for one in found.answers) for field in ("answered", "missing", "unexplained"))
    if not found.answers:
        return Fact(name, "No model has counted its answers yet.", GOOD)
    if not missing:
        return Fact(name, f"{answered:,} given, and each is in the journal.", GOOD)
    if not unexplained:
        return Fact(name, f"{answered:,} given, and none is known to be lost.{too_late(found.answers)}", GOOD)
    if not found.is_current or unexplained <= found.latest_n:
        return Fact(name, f"{answered:,} given; {unexplained:,} not in the journal yet, as is usual while something comes in.", GOOD)
    where = listed([f"{one.unexplained:,} of {one.variant}" for one in found.answers if one.unexplained])
    lost = f"{answered:,} given; {unexplained:,} are not in the journal: their lines are lost ({where})."
    return Fact(name, lost + too_late(found.answers), DOUBTFUL)


def _lines(found: Found) -> Fact:
    stored, bad = (sum(getattr(one, field) for one in found.journals) for field in ("stored", "quarantined"))
    if not bad:
        return Fact("Lines of the journals", f"{stored:,} read, and each is stored.", GOOD)
    what = "line is none that means anything and is" if bad == 1 else "lines are none that mean anything and are"
    return Fact("Lines of the journals", f"{stored:,} stored; {bad:,} {what} set aside. To see: lab journal", BAD)


def _feedback(found: Found) -> Fact:
    told = listed([f"{n:,} {outcome}" for outcome, n in found.feedback.items()]) or "none"
    refused = listed([f"{n:,} {name}" for name, n in found.unkept.items()])
    lost = f" Not kept since the lab's service started: {refused}." if refused else ""
    return Fact("Feedback", f"In the last hour: {told}.{lost}", BAD if refused else GOOD)


def _reading(found: Found) -> Fact:
    unread = sum(one.unread for one in found.journals)
    if not found.is_current:
        return Fact("Reading", f"The journals are being read, {_megabytes(unread)} to go: until then every number here grows.", UNSURE)
    return Fact("Reading", "The lab is up with the journals, but for the last second.", GOOD)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _troubles(parts: Parts) -> Iterator[str]:
    yield from troubles(parts.acceptor, parts.follower)
    for name, why in parts.controller.unreadable.items():
        yield f"The file of the experiment {name} is not understood any more. {why}"
