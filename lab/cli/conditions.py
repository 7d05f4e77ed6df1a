"""What `lab assert` can assert of an experiment, and the sentence when it is not so."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from lab.cli.runs import Status, has_ended


class Condition(StrEnum):
    """The first two are Iter8's."""

    completed = "completed"
    winner_found = "winnerFound"
    promoted = "promoted"
    rolled_back = "rolledBack"
    no_winner = "noWinner"
    inconclusive = "inconclusive"
    running = "running"
    paused = "paused"


class Meaning(NamedTuple):
    """How a condition is asked, and what to say when it does not hold."""

    holds: Callable[[Status], bool]
    otherwise: Callable[[Status], str]


def unmet(conditions: list[Condition], one: Status) -> list[str]:
    """A sentence for each condition that does not hold."""
    return [MEANINGS[condition].otherwise(one) for condition in conditions if not MEANINGS[condition].holds(one)]


def winner_found(one: Status) -> bool:
    """As Iter8 means it: the best version is known. That the baseline stays because nothing was shown is no winner."""
    assessed = (one["resource"]["status"].get("analysis") or {}).get("winnerAssessment") or {}
    return bool((assessed.get("data") or {}).get("winnerFound"))


def _promoted(one: Status) -> bool:
    """By the evidence, or by hand."""
    # The baseline stands first.
    baseline = next(iter(one["weights"]), None)
    return has_ended(one) and (one["verdict"] == "promote" or one["winner"] not in (None, baseline))


def _stage(one: Status) -> str:
    return f"stage {one['stage']}, {one['iteration']} of {one['iterations']} iterations completed"


def _verdict(one: Status) -> str:
    return f"the verdict is {one['verdict']}" if one["verdict"] else "there is no verdict yet"


MEANINGS = {
    Condition.completed: Meaning(has_ended, lambda one: f"It is not completed: {_stage(one)}."),
    Condition.winner_found: Meaning(winner_found, lambda one: f"No winner is found: {_verdict(one)}."),
    Condition.promoted: Meaning(_promoted, lambda one: f"Nothing is promoted: {_verdict(one)}, {_stage(one)}."),
    Condition.rolled_back: Meaning(lambda one: one["verdict"] == "roll back", lambda one: f"Nothing is rolled back: {_verdict(one)}."),
    Condition.no_winner: Meaning(
        lambda one: has_ended(one) and not winner_found(one),
        lambda one: f"There is a winner: {one['winner']}." if has_ended(one) else f"It is not completed: {_stage(one)}.",
    ),
    Condition.inconclusive: Meaning(lambda one: one["verdict"] == "inconclusive", lambda one: f"It is not inconclusive: {_verdict(one)}."),
    Condition.running: Meaning(lambda one: one["stage"] == "Running", lambda one: f"It does not run: {_stage(one)}."),
    Condition.paused: Meaning(lambda one: bool(one["is_paused"]), lambda one: f"It is not paused: {_stage(one)}."),
}
